"""What every store does with legs and batches around its engine."""

import json
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from rag.errors import StoreError
from rag.points import CollectionSchema, Leg, Point, Scored
from rag.store.filters import can_match
from rag.store.validate import check_query

TIE_MARGIN = 32
"""Asked for beyond a leg's limit where ties matter: they are decided by rounded score and id, not by the engine."""
BATCH_POINTS = 500
BATCH_BYTES = 4 * 2**20
"""As JSON on the wire, vectors grow fivefold: well below the 32 MB that a server takes by default."""


def asked_for(leg: Leg) -> int:
    """How many points the engine is asked for."""
    return leg.limit + TIE_MARGIN if leg.ties else leg.limit


def can_find(schema: CollectionSchema, legs: Sequence[Leg]) -> list[bool]:
    """False for a leg that finds nothing by its own terms: a filter that nothing meets, a query without terms.

    Raises:
        StoreError: a leg does not fit the collection.
    """
    possible: dict[int, bool] = {}  # legs share their filter, which may name hundreds of points
    found = []
    for leg in legs:
        if leg.limit < 1:
            raise StoreError(f"leg {leg.vector!r}: limit {leg.limit}: at least 1")
        if problem := check_query(schema, leg.vector, leg.query):
            raise StoreError(f"query of {leg.vector!r}: {problem}")
        if id(leg.where) not in possible:
            possible[id(leg.where)] = can_match(leg.where)
        found.append(possible[id(leg.where)] and len(leg.query) > 0)
    return found


def best(found: Iterable[tuple[str, float]], limit: int) -> list[Scored]:
    """The `limit` highest scores, rounded to 6 digits, ties by id."""
    # a tuple compares by itself; 0.0 - score: no negative zero on the way back
    ordered = sorted([(0.0 - round(float(score), 6), point_id) for point_id, score in found])
    return [Scored(point_id, 0.0 - score) for score, point_id in ordered[:limit]]


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
