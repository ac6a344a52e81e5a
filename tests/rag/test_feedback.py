"""Votes on answers: kept a line each, read back, and asked again by `rag eval answers`."""

import json
import threading
from pathlib import Path

import pytest

from rag import Rag
from rag.cli import main
from rag.errors import RagError, SettingsError
from rag.evaluation.answers import load_questions
from rag.feedback import LONGEST_REASON, feedback_file, keep_vote, read_votes
from rag.settings import Settings

LIKED, FOREIGN = "How long does a French press steep?", "What is the capital of Mongolia?"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    plain = Settings.model_validate({"name": "x", "sources": [{"kind": "files", "path": "."}]})
    return plain.model_copy(update={"data_dir": tmp_path / "data"})


def answer(question: str = "And there?", *, said: str = "Yes.", meant: str | None = None) -> dict[str, object]:
    citation = {"evidence": 1, "document_id": "files:a.md", "start": 3, "end": 7, "quote": "Yes."}
    return {
        "question": question,
        "standalone_question": meant or question,
        "answer": f"{said} [1]" if said else "",
        "abstained": not said,
        "model": "openai:x",
        "sentences": [{"text": said, "supported": True, "citations": [citation, citation]}] if said else [],
    }


def test_a_vote_says_what_was_answered_from_where(settings: Settings) -> None:
    kept = keep_vote(settings, answer(meant="And in Bergen?"), answer_id="a", vote="down", reason=" Too short. ")
    assert read_votes(feedback_file(settings)) == ([kept], 0)
    line = json.loads(feedback_file(settings).read_text())
    assert {name: line[name] for name in ("question", "standalone_question", "vote", "reason", "corpus", "model")} == {
        "question": "And there?", "standalone_question": "And in Bergen?", "vote": "down", "reason": "Too short.",
        "corpus": "x", "model": "openai:x",
    }  # fmt: skip
    assert line["cited"] == [{"document_id": "files:a.md", "start": 3, "end": 7}]
    assert len(line["settings"]) == 64


def test_the_last_vote_on_an_answer_holds_and_none_takes_it_back(settings: Settings) -> None:
    for id, vote in (("a", "up"), ("b", "up"), ("a", "down"), ("b", None)):
        keep_vote(settings, answer(), answer_id=id, vote=vote)  # type: ignore[arg-type]
    assert [(vote.id, vote.vote) for vote in read_votes(feedback_file(settings))[0]] == [("a", "down")]


def test_writers_at_the_same_time_lose_no_line(settings: Settings) -> None:
    def vote(writer: int) -> None:
        for number in range(20):
            keep_vote(settings, answer(said="word " * 2000), answer_id=f"{writer}-{number}", vote="up")

    threads = [threading.Thread(target=vote, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_votes(feedback_file(settings))[0]) == 80
    assert len(feedback_file(settings).read_text().splitlines()) == 80


def test_a_line_that_was_torn_off_costs_only_itself(settings: Settings) -> None:
    keep_vote(settings, answer(), answer_id="a", vote="up")
    path = feedback_file(settings)
    path.write_text(path.read_text() + '{"id": "b", "ti')
    keep_vote(settings, answer(), answer_id="c", vote="up")
    votes, unreadable = read_votes(path)
    assert [vote.id for vote in votes] == ["a", "c"]
    assert unreadable == 1


def test_a_long_reason_is_cut_off(settings: Settings) -> None:
    assert len(keep_vote(settings, answer(), answer_id="a", vote="up", reason="x" * 9_999).reason) == LONGEST_REASON


def test_without_a_folder_to_keep_it_in_a_vote_is_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="data_dir"):
        keep_vote(settings.model_copy(update={"data_dir": None}), answer(), answer_id="a", vote="up")
    (tmp_path / "data").write_text("a file")
    with pytest.raises(RagError, match="data_dir is a folder"):
        keep_vote(settings, answer(), answer_id="a", vote="up")
    assert read_votes(tmp_path / "none.jsonl") == ([], 0)


def test_what_was_liked_is_asked_again_as_it_was_meant(settings: Settings) -> None:
    keep_vote(settings, answer("And there?", meant="And in Bergen?"), answer_id="a", vote="up")
    keep_vote(settings, answer("Disliked?"), answer_id="b", vote="down")
    keep_vote(settings, answer("Liked at first?"), answer_id="c", vote="up")
    keep_vote(settings, answer("Liked at first?"), answer_id="c", vote="down")
    keep_vote(settings, answer(FOREIGN, said=""), answer_id="d", vote="up")
    first, foreign = load_questions(feedback_file(settings))
    assert (first.question, first.answers, first.cited) == ("And in Bergen?", ("Yes.",), {"files:a.md"})
    assert (foreign.question, foreign.answers) == (FOREIGN, ())


def test_votes_on_a_corpus_are_a_data_set_for_it(facts: Rag, capsys: pytest.CaptureFixture[str]) -> None:
    for number, question in enumerate((LIKED, FOREIGN)):
        keep_vote(facts.settings, facts.ask(question).to_dict(), answer_id=str(number), vote="up")
    path = feedback_file(facts.settings)
    facts.close()
    assert main(["eval", "answers", str(path.parent.parent.parent / "docs"), "--data", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["queries"], found["answerable"]) == (2, 1)
    assert found["metrics"]["token_f1"]["mean"] == found["metrics"]["citation_recall"]["mean"] == 1
    assert found["metrics"]["answered_unanswerable"]["mean"] == 0
