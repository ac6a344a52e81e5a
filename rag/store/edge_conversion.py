"""Our schemas, points and filters in the words of `qdrant_edge`, and its vectors in ours."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

import numpy as np
import qdrant_edge as qe

from rag.points import AnyOf, AnyVector, Between, CollectionSchema, Condition, Filter, HasId, IndexKind, Leg, Point
from rag.points import SparseVector as Terms
from rag.store.fields import json_path
from rag.store.filters import by_type, instant

FLAT = qe.HnswIndexConfig(m=0, ef_construct=100, full_scan_threshold=10_000)
"""No graph: building one freezes the process for minutes at 100,000 points, and the scan below is exact and fast."""
QUANTIZED = qe.TurboQuantQuantizationConfig(bits=qe.TurboQuantBitSize.Bits8, memory=qe.Memory.Pinned)
TERMS = qe.EdgeSparseVectorParams(modifier=qe.Modifier.Idf, memory=qe.Memory.Cached)
"""Mapped: pinned, as they are by default, the terms take a copy of 3 kB a chunk, which is made at every opening."""
CODES = qe.VectorStorageDatatype.Turbo8
MAX_SIM = qe.MultiVectorConfig(qe.MultiVectorComparator.MaxSim)
RESCORED = qe.SearchParams(quantization=qe.QuantizationSearchParams(rescore=True, oversampling=2.0))
"""Twice the limit by 8-bit codes, then by the original vectors: recall 1.0. The engine does not rescore by itself."""
SEGMENTS = qe.EdgeOptimizersConfig(indexing_threshold=40_000, max_segment_size=60_000)
"""Kilobytes of a segment's largest vectors, about 3.5 a chunk. From the first on new points are compacted, which takes
.4 s for each thousand; until then opening them takes .02 s longer. Up to the second segments are merged: compacting
rewrites what is new and not all, in memory that does not grow with the corpus, and segments are searched side by side.
"""
FEW, LARGEST = 10, 6
"""Segments up to which none are merged, and the part of all vectors that one holds at most, one sixth. Each takes about
a millisecond of a search to score what it holds of the candidates: 83 of them in a million chunks take half of it.
"""
SPELLED = 2**14
"""Ids that are kept as texts and as uuids: several queries' candidates, at about 200 bytes each."""


def shard_config(schema: CollectionSchema, optimizers: qe.EdgeOptimizersConfig | None = None) -> qe.EdgeConfig:
    """Unit vectors by dot product, 8-bit codes in memory, originals on disk; of multi vectors the codes alone.

    Every sparse vector has idf.

    Args:
        optimizers: what compacting makes of segments; None is `SEGMENTS`.
    """
    dense = {name: _flat(size, quantization_config=QUANTIZED) for name, size in schema.dense.items()}
    multi = {name: _flat(size, datatype=CODES, multivector_config=MAX_SIM) for name, size in schema.multi.items()}
    return qe.EdgeConfig(
        vectors={**dense, **multi},
        sparse_vectors=dict.fromkeys(schema.sparse, TERMS),
        hnsw_config=FLAT,
        payload_memory=qe.Memory.Cold,
        optimizers=optimizers or SEGMENTS,
    )


def few_segments(size: int) -> qe.EdgeOptimizersConfig | None:
    """What merges the many segments that a long job leaves in a large collection; None for one that is not large.

    Args:
        size: bytes of the vectors of the largest kind.
    """
    most = size // 1024 // LARGEST
    if most <= (SEGMENTS.max_segment_size or 0):
        return None
    return qe.EdgeOptimizersConfig(
        indexing_threshold=SEGMENTS.indexing_threshold, max_segment_size=most, default_segment_number=FEW
    )


def _flat(size: int, **how: Any) -> qe.EdgeVectorParams:
    return qe.EdgeVectorParams(size=size, distance=qe.Distance.Dot, memory=qe.Memory.Cold, hnsw_config=FLAT, **how)


def index_operation(field: str, kind: IndexKind) -> qe.UpdateOperation:
    """The update that indexes a payload field."""
    params = {
        "keyword": qe.KeywordIndexParams,
        "integer": qe.IntegerIndexParams,
        "datetime": qe.DatetimeIndexParams,
    }[kind](enable_hnsw=False, memory=qe.Memory.Cached)
    return qe.UpdateOperation.create_field_index(json_path(field), params)


