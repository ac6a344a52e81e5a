"""A store without an engine: every score computed from its definition."""

import copy
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rag.errors import CorpusMissingError, StoreError
from rag.points import (
    AnyVector,
    CollectionSchema,
    Filter,
    IndexKind,
    Leg,
    Point,
    Record,
    Scored,
    SparseVector,
)
from rag.store.fields import field_path
from rag.store.filters import can_match, meets
from rag.store.legs import best, can_find
from rag.store.validate import check_id, check_name, check_payload, check_points, check_schema, check_vector_names


class ExactStore:
    """`rag.protocols.Store` in memory, in numpy: the oracle of `StoreContract`, and a store for small tests."""

    def __init__(self) -> None:
        self._schemas: dict[str, CollectionSchema] = {}
        self._points: dict[str, dict[str, Record]] = {}
        self._aliases: dict[str, str] = {}
        self._closed = False

    def aliases(self) -> dict[str, str]:
        return dict(self._aliases)

    def switch(self, aliases: Mapping[str, str | None]) -> None:
        for alias, name in aliases.items():
            check_name(alias)
            if alias in self._schemas:
                raise StoreError(f"alias {alias!r}: there is a collection of this name")
            if name is not None and name not in self._schemas:
                raise CorpusMissingError(f"alias {alias!r}: no collection {name!r}")
        self._aliases = {alias: name for alias, name in {**self._aliases, **aliases}.items() if name is not None}

    def collections(self) -> list[str]:
        return sorted(self._schemas)

    def metadata(self, name: str) -> dict[str, Any]:
        return copy.deepcopy(dict(self._schema(name).metadata))

    def create(self, schema: CollectionSchema) -> None:
        check_schema(schema)
        if schema.name in self._schemas or schema.name in self._aliases:
            raise StoreError(f"there is a collection or an alias {schema.name!r} already")
        self._schemas[schema.name] = replace(schema, metadata=copy.deepcopy(dict(schema.metadata)))
        self._points[schema.name] = {}

    def drop(self, name: str) -> None:
        name = self._aliases.get(name, name)
        self._schemas.pop(name, None)
        self._points.pop(name, None)
        self._aliases = {alias: target for alias, target in self._aliases.items() if target != name}

    def index(self, name: str, field: str, kind: IndexKind) -> None:
        schema = self._schema(name)
        if schema.indexes.get(field, kind) != kind:
            raise StoreError(f"{schema.name}: field {field!r} is indexed as {schema.indexes[field]}, not as {kind}")
        indexed = replace(schema, indexes={**schema.indexes, field: kind})
        check_schema(indexed)
        self._schemas[schema.name] = indexed

    def upsert(self, name: str, points: Sequence[Point]) -> None:
        schema = self._schema(name)
        check_points(schema, points)
        for point in points:
            vectors = {key: _copy(vector) for key, vector in point.vectors.items() if len(vector)}
            self._points[schema.name][point.id] = Record(id=point.id, payload=_json(point.payload), vectors=vectors)

    def set_payload(self, name: str, payloads: Mapping[str, Mapping[str, Any]]) -> None:
        records = self._records(name)
        for point_id, payload in payloads.items():
            check_id(point_id)
            check_payload(point_id, payload)
        for point_id, payload in payloads.items():
            if point_id in records:
                record = records[point_id]
                records[point_id] = replace(record, payload={**record.payload, **_json(payload)})

    def delete(self, name: str, ids: Sequence[str]) -> None:
        records = self._records(name)
        for point_id in ids:
            check_id(point_id)
        for point_id in ids:
            records.pop(point_id, None)

    def retrieve(
        self, name: str, ids: Sequence[str], *, fields: Sequence[str] | None = None, vectors: Sequence[str] = ()
    ) -> dict[str, Record]:
        records = self._records(name)
        check_vector_names(self._schema(name), vectors)
        for point_id in ids:
            check_id(point_id)
        return {i: _selected(records[i], fields, vectors) for i in ids if i in records}

    def scroll(
        self, name: str, *, where: Filter = (), fields: Sequence[str] | None = None, vectors: Sequence[str] = ()
    ) -> Iterator[Record]:
        check_vector_names(self._schema(name), vectors)
        self._matching(name, where)  # refuses now what means nothing
        return self._scroll(name, where, fields, vectors)

    def _scroll(
        self, name: str, where: Filter, fields: Sequence[str] | None, vectors: Sequence[str]
    ) -> Iterator[Record]:
        yield from [_selected(record, fields, vectors) for record in self._matching(name, where)]

    def search(self, name: str, legs: Sequence[Leg]) -> list[list[Scored]]:
        schema = self._schema(name)
        asked = zip(legs, can_find(schema, legs), strict=True)
        return [best(self._scores(name, leg), leg.limit) if ask else [] for leg, ask in asked]

    def count(self, name: str, *, where: Filter = ()) -> int:
        return len(self._matching(name, where))

    def flush(self, name: str) -> None:
        self._schema(name)

    def refresh(self, name: str) -> None:
        self._schema(name)

    def compact(self, name: str, *, merge: bool = True) -> None:  # noqa: ARG002
        self._schema(name)

    def close(self) -> None:
        self._closed = True

    def _schema(self, name: str) -> CollectionSchema:
        if self._closed:
            raise StoreError("the store is closed")
        name = self._aliases.get(name, name)
        if name not in self._schemas:
            raise CorpusMissingError(f"no collection {name!r}: run rag ingest first")
        return self._schemas[name]

    def _records(self, name: str) -> dict[str, Record]:
        return self._points[self._schema(name).name]

    def _matching(self, name: str, where: Filter) -> list[Record]:
        records = self._records(name)
        if not can_match(where):
            return []
        return [r for _, r in sorted(records.items()) if all(meets(r.id, r.payload, c) for c in where)]

    def _scores(self, name: str, leg: Leg) -> list[tuple[str, float]]:
        having = [r for r in self._matching(name, leg.where) if leg.vector in r.vectors]
        if not isinstance(leg.query, SparseVector):
            query = np.atleast_2d(leg.query)
            return [(r.id, float((np.atleast_2d(_dense(r, leg.vector)) @ query.T).max(axis=0).sum())) for r in having]
        weighted = self._with_idf(name, leg.vector, leg.query)
        sparse = [(r.id, _sparse(r, leg.vector)) for r in having]
        return [(i, v.dot(weighted)) for i, v in sparse if np.isin(v.indices, weighted.indices).any()]

    def _with_idf(self, name: str, vector: str, query: SparseVector) -> SparseVector:
        """The query's weights times ln((N - n + 0.5) / (n + 0.5) + 1), N points with the vector, n with the term."""
        stored = [_sparse(r, vector) for r in self._records(name).values() if vector in r.vectors]
        holders = [sum(int(term in v.indices) for v in stored) for term in query.indices]
        idf = [math.log((len(stored) - n + 0.5) / (n + 0.5) + 1) for n in holders]
        return SparseVector(query.indices, np.asarray(query.values * np.asarray(idf), dtype=np.float32))


