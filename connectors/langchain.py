"""What a LangChain document loader loads, as a source."""

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document as LoadedDocument
from langchain_core.documents.base import Blob

from connectors.parsing.formats import format_of_mime
from rag.errors import DocumentError, SourceError
from rag.plugins import made
from rag.secrets import masked, secrets_of
from rag.types import PUBLIC, Skip, SourceItem


class LangchainConnector:
    """Each document of a loader is an item; implements `rag.protocols.Connector`.

    Its key is the document's `id`, else the `source` of its metadata; further documents of one source get a number.
    Every listing loads everything: LangChain's loaders have no fingerprints. Unchanged documents still encode nothing.

    Args:
        loader: `module:Class` of an installed package, or from Python a loader.
        arguments: what the class is called with.
        arguments_env: argument -> name of the environment variable that holds its value; no message shows it.
    """

    def __init__(
        self,
        *,
        name: str,
        loader: str | BaseLoader,
        arguments: Mapping[str, Any] | None = None,
        arguments_env: Mapping[str, str] | None = None,
        acl: Sequence[str] = PUBLIC,
        metadata: Mapping[str, Any] | None = None,
        max_file_mb: float = 200,  # noqa: ARG002 - what a loader loads is loaded
        cache_dir: Path | None = None,  # noqa: ARG002 - nothing is worth keeping
    ) -> None:
        self.name = name
        named_by = f"source {name!r}"
        secrets = secrets_of(arguments_env, named_by)
        self._secrets = tuple(secrets.values())
        given = {**(arguments or {}), **secrets}
        self._loader: BaseLoader = (
            made(loader, given, BaseLoader, named_by=named_by, secrets=self._secrets)
            if isinstance(loader, str)
            else loader
        )
        self._acl, self._metadata = tuple(acl), dict(metadata or {})
        self._spool: IO[bytes] | None = None
        self._places: dict[str, tuple[int, int]] = {}

    def list(self) -> Iterator[SourceItem | Skip]:
        """Load everything; the texts go to a temporary file.

        Raises:
            SourceError: the loader failed. What it did not come to would else count as deleted.
        """
        self.close()
        self._spool = tempfile.TemporaryFile(prefix="rag-langchain-")  # noqa: SIM115 - closed by `close`
        seen: Counter[str] = Counter()
        try:
            for document in self._loader.lazy_load():
                yield self._item(document, seen)
        except SourceError:
            raise
        except Exception as error:  # loaders are other people's
            reason = masked(f"{type(error).__name__}: {error}", self._secrets)
            raise SourceError(
                f"source {self.name!r}: the loader {type(self._loader).__name__} failed: {reason:.300}"
            ) from error

    def fetch(self, item: SourceItem) -> Blob:
        """The text as it was loaded.

        Raises:
            DocumentError: it was not listed before (`read`).
        """
        place = self._places.get(item.key)
        if self._spool is None or place is None:
            raise DocumentError(f"{item.uri}: is no longer what the loader loaded", kind="read")
        self._spool.seek(place[0])
        return Blob.from_data(self._spool.read(place[1]), mime_type=item.mime, path=item.uri)

    def close(self) -> None:
        """Remove the temporary file; a second call does nothing."""
        spool, self._spool = self._spool, None
        self._places.clear()
        if spool is not None:
            spool.close()

    def _item(self, document: LoadedDocument, seen: Counter[str]) -> SourceItem:
        source = str(document.metadata.get("source") or "")
        key = str(document.id or source or "document")
        first = key
        while key in self._places:
            seen[first] += 1
            key = f"{first}#{seen[first] + 1}"
        data = document.page_content.encode("utf-8", "replace")
        assert self._spool is not None  # noqa: S101 - opened by `list`
        self._places[key] = (self._spool.seek(0, 2), len(data))
        self._spool.write(data)
        metadata = json.loads(json.dumps(document.metadata, default=str))
        mime = str(metadata.get("mime") or metadata.get("content_type") or "text/plain")
        digest = hashlib.sha256(data + json.dumps(metadata, sort_keys=True).encode()).hexdigest()
        return SourceItem(
            source=self.name,
            key=key,
            uri=source or key,
            fingerprint=digest,
            mime=mime if format_of_mime(mime) else "text/plain",
            size=len(data),
            metadata={**metadata, **self._metadata},
            acl=self._acl,
        )
