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
    shares = np.zeros(len(texts), dtype=np.float32)
    if not len(query) or not texts:
        return shares
    weights = np.asarray(idf(query.indices), dtype=np.float32)
    total = float(weights.sum())
    for row, text in enumerate(texts):
        found = np.isin(query.indices, text.indices).astype(np.float32)
        if contexts is not None:
            found = np.maximum(found, CONTEXT_SHARE * np.isin(query.indices, contexts[row].indices))
        shares[row] = float(weights @ found) / total
    return shares


def union(vectors: Sequence[SparseVector]) -> SparseVector:
    """The terms of all vectors, each with weight 1."""
    indices = np.unique(np.concatenate([v.indices for v in vectors])) if vectors else np.empty(0, dtype=np.uint32)
    return SparseVector(indices.astype(np.uint32), np.ones(len(indices), dtype=np.float32))
