import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import qdrant_edge as qe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.errors import CorpusMissingError, StoreError
from rag.points import AnyOf, Leg, Point
from rag.store import edge
from rag.store.edge import EdgeStore
from rag.testing import ExactStore, StoreContract
from rag.testing.store_contract.data import DIMENSION, INDEXED, SCHEMA, nested, point_id, points, terms, unit_vectors
from rag.testing.store_contract.poison import BAD_POINTS
from rag.testing.store_contract.search import assert_same_ranking

NAME = SCHEMA.name


class TestEdgeStore(StoreContract):
    @pytest.fixture
    def store(self, index_folder: Path) -> Iterator[EdgeStore]:
        with EdgeStore(index_folder, create=True, wait_s=0) as store:
            yield store


class DiskUsage(NamedTuple):
    total: int
    used: int
    free: int


def filled(folder: Path, count: int = 40) -> EdgeStore:
    store = EdgeStore(folder, create=True, wait_s=0)
    store.create(SCHEMA)
    store.upsert(NAME, points(count))
    return store


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


# --- reopening ----------------------------------------------------------------------------------------------------


def test_reopening_keeps_everything(index_folder: Path) -> None:
    with EdgeStore(index_folder, create=True) as store:
        store.create(INDEXED)
        store.upsert(NAME, points(40))
        store.index(NAME, "metadata.tags", "keyword")
        store.switch({"chunks": NAME})
    with EdgeStore(index_folder, create=False) as store:
        assert (store.collections(), store.aliases()) == ([NAME], {"chunks": NAME})
        assert store.metadata("chunks") == SCHEMA.metadata
        records = store.retrieve("chunks", [p.id for p in points(40)], vectors=("raw", "lexical"))
        assert [records[p.id].payload for p in points(40)] == [p.payload for p in points(40)]
        assert all(np.array_equal(records[p.id].vectors["raw"], p.vectors["raw"]) for p in points(40))  # type: ignore[arg-type]
        assert store.count("chunks", where=(AnyOf("metadata.tags", ("y",)),)) == 13
        with pytest.raises(StoreError, match="indexed as keyword"):
            store.index("chunks", "metadata.tags", "integer")
    content = json.loads((index_folder / "collections" / NAME / "schema.json").read_text())
    assert content["indexes"]["metadata.tags"] == "keyword"


@pytest.mark.parametrize("way", ["compact", "reopen"])
def test_after_deletes_the_scores_are_those_of_a_store_built_without_the_deleted(index_folder: Path, way: str) -> None:
    store = filled(index_folder / "old")
    store.delete(NAME, [point_id(n) for n in range(1, 40, 3)])
    if way == "compact":
        store.compact(NAME)
    else:
        store.close()
        store = EdgeStore(index_folder / "old", create=False)
    kept = [p for n, p in enumerate(points(40)) if n % 3 != 1]
    fresh = EdgeStore(index_folder / "new", create=True)
    fresh.create(SCHEMA)
    fresh.upsert(NAME, kept)
    exact = ExactStore()
    exact.create(SCHEMA)
    exact.upsert(NAME, kept)
    legs = [Leg(vector="lexical", query=terms({t: 1.0, 2 * t: 1.0}), limit=40) for t in range(1, 8)]
    legs += [Leg(vector="raw", query=vector, limit=40) for vector in unit_vectors(4, 60)]
    for found, new, best in zip(
        store.search(NAME, legs), fresh.search(NAME, legs), exact.search(NAME, legs), strict=True
    ):
        assert found == new
        assert_same_ranking(found, best)
    store.close()
    fresh.close()


