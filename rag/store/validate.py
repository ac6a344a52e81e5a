"""Every check that a point passes before an engine sees it.

The embedded engine writes an operation to its log before it applies it: a point that it cannot apply makes the log, and
with it the whole index, unreadable. So nothing of a batch is handed over unless all of it is sound.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rag.errors import StoreError
from rag.points import AnyVector, CollectionSchema, Point, SparseVector
from rag.store.fields import check_key, check_text, field_path

MAX_DEPTH = 20
"""Levels of dicts and lists in a payload, the payload itself included. The engine's log cannot be read beyond 120."""
MAX_DIMENSION = 65_536
MAX_NUMBERS = 1_000_000
"""Of a multi vector: just below the 1,048,576 that Qdrant takes for a point."""
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""A uuid's usual spelling. Parsing it as one takes ten times as long, and a query checks thousands."""
VECTOR_NAME = re.compile(r"[a-z0-9_]{1,40}")
_NOT_FINITE = "numbers are finite (no NaN, no infinity)"
INDEX_KINDS = ("keyword", "integer", "datetime")


def check_points(schema: CollectionSchema, points: Sequence[Point]) -> None:
    """Refuse points that do not fit the collection or that an engine could choke on.

    Raises:
        StoreError: names the first bad point, the place in it and what is legal.
    """
    for point in points:
        check_id(point.id)
        for name, vector in point.vectors.items():
            if problem := check_vector(schema, name, vector):
                raise StoreError(f"point {point.id}: vector {name!r:.80}: {problem}")
        check_payload(point.id, point.payload)


def check_payload(point_id: str, payload: Mapping[str, Any]) -> None:
    """Refuse a payload that is not JSON as the engines have it.

    Raises:
        StoreError: names the point, the place and what is wrong.
    """
    if problem := _check_json(dict(payload), 1):
        raise StoreError(f"point {point_id}: payload{problem}")


def check_id(point_id: str) -> None:
    """Refuse ids that are not uuids in their usual spelling, the one in which they are read back.

    Raises:
        StoreError: names the id.
    """
    if not isinstance(point_id, str) or not _ID.fullmatch(point_id):
        raise StoreError(f"point id {point_id!r:.80}: ids are uuids, lower case with hyphens")


def check_vector(schema: CollectionSchema, name: str, vector: AnyVector) -> str | None:
    """What is wrong with a vector of this name, or None. An empty sparse or multi vector is fine: it is left out."""
    if name in schema.dense:
        return _check_dense(vector, schema.dense[name])
    if name in schema.multi:
        return _check_multi(vector, schema.multi[name])
    if name in schema.sparse:
        if not isinstance(vector, SparseVector):
            return f"a sparse vector is a SparseVector, not {type(vector).__name__}"
        return check_terms(vector) or (None if (vector.values > 0).all() else "weights are above 0")
    return _no_such_vector(schema, name)


def check_query(schema: CollectionSchema, name: str, query: AnyVector) -> str | None:
    """What is wrong with a query of the vector of this name, or None."""
    if name in schema.sparse and isinstance(query, SparseVector):
        return check_terms(query)
    if name in schema.multi and getattr(query, "ndim", 0) == 1:
        return _check_dense(query, schema.multi[name])
    return check_vector(schema, name, query)


def check_vector_names(schema: CollectionSchema, names: Sequence[str]) -> None:
    """Refuse to read vectors that the collection does not have.

    Raises:
        StoreError: names the vector and the legal names.
    """
    for name in names:
        if name not in (*schema.dense, *schema.multi, *schema.sparse):
            raise StoreError(_no_such_vector(schema, name))


def check_terms(vector: SparseVector) -> str | None:
    """What is wrong with the terms of a sparse vector, stored or asked, or None."""
    indices, values = np.asarray(vector.indices), np.asarray(vector.values)
    if indices.ndim != 1 or indices.shape != values.shape:
        return f"indices {indices.shape} and values {values.shape} are two lists of one length"
    if len(indices) == 0:
        return None
    if indices.dtype.kind not in "ui" or int(indices.min()) < 0 or int(indices.max()) >= 2**32:
        return "indices are integers from 0 to 2^32 - 1"
    if len(np.unique(indices)) != len(indices):
        return "an index occurs twice"
    if values.dtype.kind != "f" or not np.isfinite(values).all():
        return "weights are finite floats"
    return None


