"""Writing prepared documents: the order of writes is what makes a crash and a power cut harmless."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rag.errors import StoreError
from rag.ingest.generations import Generation
from rag.ingest.memory import release_free_memory
from rag.ingest.prepare import Prepared, Stopwatch
from rag.ingest.vectors import DenseVectors, chunk_points, stored_vectors
from rag.points import AnyVector, Point
from rag.protocols import Store
from rag.reports import Failure
from rag.store.records import (
    DocumentState,
    document_point_id,
    failed_payload,
    failure_fields,
    item_hash,
    text_payload,
)
from rag.types import SourceItem

_LOG = logging.getLogger(__name__)

COMPACT_EVERY = 12_000
"""New points from which a collection is compacted, also during a job: until then their indexes are in memory, about
5 kB of each chunk, and what compacting itself takes grows with them."""
MAX_INDEXED_KEYS = 64
"""Metadata keys that get an index, first come, first served."""


class Failed(NamedTuple):
    """A document that cannot be read.

    Attributes:
        item: that it is, or is part of.
        state: what the store has of it.
        parts: documents that the item holds, this one included.
    """

    item: SourceItem
    failure: Failure
    state: DocumentState | None
    parts: int


@dataclass(kw_only=True)
class Writer:
    """Writes to one generation. All methods run in one thread.

    Attributes:
        owners: ids of the stored chunks by document id; what is in it and not written again is obsolete.
        serving: others read the store in this process: it is not rewritten, which would hold them up.
    """

    store: Store
    generation: Generation
    owners: dict[str, set[str]]
    stopwatch: Stopwatch
    serving: bool = False
    chunks_written: int = 0
    chunks_deleted: int = 0
    _indexed: set[str] = field(default_factory=set)
    _new: Counter[str] = field(default_factory=Counter)

    def write(self, group: Sequence[Prepared], vectors: Sequence[DenseVectors]) -> None:
        """Store a group: chunks and texts, flush, obsolete chunks out, flush, document points last, flush.

        Until the document point is there, the next run finds the document unfinished and does it again; until the
        obsolete chunks are out, the old text goes on answering. Where a chunk stands that stays and what the text says
        there change one right after the other, since evidence is cut out of the text.
        """
        with self.stopwatch.time("write"):
            self._index_metadata(group)
            self._begin([p.document.id for p in group if p.state is not None and not p.state.failed])
            made = [(p, chunk_points(p, v)) for p, v in zip(group, vectors, strict=True)]
            replaced = [[of] for of in made if of[0].state is not None]
            for these in [*replaced, [of for of in made if of[0].state is None]]:
                points = [point for _, of_document in these for point in of_document]
                self._upsert(self.generation.chunks, points)
                self._upsert(self.generation.texts, [_text_point(p) for p, _ in these])
                self.chunks_written += len(points)
            self.store.flush(self.generation.chunks)
            self.store.flush(self.generation.texts)
            for prepared in group:
                self._delete_obsolete(prepared)
            named = "document_lexical" in self.generation.legs
            documents = [_document_point(p, v, lexical=named) for p, v in zip(group, vectors, strict=True)]
            self._upsert(self.generation.documents, documents)
            self.store.flush(self.generation.documents)
            for name, new in self._new.items():
                if new >= COMPACT_EVERY and not self.serving:
                    self._new[name] = 0
                    self.tidy(name, merge=False)
            release_free_memory()

    def rewrite(self, group: Sequence[Prepared]) -> None:
        """Title, metadata or acl differ: the dense vectors stay, everything else is written anew."""
        with self.stopwatch.time("write"):
            vectors = stored_vectors(group, store=self.store, generation=self.generation)
        self.write(group, vectors)

    def touch(self, group: Sequence[Prepared]) -> None:
        """The same content under a new fingerprint."""
        chunks: dict[str, dict[str, Any]] = {}
        records: dict[str, dict[str, Any]] = {}
        for prepared in group:
            document = prepared.document
            seen = {"uri": document.uri, "modified": document.modified, "size": document.size}
            chunks |= dict.fromkeys((chunk.id for chunk in prepared.chunks), seen)
            record = {**seen, "fingerprint": prepared.item.fingerprint, "item_hash": item_hash(prepared.item)}
            record |= {"parts": prepared.parts, "error": None, "error_kind": None}
            records[document_point_id(document.id)] = record
        self._set_payloads(chunks, records)

    def move(self, moved: Sequence[tuple[DocumentState, str]]) -> None:
        """The same documents at another uri, as after the tree was moved."""
        if not moved:
            return
        chunks = {id: {"uri": uri} for state, uri in moved for id in state.chunk_ids}
        self._set_payloads(chunks, {document_point_id(state.id): {"uri": uri} for state, uri in moved})

    def fail(self, failed: Sequence[Failed]) -> None:
        """Note the errors. A last good version stays and goes on answering, to those who may see it now."""
        chunks: dict[str, dict[str, Any]] = {}
        records: dict[str, dict[str, Any]] = {}
        never: list[Failed] = []
        for item, failure, state, parts in failed:
            if state is None or state.failed:
                never.append(Failed(item, failure, state, parts))
                continue
            # without its fingerprint the document is tried again at every run
            record = {**failure_fields(failure), "fingerprint": "", "acl": list(item.acl)}
            records[document_point_id(failure.id)] = record
            if item.acl != state.acl:
                chunks |= {id: {"acl": list(item.acl)} for id in state.chunk_ids}
        if records:
            self._set_payloads(chunks, records)
        if never:
            with self.stopwatch.time("write"):
                ids = [failure.id for _, failure, _, _ in never]
                # of a version that was never finished
                self.delete_chunks([chunk for id in ids for chunk in sorted(self.owners.get(id, ()))])
                self.delete_texts(ids)
                points = [
                    Point(id=document_point_id(f.id), vectors={}, payload=failed_payload(item, f, parts))
                    for item, f, _, parts in never
                ]
                self._upsert(self.generation.documents, points)
                self.store.flush(self.generation.documents)

    def delete(self, gone: Sequence[DocumentState]) -> None:
        """Remove documents, their points last: a crash in between leaves what the next run removes, or writes anew."""
        with self.stopwatch.time("write"):
            self._begin([state.id for state in gone if not state.failed])
            chunk_ids = [id for state in gone for id in self.owners.get(state.id, set())]
            self.delete_chunks(chunk_ids)
            self.delete_texts([state.id for state in gone])
            self.store.delete(self.generation.documents, [document_point_id(state.id) for state in gone])
            self.store.flush(self.generation.documents)

    def delete_orphans(self, document_ids: set[str]) -> None:
        """Remove chunks of documents that are neither stored nor listed: a crash left them."""
        self.delete_chunks([id for document_id in document_ids for id in self.owners[document_id]])

    def tidy(self, *names: str, merge: bool = True) -> None:
        """Compact these collections, or while serving mend their idf alone; failing to is not worth a job."""
        try:
            for name in names:
                if self.serving:
                    self.store.refresh(name)
                else:
                    self.store.compact(name, merge=merge)
        except StoreError as error:
            _LOG.warning("the index works but could not be compacted: %s", error)

    def _upsert(self, name: str, points: Sequence[Point]) -> None:
        self.store.upsert(name, points)
        self._new[name] += len(points)

    def _delete_obsolete(self, prepared: Prepared) -> None:
        old = self.owners.get(prepared.document.id, set())
        self.delete_chunks(sorted(old - {chunk.id for chunk in prepared.chunks}))

    def delete_chunks(self, ids: Sequence[str]) -> None:
        """Remove chunks."""
        if ids:
            self.store.delete(self.generation.chunks, ids)
            self.store.flush(self.generation.chunks)
            self.chunks_deleted += len(ids)

    def delete_texts(self, document_ids: Sequence[str]) -> None:
        """Remove the texts of these documents, of those that have one."""
        if document_ids:
            self.store.delete(self.generation.texts, [document_point_id(id) for id in document_ids])
            self.store.flush(self.generation.texts)

    def _begin(self, known: Sequence[str]) -> None:
        """Mark known documents as unfinished before a chunk of them changes: a crash leaves them to the next run."""
        unfinished = {"fingerprint": "", "content_hash": ""}
        if known:
            marks = {document_point_id(id): unfinished for id in known}
            self.store.set_payload(self.generation.documents, marks)
            self.store.flush(self.generation.documents)

    def _set_payloads(self, chunks: Mapping[str, Mapping[str, Any]], records: Mapping[str, Mapping[str, Any]]) -> None:
        """Change payloads of chunks and then of documents, in the order of every write."""
        with self.stopwatch.time("write"):
            self.store.set_payload(self.generation.chunks, chunks)
            self.store.flush(self.generation.chunks)
            self.store.set_payload(self.generation.documents, records)
            self.store.flush(self.generation.documents)

    def _index_metadata(self, group: Sequence[Prepared]) -> None:
        """Index each metadata key when it first appears; a filter on another one works, and reads every payload.

        An index costs time at every opening and files: documents must not be able to make any number of them.
        """
        for key in (key for prepared in group for key in prepared.document.metadata):
            if key not in self._indexed and len(self._indexed) < MAX_INDEXED_KEYS:
                self._indexed.add(key)
                self.store.index(self.generation.chunks, f"metadata.{key}", "keyword")


def _text_point(prepared: Prepared) -> Point:
    id = document_point_id(prepared.document.id)
    return Point(id=id, vectors={}, payload=text_payload(prepared.document))


def _document_point(prepared: Prepared, vectors: DenseVectors, *, lexical: bool) -> Point:
    named: dict[str, AnyVector] = {}
    if vectors.mean is not None:
        named["mean"] = vectors.mean
    if lexical and prepared.chunks and len(prepared.document_terms):
        named["lexical"] = prepared.document_terms
    return Point(id=document_point_id(prepared.document.id), vectors=named, payload=prepared.record)
