"""Corpora of any size, made of the stored documents of a real one, through the project's own store.

A copy of the documents differs from them as one company's handbook differs from another's: every dense vector turned
a little, per document and per chunk; most rare words replaced by words of its own. Frequent words stay, so that lexical
legs find long lists, and the vocabulary goes on growing.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rag.ingest.generations import activate_generation, begin_generation, current_generation
from rag.ingest.write import COMPACT_EVERY
from rag.points import AnyVector, Point, Record, SparseVector, Vector
from rag.protocols import Store
from rag.settings import Settings
from rag.store.records import document_point_id
from rag.types import stable_id

TEAMS = ("billing", "sales", "support", "people", "research")
GROUPS = 4
"""Documents that not everyone may see are open to one of so many groups."""
OPEN = 0.7
"""Share of documents that everyone may see."""
TURN_DOCUMENT, TURN_CHUNK, TURN_ROW = 0.45, 0.35, 0.2
"""Length of the random vector that is added to a unit vector: copies have a cosine of about .85 with what they copy."""
RARE = 5
"""Up to so many points with a term, a copy has a word of its own in its place, every second time."""
GROUP = 20
"""Documents that are written at a time."""

Copy: TypeAlias = tuple[Point, Point, list[Point]]
"""Points of a document, of its text and of its chunks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """Stored documents that others are made of.

    Attributes:
        documents: records of documents that have chunks, by id.
        texts: of the documents, by the id of their record.
        chunks: records of the chunks, by id.
        frequencies: how many points have a term, by vector.
    """

    documents: tuple[Record, ...]
    chunks: Mapping[str, Record]
    texts: Mapping[str, str]
    frequencies: Mapping[str, Counter[int]]


def read_seed(store: Store, corpus: str) -> Seed:
    """Everything of a corpus."""
    generation = current_generation(store, corpus)
    if generation is None:
        raise SystemExit(f"{corpus} holds nothing")
    documents = [*store.scroll(generation.documents, vectors=("mean", "lexical"))]
    names = sorted(generation.vectors)
    chunks = {record.id: record for record in store.scroll(generation.chunks, vectors=names)}
    frequencies: dict[str, Counter[int]] = {}
    for record in (*documents, *chunks.values()):
        for name, vector in record.vectors.items():
            if isinstance(vector, SparseVector):
                frequencies.setdefault(name, Counter()).update(vector.indices.tolist())
    found = tuple(record for record in documents if record.payload["chunk_ids"])
    texts = {record.id: record.payload["text"] for record in store.scroll(generation.texts, fields=("text",))}
    return Seed(documents=found, chunks=chunks, texts=texts, frequencies=frequencies)


def write_corpus(
    store: Store, settings: Settings, seed: Seed, chunks: int, *, show: Callable[[int], object] = lambda _: None
) -> None:
    """Write a corpus of about so many chunks that answers; the first copy of the seed is the seed itself.

    Args:
        show: is told how many chunks are written.
    """
    dimension = len(np.asarray(seed.documents[0].vectors["mean"]))
    generation = begin_generation(store, settings.name, settings.index_settings(), dimension)
    activate_generation(store, settings.name, generation, unfinished=False)
    store.index(generation.chunks, "metadata.team", "keyword")
    written = compacted = 0
    for group in _groups(_copies(seed, chunks)):
        points = [point for *_, of_chunks in group for point in of_chunks]
        store.upsert(generation.chunks, points)
        store.upsert(generation.texts, [text for _, text, _ in group])
        store.upsert(generation.documents, [document for document, *_ in group])
        written += len(points)
        if written - compacted >= COMPACT_EVERY:  # as a job does
            compacted = written
            store.compact(generation.chunks, merge=False)
        show(written)
    for name in generation.collections:
        store.flush(name)
        store.compact(name)


def _groups(copies: Iterator[Copy]) -> Iterator[list[Copy]]:
    group = []
    for copy in copies:
        group.append(copy)
        if len(group) == GROUP:
            yield group
            group = []
    if group:
        yield group


