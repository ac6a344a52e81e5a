"""What stores do with legs around their engine: as fast, and the same."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from rag.points import Filter, HasId, Leg, Scored
from rag.store.edge import EdgeStore
from rag.store.edge_conversion import spelled
from rag.store.legs import asked_for, best
from rag.testing.store_contract.data import SCHEMA, point_id, points
from rag.types import stable_id


def test_the_best_are_those_of_the_plain_definition() -> None:
    rng = np.random.default_rng(0)
    scores = [*rng.uniform(-1, 1, 200), *rng.choice([0.0, -0.0, -4e-7, 0.5, 0.5000001, -0.25], 200)]
    found = [(stable_id(str(n)), float(score)) for n, score in enumerate(scores)]
    plain = sorted((Scored(id, round(score, 6) + 0.0) for id, score in found), key=lambda s: (-s.score, s.id))
    assert best(found, 300) == plain[:300]
    assert [str(s.score) for s in best(found, 400)] == [str(s.score) for s in plain], "no negative zero either"


def test_more_than_the_limit_is_asked_for_only_where_ties_matter() -> None:
    leg = Leg(vector="raw", query=np.ones(2, np.float32), limit=5)
    assert asked_for(leg) > 5
    assert asked_for(replace(leg, ties=False)) == 5


def test_ids_are_spelled_as_uuids_are() -> None:
    for id in (stable_id("a"), "00000000-0000-4000-8000-000000000001"):
        assert spelled(int(id.replace("-", ""), 16)) == id


def test_legs_that_share_a_filter_find_what_each_finds_with_its_own(tmp_path: Path) -> None:
    ids = tuple(point_id(n) for n in range(0, 20, 2))
    shared: Filter = (HasId(ids),)
    query = np.asarray(points(1)[0].vectors["raw"])
    filters: list[Filter] = [shared, (), shared, (HasId(ids[:3]),)]
    legs = [Leg(vector="raw", query=query, limit=20, where=where) for where in filters]
    with EdgeStore(tmp_path / "index", create=True, wait_s=0) as store:
        store.create(SCHEMA)
        store.upsert(SCHEMA.name, points(20))
        assert store.search(SCHEMA.name, legs) == [store.search(SCHEMA.name, [leg])[0] for leg in legs]
        assert [len(found) for found in store.search(SCHEMA.name, legs)] == [10, 20, 10, 3]
