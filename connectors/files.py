"""A folder of files, or one file, as a source."""

import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from langchain_core.documents.base import Blob

from connectors.globs import Globs
from connectors.parsing.formats import format_of_name
from rag.errors import DocumentError, SourceError
from rag.skips import skip_reason, too_large
from rag.types import PUBLIC, Skip, SourceItem


@dataclass(frozen=True, slots=True)
class _Entry:
    """Something in the folder.

    Attributes:
        path: as it is on disk.
        link: it is a link.
        skip: why it is not taken, if so.
    """

    key: str
    path: str
    link: bool = False
    skip: str | None = None


class FilesConnector:
    """Lists and reads the files below a folder; implements `rag.protocols.Connector`.

    Hidden files and folders are never part of it. Links are followed to files inside the folder only.

    Args:
        name: the source's name, prefix of its documents' ids.
        path: a folder, or one file, whose key is then its name.
        include: glob patterns as in .gitignore; none takes the document formats.
        exclude: glob patterns of what is not taken.
        acl: principals that may see the documents.
        metadata: attached to each of them.
        max_file_mb: larger files are skipped, in millions of bytes.
    """

    def __init__(
        self,
        *,
        name: str,
        path: Path,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        acl: Sequence[str] = PUBLIC,
        metadata: Mapping[str, Any] | None = None,
        max_file_mb: float = 200,
    ) -> None:
        self.name = name
        self._path = os.path.abspath(path)  # noqa: PTH100 - absolute as it is: links are part of what a person opens
        self._include = Globs(include)
        self._exclude = Globs(exclude)
        self._acl = tuple(acl)
        self._metadata = dict(metadata or {})
        self._max_bytes = max_file_mb * 1_000_000

    def list(self) -> Iterator[SourceItem | Skip]:
        """Every file by key; no file is opened.

        Raises:
            SourceError: the folder, or a folder in it, cannot be read. What is in it would else count as deleted.
        """
        root = _resolved_root(self._path)
        taken: SourceItem | None = None
        for entry in sorted(self._entries(), key=lambda entry: (entry.key, entry.path)):
            found = Skip(uri=_printable(entry.path), reason=entry.skip) if entry.skip else self._item(entry, root)
            if isinstance(found, SourceItem):
                if taken and taken.key == found.key:
                    found = Skip(uri=found.uri, reason=skip_reason("same_name", other=taken.uri))
                else:
                    taken = found
            if found:
                yield found

    def fetch(self, item: SourceItem) -> Blob:
        """The file's bytes.

        Raises:
            DocumentError: it cannot be read, or is no longer a file inside the folder (`read`).
        """
        try:
            # non-blocking: a pipe put in the file's place would never open
            descriptor = os.open(item.uri, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
            with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
                status = os.fstat(descriptor)
                reason = _changed_place(item.uri, os.path.realpath(self._path, strict=True), status)
                if status.st_size > self._max_bytes:
                    reason = reason or too_large(status.st_size, self._max_bytes)
                data = b"" if reason else file.read(status.st_size + 1)
        except (OSError, ValueError) as error:
            raise DocumentError(f"{item.uri}: cannot be read: {_reason(error)}", kind="read") from error
        if not reason and len(data) != status.st_size:
            reason = "written to while it was read"
        if reason:
            raise DocumentError(f"{item.uri}: changed since it was listed: {reason}", kind="read")
        return Blob.from_data(data, mime_type=item.mime, path=item.uri)

    def fingerprint(self, item: SourceItem) -> str | None:
        """The file's fingerprint as it is now; None where it is gone. Opens nothing."""
        try:
            return _fingerprint(os.stat(item.uri))  # noqa: PTH116
        except (OSError, ValueError):
            return None

    def close(self) -> None:
        """Nothing is held open."""

    def _entries(self) -> Iterator[_Entry]:
        """Everything that the patterns leave in, folders that are not entered included."""
        if not os.path.isdir(self._path):  # noqa: PTH112
            link = os.path.islink(self._path)  # noqa: PTH114
            yield self._excluded(_nfc(os.path.basename(self._path)), self._path, link)  # noqa: PTH119
            return
        folders = [("", self._path)]
        while folders:
            prefix, folder = folders.pop()
            for entry in _scanned(folder):
                if entry.name.startswith("."):
                    continue
                key = prefix + _nfc(entry.name)
                if not _is_unicode(entry.name):
                    yield _Entry(key, entry.path, skip=skip_reason("not_utf8"))
                elif entry.is_dir(follow_symlinks=False):
                    pattern = self._exclude.match(f"{key}/")
                    if pattern:
                        yield _Entry(key, entry.path, skip=skip_reason("excluded", pattern=pattern))
                    else:
                        folders.append((f"{key}/", entry.path))
                elif not self._include or self._include.match(key) or _is_linked_folder(entry):
                    yield self._excluded(key, entry.path, entry.is_symlink())

    def _excluded(self, key: str, path: str, link: bool) -> _Entry:
        pattern = self._exclude.match(key)
        return _Entry(key, path, link, skip_reason("excluded", pattern=pattern) if pattern else None)

    def _item(self, entry: _Entry, root: str) -> SourceItem | Skip | None:
        """The file as an item, or why it is none; None where it was deleted meanwhile."""
        try:
            reason = _link_reason(entry.path, root) if entry.link else None
            status = None if reason else os.stat(entry.path)  # noqa: PTH116
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SourceError(f"{entry.path}: cannot be looked at: {_reason(error)}") from error
        format = format_of_name(entry.key)
        if status and not stat.S_ISREG(status.st_mode):
            reason = skip_reason("no_file")
        elif status and format is None:
            suffix = Path(entry.key).suffix
            reason = skip_reason("no_parser_for", kind=suffix) if suffix else skip_reason("no_suffix")
        elif status and format and not (format.default or self._include or entry.path == self._path):
            reason = skip_reason("not_default", kind=Path(entry.key).suffix)
        elif status and status.st_size > self._max_bytes:
            reason = too_large(status.st_size, self._max_bytes)
        if reason or status is None or format is None:
            return Skip(uri=entry.path, reason=reason or "")
        return SourceItem(
            source=self.name,
            key=entry.key,
            uri=entry.path,
            fingerprint=_fingerprint(status),
            mime=format.mime_of(entry.key),
            size=status.st_size,
            modified=_utc(status.st_mtime),
            metadata=self._metadata,
            acl=self._acl,
        )


def _fingerprint(status: os.stat_result) -> str:
    return f"{status.st_mtime_ns}-{status.st_size}"


def _scanned(folder: str) -> Iterable[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [*entries]
    except OSError as error:
        raise SourceError(
            f"{folder}: the folder cannot be read: {_reason(error)}; make it readable, or exclude it"
        ) from error


def _is_linked_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_symlink() and os.path.isdir(entry.path)  # noqa: PTH112


def _resolved_root(path: str) -> str:
    try:
        return os.path.realpath(path, strict=True)
    except (OSError, ValueError) as error:
        raise SourceError(f"{path}: no such file or folder ({_reason(error)})") from error


def _link_reason(path: str, root: str) -> str | None:
    """Why a link is not followed; None for links to visible files inside the folder."""
    try:
        target = os.path.realpath(path, strict=True)
    except OSError:
        return skip_reason("broken_link")
    return _outside(target, root) or (skip_reason("link_to_folder") if os.path.isdir(target) else None)  # noqa: PTH112


def _outside(target: str, root: str) -> str | None:
    if target == root:
        return None
    if not Path(target).is_relative_to(root):
        return skip_reason("link_out")
    if any(part.startswith(".") for part in Path(target).relative_to(root).parts):
        return skip_reason("hidden_link")
    return None


def _changed_place(path: str, root: str, opened: os.stat_result) -> str | None:
    """Why an open file must not be read: checked after opening, so that no link can be slipped in between."""
    if not stat.S_ISREG(opened.st_mode):
        return skip_reason("no_file")
    target = os.path.realpath(path, strict=True)
    if not os.path.samestat(os.lstat(target), opened):
        return "replaced while it was opened"
    return _outside(target, root)


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _is_unicode(name: str) -> bool:
    return name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name)


def _printable(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "replace")


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _utc(seconds: float) -> str | None:
    """ISO 8601; None for times that no calendar has."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC).isoformat().removesuffix("+00:00") + "Z"
    except (OverflowError, ValueError, OSError):
        return None
