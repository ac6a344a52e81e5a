"""BM25 term weights: the lexical half of retrieval."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.models.ngrams import character_ngrams, word_bigrams
from rag.models.words import is_dense, terms, words
from rag.points import SparseVector
from rag.protocols import TextKind, TextUnit

AVERAGES = {
    ("words", "chunk"): 100,
    ("words", "document"): 800,
    ("words", "headings"): 6,
    ("bigrams", "chunk"): 100,
    ("ngrams", "chunk"): 800,
}
"""The average length that BM25 compares with, in words that are no stop words, in pairs of them, and in 4-grams.

A constant, so that a vector depends on its own text alone: near the means of such chunks and of the pages of a
company handbook.
"""
HEADINGS_B = 0.3
"""b for titles and headings: a long one is hardly less about its words than a short one."""


class Bm25Encoder:
    """Implements `rag.protocols.LexicalEncoder`.

    With tf a term's occurrences and n the text's length, a text's weights are
    tf (k1 + 1) / (tf + k1 (1 - b + b n / average)) (Robertson and Zaragoza 2009, doi:10.1561/1500000019); the store
    multiplies in the idf. A query's weights are those of `rag.models.words`, 1 for bigrams and n-grams, each term
    counted once.
    """

    def __init__(self, k1: float = 1.2, b: float = 0.75) -> None:
        """Take the constants: k1 > 0 saturates term frequency, 0 <= b <= 1 normalises by length."""
        self._k1, self._b = k1, b

    @property
    def max_term_weight(self) -> float:
        """Least upper bound of a term's weight in a text."""
        return self._k1 + 1

    def encode(self, texts: Sequence[str], *, kind: TextKind, unit: TextUnit = "words") -> list[SparseVector]:
        """Term weights of each text, without idf; an empty vector for a text without terms."""
        if kind == "query":
            return [_query(text, unit) for text in texts]
        average = AVERAGES[unit, kind]
        b = HEADINGS_B if kind == "headings" else self._b
        return [self._weighted(*_counted(text, unit), average, b) for text in texts]

    def _weighted(self, frequencies: Mapping[int, int], length: float, average: int, b: float) -> SparseVector:
        tf = np.fromiter(frequencies.values(), dtype=np.float64, count=len(frequencies))
        norm = self._k1 * (1 - b + b * length / average)
        return _sparse(frequencies, tf * (self._k1 + 1) / (tf + norm))


def _query(text: str, unit: TextUnit) -> SparseVector:
    if unit != "words":
        found, _ = _counted(text, unit)
        return _sparse(found, np.ones(len(found)))
    weights: dict[int, float] = {}
    for word in set(words(text)):
        for term, weight in terms(word):
            weights[term] = max(weight, weights.get(term, 0.0))
    return _sparse(weights, np.fromiter(weights.values(), dtype=np.float64, count=len(weights)))


def _counted(text: str, unit: TextUnit) -> tuple[Mapping[int, int], float]:
    """How often each term occurs, and the text's length."""
    if unit != "words":
        counts = word_bigrams(text) if unit == "bigrams" else character_ngrams(text)
        return counts, sum(counts.values())
    frequencies: dict[int, int] = {}
    length = 0.0
    for word, count in Counter(words(text)).items():
        of_word = terms(word)
        if not of_word:
            continue
        length += count * (len(word) / 2 if is_dense(word) else 1)
        for term, _ in of_word:
            frequencies[term] = frequencies.get(term, 0) + count
    return frequencies, length


def _sparse(terms: Collection[int], weights: NDArray[np.float64]) -> SparseVector:
    """Ascending by term, as stores want it.

    Args:
        terms: distinct ids.
        weights: (n,) of the terms in their order.
    """
    indices = np.fromiter(terms, dtype=np.uint32, count=len(terms))
    order = indices.argsort()
    return SparseVector(indices[order], weights[order].astype(np.float32))