def check_name(name: str) -> None:
    """Refuse names of collections and aliases that are not plain: they become folder names and URLs.

    Raises:
        StoreError: names the name and the legal form.
    """
    if not NAME.fullmatch(name):
        raise StoreError(f"collection name {name!r:.100}: 1 to 80 of a-z 0-9 - _, the first a letter or a digit")


def check_schema(schema: CollectionSchema) -> None:
    """Refuse a schema that an engine could choke on.

    Raises:
        StoreError: names the collection and what is wrong.
    """
    check_name(schema.name)
    names = [*schema.dense, *schema.multi, *schema.sparse]
    for name in names:
        if not VECTOR_NAME.fullmatch(name):
            raise StoreError(f"{schema.name}: vector name {name!r:.80}: 1 to 40 of a-z 0-9 _")
    if not names or len(set(names)) != len(names):
        raise StoreError(f"{schema.name}: vector names {names}: at least one, each once")
    for name, dimension in (*schema.dense.items(), *schema.multi.items()):
        if not 1 <= dimension <= MAX_DIMENSION:
            raise StoreError(f"{schema.name}: vector {name!r}: dimension {dimension}: from 1 to {MAX_DIMENSION}")
    for field, kind in schema.indexes.items():
        check_index(field, kind)
    if problem := _check_json(dict(schema.metadata), 1):
        raise StoreError(f"{schema.name}: metadata{problem}")


def check_index(field: str, kind: str) -> None:
    """Refuse indexes on fields that cannot be addressed, and unknown kinds.

    Raises:
        StoreError: names the field and what is legal.
    """
    field_path(field)
    if kind not in INDEX_KINDS:
        raise StoreError(f"index on {field!r}: kind {kind!r}: one of {', '.join(INDEX_KINDS)}")


def _no_such_vector(schema: CollectionSchema, name: str) -> str:
    known = ", ".join([*schema.dense, *schema.multi, *schema.sparse])
    return f"{schema.name} has no vector {name!r:.80} (it has {known})"


def _check_dense(vector: AnyVector, dimension: int) -> str | None:
    if not isinstance(vector, np.ndarray) or vector.dtype != np.float32:
        return f"a dense vector is a float32 array, not {getattr(vector, 'dtype', type(vector).__name__)}"
    if vector.shape != (dimension,):
        return f"shape {vector.shape}, the collection has ({dimension},)"
    return None if np.isfinite(vector).all() else _NOT_FINITE


def _check_multi(vector: AnyVector, dimension: int) -> str | None:
    if not isinstance(vector, np.ndarray) or vector.dtype != np.float32:
        return f"a multi vector is a float32 array, not {getattr(vector, 'dtype', type(vector).__name__)}"
    most = MAX_NUMBERS // dimension
    if vector.ndim != 2 or vector.shape[1] != dimension or len(vector) > most:
        return f"shape {vector.shape}, the collection has (at most {most}, {dimension})"
    return None if np.isfinite(vector).all() else _NOT_FINITE


def _check_json(value: Any, depth: int) -> str | None:
    """The place and the problem, or None; deep and even cyclic values end at `MAX_DEPTH`."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        return f": {problem}" if (problem := check_text(value)) else None
    if isinstance(value, int):
        return None if -(2**63) <= value < 2**63 else f": {value!r:.80}: integers have at most 64 bits"
    if isinstance(value, float):
        return None if math.isfinite(value) else f": {value!r} is not a number in JSON"
    if not isinstance(value, dict | list | tuple):
        return f": {type(value).__name__} is not JSON (null, boolean, number, string, list, dict)"
    if depth > MAX_DEPTH:
        return f": nested more than {MAX_DEPTH} deep"
    if isinstance(value, dict):
        for key, part in value.items():
            if problem := check_key(key):
                return f": {problem}"
            if inner := _check_json(part, depth + 1):
                return f"[{key!r:.80}]{inner}"
    else:
        for n, part in enumerate(value):
            if inner := _check_json(part, depth + 1):
                return f"[{n}]{inner}"
    return None
