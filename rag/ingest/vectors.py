"""The dense vectors of a group of documents, from as little encoding as possible."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from rag.ingest.prepare import Prepared
from rag.points import Vector
from rag.protocols import Encoder, Situator, Store


@dataclass(frozen=True, slots=True)
class DenseVectors:
    """One document's: raw and situated are (n, d), mean is (d,)."""

    raw: Vector
    situated: Vector
    mean: Vector


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


def encode_group(
    group: Sequence[Prepared], *, encoder: Encoder, situator: Situator, store: Store, chunks: str
) -> list[DenseVectors]:
    """Vectors of every document of a group.

    A chunk whose id is stored keeps its raw vector: the same id is the same text. All other chunk texts and all
    distinct situation lines of the group go through the encoder in one call, so that its batches are full.

    Args:
        group: documents whose content changed.
        chunks: name of the chunk collection.
    """
    known_ids = [c.id for p in group if p.state is not None for c in p.chunks]
    stored = store.retrieve(chunks, known_ids, fields=(), vectors=("raw",))
    raw = {id: np.asarray(record.vectors["raw"]) for id, record in stored.items() if "raw" in record.vectors}
    new = {c.id: c.plain for p in group for c in p.chunks if c.id not in raw}
    lines = sorted({line for p in group for line in p.lines if line})
    encoded = encoder.encode([*new.values(), *lines], kind="document")
    raw.update(zip(new, encoded[: len(new)], strict=True))
    primed = PrimedEncoder(encoder, dict(zip(lines, encoded[len(new) :], strict=True)))
    found = []
    for p in group:
        rows = np.stack([raw[c.id] for c in p.chunks]) if p.chunks else np.empty((0, encoder.dimension), np.float32)
        situated = situator.vectors(p.document, p.chunks, rows, primed)
        found.append(DenseVectors(rows, situated, mean_vector(rows)))
    return found


def mean_vector(rows: Vector) -> Vector:
    """Unit mean of the rows (n, d) -> (d,); zeros where there are none."""
    mean = rows.sum(axis=0)
    norm = float(np.linalg.norm(mean))
    return np.asarray(mean / norm if norm else mean, np.float32)
