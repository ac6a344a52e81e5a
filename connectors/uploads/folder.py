"""The folder that uploads are kept in: added to and removed from, one file as a whole at a time."""

import filecmp
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Literal, TypeAlias

from connectors.uploads.addresses import address_of, forget, note
from connectors.uploads.connector import UploadsConnector
from connectors.uploads.names import format_of, numbered, page_name, safe_name
from connectors.uploads.page import read_page
from rag.entries import Upload
from rag.errors import UploadRefusedError
from rag.types import SourceItem

Outcome: TypeAlias = Literal["added", "renamed", "replaced", "unchanged"]

_PLACING = Lock()
"""Two uploads of one name must not both find it free."""


class UploadsFolder:
    """Implements `rag.protocols.Uploads`.

    Args:
        folder: made by the first upload, and there from then on: that it is missing means that it was lost.
        source: name of the source, prefix of the documents' ids.
        max_file_mb: larger files are refused, in millions of bytes.
        allow_private: also take pages from addresses that are not public.
        others: says of a document that is no upload how it can be excluded.
    """

    def __init__(
        self, folder: Path, *, source: str, max_file_mb: float, allow_private: bool, others: Callable[[str], str]
    ) -> None:
        self._folder = folder
        self._source = source
        self._max_file_mb = max_file_mb
        self._allow_private = allow_private
        self._others = others

    def list(self) -> Sequence[Upload]:
        """All that are kept, by name; see `rag.protocols.Uploads`."""
        items = (item for item in self._connector().list() if isinstance(item, SourceItem))
        return [Upload(document_id=i.id, name=i.key, uri=i.uri, size=i.size or 0, modified=i.modified) for i in items]

    def add(
        self, name: str, content: bytes | Path, *, replace: bool = False, max_file_mb: float | None = None
    ) -> Upload:
        """Keep a file; see `rag.protocols.Uploads`."""
        kept = safe_name(name)
        format_of(kept)
        size = len(content) if isinstance(content, bytes) else _size(content)
        limit = self._limit(max_file_mb)
        if size > limit * 1_000_000:
            has = f"{size / 1_000_000:.4g} MB"
            raise UploadRefusedError(f"{kept!r:.120}: {has}, and files may have up to {limit:.4g} MB")
        return self._keep(kept, content, lambda _: replace, address=None)

    def add_url(self, url: str, *, max_file_mb: float | None = None) -> Upload:
        """Keep a page; see `rag.protocols.Uploads`."""
        page = read_page(url, max_file_mb=self._limit(max_file_mb), allow_private=self._allow_private)
        name = page_name(page.address, page.format)
        return self._keep(name, page.content, lambda address: address == page.address, address=page.address)

    def remove(self, document_id: str) -> None:
        """Remove a file; see `rag.protocols.Uploads`."""
        source, _, key = document_id.partition(":")
        shown = f"{document_id!r:.300}"
        if source != self._source:
            raise UploadRefusedError(f"{shown} is no upload and cannot be deleted: {self._others(document_id)}")
        connector = self._connector()
        names = {item.key for item in connector.list() if isinstance(item, SourceItem)}
        whole = key.partition("!/")[0]
        if key not in names and whole in names:
            raise UploadRefusedError(f"{shown} is a part of another file: delete '{source}:{whole}'")
        if key not in names:
            raise UploadRefusedError(f"there is no upload {shown}; it may have been deleted already")
        with _PLACING, _said(self._folder):
            connector.path(key).unlink(missing_ok=True)
            forget(self._folder, key)

    def _limit(self, max_file_mb: float | None) -> float:
        return self._max_file_mb if max_file_mb is None else min(self._max_file_mb, max_file_mb)

    def _connector(self) -> UploadsConnector:
        return UploadsConnector(name=self._source, folder=self._folder, max_file_mb=float("inf"))

    def _keep(
        self, name: str, content: bytes | Path, replaces: Callable[[str | None], bool], *, address: str | None
    ) -> Upload:
        """Write the content under the name, or under another one where that is taken.

        Args:
            replaces: whether it takes the place of a file that came from an address, or from none.
            address: where the content came from.
        """
        with _said(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            draft = _draft(self._folder, content)
            try:
                with _PLACING:
                    return self._placed(draft, name, replaces, address)
            finally:
                draft.unlink(missing_ok=True)

    def _placed(self, draft: Path, name: str, replaces: Callable[[str | None], bool], address: str | None) -> Upload:
        outcome: Outcome = "added"
        path, number = self._folder / name, 1
        while path.exists():
            before = address_of(self._folder, path.name)
            if before == address and path.is_file() and filecmp.cmp(path, draft, shallow=False):
                return self._found(path, address, "unchanged")
            if path.is_file() and replaces(before):
                outcome = "replaced"
                break
            number += 1
            outcome, path = "renamed", self._folder / numbered(name, number)
        if address is None:
            forget(self._folder, path.name)
        else:
            note(self._folder, path.name, address)
        draft.replace(path)
        return self._found(path, address, outcome)

    def _found(self, path: Path, address: str | None, outcome: Outcome) -> Upload:
        status = path.stat()
        return Upload(
            document_id=f"{self._source}:{path.name}",
            name=path.name,
            uri=address or str(path.absolute()),
            size=status.st_size,
            modified=datetime.fromtimestamp(int(status.st_mtime), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            outcome=outcome,
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise UploadRefusedError(f"{path}: cannot be read: {error.strerror or error}") from error


def _draft(folder: Path, content: bytes | Path) -> Path:
    """The content in a hidden file beside its place, safe from a power cut."""
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".draft-")
    with os.fdopen(descriptor, "wb") as file:
        if isinstance(content, bytes):
            file.write(content)
        else:
            with content.open("rb") as given:
                shutil.copyfileobj(given, file)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


@contextmanager
def _said(folder: Path) -> Iterator[None]:
    """What the file system has against it, as an error of ours."""
    try:
        yield
    except OSError as error:
        raise UploadRefusedError(f"{folder}: cannot be written: {error.strerror or error}") from error
