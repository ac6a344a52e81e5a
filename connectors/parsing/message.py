"""What all mail formats share: a message as a document with its attachments as members."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from connectors.parsing.containers import Container, Member
from connectors.parsing.formats import format_of_mime, format_of_name
from connectors.parsing.html import write_html
from connectors.parsing.spans import paragraphs
from connectors.parsing.writer import DocumentWriter
from rag.errors import DocumentError
from rag.skips import skip_reason
from rag.types import SourceItem

_IMAGE = "image/*"
_VAGUE = ("application/octet-stream", "application/x-download")
_MUCH_RICHER = 2
"""So many times the words of the page has a plain text that is more than the page's double."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a message says, in one form or in both."""

    text: str = ""
    html: str | bytes = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as every mail format has it; what it lacks is "".

    Attributes:
        date: as the header has it.
        bodies: one after the other.
    """

    subject: str = ""
    sender: str = ""
    to: str = ""
    cc: str = ""
    date: str = ""
    message_id: str = ""
    bodies: Iterable[Body] = field(default_factory=tuple)
    attachments: Iterable[Member] = field(default_factory=tuple)


def container_of(message: Message, data: bytes, item: SourceItem, mime: str) -> Container:
    """The message as a document: subject, who, when, what it says; its attachments as members.

    Of a body in both forms the page is taken, unless most of the words stand in the plain text alone.

    Raises:
        DocumentError: there is no text in it and nothing attached (`empty`).
    """
    writer = DocumentWriter()
    writer.heading(message.subject, 1)
    date = iso_date(message.date)
    head = {"From": message.sender, "To": message.to, "Cc": message.cc, "Date": date or message.date}
    writer.paragraph("\n".join(f"{name}: {' '.join(value.split())}" for name, value in head.items() if value.strip()))
    for body in message.bodies:
        _write(writer, body)
    members = [*message.attachments]
    if writer.empty and not members:
        raise DocumentError(f"{item.uri}: there is no text in the message and nothing attached", kind="empty")
    known = {"from": message.sender, "to": message.to, "date": date or "", "message_id": message.message_id}
    document = writer.document(
        item,
        data=data,
        mime=mime,
        title=message.subject,
        metadata={name: " ".join(value.split()) for name, value in known.items() if value},
    )
    return Container(document=None if writer.empty else document, members=members)


def attachment(name: str, mime: str, data: bytes, *, modified: str | None = None) -> Member:
    """A file that came with a message. A media type that says nothing is left to the name."""
    mime = "" if mime in _VAGUE else mime
    format = format_of_name(name) or (format_of_mime(mime) if mime else None)
    return Member(
        name=name,
        read=lambda: data,
        size=len(data),
        mime=mime or None,
        modified=modified,
        # logos and signatures: as failures they would drown the others
        skip=skip_reason("images") if format and format.mime == _IMAGE else None,
    )


def iso_date(header: str) -> str | None:
    """A date header as ISO 8601 in UTC, None where it is none."""
    try:
        date = parsedate_to_datetime(header[:200])
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def utc(date: datetime | None) -> str:
    """A date as a header would have it."""
    return date.strftime("%a, %d %b %Y %H:%M:%S +0000") if date else ""


def _write(writer: DocumentWriter, body: Body) -> None:
    if body.html and not (body.text and _is_poor(body)):
        # no part of a message is there for navigation
        write_html(writer, body.html, base_url=None, boilerplate=False)
        return
    for start, end in paragraphs(body.text, 0, len(body.text)):
        writer.paragraph(body.text[start:end])


def _is_poor(body: Body) -> bool:
    """Whether the page only says where the text is to be read."""
    draft = DocumentWriter()
    write_html(draft, body.html, base_url=None, boilerplate=False)
    page = draft.document(SourceItem(source="", key="body", uri="", fingerprint=""), data=b"", mime="text/html").text
    return len(body.text.split()) > _MUCH_RICHER * len(page.split())
