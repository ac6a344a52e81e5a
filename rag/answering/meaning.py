"""Vectors of the sentences of the evidence: those that are stored, and the encoder's of the others."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import TypeAlias

import numpy as np

from rag.answering.matching import words_alone
from rag.answering.quotable import Quotable, plain
from rag.chunking.sentences import part_spans
from rag.points import Vector
from rag.protocols import Encoder
from rag.results import Evidence
from rag.retrieval.documents import ChunkSentences

StoredSentences: TypeAlias = Callable[[Sequence[str]], Mapping[str, ChunkSentences]]
"""Chunk ids -> what is stored of their sentences; chunks without vectors are left out."""


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
        """The stored vectors, by sentence."""
        stored = self._stored([chunk.chunk_id for e in self._evidence for chunk in e.chunks])
        found: dict[int, Vector] = {}
        for e in self._evidence:
            rows = [row for row, sentence in enumerate(self._sentences) if sentence.evidence == e.number]
            for chunk in e.chunks:
                if chunk.chunk_id in stored:
                    own = [row for row in rows if chunk.start <= self._sentences[row].start < chunk.end]
                    found.update(self._among(stored[chunk.chunk_id], own))
        return found

    def _among(self, stored: ChunkSentences, rows: Sequence[int]) -> Iterator[tuple[int, Vector]]:
        """The unit vectors of those sentences whose words the chunk has, in order."""
        parts = [f" {words_alone(stored.text[start:end])}" for start, end in part_spans(stored.text)]
        if len(parts) != len(stored.vectors):
            return
        words, starts = "".join(parts) + " ", [*accumulate(map(len, parts), initial=0)]
        at = 0
        for row in rows:
            own = f" {words_alone(plain(self._sentences[row].text))} "
            place = words.find(own, at)
            if place < 0:
                continue
            at = place + len(own) - 1
            # a sentence that was encoded in two parts has the vector of that with its middle
            vector = stored.vectors[bisect_right(starts, place + len(own) // 2) - 1]
            yield row, np.asarray(vector, np.float32) / (float(np.linalg.norm(vector)) or 1.0)
