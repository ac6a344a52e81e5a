"""One score from the scores of all legs, on a scale that is the same for every query and corpus.

score = w_raw max(raw, 0) + w_situated max(situated, 0) + w_document max(document, 0)
        + (w_lexical lexical + w_document_lexical document_lexical) / best

`best` is the score that a chunk would have with every query term at its greatest weight:
(k1 + 1) x sum of the query terms' idf. Cosines are at most 1 by themselves. Nothing is normalised per query, so a score
says how good a hit is, not how good it is beside the others.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.points import Vector

COSINES = ("raw", "situated", "document")
LEXICAL = ("lexical", "document_lexical")


def fuse(legs: Mapping[str, Vector], weights: Mapping[str, float], best: float) -> Vector:
    """Fused scores.

    Args:
        legs: leg name -> (n,) scores of all candidates.
        weights: leg name -> weight; legs without one count nothing.
        best: the greatest lexical score that the query allows; 0 for a query without words.

    Returns:
        (n,) float32.
    """
    n = len(next(iter(legs.values()))) if legs else 0
    total = np.zeros(n, np.float64)
    for name, scores in legs.items():
        weight = weights.get(name, 0.0)
        if name in COSINES:
            total += weight * np.maximum(scores, 0.0)
        elif best > 0:
            total += weight * scores / best
    return np.asarray(total, np.float32)


def order(scores: Vector, ids: Sequence[str]) -> NDArray[np.int64]:
    """Positions of the candidates, best first, ties by id. Scores are compared to 6 digits.

    Raises:
        ValueError: a score is not a number.
    """
    if np.isnan(scores).any():
        raise ValueError(f"score of {ids[int(np.isnan(scores).argmax())]} is not a number")
    rounded = np.round(np.asarray(scores, np.float64), 6)
    return np.lexsort((np.asarray(ids, str), -rounded))


def ranks(scores: Vector, ids: Sequence[str]) -> NDArray[np.int64]:
    """Rank of each candidate from 1, by the same order."""
    found = np.empty(len(ids), np.int64)
    found[order(scores, ids)] = np.arange(1, len(ids) + 1)
    return found