def test_several_segments_are_searched_as_one(index_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = qe.EdgeOptimizersConfig(indexing_threshold=1, max_segment_size=100, default_segment_number=9)
    monkeypatch.setattr("rag.store.edge_conversion.SEGMENTS", small)
    every = points(900)
    exact = ExactStore()
    exact.create(SCHEMA)
    exact.upsert(NAME, every)
    with EdgeStore(index_folder, create=True) as store:
        store.create(SCHEMA)
        for start in range(0, 900, 300):
            store.upsert(NAME, every[start : start + 300])
            store.compact(NAME)
        legs = [Leg(vector="lexical", query=terms({t: 1.0, 2 * t: 1.0}), limit=100) for t in range(1, 8)]
        legs += [Leg(vector="raw", query=vector, limit=100) for vector in unit_vectors(4, 60)]
        for found, best in zip(store.search(NAME, legs), exact.search(NAME, legs), strict=True):
            assert_same_ranking(found, best)
    segments = index_folder / "collections" / NAME / "shard" / "segments"
    assert len([*segments.iterdir()]) > 2


def test_the_many_segments_of_a_large_collection_become_few(
    index_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = qe.EdgeOptimizersConfig(indexing_threshold=1, max_segment_size=100)
    monkeypatch.setattr("rag.store.edge_conversion.SEGMENTS", small)
    monkeypatch.setattr("rag.store.edge_conversion.FEW", 3)
    every = points(1800)
    exact = ExactStore()
    exact.create(SCHEMA)
    exact.upsert(NAME, every)
    segments = index_folder / "collections" / NAME / "shard" / "segments"
    with EdgeStore(index_folder, create=True) as store:
        store.create(SCHEMA)
        for start in range(0, 1800, 200):
            store.upsert(NAME, every[start : start + 200])
            store.compact(NAME, merge=False)
        many = len([*segments.iterdir()])
        store.compact(NAME)
        assert many > 2 * len([*segments.iterdir()]) > 2
        legs = [Leg(vector="lexical", query=terms({t: 1.0, 2 * t: 1.0}), limit=100) for t in range(1, 8)]
        legs += [Leg(vector="raw", query=vector, limit=100) for vector in unit_vectors(4, 60)]
        for found, best in zip(store.search(NAME, legs), exact.search(NAME, legs), strict=True):
            assert_same_ranking(found, best)
        assert store.count(NAME) == 1800


def test_bad_points_leave_nothing_behind_in_the_files(index_folder: Path) -> None:
    store = filled(index_folder, 3)
    for bad in BAD_POINTS.values():
        with pytest.raises(StoreError):
            store.upsert(NAME, [points(4)[3], bad(points(1)[0])])
    store.close()
    with EdgeStore(index_folder, create=False) as store:
        assert store.count(NAME) == 3
        store.upsert(NAME, points(5))
        assert store.count(NAME) == 5


keys = st.text(st.characters(exclude_categories=["Cs"], exclude_characters='"\\'), min_size=1, max_size=20)
# not any float: the engine reads numbers of 17 digits with an error in the last one
floats = st.integers(-(10**9), 10**9).map(lambda n: n / 64)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | floats
json_values = st.recursive(
    scalars | st.text(),
    lambda values: st.lists(values, max_size=4) | st.dictionaries(keys, values, max_size=4),
    max_leaves=20,
)


@pytest.fixture
def store(index_folder: Path) -> Iterator[EdgeStore]:
    with EdgeStore(index_folder, create=True, wait_s=0) as store:
        store.create(SCHEMA)
        yield store


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(metadata=st.dictionaries(keys, json_values, min_size=1, max_size=4))
def test_any_json_comes_back_and_any_key_can_be_filtered_on(store: EdgeStore, metadata: dict[str, Any]) -> None:
    key = next(iter(metadata))
    point = replace(points(1)[0], payload={"metadata": metadata, "other": {"x": 1}})
    marked = replace(points(2)[1], payload={"metadata": {key: "marked"}})
    store.upsert(NAME, [point, marked])
    assert store.retrieve(NAME, [point.id])[point.id].payload == point.payload
    field = f"metadata.{key}"
    hits = {r.id for r in store.scroll(NAME, where=(AnyOf(field, ("marked",)),))}
    assert marked.id in hits
    assert store.retrieve(NAME, [marked.id], fields=(field,))[marked.id].payload == marked.payload


# --- the folder ---------------------------------------------------------------------------------------------------


def test_the_folder_is_invisible_to_git_and_keeps_its_lock_file(index_folder: Path) -> None:
    filled(index_folder).close()
    assert (index_folder / ".gitignore").read_text() == "*\n"
    assert (index_folder / "owner.lock").is_file()


@pytest.mark.parametrize("exists", [False, True])
def test_without_create_a_folder_without_an_index_stays_untouched(index_folder: Path, exists: bool) -> None:
    if exists:
        index_folder.mkdir()
    store = EdgeStore(index_folder, create=False)
    assert (store.collections(), store.aliases()) == ([], {})
    with pytest.raises(CorpusMissingError, match="rag ingest"):
        store.count("chunks")
    with pytest.raises(StoreError, match="create=True"):
        store.create(SCHEMA)
    store.drop("chunks")
    store.close()
    assert index_folder.exists() == exists
    assert not exists or tree(index_folder) == []


def test_a_path_below_a_file_is_an_error_that_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"--set store\.path="):
        EdgeStore(tmp_path / "file" / "index", create=True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_write_permission_is_an_error_that_names_the_setting(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match=r"--set store\.path="):
        EdgeStore(tmp_path / "index", create=True)


def test_an_unfinished_creation_is_removed(index_folder: Path) -> None:
    store = filled(index_folder)
    store.switch({"chunks": NAME})
    store.close()
    home = index_folder / "collections" / NAME
    (home / "schema.json").rename(home / ".schema.json")
    with EdgeStore(index_folder, create=False) as store:
        assert (store.collections(), store.aliases()) == ([], {})
        assert not home.exists()
        store.create(SCHEMA)
        assert store.count(NAME) == 0


def test_a_folder_of_somebody_else_is_not_removed(index_folder: Path) -> None:
    filled(index_folder).close()
    foreign = index_folder / "collections" / "notes"
    foreign.mkdir()
    (foreign / "important.txt").write_text("keep")
    with EdgeStore(index_folder, create=False) as store:
        assert store.collections() == [NAME]
    assert (foreign / "important.txt").read_text() == "keep"


def test_half_written_aliases_do_not_count(index_folder: Path) -> None:
    store = filled(index_folder)
    store.switch({"chunks": NAME})
    store.close()
    (index_folder / ".aliases.json").write_text('{"chunks": "chu')
    with EdgeStore(index_folder, create=False) as store:
        assert store.aliases() == {"chunks": NAME}


@pytest.mark.parametrize("text", ["", "[]", "{", "\x00"])
def test_a_broken_schema_file_is_named(index_folder: Path, text: str) -> None:
    filled(index_folder).close()
    (index_folder / "collections" / NAME / "schema.json").write_text(text)
    for _ in range(2):  # the lock is given back after the first failure
        with pytest.raises(StoreError, match=r"schema\.json"):
            EdgeStore(index_folder, create=False, wait_s=0)


@pytest.mark.parametrize("text", ["{}", '{"dense": {"raw": 3}}'])
def test_a_schema_file_that_lacks_something_is_named(index_folder: Path, text: str) -> None:
    filled(index_folder).close()
    (index_folder / "collections" / NAME / "schema.json").write_text(text)
    with pytest.raises(StoreError, match=r"schema\.json: not a schema .*remove the index folder and ingest"):
        EdgeStore(index_folder, create=False, wait_s=0)


def test_leftovers_of_a_killed_optimize_are_deleted_at_the_next_use(index_folder: Path) -> None:
    filled(index_folder).close()
    leftovers = index_folder / "collections" / NAME / "shard" / "temp_segments"
    (leftovers / "segment_builder_x1").mkdir(parents=True)
    (leftovers / "segment_builder_x1" / "data.bin").write_bytes(b"x" * 1000)
    (leftovers / "stray").write_bytes(b"x")
    with EdgeStore(index_folder, create=False) as store:
        assert store.count(NAME) == 40
        assert list(leftovers.iterdir()) == []


def test_a_damaged_collection_says_how_to_get_it_back_and_leaves_the_others_alone(index_folder: Path) -> None:
    store = filled(index_folder)
    store.create(replace(SCHEMA, name="second"))
    store.upsert("second", points(3))
    store.close()
    path = str(index_folder / "collections" / NAME / "shard")
    shard = qe.EdgeShard.load(path)
    poison = qe.Point(point_id(0), {"raw": [1.0] * DIMENSION}, {"deep": nested(200)})
    shard.update(qe.UpdateOperation.upsert_points([poison]))
    shard.close()
    with EdgeStore(index_folder, create=False) as store:
        for _ in range(2):
            with pytest.raises(StoreError, match=r"damaged .*rag ingest --rebuild") as e:
                store.count(NAME)
            assert "\n" not in str(e.value)
        assert store.count("second") == 3
        store.drop(NAME)
        store.create(SCHEMA)
        store.upsert(NAME, points(2))
        assert store.count(NAME) == 2


def test_nothing_is_written_where_the_disk_is_nearly_full(store: EdgeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.upsert(NAME, points(40))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: DiskUsage(2**40, 2**40, 255 * 2**20))
    writes: list[Callable[[], None]] = [
        lambda: store.upsert(NAME, points(50)),
        lambda: store.create(replace(SCHEMA, name="second")),
        lambda: store.set_payload(NAME, {point_id(0): {"text": "new"}}),
        lambda: store.compact(NAME),
    ]
    for write in writes:
        with pytest.raises(StoreError, match=r"255 MB free .*--set store\.path="):
            write()
    assert store.count(NAME) == 40
    monkeypatch.setattr(shutil, "disk_usage", lambda _: DiskUsage(2**40, 2**40, 257 * 2**20))
    store.upsert(NAME, points(50))
    with pytest.raises(StoreError, match="257 MB free"):
        store.upsert(NAME, [replace(points(1)[0], payload={"text": "x" * 2**20})])


# --- use ----------------------------------------------------------------------------------------------------------


def test_the_nearest_of_thousands_are_exact_in_spite_of_8_bit_codes(store: EdgeStore) -> None:
    rng = np.random.default_rng(3)
    rows = unit_vectors(40, 1)[rng.integers(0, 40, 3000)] + 0.1 * unit_vectors(3000, 2)  # close neighbours in clusters
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    store.upsert(NAME, [Point(id=point_id(n), vectors={"raw": row}, payload={}) for n, row in enumerate(rows)])
    queries = rows[:20] + 0.1 * unit_vectors(20, 4)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    found = store.search(NAME, [Leg(vector="raw", query=query, limit=100) for query in queries])
    for hits, scores in zip(found, queries @ rows.T, strict=True):
        best = np.sort(scores)[::-1][:100]
        assert np.allclose([hit.score for hit in hits], best, atol=2e-6)


def test_threads_take_turns(index_folder: Path) -> None:
    store = filled(index_folder)
    failures: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            for n in range(10):
                store.upsert(NAME, points(40, seed=seed))
                leg = Leg(vector="raw", query=unit_vectors(1, n)[0], limit=5)
                assert len(store.search(NAME, [leg, leg])[1]) == 5
                assert len(list(store.scroll(NAME, fields=()))) == 40
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert store.count(NAME) == 40
    store.close()


def test_a_search_does_not_wait_for_points_that_are_made_ready(
    index_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, searched = threading.Event(), threading.Event()
    made = edge.edge_point

    def slow(point: Point) -> Any:
        begun.set()
        assert searched.wait(30)
        return made(point)

    with filled(index_folder) as store:
        monkeypatch.setattr(edge, "edge_point", slow)
        writer = threading.Thread(target=store.upsert, args=(NAME, points(60)[40:]))
        writer.start()
        assert begun.wait(30)
        assert store.count(NAME) == 40
        searched.set()
        writer.join()
        assert store.count(NAME) == 60


def test_a_scroll_that_outlives_its_store_is_refused(index_folder: Path) -> None:
    store = filled(index_folder)
    records = store.scroll(NAME)
    store.close()
    with pytest.raises(StoreError, match="closed"):
        next(records)


def test_a_panic_of_the_engine_is_a_store_error(store: EdgeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    class Panic(BaseException):
        pass

    def panic(*args: Any, **options: Any) -> None:
        raise Panic("attempt to\nsubtract with overflow")

    store.upsert(NAME, points(10))
    monkeypatch.setattr("rag.store.edge.edge_query", panic)
    leg = Leg(vector="raw", query=unit_vectors(1, 1)[0], limit=5)
    with pytest.raises(StoreError, match=f"searching {NAME} failed: Panic: attempt to subtract"):
        store.search(NAME, [leg])

    def interrupt(*args: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rag.store.edge.edge_query", interrupt)
    with pytest.raises(KeyboardInterrupt):
        store.search(NAME, [leg])
    monkeypatch.undo()
    assert len(store.search(NAME, [leg])[0]) == 5
