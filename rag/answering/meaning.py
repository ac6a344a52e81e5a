"""Vectors of the sentences of the evidence: those that are stored, and the encoder's of the others."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

import numpy as np

from rag.answering.matching import words_alone
from rag.answering.quotable import Quotable, plain
from rag.chunking.sentences import part_spans
from rag.points import Vector
from rag.protocols import Encoder
from rag.results import Evidence

StoredSentences: TypeAlias = Callable[[Sequence[str]], Mapping[str, Vector]]
"""Chunk ids -> the stored vectors of their sentences (m, d), in order; chunks without any are left out."""


class SentenceVectors:
    """Looks up vectors as they are asked for.

    A stored vector is the mean of a sentence's token states among those of its chunk: it knows what stands around it,
    and costs no encoding. Short sentences share one with the next.

    Args:
        sentences: of the evidence.
        stored: reads what the chunks have.
    """

    def __init__(
        self, sentences: Sequence[Quotable], evidence: Sequence[Evidence], *, stored: StoredSentences, encoder: Encoder
    ) -> None:
        self._sentences, self._evidence, self._stored, self._encoder = sentences, evidence, stored, encoder
        self._encoded: dict[int, Vector] = {}

    def of(self, rows: Sequence[int]) -> Vector:
        """(n, d) of these sentences, by their places in the list."""
        new = [row for row in rows if row not in self._aligned and row not in self._encoded]
        if new:
            vectors = self._encoder.encode([plain(self._sentences[row].text) for row in new], kind="document")
            self._encoded.update(zip(new, vectors, strict=True))
        if not len(rows):
            return np.empty((0, self._encoder.dimension), np.float32)
        return np.stack([self._aligned[row] if row in self._aligned else self._encoded[row] for row in rows])

    @cached_property
    def _aligned(self) -> dict[int, Vector]:
        """The stored vectors, by sentence. Where a chunk has not one for each of its parts, none of its is taken."""
        stored = self._stored([chunk.chunk_id for e in self._evidence for chunk in e.chunks])
        found: dict[int, Vector] = {}
        for e in self._evidence:
            rows = [row for row, sentence in enumerate(self._sentences) if sentence.evidence == e.number]
            for chunk in e.chunks:
                text = plain_lines(e.text[chunk.start - e.start : chunk.end - e.start])
                parts = [f" {words_alone(text[start:end])} " for start, end in part_spans(text)]
                vectors = stored.get(chunk.chunk_id, ())
                if len(parts) != len(vectors):
                    continue
                for row in rows:
                    sentence = self._sentences[row]
                    if chunk.start <= sentence.start < chunk.end:
                        words = f" {words_alone(plain(sentence.text))} "
                        part = next((n for n, of_part in enumerate(parts) if words in of_part), None)
                        if part is not None:
                            norm = float(np.linalg.norm(vectors[part]))
                            found[row] = np.asarray(vectors[part], np.float32) / (norm or 1.0)
        return found


def plain_lines(text: str) -> str:
    """The words of Markdown, its lines kept: where sentences end depends on them."""
    return "\n".join(plain(line) if line.strip() else "" for line in text.split("\n"))
