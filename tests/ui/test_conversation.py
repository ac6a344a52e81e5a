"""How a question becomes a turn."""

import logging

import pytest

from rag.errors import CorpusMissingError
from rag.notices import notice
from ui.conversation import UNEXPECTED, Conversation, Turn, history, respond, understood_as


class Scripted:
    """A corpus that answers with given events; an exception among them is raised."""

    def __init__(self, *events, notices=()):
        self.events, self.notices, self.asked = events, list(notices), []

    def stream(self, question, *, history, rewrite, where, principals):
        self.asked.append((question, history))
        self.rewrite, self.conditions = rewrite, (where, principals)
        for event in self.events:
            if isinstance(event, Exception):
                raise event
            yield event


RETRIEVAL = {"type": "retrieval", "evidence": []}
DONE = {"type": "done", "answer": {"answer": "Yes.", "abstained": False, "reason": None}}


def token(text):
    return {"type": "token", "text": text}


def test_words_appear_as_they_come_and_the_answer_at_the_end():
    corpus = Scripted(RETRIEVAL, token("Ye"), token("s."), {"type": "sentence"}, {"type": "citation"}, DONE)
    states = [turns[-1] for turns in respond(corpus, (), "Really?")]
    assert [state.text for state in states] == ["", "", "Ye", "Yes.", "Yes."]
    assert [state.answer for state in states] == [None] * 4 + [DONE["answer"]]
    assert corpus.asked == [("Really?", [])]


@pytest.mark.parametrize("rewrite", [True, False])
def test_a_question_may_be_taken_as_it_stands(rewrite):
    corpus = Scripted(RETRIEVAL, DONE)
    list(respond(corpus, (), "And there?", rewrite=rewrite))
    assert corpus.rewrite is rewrite


@pytest.mark.parametrize(("where", "principals"), [(None, None), ({"source": "files"}, ["staff"])])
def test_what_may_be_searched_is_passed_on(where, principals):
    corpus = Scripted(RETRIEVAL, DONE)
    list(respond(corpus, (), "q", where=where, principals=principals))
    assert corpus.conditions == (where, principals)


def test_every_answer_has_an_id_of_its_own_from_the_start():
    corpus = Scripted(RETRIEVAL, token("Yes."), DONE)
    first, second = ([turns[-1].id for turns in respond(corpus, (), "q")] for _ in range(2))
    assert len({*first}) == len({*second}) == 1
    assert first[0] != second[0]


def test_a_conversation_gets_its_id_with_its_first_question_and_keeps_it():
    begun = Conversation().with_turns((Turn(question="a"),))
    assert begun.id
    assert begun.with_turns((Turn(question="b"),)).id == begun.id
    assert begun.with_vote(1, "down", "Wrong.").turns == (Turn(question="a", vote="down", reason="Wrong."),)


def test_what_was_searched_for_is_known_where_it_is_something_else():
    def answered(**answer):
        return (Turn(question="And there?", answer={"question": "And there?", **answer}),)

    assert understood_as(()) is None
    assert understood_as((Turn(question="And there?"),)) is None
    assert understood_as(answered()) is None
    assert understood_as(answered(standalone_question="And there?")) is None
    assert understood_as(answered(standalone_question="And in Bergen?")) == "And in Bergen?"


def test_a_second_retrieval_starts_the_answer_over():
    *_, last = respond(Scripted(RETRIEVAL, token("half"), RETRIEVAL, token("whole")), (), "q")
    assert last[-1].text == "whole"


def test_earlier_turns_stay_and_are_passed_as_history():
    before = (Turn(question="a", answer=DONE["answer"]),)
    corpus = Scripted(DONE)
    states = list(respond(corpus, before, "b"))
    assert all(turns[:1] == before and len(turns) == 2 for turns in states)
    assert corpus.asked[0][1] == [{"role": "user", "content": "a"}, {"role": "assistant", "content": "Yes."}]


def test_history_holds_what_was_said_and_nothing_of_what_failed():
    abstained = {"answer": "", "abstained": True, "reason": "Not covered."}
    turns = (
        Turn(question="failed", text="half", error="broken"),
        Turn(question="unanswered"),
        Turn(question="stopped", text="half"),
        Turn(question="abstained", answer=abstained),
    )
    assert [m["content"] for m in history(turns)] == ["stopped", "half", "abstained", "Not covered."]


def test_what_the_user_can_mend_is_said_in_the_turn():
    *_, last = respond(Scripted(CorpusMissingError("holds nothing yet: run `rag ingest`")), (), "q")
    assert last[-1].error == "holds nothing yet: run `rag ingest`"
    assert last[-1].error_code == "corpus_missing"


def test_a_bug_is_logged_and_its_details_stay_out_of_the_chat(caplog):
    with caplog.at_level(logging.ERROR):
        *_, last = respond(Scripted(token("half"), ValueError("secret path /root")), (), "q")
    assert last[-1].error == UNEXPECTED
    assert "secret path /root" in caplog.text


def test_what_is_noticed_about_the_corpus_is_passed_on():
    changed = notice("answers_as_built", keys="chunking.max_tokens")
    *_, last = respond(Scripted(DONE, notices=[changed]), (), "q")
    assert last[-1].notices == (changed.to_dict(),)


def test_a_closed_conversation_closes_the_stream():
    closed = []

    class Endless(Scripted):
        def stream(self, question, **how):
            try:
                while True:
                    yield token("x")
            finally:
                closed.append(True)

    states = respond(Endless(), (), "q")
    next(states)
    next(states)
    states.close()
    assert closed == [True]


@pytest.mark.parametrize("question", ["返金は?", "كم يوما؟", "x" * 10_000])
def test_questions_in_any_script_and_length_arrive_as_they_are(question):
    corpus = Scripted(DONE)
    list(respond(corpus, (), question))
    assert corpus.asked[0][0] == question


def test_what_a_page_asks_for_may_be_anything():
    import gradio as gr

    from ui.chat import _asked, _wanted

    turns = (Turn(question="a"), Turn(question="b"))
    junk = [None, 7, [], "x", {"turn": "x"}, {"turn": -1}, {"question": "x" * 99_999}, {"vote": "best", "turn": 1}]
    for anything in junk:
        assert _asked(_wanted(gr.EventData(None, anything)), turns, 0) == ("", turns)
    for asked, wanted in (
        (("c", turns), {"question": " c "}),
        (("b", turns[:1]), {"turn": 2}),
        (("typed", turns), {"turn": 3, "typed": " typed "}),
    ):
        assert _asked(_wanted(gr.EventData(None, wanted)), turns, 0) == asked
    typed = _wanted(gr.EventData(None, {"typed": "typed"}))
    assert _asked(typed, turns, 2) == ("typed", turns[:1]), "the second is edited"
    assert _asked(typed, turns, 9) == ("typed", turns)
