"""What no engine may be given: it would panic, damage its files, or come back as something else."""

# ruff: noqa: S101 - assertions are what a contract is made of

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rag.errors import StoreError
from rag.points import AnyVector, Point, SparseVector
from rag.protocols import Store
from rag.testing.store_contract.data import DIMENSION, INDEXED, SCHEMA, TEXTS, nested, point_id, points, terms
from rag.testing.store_contract.fixtures import StoreFixtures

BAD_SCHEMAS = (
    replace(SCHEMA, name="../escape"),
    replace(SCHEMA, name=""),
    replace(SCHEMA, name="Großes"),
    replace(SCHEMA, dense={}, multi={}, sparse=()),
    replace(SCHEMA, multi={"sentences": 0}),
    replace(SCHEMA, multi={"raw": 8}),
    replace(SCHEMA, dense={"raw": 0}),
    replace(SCHEMA, dense={"x" * 256: 8}),
    replace(SCHEMA, dense={"lexical": 8}),
    replace(SCHEMA, indexes={'a"b': "keyword"}),
    replace(SCHEMA, indexes={"a": "geo"}),  # type: ignore[dict-item]
    replace(SCHEMA, metadata={"a": math.nan}),
)

BAD_POINTS: dict[str, Callable[[Point], Point]] = {
    "id that is no uuid": lambda p: replace(p, id="chunk-7"),
    "id in another spelling": lambda p: replace(p, id=p.id.upper()),
    "integer id": lambda p: replace(p, id=7),  # type: ignore[arg-type]
    "unknown vector": lambda p: _with_vector(p, "tokens", p.vectors["raw"]),
    "vector name of 256 bytes": lambda p: _with_vector(p, "x" * 256, p.vectors["raw"]),
    "wrong dimension": lambda p: _with_vector(p, "raw", np.ones(DIMENSION - 1, dtype=np.float32)),
    "no dimension": lambda p: _with_vector(p, "raw", np.ones(0, dtype=np.float32)),
    "matrix": lambda p: _with_vector(p, "raw", np.ones((2, DIMENSION), dtype=np.float32)),
    "float64": lambda p: _with_vector(p, "raw", np.ones(DIMENSION)),  # type: ignore[arg-type]
    "list": lambda p: _with_vector(p, "raw", [1.0] * DIMENSION),  # type: ignore[arg-type]
    "NaN": lambda p: _with_vector(p, "raw", np.full(DIMENSION, np.nan, dtype=np.float32)),
    "infinity": lambda p: _with_vector(p, "raw", np.full(DIMENSION, np.inf, dtype=np.float32)),
    "rows of a wrong dimension": lambda p: _with_vector(p, "sentences", np.ones((2, 3), dtype=np.float32)),
    "one row that is no matrix": lambda p: _with_vector(p, "sentences", p.vectors["raw"]),
    "too many rows": lambda p: _with_vector(
        p, "sentences", np.ones((1_000_000 // DIMENSION + 1, DIMENSION), dtype=np.float32)
    ),
    "NaN in a row": lambda p: _with_vector(p, "sentences", np.full((2, DIMENSION), np.nan, dtype=np.float32)),
    "sparse as dense": lambda p: _with_vector(p, "raw", terms({1: 1.0})),
    "dense as sparse": lambda p: _with_vector(p, "lexical", p.vectors["raw"]),
    "fewer weights than terms": lambda p: _sparse(p, [1, 2], [1.0]),
    "more weights than terms": lambda p: _sparse(p, [1], [1.0, 2.0]),
    "term twice": lambda p: _sparse(p, [3, 3], [1.0, 2.0]),
    "weight 0": lambda p: _sparse(p, [3], [0.0]),
    "negative weight": lambda p: _sparse(p, [3], [-1.0]),
    "NaN weight": lambda p: _sparse(p, [3], [math.nan]),
    "term of 33 bits": lambda p: _with_vector(
        p, "lexical", SparseVector(np.asarray([2**32]), np.ones(1, dtype=np.float32))
    ),
    "negative term": lambda p: _with_vector(p, "lexical", SparseVector(np.asarray([-1]), np.ones(1, dtype=np.float32))),
    "nested too deep": lambda p: _with_payload(p, nested(20)),
    "nested far too deep": lambda p: _with_payload(p, nested(200)),
    "lists too deep": lambda p: _with_payload(p, json.loads("[" * 50 + "]" * 50)),
    "NaN in the payload": lambda p: _with_payload(p, math.nan),
    "infinity in the payload": lambda p: _with_payload(p, {"x": [math.inf]}),
    "set": lambda p: _with_payload(p, {1, 2}),
    "bytes": lambda p: _with_payload(p, b"x"),
    "numpy number": lambda p: _with_payload(p, np.int64(3)),
    "65 bit integer": lambda p: _with_payload(p, [2**64]),
    "64 bit integer without sign": lambda p: _with_payload(p, 2**63),
    "half a surrogate pair": lambda p: _with_payload(p, "\ud800"),
    "half a surrogate pair in a key": lambda p: _with_payload(p, {"\ud800": 1}),
    "integer key": lambda p: _with_payload(p, {1: 2}),
    "quote in a key": lambda p: _with_payload(p, {'a"b': 2}),
    "backslash in a key": lambda p: _with_payload(p, {"a\\b": 2}),
    "empty key": lambda p: _with_payload(p, {"": 2}),
}


def _with_vector(point: Point, name: str, vector: AnyVector) -> Point:
    return replace(point, vectors={**point.vectors, name: vector})


def _sparse(point: Point, indices: list[int], values: list[float]) -> Point:
    vector = SparseVector(np.asarray(indices, dtype=np.uint32), np.asarray(values, dtype=np.float32))
    return _with_vector(point, "lexical", vector)


def _with_payload(point: Point, value: Any) -> Point:
    return replace(point, payload={**point.payload, "extra": value})


class PoisonContract(StoreFixtures):
    """A bad schema, point, payload or id is refused: a `StoreError`, nothing of its batch is written, work goes on."""

    @pytest.mark.parametrize("bad", BAD_POINTS.values(), ids=BAD_POINTS.keys())
    def test_a_bad_point_is_refused_with_its_whole_batch(self, store: Store, bad: Callable[[Point], Point]) -> None:
        good = points(5)
        store.create(SCHEMA)
        store.upsert(SCHEMA.name, good[:3])
        with pytest.raises(StoreError, match=r"point") as refused:
            store.upsert(SCHEMA.name, [good[3], bad(good[1]), good[4]])
        assert "\n" not in str(refused.value)
        assert [r.payload for r in store.retrieve(SCHEMA.name, [good[1].id]).values()] == [good[1].payload]
        assert store.count(SCHEMA.name) == 3
        store.upsert(SCHEMA.name, [good[3]])
        store.flush(SCHEMA.name)
        assert store.count(SCHEMA.name) == 4

    def test_a_cyclic_payload_is_refused(self, filled: Store) -> None:
        cycle: dict[str, Any] = {}
        cycle["self"] = cycle
        with pytest.raises(StoreError, match="deep"):
            filled.upsert(SCHEMA.name, [_with_payload(points(1)[0], cycle)])

    def test_set_payload_refuses_bad_payloads_and_writes_nothing(self, filled: Store) -> None:
        for payload in ({"x": math.nan}, {"x": {1}}, {'"': 1}, {"x": nested(30)}):
            with pytest.raises(StoreError, match=point_id(1)):
                filled.set_payload(SCHEMA.name, {point_id(0): {"text": "new"}, point_id(1): payload})
        assert filled.retrieve(SCHEMA.name, [point_id(0)])[point_id(0)].payload["text"] == TEXTS[0]

    def test_ids_that_are_no_uuids_are_refused(self, filled: Store) -> None:
        for act in (filled.retrieve, filled.delete):
            with pytest.raises(StoreError, match="chunk-7"):
                act(SCHEMA.name, ["chunk-7"])

    def test_a_bad_schema_is_refused(self, store: Store) -> None:
        for schema in BAD_SCHEMAS:
            with pytest.raises(StoreError):
                store.create(schema)
        assert store.collections() == []
        store.create(INDEXED)