def _copies(seed: Seed, chunks: int) -> Iterator[Copy]:
    """Documents until there are enough chunks."""
    made = copy = 0
    while made < chunks:
        rng = np.random.default_rng(copy)
        for document in seed.documents:
            records = [seed.chunks[id] for id in document.payload["chunk_ids"] if id in seed.chunks]
            yield _copied(document, seed.texts[document.id], records[: chunks - made], copy, rng, seed.frequencies)
            made += len(records)
            if made >= chunks:
                return
        copy += 1


def _copied(
    document: Record,
    text: str,
    records: Sequence[Record],
    copy: int,
    rng: np.random.Generator,
    frequencies: Mapping[str, Counter[int]],
) -> Copy:
    source, _, key = document.payload["document_id"].partition(":")
    key = f"copy{copy:03}/{key}"
    folders = key.split("/")[:-1]
    own = {
        "document_id": f"{source}:{key}",
        "path": [key, *("/".join(folders[:n]) for n in range(len(folders), 0, -1))],
        "acl": ["*"] if rng.random() < OPEN else [f"group{rng.integers(GROUPS)}"],
        "metadata": {"team": TEAMS[int(rng.integers(len(TEAMS)))]},
    }
    ids = {record.id: stable_id("copy", str(copy), record.id) for record in records}
    turn = _noise(rng, TURN_DOCUMENT) if copy else None
    record = {**document.payload, **own, "item": own["document_id"], "chunk_ids": [*ids.values()]}
    point = Point(
        id=document_point_id(str(own["document_id"])),
        vectors=_turned(document.vectors, turn, 0.0, copy, rng, frequencies),
        payload=record,
    )
    whole = Point(id=point.id, vectors={}, payload={"document_id": own["document_id"], "text": text})
    return (
        point,
        whole,
        [
            Point(
                id=ids[chunk.id],
                vectors=_turned(chunk.vectors, turn, TURN_CHUNK, copy, rng, frequencies),
                payload={**chunk.payload, **own},
            )
            for chunk in records
        ],
    )


def _turned(
    vectors: Mapping[str, AnyVector],
    turn: Callable[[int], Vector] | None,
    further: float,
    copy: int,
    rng: np.random.Generator,
    frequencies: Mapping[str, Counter[int]],
) -> dict[str, AnyVector]:
    if turn is None:
        return dict(vectors)
    own = _noise(rng, further)
    found: dict[str, AnyVector] = {}
    for name, vector in vectors.items():
        if isinstance(vector, SparseVector):
            found[name] = _replaced(vector, copy, frequencies[name])
            continue
        moved = vector + turn(vector.shape[-1]) + own(vector.shape[-1])
        if vector.ndim > 1:
            moved += rng.standard_normal(vector.shape, np.float32) * (TURN_ROW / vector.shape[-1] ** 0.5)
        found[name] = np.asarray(moved / np.linalg.norm(moved, axis=-1, keepdims=True), np.float32)
    return found


def _noise(rng: np.random.Generator, length: float) -> Callable[[int], Vector]:
    """The same random vector of this length for every vector of one dimension."""
    kept: dict[int, Any] = {}

    def of(dimension: int) -> Vector:
        if dimension not in kept:
            kept[dimension] = rng.standard_normal(dimension, np.float32) * (length / dimension**0.5)
        return np.asarray(kept[dimension], np.float32)

    return of


def _replaced(vector: SparseVector, copy: int, frequency: Counter[int]) -> SparseVector:
    """Every second rare term by one of the copy's own."""
    mixed: NDArray[np.uint64] = (vector.indices.astype(np.uint64) + np.uint64(copy)) * np.uint64(0x9E3779B97F4A7C15)
    rare = np.array([frequency[term] <= RARE for term in vector.indices.tolist()], bool)
    chosen = np.where(
        rare & ((mixed >> np.uint64(63)) == 1), (mixed >> np.uint64(16)) & np.uint64(0xFFFFFFFF), vector.indices
    )
    indices, first = np.unique(chosen.astype(np.uint32), return_index=True)
    return SparseVector(indices, vector.values[first])
