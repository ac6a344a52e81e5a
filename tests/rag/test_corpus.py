"""`Rag` as an application uses it."""

import threading
from pathlib import Path
from typing import Any

import pytest

from rag import Rag, RagError
from rag.errors import SettingsError, StoreInUseError
from rag.retrieval.scoring import Scorer
from tests.corpora import FACTS, MakeFolder


def test_a_closed_corpus_releases_the_lock_and_opens_again(make_folder: MakeFolder) -> None:
    folder = make_folder()
    with Rag.open(folder) as corpus:
        corpus.ingest()
        with Rag.open(folder, wait_s=0) as rival, pytest.raises(StoreInUseError, match="already open in this process"):
            rival.search("tea")
    with Rag.open(folder, wait_s=0) as again:
        assert again.search("tea")
        again.close()
        again.close()
        assert again.search("tea"), "a closed corpus opens again when it is used"


def test_the_same_corpus_on_a_server_gives_the_same_hits(make_folder: MakeFolder) -> None:
    folder = make_folder()
    queries = ["How long does a French press steep?", "calcium", "tin for leaves"]

    def results(*overrides: str) -> list[Any]:
        with Rag.open(folder, overrides=overrides) as corpus:
            corpus.ingest()
            assert corpus.ingest().unchanged == 3
            assert corpus.verify().ok
            (folder / "water.md").write_text(FACTS["water.md"] + "\nMore.\n")
            assert corpus.ingest().changed == 1
            (folder / "water.md").write_text(FACTS["water.md"])
            return [{h.chunk_id: h.score for h in corpus.search(query)} for query in queries]

    # the local mode of qdrant-client keeps all digits of multi vectors, which the engine keeps in 8 bits
    for server, embedded in zip(results("store={kind: server, url: ':memory:'}"), results(), strict=True):
        assert list(server) == list(embedded)
        assert server == pytest.approx(embedded, abs=2e-3)


