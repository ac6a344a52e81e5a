"""Mailboxes in one file (mbox): every message is a document of its own."""

import hashlib
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from functools import partial

from connectors.parsing.containers import Container, Member
from connectors.parsing.message import iso_date
from rag.errors import DocumentError
from rag.types import SourceItem

# "From " at the start of a line begins a message where an empty line is before it and a header after it
_FROM = re.compile(rb"(?:\A\s*|(?<=\n\n)|(?<=\n\r\n))From [^\n]*\n(?=>?[!-9;-~]+:|>From )")
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_UNSAFE = re.compile(r"[^\w@.+=-]+")
_MAX_NAME = 120
_MAX_HEAD = 64 * 1024


def parse(data: bytes, item: SourceItem) -> Container:
    """The mailbox's messages. Their names come from their Message-ID: others may come and go.

    Raises:
        DocumentError: it is no mailbox (`parse`), or an empty one (`empty`).
    """
    first = re.compile(rb"\s*").match(data)
    start = first.end() if first else 0
    if start == len(data):
        raise DocumentError(f"{item.uri}: the mailbox is empty", kind="empty")
    if not data.startswith(b"From ", start):
        raise DocumentError(f"{item.uri}: not a mailbox: its first line does not start with 'From '", kind="parse")
    return Container(members=_messages(data), of_its_size=True)


def begins_message(before: bytes, line: bytes, after: bytes) -> bool:
    """Whether a line begins a message, by what is before it (three bytes are enough) and the line after it."""
    return _FROM.match(before + line + after, len(before)) is not None


def unquoted(message: bytes) -> bytes:
    """The message without the marks that keep its own lines from beginning another."""
    return _QUOTED_FROM.sub(rb"\1", message)


def _messages(data: bytes) -> Iterator[Member]:
    """One at a time: a mailbox may be large."""
    line_end = data.find(b"\n", data.index(b"From "))
    start = line_end + 1 or len(data)
    for match in _FROM.finditer(data, start):
        yield _member(data[start : match.start()])
        start = match.end()
    yield _member(data[start:])


def _member(raw: bytes) -> Member:
    message = unquoted(raw)
    head = message_from_bytes(re.split(rb"\n\r?\n", message[:_MAX_HEAD], maxsplit=1)[0], policy=policy.compat32)
    id = _UNSAFE.sub("_", str(head.get("message-id", "")).strip("<> \t\r\n"))
    name = id if 0 < len(id) <= _MAX_NAME else hashlib.sha256(message).hexdigest()[:16]
    return Member(
        name=f"{name}.eml",
        read=partial(bytes, message),
        size=len(message),
        mime="message/rfc822",
        modified=iso_date(str(head.get("date", ""))),
    )
