"""Search against a brute-force reference, and its edges."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rag import Rag
from rag.errors import RagError
from rag.points import SparseVector
from rag.retrieval.terms import TermStatistics, sparse_scores
from rag.store.records import document_point_id
from tests.corpora import FACTS, MakeFolder

NOTES = {
    f"note{n:02}.md": f"# Note {n}\n\nThe boat of lake {n} is called zebra{n:02}. " + "It sails. " * (n % 5)
    for n in range(30)
}


@pytest.fixture
def notes(make_folder: MakeFolder) -> Iterator[Rag]:
    with Rag.open(make_folder({**FACTS, **NOTES}), overrides=["retrieval.candidates=5"]) as corpus:
        corpus.ingest()
        yield corpus


def reference(corpus: Rag, query: str) -> dict[str, float]:
    """Every chunk's fused score, computed from all stored vectors in numpy."""
    store, generation = corpus._opened()
    weights = corpus.settings.retrieval.weights
    dense = corpus.encoder.encode([query], kind="query")[0]
    (terms,) = corpus.lexical.encode([query], kind="query")
    chunks = list(store.scroll(generation.chunks, vectors=("raw", "situated", "lexical")))
    documents = list(store.scroll(generation.documents, vectors=("mean", "lexical")))

    def idf(records: list[object]) -> dict[int, float]:
        sparse = [r.vectors.get("lexical") for r in records]  # type: ignore[attr-defined]
        held = [set(v.indices.tolist()) for v in sparse if isinstance(v, SparseVector)]
        return {
            t: float(np.log(1 + (len(held) - n + 0.5) / (n + 0.5)))
            for t in terms.indices.tolist()
            for n in [sum(t in h for h in held)]
        }

    def bm25(vector: object, idfs: dict[int, float]) -> float:
        if not isinstance(vector, SparseVector):
            return 0.0
        stored = dict(zip(vector.indices.tolist(), vector.values.tolist(), strict=True))
        query_weights = zip(terms.indices.tolist(), terms.values.tolist(), strict=True)
        return sum(w * idfs[t] * stored.get(t, 0.0) for t, w in query_weights)

    chunk_idf, document_idf = idf(chunks), idf(documents)
    weighted = zip(terms.indices.tolist(), terms.values.tolist(), strict=True)
    best = corpus.lexical.max_term_weight * sum(w * chunk_idf[t] for t, w in weighted)
    by_point = {r.id: r for r in documents}
    scores = {}
    for r in chunks:
        document = by_point[document_point_id(r.payload["document_id"])].vectors
        scores[r.id] = (
            weights.raw * max(float(np.asarray(r.vectors["raw"]) @ dense), 0)
            + weights.situated * max(float(np.asarray(r.vectors["situated"]) @ dense), 0)
            + weights.document * max(float(np.asarray(document["mean"]) @ dense), 0)
            + weights.lexical * bm25(r.vectors.get("lexical"), chunk_idf) / best
            + weights.document_lexical * bm25(document.get("lexical"), document_idf) / best
        )
    return scores


@pytest.mark.parametrize(
    "query", ["Which boat is zebra07?", "steeping coffee", "unknownword zebra03 lake", "lake " * 9]
)
def test_scores_are_those_of_the_formula_over_everything(notes: Rag, query: str) -> None:
    expected = reference(notes, query)
    hits = notes.search(query, top_k=5)
    for hit in hits:
        assert hit.score == pytest.approx(expected[hit.chunk_id], abs=2e-3)
    best = sorted(expected.values(), reverse=True)
    assert hits[0].score == pytest.approx(best[0], abs=2e-3)


def test_after_deletes_scores_are_those_of_a_fresh_corpus(notes: Rag, tmp_path: Path) -> None:
    folder = notes.settings.sources[0].path
    for n in range(15):
        (folder / f"note{n:02}.md").unlink()
    notes.ingest()
    with Rag.open(folder, overrides=[f"store.path={tmp_path / 'fresh'}", "retrieval.candidates=5"]) as fresh:
        fresh.ingest()
        for query in ("boat of lake 20", "zebra22", "French press"):
            ours = {h.chunk_id: h.scores for h in notes.search(query)}
            theirs = {h.chunk_id: h.scores for h in fresh.search(query)}
            assert ours.keys() == theirs.keys()
            for id, scores in ours.items():
                assert scores == pytest.approx(theirs[id], abs=1e-3)


def test_every_hit_has_every_leg_and_its_rank(notes: Rag) -> None:
    hits = notes.search("zebra11", top_k=8)
    legs = {"raw", "situated", "lexical", "document", "document_lexical"}
    assert all(set(h.scores) == set(h.ranks) == legs for h in hits)
    assert hits[0].ranks["lexical"] == 1
    assert [h.rank for h in hits] == list(range(1, len(hits) + 1))
    assert all(a.score >= b.score for a, b in zip(hits, list(hits)[1:], strict=False))


@pytest.mark.parametrize("query", ["", "   ", "the of and", "\U0001f375", "?!", "qqqzzz xxyyzz", "x" * 20_000, "\x00"])
def test_a_query_without_known_words_breaks_nothing(facts: Rag, query: str) -> None:
    result = facts.search(query)
    assert all(np.isfinite(h.score) for h in result)
    assert facts.ask(query).to_dict()["question"] == query


