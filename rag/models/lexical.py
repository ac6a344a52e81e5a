"""BM25 term weights: the lexical half of retrieval."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import numpy as np

from rag.models.words import is_dense, terms, words
from rag.points import SparseVector

AVERAGE_WORDS = {"chunk": 100, "document": 800}
"""The average length that BM25 compares with, in words that are no stop words.

A constant, so that a vector depends on its own text alone: near the means of 200-token chunks and of the pages of a
company handbook.
"""


class Bm25Encoder:
    """Implements `rag.protocols.LexicalEncoder`.

    With tf a term's occurrences and n the text's words, a text's weights are
    tf (k1 + 1) / (tf + k1 (1 - b + b n / average)) (Robertson and Zaragoza 2009, doi:10.1561/1500000019); the store
    multiplies in the idf. A query's weights are those of `rag.models.words`, each term counted once.
    """

    def __init__(self, k1: float = 1.2, b: float = 0.75) -> None:
        """Take the constants: k1 > 0 saturates term frequency, 0 <= b <= 1 normalises by length."""
        self._k1, self._b = k1, b

    @property
    def max_term_weight(self) -> float:
        """Least upper bound of a term's weight in a text."""
        return self._k1 + 1

    def encode(self, texts: Sequence[str], *, kind: Literal["query", "chunk", "document"]) -> list[SparseVector]:
        """Term weights of each text, without idf; an empty vector for a text without words."""
        if kind == "query":
            return [self._query(text) for text in texts]
        return [self._text(text, AVERAGE_WORDS[kind]) for text in texts]

    def _query(self, text: str) -> SparseVector:
        weights: dict[int, float] = {}
        for word in set(words(text)):
            for term, weight in terms(word):
                weights[term] = max(weight, weights.get(term, 0.0))
        return _sparse(weights)

    def _text(self, text: str, average: int) -> SparseVector:
        frequencies: dict[int, int] = {}
        length = 0.0
        for word, count in Counter(words(text)).items():
            of_word = terms(word)
            if not of_word:
                continue
            length += count * (len(word) / 2 if is_dense(word) else 1)
            for term, _ in of_word:
                frequencies[term] = frequencies.get(term, 0) + count
        norm = self._k1 * (1 - self._b + self._b * length / average)
        return _sparse({term: tf * (self._k1 + 1) / (tf + norm) for term, tf in frequencies.items()})


def _sparse(weights: dict[int, float]) -> SparseVector:
    indices = np.fromiter(weights.keys(), dtype=np.uint32, count=len(weights))
    values = np.fromiter(weights.values(), dtype=np.float32, count=len(weights))
    order = np.argsort(indices)
    return SparseVector(indices[order], values[order])
