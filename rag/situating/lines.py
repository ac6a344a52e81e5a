"""A chunk's line beside its text: the situated vector is made of both, and of the document's own vector."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from rag.points import Vector
from rag.protocols import Encoder
from rag.situating.headings import joined
from rag.types import Chunk, Document

LINE_WEIGHT = 1.0
"""Weight of the situation line's vector beside the raw vector."""
MEAN_WEIGHT = 1.0
"""Weight of the document's mean vector beside the raw vector."""

LinePart: TypeAlias = Callable[[Document, Chunk], str]


class LineSituator:
    """Composes the situated vectors from what is encoded anyway; only each distinct line costs an encoding more.

    Args:
        parts: what stands in the line, in order; "" is left out.
    """

    def __init__(self, *parts: LinePart) -> None:
        self._parts = parts

    def lines(self, document: Document, chunks: Sequence[Chunk]) -> list[str]:
        """The parts of each chunk's line, with ` > ` between them."""
        return [joined([part(document, chunk) for part in self._parts]) for chunk in chunks]

    def vectors(self, document: Document, chunks: Sequence[Chunk], raw: Vector, encoder: Encoder) -> Vector:
        """unit(raw + LINE_WEIGHT * line + MEAN_WEIGHT * mean).

        Args:
            document: whose chunks these are.
            chunks: n of them.
            raw: (n, d), unit norm.
            encoder: encodes each distinct line once, as a document.

        Returns:
            (n, d) float32, unit norm. `mean` is the mean of the raw rows weighted by the chunks' tokens; an empty line
            adds nothing; a row whose parts cancel out is the raw one.
        """
        if not chunks:
            return raw
        situated = raw.astype(np.float64)
        lines = self.lines(document, chunks)
        distinct = list(dict.fromkeys(line for line in lines if line))
        if distinct:
            encoded = dict(zip(distinct, encoder.encode(distinct, kind="document"), strict=True))
            for row, line in enumerate(lines):
                if line:
                    situated[row] += LINE_WEIGHT * encoded[line]
        tokens = np.array([chunk.tokens for chunk in chunks], dtype=np.float64)
        weights = tokens if tokens.any() else np.ones_like(tokens)
        situated += MEAN_WEIGHT * np.average(raw.astype(np.float64), axis=0, weights=weights)
        norms = np.linalg.norm(situated, axis=1, keepdims=True)
        nothing = norms < 1e-6
        return np.where(nothing, raw, situated / np.where(nothing, 1.0, norms)).astype(np.float32)
