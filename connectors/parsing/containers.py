"""Files that hold files: archives, messages with attachments, mailboxes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rag.types import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file in a file.

    Attributes:
        name: path in the container, with `/`, unique in it.
        read: its bytes, read when they are wanted; may raise `DocumentError`.
        size: bytes that `read` will give, as far as the container says so; checked before and after reading.
        mime: where the container says so and its word is worth something, else None: the name decides.
        modified: ISO 8601 in UTC.
        metadata: of the member's document, above that of the container.
        skip: why it is not taken, None where it is.
    """

    name: str
    read: Callable[[], bytes]
    size: int | None = None
    mime: str | None = None
    modified: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    skip: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What the parser of a container gives: its own text, where it has some, and its members.

    Attributes:
        of_its_size: the members are parts of the file as it is, as in a mailbox: their number is no danger.
    """

    members: Iterable[Member]
    document: Document | None = None
    of_its_size: bool = False
