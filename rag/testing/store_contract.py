"""What every store keeps: inherit `StoreContract` and give it a `store` fixture."""

# ruff: noqa: S101 - assertions are what a contract is made of

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rag.errors import CorpusMissingError, StoreError
from rag.points import (
    AnyOf,
    AnyVector,
    Between,
    CollectionSchema,
    Filter,
    HasId,
    IndexKind,
    Leg,
    Point,
    Scored,
    SparseVector,
    Vector,
)
from rag.protocols import Store
from rag.testing.exact_store import ExactStore
from rag.types import stable_id

DIMENSION = 64
SCHEMA = CollectionSchema(
    name="chunks__g1",
    dense={"raw": DIMENSION, "situated": DIMENSION},
    sparse=("lexical",),
    metadata={"settings": {"chunking.max_tokens": 200}, "list": [1, None, "ü"]},
)
INDEXED = replace(
    SCHEMA,
    indexes={
        "acl": "keyword",
        "ordinal": "integer",
        "modified": "datetime",
        "metadata.team": "keyword",
        "metadata.my key": "keyword",
        "metadata.a.b": "keyword",
        "metadata.flag": "keyword",
    },
)
TEXTS = ("plain", "Größe, naïve — “quotes”", "日本語の文章", "ไทย", "مرحبا", "a\x00b\tc\n", "👩‍👩‍👧 𝒳", "")


def unit_vectors(count: int, seed: int) -> Vector:
    """(count, DIMENSION) float32, unit norm."""
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSION), dtype=np.float32)
    unit: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def terms(weights: dict[int, float]) -> SparseVector:
    """Term id -> weight as a sparse vector."""
    indices = np.asarray(sorted(weights), dtype=np.uint32)
    return SparseVector(indices, np.asarray([weights[int(i)] for i in indices], dtype=np.float32))


def point_id(n: int) -> str:
    """The id of the n-th point of `points`."""
    return stable_id("contract", str(n))


def points(count: int, seed: int = 0) -> list[Point]:
    """Deterministic points that use every vector, every kind of payload value, and some empty lexical vectors."""
    rng = np.random.default_rng(seed + 1000)
    raw, situated = unit_vectors(count, seed), unit_vectors(count, seed + 1)
    made = []
    for n in range(count):
        weights = {int(t): float(w) for t, w in zip(rng.zipf(1.3, 8) % 2**32, rng.uniform(0.1, 2.0, 8), strict=True)}
        made.append(
            Point(
                id=point_id(n),
                vectors={"raw": raw[n], "situated": situated[n], "lexical": terms(weights if n % 10 != 9 else {})},
                payload={
                    "text": TEXTS[n % len(TEXTS)],
                    "acl": [["*"], ["staff"], ["u:ann", "g:größe"], []][n % 4],
                    "ordinal": n,
                    "modified": f"2026-{n % 12 + 1:02d}-03T00:00:00Z",
                    "metadata": {
                        "team": ["billing", "日本", "5"][n % 3],
                        "my key": f"v{n % 5}",
                        "a.b": "dotted" if n % 2 else None,
                        "flag": bool(n % 2),
                        "level": n % 2,
                        "price": n / 4,
                        "tags": ["x", "y"][: n % 3],
                        "mixed": [True, 1, "1", 1.0, None][n % 5],
                    },
                },
            )
        )
    return made


BAD_SCHEMAS = (
    replace(SCHEMA, name="../escape"),
    replace(SCHEMA, name=""),
    replace(SCHEMA, name="Großes"),
    replace(SCHEMA, dense={}, sparse=()),
    replace(SCHEMA, dense={"raw": 0}),
    replace(SCHEMA, dense={"x" * 256: 8}),
    replace(SCHEMA, dense={"lexical": 8}),
    replace(SCHEMA, indexes={'a"b': "keyword"}),
    replace(SCHEMA, indexes={"a": "geo"}),  # type: ignore[dict-item]
    replace(SCHEMA, metadata={"a": math.nan}),
)


def nested(depth: int) -> Any:
    """A payload value `depth` dicts deep."""
    return 1 if depth == 0 else {"d": nested(depth - 1)}


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