def _selected(record: Record, fields: Sequence[str] | None, vectors: Sequence[str]) -> Record:
    payload = copy.deepcopy(dict(record.payload))
    if fields is not None:
        payload = _only(payload, [field_path(field) for field in fields])
    return Record(
        id=record.id, payload=payload, vectors={n: _copy(record.vectors[n]) for n in vectors if n in record.vectors}
    )


def _only(payload: dict[str, Any], paths: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for head, *rest in paths:
        if head in payload and not rest:
            kept[head] = payload[head]
        elif isinstance(payload.get(head), dict) and rest[0] in payload[head]:
            kept.setdefault(head, {})[rest[0]] = payload[head][rest[0]]
    return kept


def _dense(record: Record, name: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    vector = record.vectors[name]
    assert isinstance(vector, np.ndarray)  # noqa: S101 - by the schema
    return vector


def _sparse(record: Record, name: str) -> SparseVector:
    vector = record.vectors[name]
    assert isinstance(vector, SparseVector)  # noqa: S101 - by the schema
    return vector


def _copy(vector: AnyVector) -> AnyVector:
    if isinstance(vector, SparseVector):
        order = np.argsort(vector.indices)
        return SparseVector(
            np.asarray(vector.indices, dtype=np.uint32)[order], np.asarray(vector.values, dtype=np.float32)[order]
        )
    return vector.copy()


def _json(payload: Mapping[str, Any]) -> dict[str, Any]:
    copied: dict[str, Any] = json.loads(json.dumps(dict(payload)))
    return copied