def test_more_hits_than_chunks_gives_all_and_the_first_is_the_same(facts: Rag) -> None:
    every = facts.search("French press", top_k=10_000)
    assert len(every) == facts.verify().chunks
    assert facts.search("French press", top_k=1)[0].chunk_id == every[0].chunk_id


@pytest.mark.parametrize("top_k", [0, -1])
def test_less_than_one_hit_cannot_be_asked_for(facts: Rag, top_k: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        facts.search("x", top_k=top_k)


def test_one_candidate(make_folder: MakeFolder) -> None:
    with Rag.open(make_folder({"a.md": "The only sentence."})) as corpus:
        corpus.ingest()
        (hit,) = corpus.search("only sentence")
        assert hit.rank == 1
        assert set(hit.ranks.values()) == {1}


def test_same_text_in_two_documents_is_two_hits_in_a_stable_order(make_folder: MakeFolder) -> None:
    with Rag.open(make_folder({"a/x.txt": "Zebra crossing.", "b/x.txt": "Zebra crossing."})) as corpus:
        corpus.ingest()
        first = [h.document_id for h in corpus.search("zebra crossing")]
        assert sorted(first) == ["files:a/x.txt", "files:b/x.txt"]
        assert all([h.document_id for h in corpus.search("zebra crossing")] == first for _ in range(5))


def test_principals_see_only_what_is_theirs_on_every_path(make_folder: MakeFolder, tmp_path: Path) -> None:
    make_folder()
    config = tmp_path / "c.yaml"
    config.write_text(
        "name: t\nsources:\n  - {kind: files, name: a, path: docs/alpha, acl: [ann]}\n"
        "  - {kind: files, name: b, path: docs/beta, acl: []}\n"
        "  - {kind: files, name: c, path: docs, include: [water.md]}\n"
    )
    with Rag.open(config) as corpus:
        corpus.ingest()

        def seen(principals: list[str] | None) -> set[str]:
            return {
                h.document_id.split(":")[0]
                for h in corpus.search("guide tea coffee water", top_k=50, principals=principals)
            }

        assert seen(None) == {"a", "b", "c"}
        assert seen(["ann", "bob"]) == {"a", "c"}
        assert seen([]) == {"c"}
        assert seen(["*"]) == {"c"}
        assert corpus.show("a:guide.md", principals=["ann"]).text
        for hidden in ("b:guide.md", "a:guide.md", "a:nothing.md"):
            with pytest.raises(RagError, match="there is no document"):
                corpus.show(hidden, principals=["bob"])
        for event in corpus.stream("At what temperature is green tea brewed?", principals=["bob"]):
            assert "Green tea" not in str(event)
        retriever = corpus.as_retriever(principals=["bob"], top_k=50)
        assert {d.metadata["document_id"][0] for d in retriever.invoke("guide")} == {"c"}
        assert {d.metadata["document_id"][0] for d in retriever.invoke("guide", principals=["ann"])} == {"c"}


def test_language_chain_retriever_passes_its_arguments_on(facts: Rag) -> None:
    retriever = facts.as_retriever(top_k=2)
    documents = retriever.invoke("French press")
    assert len(documents) == 2
    assert "four minutes" in documents[0].page_content
    assert documents[0].metadata["uri"].endswith("beta/guide.md")
    assert len(retriever.invoke("French press", top_k=1)) == 1
    assert retriever.invoke("French press", where={"source": "nothing"}) == []


def test_idf_of_a_term_is_that_of_the_formula(facts: Rag) -> None:
    store, generation = facts._opened()
    (terms,) = facts.lexical.encode(["degrees quokka"], kind="query")
    held = [
        set(v.indices.tolist())
        for r in store.scroll(generation.chunks, vectors=("lexical",))
        if isinstance(v := r.vectors.get("lexical"), SparseVector)
    ]
    expected = [
        np.log(1 + (len(held) - n + 0.5) / (n + 0.5)) for t in terms.indices for n in [sum(int(t) in h for h in held)]
    ]
    statistics = TermStatistics(store, generation.chunks, "lexical")
    np.testing.assert_allclose(statistics.idf(terms.indices), expected, rtol=1e-4)


def test_sparse_scores_are_dot_products() -> None:
    def sparse(weights: dict[int, float]) -> SparseVector:
        return SparseVector(
            np.array(sorted(weights), np.uint32), np.array([weights[i] for i in sorted(weights)], np.float32)
        )

    query = sparse({3: 2.0, 4_000_000_000: 0.5})
    vectors = [sparse({1: 1.0, 3: 0.25}), None, sparse({}), sparse({3: 1.0, 4_000_000_000: 4.0}), sparse({5: 9.0})]
    assert sparse_scores(query, vectors).tolist() == [0.5, 0.0, 0.0, 4.0, 0.0]
    assert sparse_scores(sparse({}), vectors).tolist() == [0.0] * 5
    assert sparse_scores(query, []).shape == (0,)
