"""E-mail messages (.eml, RFC 5322 and MIME)."""

import codecs
import email
from collections.abc import Iterator
from contextlib import suppress
from email import policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage

from connectors.parsing.containers import Container, Member
from connectors.parsing.message import Body, Message, attachment, container_of, iso_date
from connectors.parsing.normalise import decode
from rag.errors import DocumentError
from rag.types import SourceItem

_ENCRYPTED = ("application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/encrypted")
_PGP = "-----BEGIN PGP MESSAGE-----"
_MAX_HEADER = 20_000
"""Characters of a header that the standard library's parser, which takes quadratic time, is asked to read."""
_WINDOWS = ("ascii", "iso8859-1")
"""What people's programs call cp1252."""
_ONE_BYTE = ("ascii", "iso8859", "cp125")
"""Names that stand on UTF-8 every day; text in them is UTF-8 by accident only once in a million."""
_MESSAGES = ("message/rfc822", "message/global")
_REPORTS = (
    "message/delivery-status",
    "message/global-delivery-status",
    "message/disposition-notification",
    "message/global-disposition-notification",
    "message/feedback-report",
)
"""Fields as in a header are all that they hold."""
_NO_CHARSETS = ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined")
# writes a message in a message as it came, whatever is wrong with it
_AS_IT_IS = policy.compat32.clone(max_line_length=0, mangle_from_=False)


def parse(data: bytes, item: SourceItem) -> Container:
    """A message with its attachments; messages in it are attachments of their own.

    Raises:
        DocumentError: it is encrypted (`encrypted`), holds neither text nor a file (`empty`), or is none (`parse`).
    """
    bodies: list[Body] = []
    attachments: list[Member] = []
    try:
        data = data.removeprefix(codecs.BOM_UTF8).lstrip(b"\r\n")
        message = email.message_from_bytes(data, policy=policy.default)
        if not message.keys():
            raise DocumentError(f"{item.uri}: no message: it has no header lines", kind="parse")
        if message.get_content_type() in _ENCRYPTED and message.get_param("smime-type") != "signed-data":
            raise _encrypted(item)
        for part in _parts(message):
            _add(part, bodies, attachments)
    except RecursionError as error:
        raise DocumentError(f"{item.uri}: parts are nested too deeply: this is no message", kind="parse") from error
    if len(bodies) == 1 and not bodies[0].html and bodies[0].text.lstrip().startswith(_PGP):
        raise _encrypted(item)
    found = Message(
        subject=header(message, "subject"),
        sender=header(message, "from"),
        to=header(message, "to"),
        cc=header(message, "cc"),
        date=header(message, "date"),
        message_id=header(message, "message-id"),
        bodies=bodies,
        attachments=attachments,
    )
    return container_of(found, data, item, "message/rfc822")


def header(message: EmailMessage, name: str) -> str:
    """All headers of that name as text, however broken they are."""
    values = [str(value) for key, value in message.raw_items() if key.lower() == name]
    if len(values) == 1 and len(values[0]) <= _MAX_HEADER and values[0].isascii():
        try:
            return str(message.get(name, ""))
        except Exception:  # its parser raises whatever its own code does with what it did not expect
            return decoded(values[0])
    return ", ".join(map(decoded, values))


def decoded(value: str) -> str:
    """A header's value with its encoded words (RFC 2047) as text."""
    if not value.isascii():  # bytes as they came
        value = decode(value.encode("utf-8", "surrogateescape"))
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value


def _encrypted(item: SourceItem) -> DocumentError:
    return DocumentError(f"{item.uri}: the message is encrypted: store it decrypted", kind="encrypted")


def _parts(message: EmailMessage, *, alternatives: bool = False) -> Iterator[EmailMessage]:
    """Parts that hold no other parts, in order; a message in the message is one, alternatives are if not asked for."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        kind = part.get_content_type()
        inner = part.get_payload() if part.is_multipart() else None
        whole = kind in (*_MESSAGES, *_REPORTS) or (kind == "multipart/alternative" and not alternatives)
        if whole or not isinstance(inner, list):
            yield part
        else:
            waiting += [p for p in reversed(inner) if isinstance(p, EmailMessage)]


def _add(part: EmailMessage, bodies: list[Body], attachments: list[Member]) -> None:
    kind, name = part.get_content_type(), _file_name(part)
    attached = part.get_content_disposition() == "attachment" or bool(name)
    if kind == "multipart/alternative" and part.is_multipart():
        inner: list[Body] = []
        for alternative in _parts(part, alternatives=True):
            _add(alternative, inner, attachments)
        pages = [body.html for body in inner if body.html]
        bodies.append(Body(text="\n\n".join(body.text for body in inner if body.text), html=pages[0] if pages else ""))
        bodies += [Body(html=page) for page in pages[1:]]
    elif kind in _MESSAGES:
        _add_message(part, attachments)
    elif kind in _REPORTS and part.is_multipart():
        bodies.append(Body(text=_fields(part)))
    elif kind == "text/plain" and not attached:
        bodies.append(Body(text=_text(part)))
    elif kind == "text/html" and not attached:
        # a page names its own charset where the part does not
        bodies.append(Body(html=_text(part) if part.get_content_charset() else _payload(part)))
    elif kind.startswith("multipart/") and not part.is_multipart():
        bodies.append(Body(text=_text(part)))  # its parts are not where it says: all of them, as they stand there
    elif attached or not kind.startswith("multipart/"):
        attachments.append(attachment(name or f"part {len(attachments) + 1}", kind, _payload(part)))


def _add_message(part: EmailMessage, attachments: list[Member]) -> None:
    inner = part.get_payload()
    nested = inner[0] if isinstance(inner, list) and inner else None
    if isinstance(nested, EmailMessage):
        title = " ".join(header(nested, "subject").replace("/", "-").split())[:100] or "message"
        data = nested.as_bytes(policy=_AS_IT_IS)
        attachments.append(
            attachment(f"{title}.eml", "message/rfc822", data, modified=iso_date(header(nested, "date")))
        )


def _fields(part: EmailMessage) -> str:
    """The fields of a report, a line each, its blocks as paragraphs."""
    inner = part.get_payload()
    blocks = []
    for block in inner if isinstance(inner, list) else []:
        if isinstance(block, EmailMessage):
            fields = [f"{name}: {' '.join(decoded(str(value)).split())}" for name, value in block.raw_items()]
            blocks += ["\n".join(fields), _text(block)]
    return "\n\n".join(block for block in blocks if block)


def _file_name(part: EmailMessage) -> str:
    try:
        name = part.get_filename() or ""
    except Exception:  # as of `header`
        name = ""
    return " ".join(name.replace("\\", "/").rsplit("/", 1)[-1].split())


def _payload(part: EmailMessage) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _text(part: EmailMessage) -> str:
    """The text in the charset that the part names, if it is one that fits, else in the likeliest."""
    data, charset = _payload(part), (part.get_content_charset() or "utf-8").lower()
    try:
        if charset in _NO_CHARSETS:
            return decode(data)
        codec = codecs.lookup(charset).name
        if data.isascii() or not codec.startswith(_ONE_BYTE):
            return data.decode(charset)
        with suppress(UnicodeDecodeError):
            return data.decode("utf-8")
        return data.decode("cp1252" if codec in _WINDOWS else codec)
    except (LookupError, ValueError):
        return decode(data)