FILTERS: dict[str, Filter] = {
    "everything": (),
    "string": (AnyOf("metadata.team", ("billing",)),),
    "any of strings": (AnyOf("acl", ("*", "staff")),),
    "other scripts": (AnyOf("acl", ("g:größe",)), AnyOf("metadata.team", ("日本", "billing"))),
    "digits as text": (AnyOf("metadata.team", ("5",)),),
    "digits as number": (AnyOf("metadata.team", (5,)),),
    "key with a space": (AnyOf("metadata.my key", ("v1", "v3")),),
    "key with a dot": (AnyOf("metadata.a.b", ("dotted",)),),
    "true": (AnyOf("metadata.flag", (True,)),),
    "false": (AnyOf("metadata.flag", (False,)),),
    "one is not true": (AnyOf("metadata.flag", (1,)),),
    "true is not one": (AnyOf("metadata.level", (True,)),),
    "integer": (AnyOf("metadata.level", (1, 7)),),
    "indexed integer": (AnyOf("ordinal", (0, 3, 4)),),
    "mixed types": (AnyOf("metadata.mixed", ("1", 1)),),
    "mixed types with a boolean": (AnyOf("metadata.mixed", (True, "1")), AnyOf("acl", ("*",))),
    "list": (AnyOf("metadata.tags", ("y",)),),
    "unknown field": (AnyOf("metadata.nothing", ("y",)),),
    "no values": (AnyOf("acl", ()),),
    "no values among others": (AnyOf("metadata.team", ("billing",)), AnyOf("acl", ())),
    "ids": (HasId((point_id(3), point_id(5), stable_id("unknown"))),),
    "no ids": (HasId(()),),
    "number range": (Between("metadata.price", gte=1.0, lt=3.25),),
    "open range": (Between("ordinal", gte=30),),
    "range over strings": (Between("metadata.team", gte=0),),
    "dates": (Between("modified", gte="2026-03-03T00:00:00Z", lt="2026-05-03T00:00:00Z"),),
    "date without a zone": (Between("modified", lt="2026-04-03"),),
    "date in another zone": (Between("modified", gte="2026-04-03T01:00:00+02:00", lt="2026-05-01"),),
    "dates over numbers": (Between("ordinal", gte="2026-01-01"),),
    "several": (AnyOf("acl", ("*", "staff")), Between("ordinal", lt=20), AnyOf("metadata.flag", (True,))),
}
BAD_FILTERS: dict[str, Filter] = {
    "quote in the field": (AnyOf('metadata.a"b', ("x",)),),
    "backslash in the field": (AnyOf("metadata.a\\b", ("x",)),),
    "empty field": (AnyOf("", ("x",)),),
    "empty metadata key": (AnyOf("metadata.", ("x",)),),
    "string for a tuple": (AnyOf("acl", "staff"),),  # type: ignore[arg-type]
    "float": (AnyOf("metadata.price", (0.5,)),),  # type: ignore[arg-type]
    "65 bits": (AnyOf("ordinal", (2**64,)),),
    "half a surrogate pair": (AnyOf("acl", ("\ud800",)),),
    "range without bounds": (Between("ordinal"),),
    "range of two kinds": (Between("ordinal", gte=1, lt="2026-01-01"),),
    "range of booleans": (Between("ordinal", gte=True),),
    "NaN bound": (Between("ordinal", gte=math.nan),),
    "no date": (Between("modified", gte="last week"),),
    "id that is no uuid": (HasId(("chunk-7",)),),
    "no condition": ({"acl": "*"},),  # type: ignore[dict-item]
}


BAD_LEGS = (
    Leg(vector="tokens", query=unit_vectors(1, 1)[0], limit=5),
    Leg(vector="raw", query=np.ones(3, dtype=np.float32), limit=5),
    Leg(vector="raw", query=np.full(DIMENSION, np.nan, dtype=np.float32), limit=5),
    Leg(vector="raw", query=terms({1: 1.0}), limit=5),
    Leg(vector="lexical", query=unit_vectors(1, 1)[0], limit=5),
    Leg(vector="raw", query=unit_vectors(1, 1)[0], limit=0),
)


