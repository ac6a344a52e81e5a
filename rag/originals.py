"""The files behind the documents: read again from their source, their pages drawn, their cited lines found."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from threading import Lock
from typing import Any

from rag.errors import DocumentError, RagError
from rag.protocols import Connector, FileViewer, KnowsFingerprints, Spans
from rag.retrieval.documents import DocumentReader
from rag.types import LineBox, PagePicture, SourceItem

CACHED_BYTES = 64_000_000
"""Of drawn pages, over all documents; about 500 of them."""

_FIELDS = ("source", "uri", "item", "fingerprint", "mime", "size", "metadata", "modified")


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The file of a document as its source has it now.

    Attributes:
        name: to save it under.
        changed: it is no longer what was read when the document was ingested.
    """

    name: str
    mime: str
    data: bytes
    changed: bool


class Originals:
    """Reads originals; may be used from several threads. Nothing is shown that the principals may not see.

    Args:
        documents: what is stored, of the generation that answers.
        connector: name of a source -> its connector; closed after each use.
        viewer: opens the files.
    """

    def __init__(
        self,
        documents: Callable[[], DocumentReader],
        connector: Callable[[str], AbstractContextManager[Connector]],
        viewer: FileViewer,
    ) -> None:
        self._documents, self._connector, self._viewer = documents, connector, viewer
        self._pictures = _Pictures(CACHED_BYTES)

    def read(self, document_id: str, *, principals: Sequence[str] | None = None) -> Original:
        """The file of a document, a member of a container taken out of it.

        Raises:
            RagError: there is no such document, or these principals may not see it: the message is the same.
            DocumentError: the source does not have it any more, or it cannot be read.
        """
        stored = self._stored(document_id, principals)
        item = _item(document_id, stored)
        with self._connector(stored["source"]) as connector:
            now = connector.fingerprint(item) if isinstance(connector, KnowsFingerprints) else item.fingerprint
            data = _fetched(connector, item)
        if item.id != document_id:
            data = self._viewer.member(data, item, document_id)
        changed = now != item.fingerprint or stored.get("size") not in (None, len(data))
        name = PurePosixPath(document_id.removeprefix(f"{stored['source']}:")).name
        return Original(name=name, mime=stored["mime"], data=data, changed=changed)

    def lines(self, document_id: str, spans: Spans, *, principals: Sequence[str] | None = None) -> list[LineBox]:
        """Boxes of the lines that these spans of the document's text are on; none for formats without pages.

        Raises:
            RagError: there is no such document, or these principals may not see it.
        """
        documents = self._documents()
        documents.require(document_id, principals=principals)
        return documents.lines(document_id, spans)

    def page(self, document_id: str, number: int, *, principals: Sequence[str] | None = None) -> PagePicture:
        """A page of a document, from 1, as a picture.

        Raises:
            RagError: there is no such document, or these principals may not see it.
            DocumentError: as of `read`; the file was changed since it was ingested (`changed`), has no such page
                (`page`) or no pages at all (`format`), or cannot be drawn.
        """
        stored = self._stored(document_id, principals)
        key = document_id, stored["fingerprint"], number
        if not self._untouched(document_id, stored):
            raise _changed(stored["uri"])
        picture = self._pictures.get(key)
        if picture is None:
            original = self.read(document_id, principals=principals)
            if original.changed:
                raise _changed(stored["uri"])
            item = replace(_item(document_id, stored), mime=original.mime)
            picture = self._viewer.draw(original.data, item, number)
            self._pictures.put(key, picture)
        return picture

    def close(self) -> None:
        """End what draws; a second call does nothing."""
        self._viewer.close()

    def _stored(self, document_id: str, principals: Sequence[str] | None) -> Mapping[str, Any]:
        return self._documents().require(document_id, principals=principals, fields=_FIELDS)

    def _untouched(self, document_id: str, stored: Mapping[str, Any]) -> bool:
        """As far as can be told without reading the file; one that is gone says so when it is read."""
        item = _item(document_id, stored)
        with self._connector(stored["source"]) as connector:
            if not isinstance(connector, KnowsFingerprints):
                return True
            now = connector.fingerprint(item)
            if now is None:
                raise DocumentError(f"{item.uri}: is not there any more", kind="read")
            return now == item.fingerprint


def _item(document_id: str, stored: Mapping[str, Any]) -> SourceItem:
    """The item that a document was read from: of a container's member it is the container."""
    within = document_id.removeprefix(stored["item"])
    return SourceItem(
        source=stored["source"],
        key=stored["item"].removeprefix(f"{stored['source']}:"),
        uri=stored["uri"].removesuffix(within) if within else stored["uri"],
        fingerprint=stored["fingerprint"],
        mime=None if within else stored["mime"],
        metadata=stored["metadata"],
        modified=stored.get("modified"),
    )


def _fetched(connector: Connector, item: SourceItem) -> bytes:
    try:
        data: bytes = connector.fetch(item).as_bytes()
    except RagError:
        raise
    # other people's connectors may need a listing first
    except Exception as error:
        raise DocumentError(f"{item.uri}: cannot be read now: {type(error).__name__}: {error}", kind="read") from error
    return data


def _changed(uri: str) -> DocumentError:
    return DocumentError(f"{uri}: was changed since it was ingested: ingest it again", kind="changed")


class _Pictures:
    """Pictures that were drawn, those that nobody looked at for longest forgotten first."""

    def __init__(self, limit: int) -> None:
        self._limit, self._size, self._lock = limit, 0, Lock()
        self._kept: OrderedDict[tuple[str, str, int], PagePicture] = OrderedDict()

    def get(self, key: tuple[str, str, int]) -> PagePicture | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: tuple[str, str, int], picture: PagePicture) -> None:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = picture
                self._size += len(picture.data)
            while self._size > self._limit:
                _, forgotten = self._kept.popitem(last=False)
                self._size -= len(forgotten.data)
