"""The uploads as a source."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from langchain_core.documents.base import Blob

from connectors.files import FilesConnector
from connectors.uploads.addresses import address_of
from rag.errors import SourceError
from rag.types import PUBLIC, Skip, SourceItem


class UploadsConnector:
    """Lists and reads what was handed over; implements `rag.protocols.Connector`.

    All formats are taken, since somebody chose each file. A page goes by its address.

    Args:
        name: the source's name, prefix of its documents' ids.
        folder: where the files are; without it nothing was handed over yet.
        acl: principals that may see the documents.
        metadata: attached to each of them.
        max_file_mb: larger files are skipped, in millions of bytes.
    """

    def __init__(
        self,
        *,
        name: str,
        folder: Path,
        acl: Sequence[str] = PUBLIC,
        metadata: Mapping[str, Any] | None = None,
        max_file_mb: float = 200,
    ) -> None:
        self.name = name
        self._folder = folder
        self._files = FilesConnector(
            name=name, path=folder, include=("*",), acl=acl, metadata=metadata, max_file_mb=max_file_mb
        )
        self._paths: dict[str, str] = {}

    def list(self) -> Iterator[SourceItem | Skip]:
        """Every file by key; no file is opened.

        Raises:
            SourceError: the folder cannot be read.
        """
        self._paths.clear()
        if not os.path.lexists(self._folder):
            return
        if not self._folder.is_dir():
            raise SourceError(f"{self._folder}: the folder of the uploads is no folder: make it one again")
        for entry in self._files.list():
            if isinstance(entry, SourceItem):
                self._paths[entry.key] = entry.uri
                yield replace(entry, uri=address_of(self._folder, entry.key) or entry.uri)
            else:
                yield entry

    def fetch(self, item: SourceItem) -> Blob:
        """The file's bytes.

        Raises:
            DocumentError: it cannot be read (`read`).
        """
        return self._files.fetch(replace(item, uri=self._paths.get(item.key, str(self._folder / item.key))))

    def path(self, key: str) -> Path:
        """Where the file of a key that was listed lies."""
        return Path(self._paths[key])

    def close(self) -> None:
        """Nothing is held open."""