def assert_same_ranking(found: Sequence[Scored], exact: Sequence[Scored], tolerance: float = 1e-4) -> None:
    """The same points with the same scores; points whose scores tie at the cut may stand for each other."""
    assert len(found) == len(exact)
    assert np.allclose([s.score for s in found], [s.score for s in exact], atol=tolerance)
    assert list(found) == sorted(found, key=lambda s: (-s.score, s.id))
    if exact:
        cut = exact[-1].score + 2 * tolerance
        assert {s.id for s in exact if s.score > cut} <= {s.id for s in found}


class StoreContract:
    """Inherit it, and override `store` with a fixture that yields an empty store."""

    @pytest.fixture
    def store(self) -> Store:
        raise NotImplementedError("override the fixture `store`")

    @pytest.fixture
    def filled(self, store: Store) -> Store:
        store.create(SCHEMA)
        store.upsert(SCHEMA.name, points(48))
        return store

    @pytest.fixture
    def indexed(self, store: Store) -> Store:
        store.create(INDEXED)
        store.upsert(INDEXED.name, points(48))
        return store

    @pytest.fixture
    def exact(self) -> ExactStore:
        exact = ExactStore()
        exact.create(SCHEMA)
        exact.upsert(SCHEMA.name, points(48))
        return exact

    # --- points -------------------------------------------------------------------------------------------------

    def test_points_come_back_as_they_were_written(self, filled: Store) -> None:
        records = filled.retrieve(SCHEMA.name, [point_id(n) for n in range(48)], vectors=("raw", "situated", "lexical"))
        for point in points(48):
            record = records[point.id]
            assert record.payload == point.payload
            assert set(record.vectors) == {name for name, vector in point.vectors.items() if len(vector)}
            for name in ("raw", "situated"):
                assert np.array_equal(record.vectors[name], point.vectors[name])  # type: ignore[arg-type]
                assert record.vectors[name].dtype == np.float32  # type: ignore[union-attr]
            if "lexical" in record.vectors:
                stored, written = record.vectors["lexical"], point.vectors["lexical"]
                assert isinstance(stored, SparseVector)
                assert isinstance(written, SparseVector)
                assert np.array_equal(stored.indices, written.indices)
                assert np.array_equal(stored.values, written.values)
                assert (stored.indices.dtype.name, stored.values.dtype.name) == ("uint32", "float32")

    def test_only_the_fields_and_vectors_asked_for_come_back(self, filled: Store) -> None:
        name, i = SCHEMA.name, point_id(1)
        payload = points(2)[1].payload
        assert filled.retrieve(name, [i], fields=())[i].payload == {}
        assert filled.retrieve(name, [i])[i].vectors == {}
        assert filled.retrieve(name, [i], fields=("acl", "nothing"))[i].payload == {"acl": payload["acl"]}
        some = filled.retrieve(name, [i], fields=("ordinal", "metadata.my key", "metadata.a.b"), vectors=("situated",))[
            i
        ]
        assert some.payload == {"ordinal": 1, "metadata": {"my key": "v1", "a.b": "dotted"}}
        assert list(some.vectors) == ["situated"]

    def test_unknown_ids_are_left_out(self, filled: Store) -> None:
        unknown = stable_id("unknown")
        assert list(filled.retrieve(SCHEMA.name, [unknown, point_id(3), point_id(3)])) == [point_id(3)]
        assert filled.retrieve(SCHEMA.name, []) == {}
        filled.delete(SCHEMA.name, [unknown])
        filled.delete(SCHEMA.name, [])
        filled.set_payload(SCHEMA.name, {unknown: {"acl": []}})
        filled.set_payload(SCHEMA.name, {})
        assert filled.count(SCHEMA.name) == 48

    def test_upsert_replaces_payload_and_all_vectors(self, filled: Store) -> None:
        i = point_id(4)
        new = Point(id=i, vectors={"raw": unit_vectors(1, 99)[0]}, payload={"text": "new"})
        filled.upsert(SCHEMA.name, [new])
        record = filled.retrieve(SCHEMA.name, [i], vectors=("raw", "situated", "lexical"))[i]
        assert record.payload == {"text": "new"}
        assert list(record.vectors) == ["raw"]
        assert filled.count(SCHEMA.name) == 48

    def test_the_last_of_two_equal_ids_wins(self, store: Store) -> None:
        store.create(SCHEMA)
        first, second = points(2)
        store.upsert(SCHEMA.name, [first, replace(second, id=first.id)])
        assert store.retrieve(SCHEMA.name, [first.id])[first.id].payload == second.payload

    def test_deleted_points_are_gone_from_everywhere(self, filled: Store) -> None:
        filled.delete(SCHEMA.name, [point_id(0), point_id(1)])
        assert filled.count(SCHEMA.name) == 46
        assert filled.retrieve(SCHEMA.name, [point_id(0)]) == {}
        query = points(1)[0].vectors["raw"]
        (hits,) = filled.search(SCHEMA.name, [Leg(vector="raw", query=query, limit=100)])
        assert point_id(0) not in {hit.id for hit in hits}
        assert len(hits) == 46

    def test_set_payload_replaces_top_level_keys_and_leaves_the_rest(self, filled: Store) -> None:
        ids = [point_id(n) for n in range(5)]
        changes: dict[str, dict[str, Any]] = {i: {"acl": ["new"], "metadata": {"team": "x"}} for i in ids[:3]}
        changes |= {ids[3]: {"acl": []}, ids[4]: {}, stable_id("unknown"): {"acl": ["new"]}}
        filled.set_payload(SCHEMA.name, changes)
        records = filled.retrieve(SCHEMA.name, ids, vectors=("raw",))
        for n, point in enumerate(points(5)):
            assert records[ids[n]].payload == {**point.payload, **changes[ids[n]]}
            assert np.array_equal(records[ids[n]].vectors["raw"], point.vectors["raw"])  # type: ignore[arg-type]
        assert filled.count(SCHEMA.name, where=(AnyOf("acl", ("new",)),)) == 3

    def test_more_points_than_a_batch_and_a_page_scroll_in_order_of_id(self, store: Store) -> None:
        schema = replace(SCHEMA, dense={"raw": DIMENSION})
        vectors = unit_vectors(1203, 5)
        store.create(schema)
        made = [Point(id=point_id(n), vectors={"raw": v}, payload={"n": n}) for n, v in enumerate(vectors)]
        store.upsert(schema.name, made)
        read = list(store.scroll(schema.name, vectors=("raw",)))
        assert [r.id for r in read] == sorted(p.id for p in made)
        by_id = {r.id: r for r in read}
        assert all(by_id[p.id].payload == p.payload for p in made)
        assert all(np.array_equal(by_id[p.id].vectors["raw"], p.vectors["raw"]) for p in made)  # type: ignore[arg-type]
        assert store.count(schema.name) == 1203
        assert len(store.retrieve(schema.name, [p.id for p in made], fields=())) == 1203
        store.set_payload(schema.name, {p.id: {"n": 0} for p in made})
        assert store.count(schema.name, where=(AnyOf("n", (0,)),)) == 1203
        store.delete(schema.name, [p.id for p in made[1:]])
        assert [r.id for r in store.scroll(schema.name, fields=())] == [made[0].id]

    def test_megabytes_of_text_come_back_whole(self, store: Store) -> None:
        store.create(SCHEMA)
        text = "Über 日本 \x00 " * 400_000
        point = replace(points(1)[0], payload={"text": text})
        store.upsert(SCHEMA.name, [point, *points(3)[1:]])
        assert store.retrieve(SCHEMA.name, [point.id])[point.id].payload["text"] == text
        assert store.count(SCHEMA.name) == 3

    def test_payload_as_deep_as_allowed_and_extreme_numbers_come_back(self, store: Store) -> None:
        store.create(SCHEMA)
        payload = {"deep": nested(19), "numbers": [2**63 - 1, -(2**63), 2**53 + 1, 1e308, 5e-324, 0, -1.5], "t": (1, 2)}
        point = replace(points(1)[0], payload=payload)
        store.upsert(SCHEMA.name, [point])
        assert store.retrieve(SCHEMA.name, [point.id])[point.id].payload == {**payload, "t": [1, 2]}

    def test_what_is_read_is_a_copy(self, filled: Store) -> None:
        record = filled.retrieve(SCHEMA.name, [point_id(0)])[point_id(0)]
        record.payload["metadata"]["team"] = "changed"
        filled.metadata(SCHEMA.name)["settings"]["chunking.max_tokens"] = 1
        assert filled.retrieve(SCHEMA.name, [point_id(0)])[point_id(0)].payload == points(1)[0].payload
        assert filled.metadata(SCHEMA.name) == SCHEMA.metadata

    # --- poison -------------------------------------------------------------------------------------------------

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

    # --- filters ------------------------------------------------------------------------------------------------

    def test_filters_agree_with_the_oracle_everywhere(self, indexed: Store, exact: ExactStore) -> None:
        name = SCHEMA.name
        expected = {what: [r.id for r in exact.scroll(name, where=where)] for what, where in FILTERS.items()}
        found = {what: [r.id for r in indexed.scroll(name, where=where, fields=())] for what, where in FILTERS.items()}
        assert found == expected
        counts = {what: indexed.count(name, where=where) for what, where in FILTERS.items()}
        assert counts == {what: len(ids) for what, ids in expected.items()}
        dense = [Leg(vector="raw", query=unit_vectors(1, 77)[0], limit=60, where=where) for where in FILTERS.values()]
        nearest = dict(zip(FILTERS, indexed.search(name, dense), strict=True))
        assert {what: sorted(s.id for s in hits) for what, hits in nearest.items()} == expected
        lexical = [replace(leg, vector="lexical", query=terms({1: 1.0, 2: 1.0})) for leg in dense]
        for hits, best in zip(indexed.search(name, lexical), exact.search(name, lexical), strict=True):
            assert_same_ranking(hits, best)

    def test_every_filter_of_the_contract_that_should_match_something_does(self, exact: ExactStore) -> None:
        empty = {"digits as number", "one is not true", "true is not one", "unknown field", "no values", "no ids"}
        empty |= {"no values among others", "range over strings", "dates over numbers"}
        assert {name for name, where in FILTERS.items() if not exact.count(SCHEMA.name, where=where)} == empty

    def test_a_filter_that_means_nothing_is_refused(self, filled: Store) -> None:
        for where in BAD_FILTERS.values():
            with pytest.raises(StoreError):
                filled.count(SCHEMA.name, where=where)
            with pytest.raises(StoreError):
                filled.scroll(SCHEMA.name, where=where)
            leg = Leg(vector="raw", query=unit_vectors(1, 1)[0], limit=5, where=where)
            with pytest.raises(StoreError):
                filled.search(SCHEMA.name, [leg])

    def test_a_late_index_changes_no_result_and_may_be_asked_for_again(self, indexed: Store) -> None:
        where = (AnyOf("metadata.tags", ("y",)),)
        before = indexed.count(SCHEMA.name, where=where)
        late: tuple[tuple[str, IndexKind], ...] = (("metadata.tags", "keyword"), ("metadata.日 本", "keyword"))
        for field, kind in (*late, *late, ("acl", "keyword")):
            indexed.index(SCHEMA.name, field, kind)
        assert indexed.count(SCHEMA.name, where=where) == before > 0

    # --- search -------------------------------------------------------------------------------------------------

    def test_legs_agree_with_the_oracle(self, filled: Store, exact: ExactStore) -> None:
        legs = []
        for n in range(8):
            vector = unit_vectors(8, 50)[n]
            legs += [
                Leg(vector=name, query=vector, limit=limit) for name in ("raw", "situated") for limit in (1, 10, 100)
            ]
            legs.append(Leg(vector="lexical", query=terms({n: 1.0, n + 1: 0.5, 10**9: 3.0}), limit=20))
        for found, expected in zip(filled.search(SCHEMA.name, legs), exact.search(SCHEMA.name, legs), strict=True):
            assert_same_ranking(found, expected)

    def test_a_stored_vector_finds_itself_with_score_one(self, filled: Store) -> None:
        legs = [Leg(vector="raw", query=p.vectors["raw"], limit=1) for p in points(5)]
        for n, (best,) in enumerate(filled.search(SCHEMA.name, legs)):
            assert best.id == point_id(n)
            assert best.score == pytest.approx(1.0, abs=1e-5)

    def test_scores_are_rounded_and_ties_stand_in_order_of_id(self, store: Store) -> None:
        store.create(SCHEMA)
        same = points(1)[0].vectors["raw"]
        made = [replace(p, vectors={"raw": same, "lexical": terms({7: 1.0})}) for p in points(30)]
        store.upsert(SCHEMA.name, made)
        legs = [Leg(vector="raw", query=same, limit=10), Leg(vector="lexical", query=terms({7: 2.0}), limit=10)]
        for hits in store.search(SCHEMA.name, legs):
            assert [h.id for h in hits] == sorted(p.id for p in made)[:10]
            assert all(h.score == round(h.score, 6) for h in hits)

    def test_lexical_scores_are_the_formula(self, store: Store) -> None:
        store.create(SCHEMA)
        weights: list[dict[int, float]] = [{1: 1.0}, {1: 2.0, 2: 0.5}, {3: 1.0}, {}]
        store.upsert(
            SCHEMA.name,
            [replace(p, vectors={"lexical": terms(w)}) for p, w in zip(points(4), weights, strict=True)],
        )
        (hits,) = store.search(SCHEMA.name, [Leg(vector="lexical", query=terms({1: 1.0, 2: 2.0}), limit=10)])
        idf1, idf2 = math.log((3 - 2 + 0.5) / 2.5 + 1), math.log((3 - 1 + 0.5) / 1.5 + 1)
        expected = {point_id(1): 2 * idf1 + idf2, point_id(0): idf1}
        assert [h.id for h in hits] == [point_id(1), point_id(0)]
        assert all(h.score == pytest.approx(expected[h.id], abs=1e-4) for h in hits)

    def test_idf_is_exact_after_deletes_replacements_and_compact(self, filled: Store) -> None:
        name = SCHEMA.name
        filled.delete(name, [point_id(n) for n in range(0, 30, 2)])
        changed = [replace(p, id=point_id(n)) for n, p in enumerate(points(40, seed=7)) if n % 5 == 1]
        filled.upsert(name, changed)
        filled.compact(name)
        exact = ExactStore()
        exact.create(SCHEMA)
        exact.upsert(name, points(48))
        exact.delete(name, [point_id(n) for n in range(0, 30, 2)])
        exact.upsert(name, changed)
        legs = [Leg(vector="lexical", query=terms({t: 1.0, t + 1: 1.0}), limit=50) for t in range(1, 9)]
        for found, expected in zip(filled.search(name, legs), exact.search(name, legs), strict=True):
            assert_same_ranking(found, expected)

    def test_queries_that_can_find_nothing_find_nothing(self, filled: Store) -> None:
        legs = [
            Leg(vector="lexical", query=terms({}), limit=5),
            Leg(vector="lexical", query=terms({4_000_000_000: 1.0}), limit=5),
            Leg(vector="raw", query=unit_vectors(1, 1)[0], limit=5, where=(AnyOf("acl", ()),)),
        ]
        assert filled.search(SCHEMA.name, legs) == [[], [], []]
        assert filled.search(SCHEMA.name, []) == []

    def test_an_empty_collection_answers(self, store: Store) -> None:
        store.create(SCHEMA)
        legs = [
            Leg(vector="raw", query=unit_vectors(1, 1)[0], limit=5),
            Leg(vector="lexical", query=terms({1: 1.0}), limit=5),
        ]
        assert store.search(SCHEMA.name, legs) == [[], []]
        assert list(store.scroll(SCHEMA.name)) == []
        assert store.count(SCHEMA.name) == 0
        store.upsert(SCHEMA.name, [])
        store.flush(SCHEMA.name)
        store.compact(SCHEMA.name)

    def test_a_query_that_does_not_fit_is_refused(self, store: Store) -> None:
        store.create(SCHEMA)
        for leg in BAD_LEGS:
            with pytest.raises(StoreError):
                store.search(SCHEMA.name, [leg])

    def test_a_vector_that_the_collection_does_not_have_is_not_read(self, filled: Store) -> None:
        with pytest.raises(StoreError, match="tokens"):
            filled.retrieve(SCHEMA.name, [point_id(0)], vectors=("tokens",))
        with pytest.raises(StoreError, match="tokens"):
            filled.scroll(SCHEMA.name, vectors=("tokens",))

    # --- collections --------------------------------------------------------------------------------------------

    def test_collections_are_listed_and_carry_their_metadata(self, store: Store) -> None:
        assert store.collections() == []
        store.create(SCHEMA)
        store.create(replace(SCHEMA, name="another", metadata={}))
        assert store.collections() == ["another", SCHEMA.name]
        assert store.metadata(SCHEMA.name) == SCHEMA.metadata
        assert store.metadata("another") == {}

    def test_a_name_is_taken_once(self, filled: Store) -> None:
        filled.switch({"chunks": SCHEMA.name})
        for name in (SCHEMA.name, "chunks"):
            with pytest.raises(StoreError, match=name):
                filled.create(replace(SCHEMA, name=name))
        assert filled.count(SCHEMA.name) == 48

    def test_a_dropped_collection_is_gone_with_its_aliases_and_can_be_made_anew(self, filled: Store) -> None:
        filled.switch({"chunks": SCHEMA.name})
        filled.drop(SCHEMA.name)
        filled.drop("never-there")
        assert filled.collections() == []
        assert filled.aliases() == {}
        filled.create(replace(SCHEMA, dense={"raw": 3}))
        assert filled.count(SCHEMA.name) == 0
        filled.upsert(SCHEMA.name, [Point(id=point_id(0), vectors={"raw": np.ones(3, dtype=np.float32)}, payload={})])

    def test_an_unknown_collection_is_a_missing_corpus(self, store: Store) -> None:
        acts: list[Callable[[str], object]] = [
            store.metadata,
            store.count,
            store.flush,
            store.compact,
            lambda name: store.index(name, "acl", "keyword"),
            lambda name: store.upsert(name, points(1)),
            lambda name: store.set_payload(name, {point_id(0): {"a": 1}}),
            lambda name: store.delete(name, [point_id(0)]),
            lambda name: store.retrieve(name, [point_id(0)]),
            lambda name: list(store.scroll(name)),
            lambda name: store.search(name, []),
            lambda name: store.switch({"alias": name}),
        ]
        for act in acts:
            with pytest.raises(CorpusMissingError, match="nowhere"):
                act("nowhere")

    def test_aliases_work_as_names_and_switch_together(self, filled: Store) -> None:
        second = replace(SCHEMA, name="chunks__g2", metadata={"generation": 2})
        filled.create(second)
        filled.upsert("chunks__g2", points(3))
        filled.switch({"chunks": SCHEMA.name, "other": SCHEMA.name})
        assert filled.aliases() == {"chunks": SCHEMA.name, "other": SCHEMA.name}
        assert filled.collections() == [SCHEMA.name, "chunks__g2"]
        assert filled.count("chunks") == 48
        filled.delete("chunks", [point_id(0)])
        assert filled.count(SCHEMA.name) == 47
        filled.switch({"chunks": "chunks__g2"})
        assert filled.aliases() == {"chunks": "chunks__g2", "other": SCHEMA.name}
        assert filled.metadata("chunks") == {"generation": 2}
        assert len(list(filled.scroll("chunks"))) == 3
        leg = Leg(vector="raw", query=points(1)[0].vectors["raw"], limit=1)
        assert filled.search("chunks", [leg])[0][0].id == point_id(0)

    @pytest.mark.parametrize("bad", [{"new": "nowhere"}, {"Bad name": SCHEMA.name}, {SCHEMA.name: SCHEMA.name}])
    def test_a_switch_that_cannot_be_made_changes_no_alias(self, filled: Store, bad: dict[str, str]) -> None:
        filled.switch({"chunks": SCHEMA.name})
        with pytest.raises(StoreError):
            filled.switch({"fine": SCHEMA.name, **bad})
        assert filled.aliases() == {"chunks": SCHEMA.name}

    def test_a_closed_store_refuses_work(self, filled: Store) -> None:
        filled.close()
        filled.close()
        with pytest.raises(StoreError):
            filled.count(SCHEMA.name)
