"""What every store does with legs and batches around its engine."""

import json
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from rag.errors import StoreError
from rag.points import CollectionSchema, Leg, Point, Scored
from rag.store.filters import can_match
from rag.store.validate import check_query

TIE_MARGIN = 32
"""Asked for beyond a leg's limit: near ties at the cut are then decided by rounded score and id, not by the engine."""
BATCH_POINTS = 500
BATCH_BYTES = 4 * 2**20
"""As JSON on the wire, vectors grow fivefold: well below the 32 MB that a server takes by default."""


def can_find(schema: CollectionSchema, leg: Leg) -> bool:
    """False where the leg finds nothing by its own terms: a filter that nothing meets, a query without terms.

    Raises:
        StoreError: the leg does not fit the collection.
    """
    if leg.limit < 1:
        raise StoreError(f"leg {leg.vector!r}: limit {leg.limit}: at least 1")
    if problem := check_query(schema, leg.vector, leg.query):
        raise StoreError(f"query of {leg.vector!r}: {problem}")
    return can_match(leg.where) and len(leg.query) > 0


def best(found: Iterable[tuple[str, float]], limit: int) -> list[Scored]:
    """The `limit` highest scores, rounded to 6 digits, ties by id."""
    scored = [Scored(point_id, round(float(score), 6) + 0.0) for point_id, score in found]  # + 0.0: no negative zero
    return sorted(scored, key=lambda s: (-s.score, s.id))[:limit]


def batches(points: Sequence[Point]) -> Iterator[tuple[list[Point], int]]:
    """Points in order, at most `BATCH_POINTS` and about `BATCH_BYTES` at a time, with their size in bytes."""
    batch: list[Point] = []
    size = 0
    for point in points:
        point_size = _size(point)
        if batch and (len(batch) == BATCH_POINTS or size + point_size > BATCH_BYTES):
            yield batch, size
            batch, size = [], 0
        batch.append(point)
        size += point_size
    if batch:
        yield batch, size


def _size(point: Point) -> int:
    vectors = sum(v.nbytes if isinstance(v, np.ndarray) else 8 * len(v) for v in point.vectors.values())
    return vectors + len(json.dumps(dict(point.payload)))
