"""What a mailbox lists of a message."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import parsedate_to_datetime
from typing import Protocol

_MAX_ID = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMessage:
    """A message that is not read yet.

    Attributes:
        message_id: without brackets; "" where it has none.
        place: where it is found again, in the mailbox's own terms; also changes when its content does.
        uri: what a person opens.
        folder: of an IMAP account.
        received: None where it is not known.
    """

    message_id: str
    place: str
    uri: str
    size: int
    folder: str | None = None
    received: datetime | None = None


class MailboxError(Exception):
    """The mailbox cannot be read; the message is the reason."""


class Mailbox(Protocol):
    """Where messages are."""

    def messages(self) -> Iterator[ListedMessage]:
        """All that are not marked as deleted.

        Raises:
            MailboxError: they cannot be listed, all or some.
        """
        ...

    def read(self, place: str, max_bytes: int) -> bytes:
        """A message, of a larger one the beginning.

        Raises:
            MailboxError: it cannot be read.
        """
        ...

    def close(self) -> None:
        """Release connections; a second call does nothing."""
        ...


def message_id_of(header: bytes) -> str:
    """The Message-ID in a header, without brackets; a hash of one that is too long for a key."""
    found = BytesHeaderParser(policy=compat32).parsebytes(header).get("message-id", "")
    bare = "".join(str(found).split()).removeprefix("<").removesuffix(">")
    bare = bare.encode("utf-8", "replace").decode()
    return bare if len(bare) <= _MAX_ID else hashlib.sha256(bare.encode()).hexdigest()


def date_of(header: bytes) -> datetime | None:
    """The date in a header, None where it has none that can be read."""
    found = BytesHeaderParser(policy=compat32).parsebytes(header).get("date", "")
    try:
        return utc(parsedate_to_datetime(str(found)))
    except (ValueError, TypeError, OverflowError):
        return None


def utc(moment: datetime) -> datetime:
    """The same moment in UTC; one without a zone is taken as UTC."""
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def is_since(received: datetime | None, day: date | None) -> bool:
    """Whether a message is of that day or later; one without a date is."""
    return received is None or day is None or received.date() >= day
