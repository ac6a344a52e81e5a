"""What the store holds of a corpus, as far as a map shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from rag.corpus_map.overlap import Sketch, sketch
from rag.corpus_map.result import MapPoint, Unit
from rag.points import AnyOf, Filter, Record, Vector
from rag.protocols import Store
from rag.store.records import document_point_id
from rag.types import hash_json

MOST_POINTS = 5_000
"""Points on a map. A larger corpus is shown by a sample: the first in order of their ids, which are hashes, so that it
is drawn evenly, whatever the order of the documents, and stays the same while the corpus grows."""
NAMING_CHUNKS = 4
"""Chunks of a document whose headings help to name its topic."""
PAGE = 64
"""Texts that are in memory at a time."""

_READ: Filter = (AnyOf("status", ("ok",)),)
_SHOWN = ("document_id", "title", "uri", "source", "mime")


@dataclass(frozen=True, slots=True, kw_only=True)
class Readable:
    """The collections of one generation, and who looks at them.

    Attributes:
        where: conditions of access that every document and chunk meets.
    """

    store: Store
    documents: str
    chunks: str
    texts: str
    where: Filter = ()

    def version(self) -> str:
        """A hash that changes when what a map would show changes."""
        counts = [self.store.count(name, where=self.where) for name in (self.documents, self.chunks)]
        fields = ("document_id", "title", "content_hash", "chunks_hash", "status")
        stored = self.store.scroll(self.documents, where=self.where, fields=fields)
        rows = [list(record.payload.values()) for record in islice(stored, MOST_POINTS)]
        return hash_json([self.documents, counts, [str(condition) for condition in self.where], rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """Documents or chunks in order of the ids of their points.

    Attributes:
        points: without topics and places.
        vectors: (n, d).
        hashes: of what each holds.
        names: title and headings of each, for the name of its topic.
        total: how many there are; more than those that were looked at where they are a sample.
        unplaced: of those that were looked at, how many have no vector.
    """

    points: tuple[MapPoint, ...]
    vectors: Vector
    hashes: tuple[str, ...]
    names: tuple[str, ...]
    total: int
    unplaced: int


def read_items(source: Readable, unit: Unit) -> Items:
    """The documents or chunks that are on the map."""
    return _documents(source) if unit == "documents" else _chunks(source)


def _documents(source: Readable) -> Items:
    where = (*_READ, *source.where)
    fields = (*_SHOWN, "content_hash", "chunk_ids")
    looked_at = [
        *islice(source.store.scroll(source.documents, where=where, fields=fields, vectors=("mean",)), MOST_POINTS)
    ]
    records = [record for record in looked_at if "mean" in record.vectors]
    ids = [id for record in records for id in record.payload["chunk_ids"][:NAMING_CHUNKS]]
    chunks = source.store.retrieve(source.chunks, ids, fields=("headings",))
    names = []
    for record in records:
        found = [chunks[id].payload["headings"] for id in record.payload["chunk_ids"][:NAMING_CHUNKS] if id in chunks]
        names.append(" ".join([record.payload["title"], *dict.fromkeys(word for path in found for word in path)]))
    return Items(
        points=tuple(MapPoint(id=record.payload["document_id"], **_shown(record)) for record in records),
        vectors=_matrix(records, "mean"),
        hashes=tuple(record.payload["content_hash"] for record in records),
        names=tuple(names),
        total=source.store.count(source.documents, where=where),
        unplaced=len(looked_at) - len(records),
    )


def _chunks(source: Readable) -> Items:
    fields = (*_SHOWN, "headings", "pages", "text")
    looked_at = [
        *islice(source.store.scroll(source.chunks, where=source.where, fields=fields, vectors=("raw",)), MOST_POINTS)
    ]
    records = [record for record in looked_at if "raw" in record.vectors]
    points = (
        MapPoint(
            id=record.id,
            page=next(iter(record.payload["pages"]), None),
            headings=tuple(record.payload["headings"]),
            **_shown(record),
        )
        for record in records
    )
    return Items(
        points=tuple(points),
        vectors=_matrix(records, "raw"),
        hashes=tuple(hash_json(record.payload["text"]) for record in records),
        names=tuple(" ".join([record.payload["title"], *record.payload["headings"]]) for record in records),
        total=source.store.count(source.chunks, where=source.where),
        unplaced=len(looked_at) - len(records),
    )


def read_sketches(source: Readable, unit: Unit, items: Items, places: Sequence[int]) -> Mapping[int, Sketch]:
    """Sketches of the texts of these items, a few texts in memory at a time."""
    collection = source.texts if unit == "documents" else source.chunks
    found = {}
    for start in range(0, len(places), PAGE):
        page = places[start : start + PAGE]
        ids = [items.points[place].id for place in page]
        ids = [document_point_id(id) for id in ids] if unit == "documents" else ids
        texts = source.store.retrieve(collection, ids, fields=("text",))
        found.update(
            {place: sketch(texts[id].payload["text"]) for place, id in zip(page, ids, strict=True) if id in texts}
        )
    return found


def _shown(record: Record) -> dict[str, Any]:
    return {name: record.payload[name] or "" for name in _SHOWN}


def _matrix(records: Sequence[Record], name: str) -> Vector:
    if not records:
        return np.empty((0, 0), np.float32)
    return np.stack([np.asarray(record.vectors[name], np.float32) for record in records])
