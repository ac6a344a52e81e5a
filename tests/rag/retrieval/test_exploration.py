"""A query that is ranked again gives what a search with those settings gives, without asking anything again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag import Rag
from rag.errors import RagError
from rag.legs import LEGS
from rag.settings import Retrieval
from tests.corpora import FACTS

QUERY = "How long does a French press steep?"
QUERIES = (QUERY, "tea degrees", "Wie lange zieht der Tee?", "zebra07 lake", "", "of the")
NOTES = {
    f"note{n:02}.md": f"# Note {n}\n\nThe boat of lake {n} is called zebra{n:02}. " + "It sails. " * (n % 5)
    for n in range(25)
}
GERMAN = {"tee.md": "# Tee\n\nDer Tee zieht zwei Minuten, und das Wasser ist nicht mehr als 75 Grad heiß.\n"}
BRINGING = [name for name, leg in LEGS.items() if leg.brings and name != "ngrams"]
LIMIT = 30


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rag]:
    root: Path = tmp_path_factory.mktemp("exploration") / "docs"
    for name, text in {**FACTS, **NOTES, **GERMAN}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    with Rag.open(root, overrides=["retrieval.weights.raw=0.1"]) as corpus:
        corpus.ingest()
        yield corpus


def same(one: Any, other: Any) -> None:
    assert [hit.to_dict() for hit in one] == [hit.to_dict() for hit in other]
    assert (one.coverage, one.threshold, one.trace) == (other.coverage, other.threshold, other.trace)


WEIGHTS = st.dictionaries(st.sampled_from([*LEGS]), st.sampled_from([0, 0.05, 0.5, 1, 7]), max_size=6).filter(
    lambda weights: any(weights.get(name, 1) for name in ("situated", "sentences", "lexical"))
)
STAGES = st.sampled_from([(), ({"kind": "mmr", "candidates": 5},), ({"kind": "feedback", "candidates": 8},)])


@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(QUERIES), WEIGHTS, st.integers(1, LIMIT), st.integers(1, LIMIT), STAGES)
def test_ranked_again_is_searched_anew(
    corpus: Rag, query: str, weights: dict[str, float], candidates: int, top_k: int, stages: Any
) -> None:
    wanted = Retrieval(weights=weights, candidates=candidates, top_k=top_k, rerank=stages)  # type: ignore[arg-type]
    ranked = corpus.explore(query, candidates=LIMIT).rank(wanted)
    same(ranked, corpus._opened.searcher(wanted).search(query, top_k=top_k, trace=True))


def test_it_is_what_a_corpus_with_these_settings_finds(corpus: Rag, tmp_path: Path) -> None:
    wanted = Retrieval(weights={"lexical": 2, "situated": 0}, candidates=4, top_k=3)  # type: ignore[arg-type]
    ranked = corpus.explore(QUERY, candidates=20).rank(wanted)
    assert [h.chunk_id for h in ranked] != [h.chunk_id for h in corpus.search("zebra07 lake", top_k=3)]
    (tmp_path / "docs").mkdir()
    for name, text in {**FACTS, **NOTES, **GERMAN}.items():
        (tmp_path / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "docs" / name).write_text(text)
    keys = ["weights.raw=0.1", "weights.lexical=2", "weights.situated=0", "candidates=4", "top_k=3"]
    with Rag.open(tmp_path / "docs", overrides=[f"retrieval.{key}" for key in keys]) as other:
        other.ingest()
        found = other.search(QUERY)
    assert [(h.chunk_id, h.rank) for h in found] == [(h.chunk_id, h.rank) for h in ranked]


def test_the_corpus_own_settings_give_the_corpus_own_search(corpus: Rag) -> None:
    found = corpus.explore(QUERY)
    same(found.rank(corpus.settings.retrieval), corpus.search(QUERY, trace=True))
    assert found.rank(corpus.settings.retrieval).coverage == corpus.search(QUERY).coverage
    assert set(corpus.settings.retrieval.weights.asked()) == set(found.legs)


def test_nothing_is_asked_of_a_store_that_is_closed(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name, text in NOTES.items():
        (tmp_path / "docs" / name).write_text(text)
    with Rag.open(tmp_path / "docs") as corpus:
        corpus.ingest()
        found = corpus.explore("zebra07 lake", candidates=40)
    orders = {
        tuple(hit.chunk_id for hit in found.rank(Retrieval(weights=weights, top_k=10, candidates=10)))  # type: ignore[arg-type]
        for weights in ({}, {"lexical": 0}, {"situated": 0, "sentences": 0, "late_interaction": 0})
    }
    assert len(orders) > 1, "and the weights matter"


def test_more_than_was_asked_for_cannot_be_ranked(corpus: Rag) -> None:
    found = corpus.explore(QUERY, candidates=5)
    with pytest.raises(ValueError, match="6 candidates a leg, but the pool was asked for 5"):
        found.rank(Retrieval(candidates=6, top_k=1))
    with pytest.raises(ValueError, match="16 candidates"):
        found.rank(Retrieval(candidates=5))


def test_filters_and_rights_hold_for_what_is_ranked_again(corpus: Rag) -> None:
    wanted = Retrieval(top_k=20)
    for narrowed, expected in (({"where": {"path": "alpha"}}, {"alpha/guide.md"}), ({"principals": []}, None)):
        hits = corpus.explore(QUERY, **narrowed).rank(wanted)  # type: ignore[arg-type]
        assert {hit.document_id.removeprefix("files:") for hit in hits} == expected or expected is None
    assert len(corpus.explore(QUERY, where={"path": "nowhere"}).rank(wanted)) == 0


def test_why_follows_the_settings_that_it_is_asked_about(corpus: Rag) -> None:
    only = Retrieval(weights={"lexical": 0, "situated": 0}, top_k=1)  # type: ignore[arg-type]
    lost = corpus.why(QUERY, "files:alpha/guide.md", settings=only)
    assert lost.top_k == 1
    assert not {"lexical", "situated"} & set(lost.legs)
    ranked = corpus.explore(QUERY).rank(Retrieval(weights={"lexical": 0, "situated": 0}, top_k=50))  # type: ignore[arg-type]
    place = next(hit for hit in ranked if hit.document_id == "files:alpha/guide.md")
    assert (lost.rank, lost.score) == (place.rank, pytest.approx(place.score, abs=1e-5))
    assert corpus.why(QUERY, "files:beta/guide.md").legs.keys() > lost.legs.keys()
    with pytest.raises(RagError, match="no document"):
        corpus.why(QUERY, "files:none.md", settings=only)
