"""Writing prepared documents: the order of writes is what makes a crash and a power cut harmless."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rag.ingest.generations import Generation
from rag.ingest.prepare import Prepared, Stopwatch
from rag.ingest.vectors import DenseVectors, mean_vector
from rag.points import AnyVector, Point
from rag.protocols import Store
from rag.results import Failure
from rag.store.records import (
    DocumentState,
    chunk_payload,
    document_payload,
    document_point_id,
    failed_payload,
)
from rag.types import SourceItem


@dataclass(kw_only=True)
class Writer:
    """Writes to one generation. All methods run in one thread.

    Attributes:
        owners: ids of the stored chunks by document id; what is in it and not written again is obsolete.
    """

    store: Store
    generation: Generation
    owners: dict[str, set[str]]
    stopwatch: Stopwatch
    chunks_written: int = 0
    chunks_deleted: int = 0
    _indexed: set[str] = field(default_factory=set)

    def write(self, group: Sequence[Prepared], vectors: Sequence[DenseVectors]) -> None:
        """Store a group: new chunks, flush, obsolete chunks out, document points last, flush.

        Until the document point is there, the next run finds the document unfinished and does it again; until the
        obsolete chunks are out, the old text goes on answering.
        """
        with self.stopwatch.time("write"):
            for prepared in group:
                self._index_metadata(prepared)
            points = [point for p, v in zip(group, vectors, strict=True) for point in _chunk_points(p, v)]
            self.store.upsert(self.generation.chunks, points)
            self.store.flush(self.generation.chunks)
            self.chunks_written += len(points)
            for prepared in group:
                self._delete_obsolete(prepared)
            documents = [_document_point(p, v) for p, v in zip(group, vectors, strict=True)]
            self.store.upsert(self.generation.documents, documents)
            self.store.flush(self.generation.documents)

    def rewrite(self, prepared: Prepared) -> None:
        """Title, metadata or acl differ: the dense vectors stay, everything else is written anew."""
        with self.stopwatch.time("write"):
            ids = [chunk.id for chunk in prepared.chunks]
            stored = self.store.retrieve(self.generation.chunks, ids, fields=(), vectors=("raw", "situated"))
        raw, situated = (
            np.stack([np.asarray(stored[id].vectors[name], np.float32) for id in ids])
            if ids
            else np.empty((0, 0), np.float32)
            for name in ("raw", "situated")
        )
        mean = mean_vector(raw) if ids else np.empty(0, np.float32)
        self.write([prepared], [DenseVectors(raw, situated, mean)])

    def touch(self, prepared: Prepared) -> None:
        """The same content under a new fingerprint."""
        document = prepared.document
        seen = {"modified": document.modified, "size": document.size}
        with self.stopwatch.time("write"):
            self.store.set_payload(self.generation.chunks, {chunk.id: seen for chunk in prepared.chunks})
            record = {**seen, "fingerprint": prepared.item.fingerprint, "error": None}
            self.store.set_payload(self.generation.documents, {document_point_id(document.id): record})
            self.store.flush(self.generation.documents)

    def fail(self, item: SourceItem, failure: Failure, state: DocumentState | None) -> None:
        """Note the error. A last good version stays and goes on answering."""
        id = document_point_id(item.id)
        with self.stopwatch.time("write"):
            if state is None or state.failed:
                point = Point(id=id, vectors={}, payload=failed_payload(item, failure.error))
                self.store.upsert(self.generation.documents, [point])
            else:
                # without its fingerprint the document is tried again at every run
                self.store.set_payload(self.generation.documents, {id: {"error": failure.error, "fingerprint": ""}})
            self.store.flush(self.generation.documents)

    def delete(self, gone: Sequence[DocumentState]) -> None:
        """Remove documents, chunks first: a crash in between leaves a document that the next run removes."""
        with self.stopwatch.time("write"):
            chunk_ids = [id for state in gone for id in self.owners.get(state.id, set())]
            self._delete_chunks(chunk_ids)
            self.store.delete(self.generation.documents, [document_point_id(state.id) for state in gone])
            self.store.flush(self.generation.documents)

    def delete_orphans(self, document_ids: set[str]) -> None:
        """Remove chunks of documents that are neither stored nor listed: a crash left them."""
        self._delete_chunks([id for document_id in document_ids for id in self.owners[document_id]])

    def _delete_obsolete(self, prepared: Prepared) -> None:
        old = self.owners.get(prepared.document.id, set())
        self._delete_chunks(sorted(old - {chunk.id for chunk in prepared.chunks}))

    def _delete_chunks(self, ids: Sequence[str]) -> None:
        if ids:
            self.store.delete(self.generation.chunks, ids)
            self.store.flush(self.generation.chunks)
            self.chunks_deleted += len(ids)

    def _index_metadata(self, prepared: Prepared) -> None:
        """A filter on a field without an index reads every payload: index each metadata key when it first appears."""
        for key in prepared.document.metadata:
            if key not in self._indexed:
                self._indexed.add(key)
                self.store.index(self.generation.chunks, f"metadata.{key}", "keyword")


def _chunk_points(prepared: Prepared, vectors: DenseVectors) -> list[Point]:
    points = []
    for n, (chunk, line) in enumerate(zip(prepared.chunks, prepared.lines, strict=True)):
        named: dict[str, AnyVector] = {"raw": vectors.raw[n], "situated": vectors.situated[n]}
        if len(prepared.lexical[n]):
            named["lexical"] = prepared.lexical[n]
        points.append(Point(id=chunk.id, vectors=named, payload=chunk_payload(prepared.document, chunk, line)))
    return points


def _document_point(prepared: Prepared, vectors: DenseVectors) -> Point:
    named: dict[str, AnyVector] = {}
    if prepared.chunks:
        named["mean"] = vectors.mean
        if len(prepared.document_lexical):
            named["lexical"] = prepared.document_lexical
    payload = document_payload(prepared.document, prepared.item, prepared.chunks)
    return Point(id=document_point_id(prepared.document.id), vectors=named, payload=payload)
