"""How much of one text stands in another: shared terms, weighted by how rare they are."""

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rag.points import SparseVector

Idf: TypeAlias = Callable[[NDArray[np.uint32]], NDArray[np.float32]]
"""Term ids (m,) -> their inverse document frequencies (m,), positive."""

_WORD = re.compile(r"\w+")
CONTEXT_SHARE = 0.5
"""What a term counts that stands not in a sentence but in the headings above it."""


def words_alone(text: str) -> str:
    """The words of a text in one case and nothing else: equal where texts differ in markup and white space only."""
    return " ".join(_WORD.findall(text.casefold()))


def overlap(
    query: SparseVector, texts: Sequence[SparseVector], idf: Idf, *, contexts: Sequence[SparseVector] | None = None
) -> NDArray[np.float32]:
    """Share of the query's idf that each text covers.

    Args:
        query: its terms; weights do not matter.
        texts: n texts.
        idf: rarity of terms.
        contexts: n texts that stand above `texts`; a term found only there counts `CONTEXT_SHARE`.

    Returns:
        (n,) from 0 to 1; 0 for a query without terms.
    """
    if not len(query) or not texts:
        return np.zeros(len(texts), dtype=np.float32)
    weights = np.asarray(idf(query.indices), dtype=np.float32)
    total = float(weights.sum())
    found = holds(query.indices, texts).astype(np.float32)
    if contexts is not None:
        found = np.maximum(found, np.float32(CONTEXT_SHARE) * holds(query.indices, contexts))
    return np.asarray(found @ weights / total, np.float32)


def holds(terms: NDArray[np.uint32], texts: Sequence[SparseVector]) -> NDArray[np.bool_]:
    """Which of m terms, each once, each of n texts has: (n, m)."""
    found = np.zeros((len(texts), len(terms)), np.bool_)
    if not len(terms) or not texts:
        return found
    order = np.argsort(terms)
    every = np.concatenate([text.indices for text in texts])
    places = np.minimum(np.searchsorted(terms[order], every), len(terms) - 1)
    same = terms[order][places] == every
    rows = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    found[rows[same], order[places[same]]] = True
    return found


def union(vectors: Sequence[SparseVector]) -> SparseVector:
    """The terms of all vectors, each with weight 1."""
    indices = np.unique(np.concatenate([v.indices for v in vectors])) if vectors else np.empty(0, dtype=np.uint32)
    return SparseVector(indices.astype(np.uint32), np.ones(len(indices), dtype=np.float32))
