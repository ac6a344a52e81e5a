"""What a reasoning model thinks is neither shown nor checked."""

from typing import Any

import pytest

from rag.answering.answerer import answer
from rag.answering.llm import complete
from rag.answering.providers import chat_model
from rag.answering.thoughts import Thoughts
from rag.errors import ModelError
from rag.settings import AnswerSettings
from tests.rag.answering.test_answerer import GOOD, QUESTION, TEXTS, events_of, over_http

ASKED = [{"role": "user", "content": "Hot?"}]
WRONG = "Let me see: green tea is brewed at 20 degrees."


@pytest.fixture
def corpus(library: Any) -> Any:
    return library(TEXTS)


@pytest.fixture
def result(corpus: Any) -> Any:
    return corpus.result(corpus.hit("tea", 0, 0.9), corpus.hit("evil", 0, 0.5), query=QUESTION)


def said(reply: str, size: int) -> str:
    thoughts, text = Thoughts(), ""
    for piece in [reply[i : i + size] for i in range(0, len(reply), size)]:
        given = thoughts.feed(piece)
        text = given if thoughts.anew else text + given
    given = thoughts.finish()
    return given if thoughts.anew else text + given


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("Tea is hot.", "Tea is hot."),
        ("<think>Hm.</think>Tea is hot.", "Tea is hot."),
        ("<THINKING>\nHm.\n</THINKING>\n\nTea is hot.", "Tea is hot."),
        ("[THINK]Hm.[/THINK]Tea is hot.", "Tea is hot."),
        ("Tea <think>a</think>is <thought>b</thought>hot.", "Tea is hot."),
        ("Tea is hot.<think>Or is it", "Tea is hot."),
        ("<think>Is it", ""),
        ("Hm. It may be hot.</think>Tea is hot.", "Tea is hot."),
        ("Hm.<think>a</think> Or so.</think>\nTea is hot.", "Tea is hot."),
        ("Tea is hot.</think>\n", "Tea is hot."),
        ("Use `<think>` and `</think>` for 1 < 2.", "Use `<think>` and `</think>` for 1 < 2."),
        ("a <b>c</b> <thinker> <", "a <b>c</b> <thinker> <"),
        ("So:\n```xml\n<think>\nx\n</think>\n```\nDone.", "So:\n```xml\n<think>\nx\n</think>\n```\nDone."),
        ("<think>a\n```\nb</think>So:\n~~~\n</think>\n~~~", "So:\n~~~\n</think>\n~~~"),
        ("Hm:\n```\nx\n```\nWell.</think>Tea is hot.", "Tea is hot."),
        ("```\nx\n```\n<think>Hm.</think>Tea.", "```\nx\n```\nTea."),
    ],
)
def test_thoughts_are_taken_out_in_any_pieces(reply: str, expected: str) -> None:
    for size in (1, 2, 3, 7, len(reply)):
        assert said(reply, size).strip() == expected


@pytest.mark.parametrize("how", ["flag", "drop", "repair"])
@pytest.mark.parametrize("begins", [f"<think>{WRONG} NOT_IN_EVIDENCE?</think>", f"{WRONG}</think>"])
def test_an_answer_has_no_thoughts(server: Any, corpus: Any, result: Any, quoting: Any, how: str, begins: str) -> None:
    reply = f"{begins}\n\n{GOOD}"
    server.replies(*[reply[i : i + 3] for i in range(0, len(reply), 3)])
    events, final = events_of(over_http(server, corpus, quoting, unsupported=how).stream(QUESTION, result))
    assert len(server.requests) == 1
    assert (final.answer, [s.supported for s in final.sentences], final.notice) == (GOOD, [True], None)
    starts = max(n for n, event in enumerate(events) if event["type"] == "retrieval")
    assert "".join(event["text"] for event in events[starts:] if event["type"] == "token").strip() == GOOD
    assert [event["index"] for event in events[starts:] if event["type"] == "sentence"] == [0]


def test_a_model_that_only_thinks_is_replaced_by_quotes(server: Any, corpus: Any, result: Any, quoting: Any) -> None:
    server.replies("<think>", WRONG)
    final = answer(QUESTION, result, answerer=over_http(server, corpus, quoting))
    assert final.model == "extractive"
    assert "an empty reply" in str(final.notice)


@pytest.mark.parametrize("reply", ["<think>" + "Hm. " * 50 + "</think>Yes", "Hm.</think>Yes"])
def test_short_replies_have_no_thoughts(server: Any, reply: str) -> None:
    server.replies(*reply)
    model = chat_model(AnswerSettings.model_validate({"llm": "openai:tea-1", "base_url": server.base_url}))
    assert complete(model, ASKED, timeout_s=5, max_chars=100) == "Yes"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (["Hm. " * 200, "</think>", "Yes"], "Yes"),
        (["a" * 150], "a" * 100),
        (["<think>Hm.</think>", *["a" * 50] * 10_000], "a" * 100),
    ],
)
def test_a_reply_is_cut_when_it_is_known_what_of_it_was_thought(server: Any, reply: list[str], said: str) -> None:
    server.replies(*reply)
    model = chat_model(AnswerSettings.model_validate({"llm": "openai:tea-1", "base_url": server.base_url}))
    assert complete(model, ASKED, timeout_s=5, max_chars=100) == said


def test_a_reply_without_an_end_is_given_up(server: Any) -> None:
    server.replies(*["Hm. " * 50] * 1000)
    model = chat_model(AnswerSettings.model_validate({"llm": "openai:tea-1", "base_url": server.base_url}))
    with pytest.raises(ModelError, match="a reply without an end"):
        complete(model, ASKED, timeout_s=5, max_chars=100)
