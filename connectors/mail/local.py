"""Mailboxes in files: mbox and maildir."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from itertools import chain, pairwise
from pathlib import Path
from typing import IO

from connectors.mail.message import ListedMessage, MailboxError, date_of, is_since, message_id_of
from connectors.parsing.mbox import begins_message, unquoted

_HEADER_BYTES = 65_536


def open_mailbox(path: Path, since: date | None) -> "MboxFile | Maildir":
    """The mailbox at a path.

    Raises:
        MailboxError: there is none.
    """
    if (path / "cur").is_dir():
        return Maildir(path, since)
    if path.is_dir():
        raise MailboxError(f"{path}: no maildir: it has no folder 'cur'")
    if not path.is_file():
        raise MailboxError(f"{path}: no such mbox file or maildir")
    return MboxFile(path, since)


class MboxFile:
    """Messages one after the other in a file. A message's place is a hash of it: offsets move when others go."""

    def __init__(self, path: Path, since: date | None) -> None:
        self._path = path
        self._since = since
        self._offsets: dict[str, tuple[int, int]] = {}

    def messages(self) -> Iterator[ListedMessage]:
        """See `Mailbox`. The file is read once, a line at a time."""
        try:
            for offset, size, digest, header in self._scanned():
                self._offsets[digest] = (offset, size)
                received = date_of(header)
                if is_since(received, self._since):
                    name = message_id_of(header)
                    uri = f"{self._path}#{name or digest}"
                    yield ListedMessage(message_id=name, place=digest, uri=uri, size=size, received=received)
        except OSError as error:
            raise MailboxError(f"{self._path}: cannot be read: {error.strerror}") from error

    def read(self, place: str, max_bytes: int) -> bytes:
        """See `Mailbox`."""
        if place not in self._offsets:
            self._offsets = {digest: (offset, size) for offset, size, digest, _ in self._scanned()}
        offset, size = self._offsets.get(place, (0, 0))
        try:
            with self._path.open("rb") as file:
                file.seek(offset)
                data = file.read(min(size, max_bytes))
        except OSError as error:
            raise MailboxError(f"cannot be read: {error.strerror}") from error
        if size < max_bytes and hashlib.sha256(data).hexdigest() != place:
            raise MailboxError("the mbox file was written to since it was listed")
        return unquoted(data)

    def close(self) -> None:
        """Nothing is held open."""

    def _scanned(self) -> Iterator[tuple[int, int, str, bytes]]:
        """Offset, length, hash and header of every message."""
        with self._path.open("rb") as file:
            start, at, before, began = 0, 0, b"", False
            digest, header = hashlib.sha256(), bytearray()
            in_header = True
            # a line of a hostile file may be as long as the file
            lines = chain(iter(lambda: file.readline(_HEADER_BYTES), b""), [b""])
            for line, after in pairwise(lines):
                if line.startswith(b"From ") and (not began or begins_message(before, line, after)):
                    if began:
                        yield start, at - start, digest.hexdigest(), bytes(header)
                    start, began = at + len(line), True
                    digest, header, in_header = hashlib.sha256(), bytearray(), True
                elif began:
                    digest.update(line)
                    in_header = in_header and bool(line.strip()) and len(header) < _HEADER_BYTES
                    header += line if in_header else b""
                elif line.strip():
                    raise MailboxError(f"{self._path}: no mbox file: its first line does not start with 'From '")
                before = (before + line)[-3:]
                at += len(line)
            if began:
                yield start, at - start, digest.hexdigest(), bytes(header)


class Maildir:
    """A file a message. A message's place is its file's name without flags, its time and its size."""

    def __init__(self, path: Path, since: date | None) -> None:
        self._path = path
        self._since = since
        self._known: dict[str, Path] = {}

    def messages(self) -> Iterator[ListedMessage]:
        """See `Mailbox`. Folders in it are mailboxes of their own."""
        try:
            self._known = self._files()
            for unique in [*self._known]:
                opened = self._open(unique)
                if opened is None:
                    continue  # deleted meanwhile
                with opened:
                    status = os.fstat(opened.fileno())
                    header = opened.read(_HEADER_BYTES)
                received = date_of(header)
                if is_since(received, self._since):
                    yield ListedMessage(
                        message_id=message_id_of(header),
                        place=f"{status.st_mtime_ns}/{status.st_size}/{unique}",
                        uri=str(self._known[unique]),
                        size=status.st_size,
                        received=received,
                    )
        except OSError as error:
            raise MailboxError(f"{self._path}: cannot be read: {error.strerror}") from error

    def read(self, place: str, max_bytes: int) -> bytes:
        """See `Mailbox`. A message whose flags changed has another file name, and is found by the rest of it."""
        unique = place.split("/", 2)[2]
        try:
            opened = self._open(unique)
            if opened is None:
                raise MailboxError("the message is not there any more")
            with opened:
                return opened.read(max_bytes)
        except OSError as error:
            raise MailboxError(f"cannot be read: {error.strerror}") from error

    def _open(self, unique: str) -> IO[bytes] | None:
        """The message's file, which has another name once its flags changed; None where it is gone."""
        if unique in self._known:
            with suppress(FileNotFoundError):
                return self._known[unique].open("rb")
        self._known = self._files()
        return self._known[unique].open("rb") if unique in self._known else None

    def close(self) -> None:
        """Nothing is held open."""

    def _files(self) -> dict[str, Path]:
        """Files by their names without flags, in order; those marked as deleted are left out."""
        found = {}
        for folder in ("new", "cur"):  # in this order: a message moves from one to the other
            for file in sorted((self._path / folder).iterdir()):
                unique, _, flags = file.name.partition(":2,")
                if not file.name.startswith(".") and "T" not in flags and file.is_file() and not file.is_symlink():
                    found[unique] = file
        return found
