"""The dense vectors of a group of documents, from as little encoding as possible."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from rag.chunking.sentences import part_spans
from rag.ingest.generations import Generation
from rag.ingest.prepare import Prepared
from rag.models.late_interaction import word_spans, word_vectors
from rag.points import Point, Record, Vector
from rag.protocols import Encoder, Situator, Spans, Store
from rag.store.records import plain_of
from rag.types import Chunk

OF_TEXT = ("raw", "sentences", "late_interaction")
"""Vectors of chunks that the encoder makes of their text alone, as far as their legs are built."""
DENSE = (*OF_TEXT, "situated")
"""All that it makes."""


@dataclass(frozen=True, slots=True)
class DenseVectors:
    """One document's.

    Attributes:
        chunks: by chunk id and name: (d,), for `sentences` (m, d) and for `late_interaction` (m, k). Chunks that the
            encoder cannot read are not in.
        mean: (d,) unit mean of the raw vectors, None where there are none.
    """

    chunks: Mapping[str, Mapping[str, Vector]]
    mean: Vector | None


@dataclass
class PrimedEncoder:
    """An encoder that knows some vectors already: lines of a whole group are encoded in one call, then looked up."""

    encoder: Encoder
    known: dict[str, Vector] = field(default_factory=dict)

    @property
    def dimension(self) -> int:
        return self.encoder.dimension

    @property
    def tokens_encoded(self) -> int:
        return self.encoder.tokens_encoded

    @property
    def tokens_truncated(self) -> int:
        return self.encoder.tokens_truncated

    @property
    def tokens_unknown(self) -> int:
        return self.encoder.tokens_unknown

    def encode(self, texts: Sequence[str], *, kind: Literal["query", "document"]) -> Vector:
        missing = [text for text in dict.fromkeys(texts) if text not in self.known]
        self.known.update(zip(missing, self.encoder.encode(missing, kind=kind), strict=True))
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        return np.stack([self.known[text] for text in texts])

    def encode_parts(
        self, texts: Sequence[str], parts: Sequence[Spans], *, kind: Literal["query", "document"]
    ) -> tuple[Vector, list[Vector]]:
        return self.encoder.encode_parts(texts, parts, kind=kind)


def encode_group(
    group: Sequence[Prepared],
    *,
    encoder: Encoder,
    situator: Situator,
    store: Store,
    generation: Generation,
) -> list[DenseVectors]:
    """Vectors of every document of a group.

    A chunk that is stored and is read alike keeps its vectors, unless its document is damaged. All other chunk texts
    and all distinct situation lines of the group go through the encoder in one call, so that its batches are full.

    Args:
        group: documents whose content changed.
        generation: which they are for.
    """
    vectors = generation.vectors
    kept = [c for p in group if p.state is not None and not p.damaged for c in _read(p)]
    made = _stored(store, generation, {c.id: c.plain for c in kept})
    new = {c.id: c.plain for p in group for c in _read(p) if c.id not in made}
    lines = sorted({line for p in group for line, known in zip(p.lines, p.readable, strict=True) if line and known})
    if "situated" not in vectors:
        lines = []
    texts = [*new.values(), *lines]
    sentences = [part_spans(text) if "sentences" in vectors else [] for text in new.values()]
    spans = [word_spans(text) if "late_interaction" in vectors else [] for text in new.values()]
    parts = [[*of_sentences, *of_words] for of_sentences, of_words in zip(sentences, spans, strict=True)]
    encoded, rows = encoder.encode_parts(texts, [*parts, *[[]] * len(lines)], kind="document")
    for n, id in enumerate(new):
        of_sentences, of_words = (r[r.any(axis=1)] for r in np.split(rows[n], [len(sentences[n])]))
        made[id] = {
            "raw": encoded[n],
            # a chunk of signs alone has no sentence: it is its own
            "sentences": of_sentences if len(of_sentences) else encoded[n : n + 1],
            "late_interaction": word_vectors(of_words),
        }
    primed = PrimedEncoder(encoder, dict(zip(lines, encoded[len(new) :], strict=True)))
    found = []
    for p in group:
        read = _read(p)
        raw = np.stack([made[c.id]["raw"] for c in read]) if read else np.empty((0, encoder.dimension), np.float32)
        situated = situator.vectors(p.document, read, raw, primed) if "situated" in vectors else raw
        of_chunks = {
            c.id: {name: v for name, v in (*made[c.id].items(), ("situated", situated[n])) if name in vectors}
            for n, c in enumerate(read)
        }
        found.append(DenseVectors(of_chunks, mean_vector(raw)))
    return found


def stored_vectors(group: Sequence[Prepared], *, store: Store, generation: Generation) -> list[DenseVectors]:
    """The stored vectors of documents whose chunks did not change."""
    names = [name for name in DENSE if name in generation.vectors]
    stored = store.retrieve(generation.chunks, [c.id for p in group for c in p.chunks], fields=(), vectors=names)
    found = []
    for p in group:
        of_chunks = {c.id: _dense(stored[c.id]) for c in p.chunks if "raw" in stored[c.id].vectors}
        rows = [of_chunks[c.id]["raw"] for c in p.chunks if c.id in of_chunks]
        found.append(DenseVectors(of_chunks, mean_vector(np.stack(rows)) if rows else None))
    return found


def chunk_points(prepared: Prepared, dense: DenseVectors) -> list[Point]:
    """What is stored of the chunks."""
    rows = zip(prepared.chunks, prepared.payloads, prepared.terms, strict=True)
    return [
        Point(id=chunk.id, vectors={**dense.chunks.get(chunk.id, {}), **terms}, payload=payload)
        for chunk, payload, terms in rows
    ]


def mean_vector(rows: Vector) -> Vector | None:
    """Unit mean of the rows (n, d) -> (d,); None where there are none, or where they cancel out."""
    mean = rows.sum(axis=0)
    norm = float(np.linalg.norm(mean))
    return np.asarray(mean / norm, np.float32) if norm else None


def _read(prepared: Prepared) -> list[Chunk]:
    """The chunks that the encoder reads."""
    return [chunk for chunk, readable in zip(prepared.chunks, prepared.readable, strict=True) if readable]


def _stored(store: Store, generation: Generation, plains: Mapping[str, str]) -> dict[str, Mapping[str, Vector]]:
    """What is stored of these chunks and can be kept: all that the encoder makes of their text alone.

    Args:
        plains: chunk id -> what the encoder reads of it, which depends on more than its text: a link's label is markup
            where the document defines it.
    """
    names = [name for name in OF_TEXT if name in generation.vectors]
    records = store.retrieve(generation.chunks, [*plains], fields=("text", "plain"), vectors=names)
    # of stop words alone there is no vector for late interaction, whose chunks are encoded again
    return {
        id: _dense(record)
        for id, record in records.items()
        if plain_of(record.payload) == plains[id] and all(name in record.vectors for name in names)
    }


def _dense(record: Record) -> Mapping[str, Vector]:
    return {name: np.asarray(vector, np.float32) for name, vector in record.vectors.items()}