def test_what_searches_a_server_is_made_anew_now_and_then(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine may have ingested or rebuilt the corpus."""
    for overrides, renewed in ((["store={kind: server, url: ':memory:'}"], True), ([], False)):
        with Rag.open(make_folder(), overrides=overrides) as corpus, monkeypatch.context() as later:
            corpus.ingest()
            first = corpus._opened.searcher()
            assert corpus._opened.searcher() is first
            later.setattr("rag.opened.KEPT_S", -1)
            assert (corpus._opened.searcher() is not first) is renewed


def test_a_text_that_a_server_does_not_take_fails_alone(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = FACTS["water.md"] + "Hard water. " * 100
    folder = make_folder({**FACTS, "long.md": long})
    monkeypatch.setattr("rag.build.SERVER_TEXT_BYTES", len(long) - 1)
    with Rag.open(folder, overrides=["store={kind: server, url: ':memory:'}"]) as corpus:
        report = corpus.ingest()
        assert (report.new, len(report.failed)) == (3, 1)
        assert report.failed[0].id == "files:long.md"
        assert "split the file" in report.failed[0].error
        assert corpus.search("French press")
    with Rag.open(folder) as corpus:
        assert corpus.ingest().new == 4


def test_threads_share_one_corpus(shared_facts: Rag) -> None:
    expected = [h.chunk_id for h in shared_facts.search("French press")]
    found: list[list[str]] = []

    def ask() -> None:
        found.extend([h.chunk_id for h in shared_facts.search("French press")] for _ in range(5))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 30


def test_searching_while_ingesting_always_finds_the_old_or_the_new_text(make_folder: MakeFolder) -> None:
    folder = make_folder({f"n{n}.md": f"# Note {n}\n\nThe word is zebra{n:02}. Old text.\n" for n in range(30)})
    with Rag.open(folder, overrides=["embedding.batch_tokens=256"]) as corpus:
        corpus.ingest()
        make_folder({f"n{n}.md": f"# Note {n}\n\nThe word is zebra{n:02}. New text.\n" for n in range(30)})
        errors: list[BaseException] = []

        def ingest() -> None:
            try:
                corpus.ingest()
            except BaseException as error:
                errors.append(error)

        job = threading.Thread(target=ingest)
        job.start()
        while job.is_alive():
            hits = corpus.search("zebra07", top_k=3)
            assert any("zebra07" in h.text for h in hits), [h.text for h in hits]
        job.join()
        assert not errors
        assert all("New text" in h.text for h in corpus.search("zebra", top_k=50))


def test_a_language_model_from_python_answers_and_is_checked(shared_facts: Rag) -> None:
    from langchain_core.language_models.fake_chat_models import FakeListChatModel

    reply = "Green tea is brewed at 75 degrees Celsius [1]. It cures 99 diseases [1]. It is blue [7]."
    folder = shared_facts.settings.sources[0].path
    shared_facts.close()
    with Rag.open(folder, llm=FakeListChatModel(responses=[reply])) as corpus:
        answer = corpus.ask("At what temperature is green tea brewed?")
        events = list(corpus.stream("At what temperature is green tea brewed?"))
    assert [s.supported for s in answer.sentences] == [True, False, False]
    assert answer.sentences[0].citations[0].verified
    assert "[7]" not in answer.answer
    assert answer.model == "FakeListChatModel"
    assert events[-1]["type"] == "done"
    assert events[-1]["answer"]["sentences"] == answer.to_dict()["sentences"]


def test_an_open_corpus_is_asked_in_another_way(make_folder: MakeFolder) -> None:
    with Rag.open(make_folder()) as corpus:
        other = corpus.with_settings({"retrieval.top_k": 1, "answer.style": "short"})
        with pytest.raises(RagError, match="holds nothing yet"):
            other.ask("How long does a French press steep?")
        corpus.ingest()
        assert len(other.search("tea")) == 1 < len(corpus.search("tea"))
        assert len(other.ask("How long is tea brewed and stored?").sentences) == 1
        assert other.encoder is corpus.encoder
        Path(corpus.show("files:water.md").uri).write_text("# Water\n\nSoft water is best at nine degrees.\n")
        corpus.ingest()
        assert "nine degrees" in other.ask("How cold is soft water?").answer, "it sees what was written"
        other.close()
        assert corpus.search("tea"), "the store stays open"
        assert len(other.with_settings({}).search("tea")) == 1, "overrides add up"


def test_quotes_replace_the_model_where_it_is_set_to_none(shared_facts: Rag) -> None:
    from langchain_core.language_models.fake_chat_models import FakeListChatModel

    question, model = "At what temperature is green tea brewed?", FakeListChatModel(responses=["At 75 degrees [1]."])
    shared_facts.close()
    with Rag(shared_facts.settings, llm=model) as corpus:
        fewer = corpus.with_settings({"retrieval.top_k": 2})
        assert corpus.ask(question).model == fewer.ask(question).model == "FakeListChatModel"
        assert fewer.with_settings({"answer.llm": None}).ask(question).model == "extractive"


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"chunking.max_tokens": 100}, "chunking.max_tokens: .*retrieval and answer"),
        ({"store.path": "/x"}, "store.path: .*retrieval and answer"),
        ({"retrieval": {}}, "retrieval: .*retrieval and answer"),
        ({"retrieval.topk": 3}, "unknown key 'retrieval.topk'.*top_k"),
        ({"retrieval.top_k": 0}, "retrieval.top_k: .*1"),
        ({"answer.style": "long"}, "answer.style: .*short"),
    ],
)
def test_what_an_open_corpus_cannot_be_asked_with_is_named(
    shared_facts: Rag, overrides: dict[str, Any], words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        shared_facts.with_settings(overrides)


def test_candidates_bound_what_each_leg_brings(make_folder: MakeFolder) -> None:
    folder = make_folder({f"n{n}.md": f"Note {n} speaks of a lake and of boat {n}.\n" for n in range(40)})
    with Rag.open(folder) as corpus:
        corpus.ingest()
        assert len(corpus.search("lake boat", top_k=2)) == 2
        all_ranks = [max(h.ranks.values()) for h in corpus.search("lake boat", top_k=40)]
    with Rag.open(folder, overrides=["retrieval.candidates=3"]) as corpus:
        few_ranks = [max(h.ranks.values()) for h in corpus.search("lake boat", top_k=3)]
    assert max(few_ranks) <= 9 < max(all_ranks)


def test_unknown_document_is_an_error_that_says_where_ids_come_from(shared_facts: Rag) -> None:
    with pytest.raises(RagError, match="rag search"):
        shared_facts.show("files:nothing.md")


def test_an_index_folder_ignores_itself_in_git(shared_facts: Rag) -> None:
    index = Path(shared_facts.settings.store.path)  # type: ignore[union-attr,arg-type]
    assert (index / ".gitignore").read_text().strip() == "*"


def test_every_result_is_json(facts: Rag) -> None:
    import json

    for result in (facts.plan(), facts.ingest(), facts.verify(), facts.search("tea"), facts.ask("Green tea?")):
        assert json.loads(json.dumps(result.to_dict())) == result.to_dict()


def test_confidence_is_unknown_where_nothing_was_calibrated(shared_facts: Rag) -> None:
    assert shared_facts.ask("At what temperature is green tea brewed?").confidence is not None
    folder = shared_facts.settings.sources[0].path
    shared_facts.close()
    with Rag.open(folder, overrides=["retrieval.weights.lexical=0.9"]) as other:
        answer = other.ask("At what temperature is green tea brewed?")
        assert (answer.confidence, answer.abstained) == (None, False)


def test_terminals_get_no_control_characters() -> None:
    from rag.render import printable

    assert printable("a\x1b[2Jb\u202ec\n\td é 東") == "a\ufffd[2Jb\ufffdc\n\td é 東"


def test_a_search_looks_again_where_what_it_found_is_replaced_meanwhile(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_folder({"n.md": "# Note\n\nThe word is zebra. Old text.\n"})
    with Rag.open(folder) as corpus:
        corpus.ingest()
        candidates, looks = Scorer.candidates, []

        def replaced(self: Scorer, *asked: Any) -> Any:
            found = candidates(self, *asked)
            looks.append(found)
            if len(looks) == 1:
                make_folder({"n.md": "# Note\n\nThe word is zebra. New text.\n"})
                corpus.ingest()
            return found

        monkeypatch.setattr(Scorer, "candidates", replaced)
        assert [hit.text.split()[-2:] for hit in corpus.search("zebra")] == [["New", "text."]]
        assert len(looks) == 2
