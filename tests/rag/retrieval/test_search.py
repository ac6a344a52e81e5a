"""Search against a brute-force reference, and its edges."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rag import Rag, build
from rag.errors import RagError
from rag.models.late_interaction import word_spans, word_vectors
from rag.points import Record, SparseVector
from rag.protocols import TextUnit
from rag.retrieval.terms import TermStatistics
from rag.store.records import document_point_id
from tests.corpora import FACTS, MakeFolder

NOTES = {
    f"note{n:02}.md": f"# Note {n}\n\nThe boat of lake {n} is called zebra{n:02}. " + "It sails. " * (n % 5)
    for n in range(30)
}


@pytest.fixture(scope="module")
def notes(make_shared_folder: MakeFolder) -> Iterator[Rag]:
    with Rag.open(make_shared_folder({**FACTS, **NOTES}), overrides=["retrieval.candidates=5"]) as corpus:
        corpus.ingest()
        yield corpus


def reference(corpus: Rag, query: str) -> dict[str, float]:
    """Every chunk's fused score, computed from all stored vectors in numpy."""
    store, generation = corpus._opened.generation()
    weights = corpus.settings.retrieval.weights
    dense = corpus.encoder.encode([query], kind="query")[0]
    names = ("situated", "sentences", "late_interaction", "lexical", "bigrams", "headings")
    chunks = list(store.scroll(generation.chunks, vectors=names))
    documents = list(store.scroll(generation.documents, vectors=("mean", "lexical")))
    units: dict[str, TextUnit] = {"lexical": "words", "bigrams": "bigrams", "headings": "words"}
    lexical = build.build_lexical(corpus.settings)
    terms = {name: lexical.encode([query], kind="query", unit=unit)[0] for name, unit in units.items()}

    def bm25(records: list[Record], name: str) -> tuple[list[float], float]:
        """Scores, and the best possible one."""
        sparse = [v if isinstance(v := r.vectors.get(name), SparseVector) else None for r in records]
        stored = [dict(zip(v.indices.tolist(), v.values.tolist(), strict=True)) if v else {} for v in sparse]
        size = sum(map(bool, stored))
        asked = dict(zip(terms[name].indices.tolist(), terms[name].values.tolist(), strict=True))
        idf = {t: np.log(1 + (size - n + 0.5) / (n + 0.5)) for t in asked for n in [sum(t in h for h in stored)]}
        scores = [sum(w * idf[t] * held.get(t, 0.0) for t, w in asked.items()) for held in stored]
        return scores, lexical.max_term_weight * sum(w * idf[t] for t, w in asked.items())

    spans = list(word_spans(query))
    _, (rows,) = corpus.encoder.encode_parts([query], [spans], kind="query")
    rows, weight = word_vectors(rows), np.zeros(len(spans))
    stored = [set(v.indices.tolist()) for r in chunks if isinstance(v := r.vectors.get("lexical"), SparseVector)]
    for place, (start, end) in enumerate(spans):
        (found,) = lexical.encode([query[start:end]], kind="query")
        holding = [sum(term in terms for terms in stored) for term in found.indices.tolist()]
        weight[place] = max((np.log(1 + (len(stored) - n + 0.5) / (n + 0.5)) for n in holding), default=0)
    weight[~rows.any(axis=1)] = 0

    def late(record: Record) -> float:
        nearest = (rows @ np.asarray(record.vectors["late_interaction"]).T).max(axis=1)
        return float(weight @ nearest / weight.sum()) if weight.any() else 0.0

    words, best = bm25(chunks, "lexical")
    bigrams, headings = bm25(chunks, "bigrams")[0], bm25(chunks, "headings")[0]
    of_documents, best_document = bm25(documents, "lexical")
    by_point = {r.id: (r.vectors["mean"], score) for r, score in zip(documents, of_documents, strict=True)}
    scores = {}
    for n, r in enumerate(chunks):
        mean, document_words = by_point[document_point_id(r.payload["document_id"])]
        scores[r.id] = (
            weights.situated * max(float(np.asarray(r.vectors["situated"]) @ dense), 0)
            + weights.sentences * max(float((np.asarray(r.vectors["sentences"]) @ dense).max()), 0)
            + weights.late_interaction * max(late(r), 0)
            + weights.document * max(float(np.asarray(mean) @ dense), 0)
            + (weights.lexical * words[n] + weights.bigrams * bigrams[n] + weights.headings * headings[n]) / best
            + weights.document_lexical * document_words / best_document
        )
    return scores


@pytest.mark.parametrize(
    "query", ["Which boat of lake 7 is zebra07?", "steeping coffee", "unknownword zebra03 lake", "zebra21 " * 9]
)
def test_scores_are_those_of_the_formula_over_everything(notes: Rag, query: str) -> None:
    expected = reference(notes, query)
    hits = notes.search(query, top_k=5)
    for hit in hits:
        assert hit.score == pytest.approx(expected[hit.chunk_id], abs=2e-3)
    best = sorted(expected.values(), reverse=True)
    assert hits[0].score == pytest.approx(best[0], abs=2e-3)


