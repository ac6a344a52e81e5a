"""What a query finds before it is weighed: enough to rank it with any weights, without asking the store again."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from rag.legs import LEGS
from rag.points import AnyVector, Record
from rag.retrieval.scoring import Found, Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The candidates of a query.

    Attributes:
        searched: the query with its spelling corrected.
        limit: most chunks that a leg was asked for.
        asked: what each leg asked.
        found: what each leg that brings candidates brought, best first.
        scores: of every candidate in every leg.
        records: what is shown of candidates, as far as it was read already.
    """

    query: str
    searched: str
    limit: int
    asked: Mapping[str, AnyVector]
    found: Found
    scores: Scores
    records: Mapping[str, Record] = field(default_factory=dict)


def narrow(pool: Pool, legs: Collection[str], limit: int) -> Pool:
    """The pool that the same query has with fewer legs, or with fewer candidates a leg.

    Args:
        legs: that count; those that the pool does not have are left out.
        limit: most chunks that each of them brings, at most `pool.limit`.

    Raises:
        ValueError: the pool was not asked for so many.
    """
    if limit > pool.limit:
        raise ValueError(f"{limit} candidates a leg, but the pool was asked for {pool.limit}")
    asked = {leg: query for leg, query in pool.asked.items() if leg in legs}
    found = {leg: brought[:limit] for leg, brought in pool.found.items() if leg in asked}
    kept = {scored.id for brought in found.values() for scored in brought}
    at = np.array([n for n, id in enumerate(pool.scores.ids) if id in kept], np.int64)
    scores = Scores(
        ids=[pool.scores.ids[n] for n in at],
        documents=[pool.scores.documents[n] for n in at],
        legs={leg: values[at] for leg, values in pool.scores.legs.items() if leg in asked},
        best={scale: best for scale, best in pool.scores.best.items() if _measures(scale, asked)},
    )
    return replace(pool, limit=limit, asked=asked, found=found, scores=scores)


def _measures(scale: str, asked: Collection[str]) -> bool:
    """A leg that is asked is read as a share of the best in this one, and one asks for the terms that it is made of."""
    read = any(LEGS[leg].scale == scale for leg in asked)
    return read and any(LEGS[leg].query == LEGS[scale].query for leg in asked)
