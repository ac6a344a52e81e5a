"""Collections and the aliases that stand for them."""

# ruff: noqa: S101 - assertions are what a contract is made of

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from rag.errors import CorpusMissingError, StoreError
from rag.points import Leg, Point
from rag.protocols import Store
from rag.testing.store_contract.data import SCHEMA, point_id, points
from rag.testing.store_contract.fixtures import StoreFixtures


class CatalogContract(StoreFixtures):
    """Collections are made, listed, dropped and reached by alias; aliases switch all together or not at all."""

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

    def test_reading_on_in_a_dropped_collection_is_a_missing_corpus(self, filled: Store) -> None:
        records = filled.scroll(SCHEMA.name)
        filled.drop(SCHEMA.name)
        with pytest.raises(CorpusMissingError, match=SCHEMA.name):
            next(records)

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

    def test_an_alias_can_be_taken_away(self, filled: Store) -> None:
        filled.switch({"chunks": SCHEMA.name, "other": SCHEMA.name})
        filled.switch({"other": None, "never-there": None})
        assert filled.aliases() == {"chunks": SCHEMA.name}
        filled.switch({"chunks": None, "new": SCHEMA.name})
        assert filled.aliases() == {"new": SCHEMA.name}
        assert filled.count(SCHEMA.name) == 48
        with pytest.raises(CorpusMissingError, match="other"):
            filled.count("other")

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
