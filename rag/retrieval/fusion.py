"""One score from the scores of all legs, on a scale that is the same for every query and corpus.

score = sum over legs of weight x (max(cosine, 0) or terms / best)

`best` is the score that a text would have with every query term at its greatest weight, (k1 + 1) x sum of the query
terms' idf: among chunks for the words, bigrams and headings of chunks, among documents for the words of documents.
Cosines are at most 1 by themselves. Nothing is normalised per query, so a score says how good a hit is, not how good it
is beside the others.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.legs import LEGS
from rag.points import Vector


def shares(
    legs: Mapping[str, Vector], weights: Mapping[str, float], best: Mapping[str, float]
) -> dict[str, NDArray[np.float64]]:
    """What each leg adds to the fused score of each candidate.

    Args:
        legs: leg name -> (n,) scores of all candidates.
        weights: leg name -> weight; legs without one count nothing.
        best: leg -> the greatest score that the query allows, for each leg that another or itself is measured by; a
            leg whose measure is missing or 0 counts nothing, as for a query without words.

    Returns:
        leg name -> (n,); their sum is the fused score.
    """
    found = {}
    for name, scores in legs.items():
        weight, scale = weights.get(name, 0.0), LEGS[name].scale
        if scale is None:
            found[name] = weight * np.maximum(scores.astype(np.float64), 0.0)
        elif best.get(scale, 0.0) > 0:
            found[name] = weight * scores.astype(np.float64) / best[scale]
        else:
            found[name] = np.zeros(len(scores), np.float64)
    return found


def fuse(legs: Mapping[str, Vector], weights: Mapping[str, float], best: Mapping[str, float]) -> Vector:
    """Fused scores (n,) float32: the sum of the `shares` of all legs, with the same arguments."""
    n = len(next(iter(legs.values()))) if legs else 0
    return np.asarray(sum(shares(legs, weights, best).values(), np.zeros(n, np.float64)), np.float32)


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