def edge_point(point: Point) -> qe.Point:
    """A point for writing; empty sparse and multi vectors are left out."""
    vectors = {name: edge_vector(vector) for name, vector in point.vectors.items() if len(vector)}
    return qe.Point(point.id, vectors, dict(point.payload))


def edge_vector(vector: AnyVector) -> Any:
    """As the engine reads it soonest: lists take it half as long as arrays, of which it asks for number by number."""
    if isinstance(vector, Terms):
        return qe.SparseVector(np.asarray(vector.indices).tolist(), np.asarray(vector.values).tolist())
    return np.asarray(vector).tolist()


def our_vectors(vectors: Mapping[str, Any] | None) -> dict[str, AnyVector]:
    """Named vectors as numpy arrays; sparse ones in ascending order of index."""
    read: dict[str, AnyVector] = {}
    for name, vector in (vectors or {}).items():
        if isinstance(vector, qe.SparseVector):
            indices = np.asarray(vector.indices, dtype=np.uint32)
            order = np.argsort(indices)
            read[name] = Terms(indices[order], np.asarray(vector.values, dtype=np.float32)[order])
        else:
            read[name] = np.asarray(vector, dtype=np.float32)
    return read


@lru_cache(maxsize=SPELLED)
def _uuid(spelled: str) -> UUID:
    """The engine reads one in half the time that it takes to read a text."""
    return UUID(spelled)


@lru_cache(maxsize=SPELLED)
def spelled(number: int) -> str:
    """A point's id in its usual spelling, from the integer behind the engine's uuid.

    Each candidate is seen by every leg; making the text anew each time takes longer than what the engine does for it.
    """
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


class Filters:
    """The engine's filters of one round of legs: made once for each of ours, which legs share."""

    def __init__(self) -> None:
        self._known: dict[int, qe.Filter | None] = {}

    def of(self, where: Filter) -> qe.Filter | None:
        """`edge_filter` of a filter that lives as long as this object."""
        if id(where) not in self._known:
            self._known[id(where)] = edge_filter(where)
        return self._known[id(where)]


def edge_query(leg: Leg, limit: int, where: qe.Filter | None, *, dense: bool) -> qe.QueryRequest:
    """The request for a leg, without payload and vectors.

    Args:
        where: the engine's form of the leg's filter.
    """
    return qe.QueryRequest(
        limit=limit,
        query=qe.Query.Nearest(edge_vector(leg.query), using=leg.vector),
        filter=where,
        params=RESCORED if dense else None,
        with_payload=False,
    )


def edge_filter(where: Filter) -> qe.Filter | None:
    """All conditions; None for the empty filter. `filters.can_match` has refused conditions that match nothing."""
    return qe.Filter(must=[_condition(condition) for condition in where]) if where else None


def _condition(condition: Condition) -> Any:
    if isinstance(condition, HasId):
        return qe.HasIdCondition(set(map(_uuid, condition.ids)))
    path = json_path(condition.field)
    if isinstance(condition, Between):
        return qe.FieldCondition(path, range=_range(condition))
    return _any_of(path, condition)


def _any_of(path: str, condition: AnyOf) -> Any:
    values = by_type(condition)
    # numpy's bool, because the engine's bindings read Python's as the integers 0 and 1
    matches: list[Any] = [qe.MatchValue(cast(bool, np.bool_(value))) for value in values.booleans]
    matches += [qe.MatchAny(same) for same in (values.strings, values.integers) if same]
    conditions: list[Any] = [qe.FieldCondition(path, match=match) for match in matches]
    return conditions[0] if len(conditions) == 1 else qe.Filter(should=conditions)


def _range(condition: Between) -> Any:
    if isinstance(condition.gte, str) or isinstance(condition.lt, str):
        gte, lt = (None if side is None else instant(str(side)).isoformat() for side in (condition.gte, condition.lt))
        return qe.RangeDateTime(gte=gte, lt=lt)
    return qe.RangeFloat(gte=condition.gte, lt=condition.lt)
