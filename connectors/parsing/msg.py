"""Outlook messages (.msg)."""

import io

from oxmsg import Message as OutlookMessage
from oxmsg.attachment import Attachment

from connectors.parsing.containers import Container, Member
from connectors.parsing.email import decoded
from connectors.parsing.message import Body, Message, attachment, container_of, utc
from rag.errors import DocumentError
from rag.skips import skip_reason
from rag.types import SourceItem

_RICH_TEXT = 0x1009
"""PidTagRtfCompressed."""


def parse(data: bytes, item: SourceItem) -> Container:
    """A message with its attachments.

    Raises:
        DocumentError: it is no message (`parse`), encrypted (`encrypted`), or holds neither text nor a file (`empty`).
    """
    try:
        message = OutlookMessage.load(io.BytesIO(data))
        kind = message.message_class.upper()
    except Exception as error:  # of olefile, struct and the library's own
        raise DocumentError(f"{item.uri}: not a readable Outlook message ({error})", kind="parse") from error
    if kind.endswith(".SMIME"):
        raise DocumentError(f"{item.uri}: the message is encrypted: store it decrypted", kind="encrypted")
    headers = {name.lower(): decoded(value) for name, value in message.message_headers.items()}
    recipients = ", ".join(f"{r.name} <{r.email_address}>" if r.name else r.email_address for r in message.recipients)
    body = Body(text=message.body or "", html=_html(message))
    if not (body.text.strip() or body.html) and message.properties.binary_prop_value(_RICH_TEXT):
        need = "its text is there as rich text alone, which is not read: save it as HTML or plain text"
        raise DocumentError(f"{item.uri}: {need}", kind="format")
    found = Message(
        subject=message.subject or "",
        sender=decoded(message.sender or ""),
        to=headers.get("to", "") or recipients,
        cc=headers.get("cc", ""),
        date=headers.get("date", "") or utc(message.sent_date),
        message_id=headers.get("message-id", ""),
        bodies=[body],
        attachments=[_member(file, number) for number, file in enumerate(message.attachments, 1)],
    )
    return container_of(found, data, item, "application/vnd.ms-outlook")


def _html(message: OutlookMessage) -> str | bytes:
    try:
        return message.html_body or ""
    except (LookupError, ValueError):  # a code page that Python does not know, or that is not the text's
        return message.properties.binary_prop_value(0x1013) or b""


def _member(file: Attachment, number: int) -> Member:
    name, data = file.file_name or f"part {number}", file.file_bytes
    if data is None:
        return Member(name=name, read=bytes, skip=skip_reason("outlook_link"))
    return attachment(name, file.mime_type or "", data)
