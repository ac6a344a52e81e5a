"""What a browser keeps of a conversation comes back the same, and anything else is none."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.notices import notice
from rag.results import Answer, AnswerSentence, Citation, Evidence
from ui.conversation import Conversation, Turn
from ui.stored import LONGEST, from_browser, to_browser
from ui.view import answer, export, passages


def evidence(number):
    return Evidence(
        number=number, document_id="files:a.md", uri="/docs/a.md", title="Refunds", headings=("Payment",), page=3,
        start=10, end=40, text="Refunds are paid in 14 days. x", chunks=(), score=0.5, mime="text/markdown",
    )  # fmt: skip


CITATION = Citation(
    evidence=2, chunk_id="c", document_id="files:a.md", uri="/docs/a.md", title="Refunds", page=3, start=10, end=38,
    quote="Refunds are paid in 14 days.", verified=True,
)  # fmt: skip
ANSWER = Answer(
    question="And then?",
    standalone_question="And then? (refunds)",
    answer="Refunds are paid in 14 days.",
    abstained=False,
    why=None,
    confidence=0.75,
    sentences=(AnswerSentence(text="Refunds are paid in 14 days.", supported=True, citations=(CITATION,)),),
    evidence=(evidence(1), evidence(2)),
    model="extractive",
    usage={"input_tokens": 7},
    timings_ms={"total": 1.5},
    notices=(notice("model_failed", model="m", failure=notice("http_error", status=500)),),
).to_dict()
ABSTAINED = {
    **ANSWER,
    "abstained": True,
    "why": notice("not_covered", confidence=0.25, needed=0.5).to_dict(),
    "answer": "",
    "sentences": [],
}
CONVERSATION = Conversation(
    "0123456789abcdef",
    (
        Turn(
            question="How long?",
            id="00000000000000aa",
            answer=ANSWER,
            notices=(notice("answers_as_built", keys="x").to_dict(),),
            vote="up",
            reason="Good.",
        ),
        Turn(question="Mongolia?", id="00000000000000ab", answer=ABSTAINED),
        Turn(question="Stopped?", id="00000000000000ac", text="So far"),
        Turn(question="Failed?", id="00000000000000ad", error=""),
    ),
)


def kept(**changes):
    return {**json.loads(json.dumps(to_browser(CONVERSATION, corpus="handbook", owner="ann"))), **changes}


def test_a_conversation_comes_back_as_it_was_with_the_evidence_that_is_shown():
    found = from_browser(kept(title="My trip", updated=5), owner="ann")
    cited = {**ANSWER, "evidence": ANSWER["evidence"][1:]}
    turns = (Turn(**{**_fields(CONVERSATION.turns[0]), "answer": cited}), *CONVERSATION.turns[1:])
    assert found.conversation == Conversation(CONVERSATION.id, turns)
    assert (found.corpus, found.name) == ("handbook", "My trip")
    assert from_browser(kept(), owner="ann").name == "How long?"


def _fields(turn):
    return {name: getattr(turn, name) for name in Turn.__dataclass_fields__}


@pytest.mark.parametrize("owner", ["", "bob"])
def test_the_conversations_of_others_are_none(owner):
    assert from_browser(kept(), owner=owner) is None


DEEP: object = []
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    "anything",
    [
        None, 7, "text", [], {}, kept(id="x"), kept(id="../../etc"), kept(turns=[]), kept(turns=None),
        kept(turns=[{}]), kept(turns=kept()["turns"] * 200), kept(corpus="x" * 9_999), kept(extra="x" * LONGEST), DEEP,
    ],
    ids=lambda value: str(value)[:20] if value is not DEEP else "deep",
)  # fmt: skip
def test_anything_else_is_no_conversation(anything):
    assert from_browser(anything, owner="ann") is None


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just("<script>alert(1)</script>"),
    st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip


def _places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*path, key))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_what_was_changed_by_hand_is_refused_or_can_be_shown(data):
    changed = kept()
    for path in data.draw(st.lists(st.sampled_from([*_places(changed)][1:]), min_size=1, max_size=3)):
        inner = changed
        try:
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = data.draw(JUNK)
        except (KeyError, IndexError, TypeError):
            continue  # what was changed before is no longer there
    found = from_browser(copy.deepcopy(changed), owner="ann")
    if found is None:
        return
    turns = found.conversation.turns
    shown = "".join([*answer.articles(turns, "en"), *passages.sources(turns)])
    assert "<script" not in shown
    export.markdown(found.name, turns, corpus=found.corpus, date="2026-01-31", language="de")
