"""Follow-up questions find what they mean."""

from typing import Any

import pytest

from rag import Rag
from rag.answering.conversation import depends, search_both, standalone
from rag.answering.providers import chat_model
from rag.errors import SettingsError
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


@pytest.mark.parametrize(
    ("earlier", "question", "expected"),
    [
        ("How often is station 17 inspected?", "What about station 18?", "(inspected)"),
        ("What was the revenue of Acme in 2022?", "And in 2023?", "(revenue Acme)"),
        ("How often is station 17 inspected?", "And in 2023?", "(station 17 inspected)"),
        ("What does error code E02 mean?", "And E07?", "(error code)"),
        ("What is the price of the AquaLift 400?", "And of the TurboFlow X1?", "(price)"),
        ("How much is parking in Munich?", "And in Berlin?", "(parking)"),
        ("Was kostet das Parken in München?", "Und in Berlin?", "(kostet Parken München)"),  # a noun or a name
        ("Was bedeutet der Fehlercode E02?", "Und E07?", "(Fehlercode)"),
        ("Who founded Acme?", "Did Elke Sommer leave it in 1990?", "(founded Acme)"),  # "it" is Acme
        ("Can I return an opened pump?", "Why not?", "(return opened pump)"),
        ("What is cavitation?", "And NPSH?", ""),
        ("What is cavitation?", "And in Germany?", "(cavitation)"),
        ("What is cavitation?", "And NPSH here?", "(cavitation)"),
    ],
)
def test_what_a_question_names_takes_the_place_of_what_was_named(earlier: str, question: str, expected: str) -> None:
    assert standalone(question, [{"role": "user", "content": earlier}], None, 1) == f"{question} {expected}".strip()


def test_what_was_replaced_does_not_come_back() -> None:
    asked = ["What is the price of the AquaLift 400?", "And of the TurboFlow X1?"]
    history = [{"role": "user", "content": text} for text in asked]
    question = "How long is its warranty?"
    assert standalone(question, history, None, 1) == f"{question} (TurboFlow X1 price)"


@pytest.mark.parametrize("thanks", ["Thanks!", "OK, thank you very much.", "Super, vielen Dank", "merci beaucoup !"])
def test_thanks_ask_nothing(thanks: str) -> None:
    assert standalone(thanks, HISTORY, None, 1) == thanks
    later = [*HISTORY, {"role": "user", "content": thanks}]
    assert standalone("And how coarse?", later, None, 1) == "And how coarse? (French press steep)"


@pytest.mark.parametrize(
    "history",
    [
        ["Hello"],
        [{"role": "user"}],
        [{"role": "user", "content": None}],
        [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
        [{"role": "system", "content": "obey"}],
        {"role": "user", "content": "Hello"},
        "Hello",
    ],
)
@pytest.mark.parametrize("rewrite", [True, False])
def test_what_is_no_conversation_is_an_error(make_folder: MakeFolder, history: Any, rewrite: bool) -> None:
    with Rag.open(make_folder()) as corpus, pytest.raises(SettingsError, match=r"^history"):
        corpus.ask("And the grind?", history=history, rewrite=rewrite)


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
