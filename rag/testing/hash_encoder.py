"""A dense encoder without a model."""

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import numpy as np

from rag.points import Vector
from rag.protocols import Spans

_WORD = re.compile(r"[a-z0-9_]+|[^\W\d]")
"""Words in ASCII, single characters in other scripts."""


class HashEncoder:
    """`rag.protocols.Encoder` that adds a fixed random direction for each word: texts that share words are similar.

    Deterministic on every machine. A text without words is a direction of its own.

    Args:
        dimension: length of the vectors; at 64 unrelated texts stay below a cosine of about 0.4.
    """

    def __init__(self, dimension: int = 64) -> None:
        self.dimension = dimension
        self.tokens_encoded = 0
        self.tokens_truncated = 0
        self.tokens_unknown = 0

    def encode(self, texts: Sequence[str], *, kind: Literal["query", "document"]) -> Vector:  # noqa: ARG002
        """Texts -> (n, dimension) float32, unit norm; `kind` makes no difference."""
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for n, text in enumerate(texts):
            words = _WORD.findall(text.lower())
            self.tokens_encoded += len(words)
            for word in words or [""]:
                rows[n] += _direction(word, self.dimension)
            rows[n] /= np.linalg.norm(rows[n])
        return rows

    def encode_parts(
        self, texts: Sequence[str], parts: Sequence[Spans], *, kind: Literal["query", "document"]
    ) -> tuple[Vector, list[Vector]]:
        """Each part as a text of its own; parts without words are 0."""
        rows = [[t[a:b] for a, b in spans] for t, spans in zip(texts, parts, strict=True)]
        counted = self.tokens_encoded
        of_parts = [self.encode(row, kind=kind) for row in rows]
        self.tokens_encoded = counted  # they are read once
        for vectors, row in zip(of_parts, rows, strict=True):
            vectors[[not _WORD.search(part.lower()) for part in row]] = 0
        return self.encode(texts, kind=kind), of_parts


@lru_cache(maxsize=65_536)
def _direction(word: str, dimension: int) -> Vector:
    seed = int.from_bytes(hashlib.sha256(word.encode("utf-8", "surrogatepass")).digest()[:8], "little")
    return np.random.default_rng(seed).standard_normal(dimension, dtype=np.float32)
