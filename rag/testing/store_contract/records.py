"""What is written comes back."""

# ruff: noqa: S101 - assertions are what a contract is made of

from dataclasses import replace
from typing import Any

import numpy as np

from rag.points import AnyOf, Leg, Point, SparseVector
from rag.protocols import Store
from rag.testing.store_contract.data import DIMENSION, SCHEMA, nested, point_id, points, unit_vectors
from rag.testing.store_contract.fixtures import StoreFixtures
from rag.types import stable_id


class RecordContract(StoreFixtures):
    """Payloads and vectors come back as written, and upsert, set_payload and delete change what they say and no more.

    Other scripts, extreme numbers, megabytes of text, and more points than a batch or a page.
    """

    def test_points_come_back_as_they_were_written(self, filled: Store) -> None:
        names = ("raw", "situated", "sentences", "lexical")
        records = filled.retrieve(SCHEMA.name, [point_id(n) for n in range(48)], vectors=names)
        for point in points(48):
            record = records[point.id]
            assert record.payload == point.payload
            assert set(record.vectors) == {name for name, vector in point.vectors.items() if len(vector)}
            for name in ("raw", "situated"):
                assert np.array_equal(record.vectors[name], point.vectors[name])  # type: ignore[arg-type]
                assert record.vectors[name].dtype == np.float32  # type: ignore[union-attr]
            if "sentences" in record.vectors:  # in 8 bits
                rows, expected = record.vectors["sentences"], point.vectors["sentences"]
                assert np.allclose(rows, expected, atol=0.01)  # type: ignore[arg-type]
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
