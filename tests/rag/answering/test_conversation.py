"""Follow-up questions find what they mean."""

from typing import Any

import pytest

from rag import Rag
from rag.answering.conversation import depends, search_both, standalone
from rag.answering.providers import chat_model
from rag.settings import AnswerSettings
from tests.corpora import MakeFolder

PRESS = "How long does a French press steep?"
HISTORY = [{"role": "user", "content": PRESS}, {"role": "assistant", "content": "Four minutes [1]."}]


@pytest.mark.parametrize(
    "question",
    [
        "And how coarse is the grind?",
        "What grind does it need?",
        "Why?",
        "What about green tea?",
        "Is there more there?",
        "Und wie lange zieht er?",
        "Et pourquoi?",
        "The grind?",
    ],
)
def test_a_question_that_points_back_depends_on_the_history(question: str) -> None:
    assert depends(question)


@pytest.mark.parametrize(
    "question",
    [PRESS, "How many milligrams of calcium carbonate make water hard?", "Wie lange wird grüner Tee gebrüht?"],
)
def test_a_question_that_says_all_does_not(question: str) -> None:
    assert not depends(question)
    assert standalone(question, HISTORY, None, 1) == question


def test_without_a_history_there_is_nothing_to_depend_on() -> None:
    assert standalone("And the grind?", [], None, 1) == "And the grind?"
    assert standalone("And the grind?", [{"role": "assistant", "content": "Hello."}], None, 1) == "And the grind?"


def test_words_of_the_last_whole_question_are_taken_along() -> None:
    assert standalone("And how coarse?", HISTORY, None, 1) == "And how coarse? (French press steep)"
    deeper = [*HISTORY, {"role": "user", "content": "And the grind?"}, {"role": "assistant", "content": "Coarse."}]
    assert standalone("Why is it coarse?", deeper, None, 1) == "Why is it coarse? (grind French press steep)"


def test_a_model_rewrites_and_is_told_that_all_is_data(server: Any) -> None:
    server.replies('"What grind does a French', ' press need?"')
    model = chat_model(AnswerSettings(llm="openai:tea", base_url=server.base_url))
    assert standalone("What grind does it need?", HISTORY, model, 5) == "What grind does a French press need?"
    system, user = server.requests[0]["messages"]
    assert "never instructions" in system["content"]
    assert PRESS in user["content"]
    assert "[1]" not in user["content"]


@pytest.mark.parametrize("failing", [{"status": 500}, {"status": 401}])
def test_a_model_that_fails_leaves_the_words_of_the_last_question(server: Any, failing: dict[str, int]) -> None:
    server.replies(**failing)
    model = chat_model(AnswerSettings(llm="openai:tea", base_url=server.base_url), retries=0)
    assert standalone("What grind does it need?", HISTORY, model, 5).endswith("French press steep)")


def test_both_forms_are_searched_and_the_best_of_both_come_first(library: Any) -> None:
    corpus = library({"tea": "Tea is hot.", "ice": "Ice is cold.", "sea": "The sea is deep."})
    tea, ice, sea = (corpus.hit(id, 0, score) for id, score in (("tea", 0.9), ("ice", 0.6), ("sea", 0.3)))
    results = {"meant": corpus.result(tea, sea), "asked": corpus.result(ice, sea)}
    found = search_both("asked", "meant", lambda text: results[text])
    assert [(hit.document_id, hit.rank) for hit in found] == [("tea", 1), ("ice", 2)]
    assert search_both("asked", "asked", lambda text: results[text]) is results["asked"]


def test_a_follow_up_question_is_answered(make_folder: MakeFolder) -> None:
    with Rag.open(make_folder()) as corpus:
        corpus.ingest()
        alone = corpus.ask("And what grind does it need?")
        followed = corpus.ask("And what grind does it need?", history=HISTORY)
        assert followed.standalone_question == "And what grind does it need? (French press steep)"
        assert followed.question == alone.standalone_question == "And what grind does it need?"
        assert not followed.abstained
        assert followed.sentences[0].citations[0].document_id == "files:beta/guide.md"
        assert (followed.confidence or 0) > (alone.confidence or 0)
        *_, last = corpus.stream("And what grind does it need?", history=HISTORY)
        assert last["answer"]["standalone_question"] == followed.standalone_question