def test_after_deletes_scores_are_those_of_a_fresh_corpus(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder({**FACTS, **NOTES})
    with (
        Rag.open(folder, overrides=["retrieval.candidates=5"]) as shrunk,
        Rag.open(folder, overrides=[f"store.path={tmp_path / 'fresh'}", "retrieval.candidates=5"]) as fresh,
    ):
        shrunk.ingest()
        for n in range(15):
            (folder / f"note{n:02}.md").unlink()
        shrunk.ingest()
        fresh.ingest()
        for query in ("boat of lake 20", "zebra22", "French press"):
            ours = {h.chunk_id: h.scores for h in shrunk.search(query)}
            theirs = {h.chunk_id: h.scores for h in fresh.search(query)}
            assert ours.keys() == theirs.keys()
            for id, scores in ours.items():
                assert scores == pytest.approx(theirs[id], abs=1e-3)


def test_every_hit_has_every_leg_and_its_rank(notes: Rag) -> None:
    hits = notes.search("zebra11", top_k=8)
    legs = {"situated", "sentences", "late_interaction", "lexical"}
    legs |= {"bigrams", "headings", "document", "document_lexical"}
    assert all(set(h.scores) == set(h.ranks) == legs for h in hits)
    assert hits[0].ranks["lexical"] == 1
    assert [h.rank for h in hits] == list(range(1, len(hits) + 1))
    assert all(a.score >= b.score for a, b in zip(hits, list(hits)[1:], strict=False))


@pytest.mark.parametrize("query", ["", "   ", "the of and", "\U0001f375", "?!", "qqqzzz xxyyzz", "x" * 20_000, "\x00"])
def test_a_query_without_known_words_breaks_nothing(shared_facts: Rag, query: str) -> None:
    result = shared_facts.search(query)
    assert all(np.isfinite(h.score) for h in result)
    assert shared_facts.ask(query).to_dict()["question"] == query


def test_more_hits_than_chunks_gives_all_and_the_first_is_the_same(shared_facts: Rag) -> None:
    every = shared_facts.search("French press", top_k=10_000)
    assert len(every) == shared_facts.verify().chunks
    assert shared_facts.search("French press", top_k=1)[0].chunk_id == every[0].chunk_id


@pytest.mark.parametrize("top_k", [0, -1])
def test_less_than_one_hit_cannot_be_asked_for(shared_facts: Rag, top_k: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        shared_facts.search("x", top_k=top_k)


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


def test_language_chain_retriever_passes_its_arguments_on(shared_facts: Rag) -> None:
    retriever = shared_facts.as_retriever(top_k=2)
    documents = retriever.invoke("French press")
    assert len(documents) == 2
    assert "four minutes" in documents[0].page_content
    assert documents[0].metadata["uri"].endswith("beta/guide.md")
    assert len(retriever.invoke("French press", top_k=1)) == 1
    assert retriever.invoke("French press", where={"source": "nothing"}) == []


def test_idf_of_a_term_is_that_of_the_formula(shared_facts: Rag) -> None:
    store, generation = shared_facts._opened.generation()
    (terms,) = build.build_lexical(shared_facts.settings).encode(["degrees quokka"], kind="query")
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


def test_all_points_are_counted_once_for_terms_that_none_has(
    shared_facts: Rag, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, generation = shared_facts._opened.generation()
    statistics = TermStatistics(store, generation.chunks, "lexical")
    count, counted = store.count, []

    def counting(name: str) -> int:
        counted.append(name)
        return count(name)

    monkeypatch.setattr(store, "count", counting)
    lexical = build.build_lexical(shared_facts.settings)
    common, *rest = lexical.encode(["degrees", "quokka", "okapi"], kind="query")
    statistics.idf(common.indices)
    assert counted == [], "every term is there"
    expected = np.log1p((count(generation.chunks) + 0.5) / 0.5)
    for terms in rest:
        np.testing.assert_allclose(statistics.idf(terms.indices), expected, rtol=1e-6)
    assert counted == [generation.chunks]


def test_a_question_that_is_asked_again_is_not_encoded_again(facts: Rag, monkeypatch: pytest.MonkeyPatch) -> None:
    first = facts.search("How hot is the water?", trace=True)
    monkeypatch.setattr(facts._opened.encoder(), "encode_parts", None)
    again = facts.search("How hot is the water?", trace=True)
    assert (again.hits, again.trace) == (first.hits, first.trace)


def test_a_chunk_whose_document_is_known_is_no_candidate_once_it_is_gone(facts: Rag) -> None:
    store, generation = facts._opened.generation()
    scorer, asked = facts._opened.searcher().scorer, facts._opened.searcher().queries.encode("water", {"lexical": 1.0})
    found = scorer.candidates(asked, 5, ())
    before, victim = scorer.score(asked, found), found["lexical"][0].id
    assert scorer.score(asked, found).documents == before.documents, "now from memory"
    store.delete(generation.chunks, [victim])
    after = scorer.score(asked, found)
    assert after.ids == [id for id in before.ids if id != victim]


GERMAN = {
    f"de{n}.md": f"# Abschnitt {n}\n\n{text}\n"
    for n, text in enumerate(
        [
            "Die Kündigungsfrist beträgt drei Monate und muss schriftlich eingehalten werden, sonst läuft er weiter.",
            "Der Urlaubsanspruch eines Mitarbeiters richtet sich nach dem Vertrag und wird im Januar gutgeschrieben.",
            "Für Dienstreisen werden die Fahrtkosten erstattet, wenn die Belege innerhalb eines Monats vorliegen.",
        ]
    )
}


@pytest.fixture
def mixed(make_folder: MakeFolder) -> Iterator[Rag]:
    with Rag.open(make_folder({**FACTS, **GERMAN})) as corpus:
        corpus.ingest()
        yield corpus


def test_text_that_the_encoder_cannot_read_has_no_dense_vectors_and_is_found_by_its_words(mixed: Rag) -> None:
    store, generation = mixed._opened.generation()
    names = ("raw", "situated", "sentences", "lexical", "bigrams", "ngrams")
    held = {r.payload["document_id"]: set(r.vectors) for r in store.scroll(generation.chunks, vectors=names)}
    assert held["files:de0.md"] == {"lexical", "bigrams", "ngrams"}
    assert held["files:water.md"] == {"raw", "situated", "sentences", "lexical", "bigrams"}
    assert mixed.verify().ok
    assert not mixed.ingest().changed, "and stays as it is"
    # other forms of the words: Fristen, Urlaubsansprüche, Reisekosten
    for question, document in (
        ("Welche Fristen gelten bei einer Kündigung?", "de0"),
        ("Wann werden Urlaubsansprüche gutgeschrieben?", "de1"),
        ("Wie werden die Reisekosten erstattet?", "de2"),
    ):
        hits = mixed.search(question)
        assert hits[0].document_id == f"files:{document}.md"
        assert "sentences" not in hits[0].scores, "the encoder is not asked what it cannot read"
    hits = mixed.search("How long does a French press steep?")
    assert hits[0].document_id == "files:beta/guide.md"
    assert {h.scores["situated"] for h in hits if h.document_id.startswith("files:de")} <= {0.0}


def test_a_model_for_every_language_reads_all(make_folder: MakeFolder) -> None:
    with Rag.open(make_folder(GERMAN), overrides=["embedding.languages=[de, en]"]) as corpus:
        corpus.ingest()
        store, generation = corpus._opened.generation()
        vectors = [r.vectors for r in store.scroll(generation.chunks, vectors=("raw", "ngrams"))]
        assert vectors
        assert all(set(v) == {"raw"} for v in vectors)


def test_a_leg_without_weight_is_not_built(make_folder: MakeFolder) -> None:
    folder = make_folder()
    off = [f"retrieval.weights.{leg}=0" for leg in ("sentences", "bigrams", "headings", "document_lexical")]
    with Rag.open(folder, overrides=off) as corpus:
        corpus.ingest()
        store, generation = corpus._opened.generation()
        for leg in ("sentences", "bigrams", "headings"):
            with pytest.raises(RagError, match=leg):
                store.scroll(generation.chunks, vectors=(leg,))
        with pytest.raises(RagError, match="lexical"):
            store.scroll(generation.documents, vectors=("lexical",))
        assert corpus.search("French press")[0].document_id == "files:beta/guide.md"
    # asked again, it is missing: a plan says so, searches go on without it, and a rebuild builds it
    with Rag.open(folder, overrides=off[1:]) as corpus:
        (change,) = corpus.plan().settings_changed
        assert change.key == "retrieval.legs"
        assert "sentences" not in corpus.search("French press")[0].scores
        assert any("retrieval.legs" in warning for warning in corpus.warnings)
        with pytest.raises(RagError, match="--rebuild"):
            corpus.ingest()
        corpus.ingest(rebuild=True)
        assert corpus.search("French press")[0].scores["sentences"] > 0.4


def test_a_corpus_without_a_leg_of_today_answers_without_a_confidence(make_folder: MakeFolder) -> None:
    """Its scores are not those that the confidence was fitted on."""
    folder = make_folder()
    with Rag.open(folder, overrides=["retrieval.weights.late_interaction=0"]) as corpus:
        corpus.ingest()
    with Rag.open(folder) as corpus:
        result = corpus.search("How long does a French press steep?")
        assert result[0].document_id == "files:beta/guide.md"
        assert result.coverage is None
        assert any("retrieval.legs" in warning for warning in corpus.warnings)
        corpus.ingest(rebuild=True)
        assert (corpus.search("How long does a French press steep?").coverage or 0) > 0.5


def test_words_measure_bigrams_where_they_do_not_count_themselves(make_folder: MakeFolder) -> None:
    with Rag.open(make_folder(), overrides=["retrieval.weights.lexical=0"]) as corpus:
        corpus.ingest()
        hit = corpus.search("French press")[0]
        assert "lexical" not in hit.scores
        assert hit.scores["bigrams"] > 0
        assert hit.score > 0.2
