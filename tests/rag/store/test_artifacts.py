"""Artifacts are the same in every store, and outlive the process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.errors import StoreError
from rag.protocols import Store
from rag.store.artifacts import Artifacts
from rag.store.edge import EdgeStore
from rag.store.server import ServerStore
from rag.testing import ExactStore


@pytest.fixture(params=["exact", "edge", "server"])
def store(request: pytest.FixtureRequest, index_folder: Path) -> Iterator[Store]:
    makers = {
        "exact": ExactStore,
        "edge": lambda: EdgeStore(index_folder, create=True),
        "server": lambda: ServerStore(":memory:"),
    }
    made: Store = makers[request.param]()
    yield made
    made.close()


def test_kinds_and_corpora_do_not_mix(store: Store) -> None:
    ours, others = Artifacts(lambda: store, "a"), Artifacts(lambda: store, "b")
    ours.flush()
    assert store.collections() == []
    ours.write("context", "k", {"text": "x"})
    ours.write("context", "k", {"text": "y"})
    ours.write("other", "k", {"text": "z"})
    others.write("context", "k", {"text": "b"})
    ours.flush()
    assert {key: found["text"] for key, found in ours.read("context", ["k", "none"]).items()} == {"k": "y"}
    assert others.read("context", ["k"])["k"]["text"] == "b"
    assert store.collections() == ["a__artifacts", "b__artifacts"]


def test_they_are_there_after_the_store_was_closed(index_folder: Path) -> None:
    for expected in ({}, {"k": "x"}):
        with EdgeStore(index_folder, create=True) as store:
            kept = Artifacts(lambda opened=store: opened, "a")  # type: ignore[misc]
            assert {key: found["text"] for key, found in kept.read("context", ["k"]).items()} == expected
            kept.write("context", "k", {"text": "x"})
            kept.flush()


def test_without_a_store_nothing_is_read_and_nothing_can_be_written() -> None:
    kept = Artifacts(lambda: None, "a")
    assert kept.read("context", ["k"]) == {}
    with pytest.raises(StoreError, match="no store is open"):
        kept.write("context", "k", {})
