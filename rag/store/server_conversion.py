"""Our schemas, points and filters in qdrant-client's models, and its vectors in ours."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from qdrant_client import models

from rag.points import AnyOf, AnyVector, Between, CollectionSchema, Condition, Filter, HasId, IndexKind, Leg, Point
from rag.points import SparseVector as Terms
from rag.store.fields import json_path
from rag.store.filters import by_type, instant

FLAT = models.HnswConfigDiff(m=0)
"""No graph, as in the embedded store: both give the same results."""
QUANTIZED = models.TurboQuantization(
    turbo=models.TurboQuantQuantizationConfig(bits=models.TurboQuantBitSize.BITS8, memory=models.Memory.PINNED)
)
CODES = models.Datatype.TURBO8
MAX_SIM = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
RESCORED = models.SearchParams(quantization=models.QuantizationSearchParams(rescore=True, oversampling=2.0))


def vector_params(schema: CollectionSchema) -> dict[str, models.VectorParams]:
    """Unit vectors by dot product, 8-bit codes in memory, originals on disk; of multi vectors the codes alone."""
    dense = {name: _flat(size, quantization_config=QUANTIZED) for name, size in schema.dense.items()}
    multi = {name: _flat(size, datatype=CODES, multivector_config=MAX_SIM) for name, size in schema.multi.items()}
    return {**dense, **multi}


def _flat(size: int, **how: Any) -> models.VectorParams:
    return models.VectorParams(
        size=size, distance=models.Distance.DOT, memory=models.Memory.COLD, hnsw_config=FLAT, **how
    )


def sparse_params(schema: CollectionSchema) -> dict[str, models.SparseVectorParams]:
    """Sparse vectors with the idf multiplied in at query time."""
    return {name: models.SparseVectorParams(modifier=models.Modifier.IDF) for name in schema.sparse}


def schema_of(name: str, config: models.CollectionConfig) -> CollectionSchema:
    """What a server says of a collection, as far as points and queries are checked against it."""
    vectors = config.params.vectors if isinstance(config.params.vectors, dict) else {}
    return CollectionSchema(
        name=name,
        dense={key: params.size for key, params in vectors.items() if params.multivector_config is None},
        multi={key: params.size for key, params in vectors.items() if params.multivector_config is not None},
        sparse=tuple(config.params.sparse_vectors or ()),
        metadata=config.metadata or {},
    )


def index_params(kind: IndexKind) -> models.PayloadSchemaType:
    """The kind of payload index."""
    return models.PayloadSchemaType(kind)


def server_point(point: Point) -> models.PointStruct:
    """A point for writing; empty sparse and multi vectors are left out."""
    vectors: dict[str, Any] = {name: server_vector(vector) for name, vector in point.vectors.items() if len(vector)}
    return models.PointStruct(id=point.id, vector=vectors, payload=dict(point.payload))


def server_vector(vector: AnyVector) -> Any:
    """A vector as JSON has it."""
    if isinstance(vector, Terms):
        indices, values = np.asarray(vector.indices).tolist(), np.asarray(vector.values).tolist()
        return models.SparseVector(indices=indices, values=values)
    return vector.tolist()


def our_vectors(vectors: Any) -> dict[str, AnyVector]:
    """Named vectors as numpy arrays; sparse ones in ascending order of index."""
    read: dict[str, AnyVector] = {}
    for name, vector in vectors.items() if isinstance(vectors, Mapping) else ():
        if isinstance(vector, models.SparseVector):
            indices = np.asarray(vector.indices, dtype=np.uint32)
            order = np.argsort(indices)
            read[name] = Terms(indices[order], np.asarray(vector.values, dtype=np.float32)[order])
        else:
            read[name] = np.asarray(vector, dtype=np.float32)
    return read


def server_query(leg: Leg, limit: int, schema: CollectionSchema, *, rescored: bool) -> models.QueryRequest:
    """The request for a leg, without payload and vectors; `rescored` where the collection has 8-bit codes."""
    query = server_vector(leg.query)
    return models.QueryRequest(
        query=[query] if leg.vector in schema.multi and np.ndim(query) == 1 else query,
        using=leg.vector,
        filter=server_filter(leg.where),
        params=RESCORED if rescored and leg.vector in schema.dense else None,
        limit=limit,
        with_payload=False,
        with_vector=False,
    )


def server_filter(where: Filter) -> models.Filter | None:
    """All conditions; None for the empty filter. `filters.can_match` has refused conditions that match nothing."""
    return models.Filter(must=[_condition(condition) for condition in where]) if where else None


def _condition(condition: Condition) -> Any:
    if isinstance(condition, HasId):
        return models.HasIdCondition(has_id=list(condition.ids))
    path = json_path(condition.field)
    if isinstance(condition, Between):
        return models.FieldCondition(key=path, range=_range(condition))
    return _any_of(path, condition)


def _any_of(path: str, condition: AnyOf) -> Any:
    values = by_type(condition)
    matches: list[Any] = [models.MatchValue(value=value) for value in values.booleans]
    matches += [models.MatchAny(any=same) for same in (values.strings, values.integers) if same]
    conditions: list[Any] = [models.FieldCondition(key=path, match=match) for match in matches]
    return conditions[0] if len(conditions) == 1 else models.Filter(should=conditions)


def _range(condition: Between) -> models.Range | models.DatetimeRange:
    gte, lt = condition.gte, condition.lt
    if isinstance(gte, str) or isinstance(lt, str):
        return models.DatetimeRange(
            gte=None if gte is None else instant(str(gte)), lt=None if lt is None else instant(str(lt))
        )
    return models.Range(gte=gte, lt=lt)
