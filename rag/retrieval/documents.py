"""Stored documents: shown whole, read again to check a quote, listed by their chunks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rag.entries import DocumentEntry
from rag.errors import RagError
from rag.points import Vector
from rag.protocols import Spans, Store
from rag.results import ChunkSpan, StoredDocument
from rag.retrieval.filters import build_filter
from rag.retrieval.listing import LISTED, Listing
from rag.store.records import ENTRY_FIELDS, document_point_id, entry_of, lines_of, plain_of
from rag.types import Chunk, LineBox


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A document by its headings.

    Attributes:
        sections: the heading paths that its chunks stand under, outermost first, each with where it begins in the
            text; in order.
    """

    document_id: str
    title: str
    sections: Mapping[tuple[str, ...], int]

    def path_at(self, position: int) -> tuple[str, ...]:
        """The heading path of what stands at a position of the text."""
        return max((start, path) for path, start in self.sections.items() if start <= max(position, 0))[1]


@dataclass(frozen=True, slots=True)
class ChunkSentences:
    """The sentences of a chunk as they were encoded.

    Attributes:
        text: without markup.
        vectors: (m, d), one of each of its `part_spans`.
    """

    text: str
    vectors: Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentReader:
    """Reads documents of one generation.

    Attributes:
        chunks, documents, texts: names of the collections.
        sentences: chunks have vectors of their sentences.
    """

    store: Store
    chunks: str
    documents: str
    texts: str
    sentences: bool

    def require(
        self, document_id: str, *, principals: Sequence[str] | None = None, fields: Sequence[str] | None = ()
    ) -> Mapping[str, Any]:
        """What is stored of a document that these principals may see.

        Args:
            fields: that are wanted; None is all.

        Raises:
            RagError: there is no such document, or they may not see it: the message is the same.
        """
        point = document_point_id(document_id)
        wanted = None if fields is None else (*fields, "acl", "status")
        record = self.store.retrieve(self.documents, [point], fields=wanted).get(point)
        visible = principals is None or (record is not None and {"*", *principals} & set(record.payload["acl"]))
        if record is None or not visible or record.payload["status"] == "failed":
            raise RagError(
                f"there is no document {document_id!r} in this corpus; `rag search` shows the ids, <source>:<key>"
            )
        return record.payload

    def show(self, document_id: str, *, principals: Sequence[str] | None = None) -> StoredDocument:
        """A document as stored, with its chunks in order. See `Rag.show`."""
        wanted = ("uri", "title", "metadata", "mime", "chunk_ids")
        payload = self.require(document_id, principals=principals, fields=wanted)
        text = self.text(document_id)
        if text is None:
            raise RagError(f"{document_id}: its text is not in the index: `rag verify --repair` reads it again")
        fields = ("start", "end", "pages", "headings", "situation")
        rows = [
            {
                "chunk_id": id,
                "start": chunk.payload["start"],
                "end": chunk.payload["end"],
                "page": next(iter(chunk.payload["pages"]), None),
                "headings": list(chunk.payload["headings"]),
                "situation": chunk.payload["situation"],
            }
            for id, chunk in self.store.retrieve(self.chunks, payload["chunk_ids"], fields=fields).items()
        ]
        return StoredDocument(
            document_id=document_id,
            uri=payload["uri"],
            title=payload["title"],
            text=text,
            metadata=payload["metadata"],
            chunks=tuple(sorted(rows, key=lambda row: (row["start"], row["end"]))),
            mime=payload["mime"],
        )

    def overview(self, *, principals: Sequence[str] | None = None) -> list[DocumentEntry]:
        """Every document that these principals may see, failed ones included, by id; no text is read."""
        entries = map(entry_of, self.store.scroll(self.documents, fields=ENTRY_FIELDS))
        return sorted((e for e in entries if e.is_open_to(principals)), key=lambda entry: entry.id)

    def each(self) -> Iterator[tuple[str, tuple[Chunk, ...]]]:
        """Title and chunks, in order, of every document that was read, whoever may see it."""
        fields = ("document_id", "ordinal", "start", "end", "text", "plain", "headings")
        for record in self.store.scroll(self.documents, fields=("title", "chunk_ids", "status")):
            if record.payload["status"] == "failed":
                continue
            found = self.store.retrieve(self.chunks, record.payload["chunk_ids"], fields=fields)
            chunks = (
                Chunk(
                    id=id,
                    document_id=chunk.payload["document_id"],
                    ordinal=chunk.payload["ordinal"],
                    start=chunk.payload["start"],
                    end=chunk.payload["end"],
                    text=chunk.payload["text"],
                    plain=plain_of(chunk.payload),
                    headings=tuple(chunk.payload["headings"]),
                )
                for id, chunk in found.items()
            )
            yield record.payload["title"], tuple(sorted(chunks, key=lambda chunk: chunk.ordinal))

    def listing(self) -> Listing:
        """All documents that were read, whoever may see them."""
        return Listing.of(self.store.scroll(self.documents, fields=LISTED))

    def outlines(self, *, principals: Sequence[str] | None = None) -> Iterator[Outline]:
        """The outline of every document that was read and that these principals may see, in no order that means any."""
        fields = ("document_id", "title", "chunk_ids", "status")
        for record in self.store.scroll(self.documents, where=build_filter(None, principals), fields=fields):
            if record.payload["status"] != "failed":
                yield self._outline(record.payload)

    def outline(self, document_id: str, *, principals: Sequence[str] | None = None) -> Outline:
        """The outline of one document.

        Raises:
            RagError: there is no such document, or these principals may not see it.
        """
        fields = ("document_id", "title", "chunk_ids")
        return self._outline(self.require(document_id, principals=principals, fields=fields))

    def text(self, document_id: str) -> str | None:
        """The stored text of a document, read now; None where it is gone."""
        point = document_point_id(document_id)
        record = self.store.retrieve(self.texts, [point], fields=("text",)).get(point)
        return record.payload["text"] if record else None

    def lines(self, document_id: str, spans: Spans) -> list[LineBox]:
        """Boxes of the lines that spans of a document's text are on, in order; none where it has no pages."""
        chunks = [c.chunk_id for c in self.chunk_spans(document_id) if any(s < c.end and c.start < e for s, e in spans)]
        records = self.store.retrieve(self.chunks, chunks, fields=("lines",)).values()
        found: dict[tuple[float, ...], LineBox] = {}
        for line in (line for record in records for line in lines_of(record.payload)):
            if any(start < line.end and line.start < end for start, end in spans):
                # chunks that share a line each have their part of it
                place = line.page, line.left, line.top, line.right, line.bottom
                other = found.get(place, line)
                found[place] = replace(line, start=min(line.start, other.start), end=max(line.end, other.end))
        return sorted(found.values(), key=lambda line: (line.start, line.page, line.top))

    def sentence_vectors(self, chunk_ids: Sequence[str]) -> dict[str, ChunkSentences]:
        """The sentences of chunks, of those that have vectors of them."""
        if not self.sentences or not chunk_ids:
            return {}
        records = self.store.retrieve(self.chunks, chunk_ids, fields=("text", "plain"), vectors=("sentences",))
        return {
            id: ChunkSentences(
                text=plain_of(record.payload),
                vectors=np.asarray(record.vectors["sentences"], np.float32),
            )
            for id, record in records.items()
            if "sentences" in record.vectors
        }

    def chunk_spans(self, document_id: str) -> list[ChunkSpan]:
        """The chunks of a document in order; none where it is gone."""
        point = document_point_id(document_id)
        record = self.store.retrieve(self.documents, [point], fields=("chunk_ids",)).get(point)
        ids = record.payload["chunk_ids"] if record else ()
        chunks = self.store.retrieve(self.chunks, ids, fields=("start", "end", "pages", "headings"))
        spans = [
            ChunkSpan(
                chunk_id=id,
                start=chunk.payload["start"],
                end=chunk.payload["end"],
                page=next(iter(chunk.payload["pages"]), None),
                headings=tuple(chunk.payload["headings"]),
            )
            for id, chunk in chunks.items()
        ]
        return sorted(spans, key=lambda span: (span.start, span.end))

    def _outline(self, payload: Mapping[str, Any]) -> Outline:
        chunks = self.store.retrieve(self.chunks, payload["chunk_ids"], fields=("headings", "start"))
        sections: dict[tuple[str, ...], int] = {(): 0}
        for start, path in sorted((int(c.payload["start"]), tuple(c.payload["headings"])) for c in chunks.values()):
            sections.setdefault(path, start)
        return Outline(document_id=payload["document_id"], title=payload["title"], sections=sections)
