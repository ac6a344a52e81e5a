"""What a store holds and is asked: points, schemas, filters, legs. The same for every engine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Vector: TypeAlias = NDArray[np.float32]
IndexKind: TypeAlias = Literal["keyword", "integer", "datetime"]


@dataclass(frozen=True, slots=True)
class SparseVector:
    """A lexical vector: term ids and weights.

    Attributes:
        indices: (m,) uint32, unique and ascending.
        values: (m,) float32, finite and positive.
    """

    indices: NDArray[np.uint32]
    values: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.indices)

    def dot(self, other: "SparseVector") -> float:
        """Sum over the shared terms of the product of their weights."""
        _, mine, theirs = np.intersect1d(self.indices, other.indices, assume_unique=True, return_indices=True)
        return float(self.values[mine] @ other.values[theirs])


AnyVector: TypeAlias = Vector | SparseVector


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionSchema:
    """How a collection is made.

    Attributes:
        name: the collection's own name (aliases point to it).
        dense: vector name -> dimension; unit vectors compared by dot product.
        multi: name -> dimension of vectors that a point has several of, as rows of a matrix; a query's score is that
            of the best row, of a query of several rows the sum of theirs. Stored in 8 bits: scores are right to .001.
        sparse: names of sparse vectors; the engine multiplies in the idf at query time:
            ln((N - n + 0.5) / (n + 0.5) + 1), N the points that have the vector, n those with the term.
        indexes: payload field -> kind of index; every field that is filtered on.
        metadata: JSON kept with the collection.
    """

    name: str
    dense: Mapping[str, int]
    multi: Mapping[str, int] = field(default_factory=dict)
    sparse: tuple[str, ...] = ()
    indexes: Mapping[str, IndexKind] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What is written. A point replaces the one with its id, all vectors and payload.

    Attributes:
        id: a uuid as a string.
        vectors: by name; one that is left out is absent from that leg.
        payload: JSON.
    """

    id: str
    vectors: Mapping[str, AnyVector]
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is read back: only the payload fields and vectors that were asked for."""

    id: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    vectors: Mapping[str, AnyVector] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The field's value, or one of its values, is one of `values`. No values match nothing."""

    field: str
    values: tuple[str | int | bool, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """gte <= value < lt; None leaves a side open. Strings are datetimes in ISO 8601."""

    field: str
    gte: float | str | None = None
    lt: float | str | None = None


@dataclass(frozen=True, slots=True)
class HasId:
    """The point's id is one of `ids`. No ids match nothing."""

    ids: tuple[str, ...]


Condition: TypeAlias = AnyOf | Between | HasId
Filter: TypeAlias = tuple[Condition, ...]
"""All conditions hold. The empty filter matches everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One nearest-neighbour query.

    Attributes:
        vector: name of the vector that is searched.
        query: a unit vector (of dense and of multi vectors), or term weights.
        limit: at most so many.
        where: only points that meet it.
        ties: False where it does not matter which of the points that score alike come last, such as where all that the
            filter leaves are asked for. It saves asking for more of them than `limit`.
    """

    vector: str
    query: AnyVector
    limit: int
    where: Filter = ()
    ties: bool = True


class Scored(NamedTuple):
    """A point that a leg found, and its score; higher is better. A query makes thousands: a tuple is made fastest."""

    id: str
    score: float
