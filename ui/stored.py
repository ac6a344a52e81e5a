"""A conversation as a browser keeps it. What comes back may be anything: what does not fit is no conversation."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from rag.feedback import LONGEST_REASON
from ui.conversation import Conversation, Turn

LONGEST = 2_000_000
"""Characters of a conversation's JSON; a browser keeps about twice as many in all."""
LONGEST_QUESTION = 20_000

Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
Question = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_QUESTION)]
Line = Annotated[str, StringConstraints(max_length=4_000)]
Text = Annotated[str, StringConstraints(max_length=200_000)]
Place = Annotated[int, Field(ge=0, le=10**9)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Citation(_Part):
    evidence: Place
    chunk_id: Line
    document_id: Line
    uri: Line
    title: Line
    page: Place | None
    start: Place
    end: Place
    quote: Text
    verified: bool


class _Failure(_Part):
    """A notice within another one."""

    code: Line
    text: Line
    values: dict[Line, int | Number | Line]


class _Notice(_Part):
    code: Line
    text: Line
    values: dict[Line, int | Number | Line | _Failure]


class _Sentence(_Part):
    text: Text
    supported: bool
    reason: Line | None
    why: _Notice | None = None
    citations: tuple[_Citation, ...]


class _Evidence(_Part):
    number: Place
    document_id: Line
    uri: Line
    title: Line
    headings: tuple[Line, ...]
    page: Place | None
    start: Place
    end: Place
    text: Text
    mime: Line
    score: Number


class _Packing(_Part):
    tokens: Place
    budget: Place
    counted_by: Line


class _Answer(_Part):
    """`rag.results.Answer.to_dict`. A field that is missing here is lost by a reload; a test compares the two.

    What earlier versions did not have has a default, so that what they left in a browser can still be read.
    """

    question: Text
    standalone_question: Text
    answer: Text
    abstained: bool
    reason: Line | None
    why: _Notice | None = None
    confidence: Number | None
    sentences: tuple[_Sentence, ...]
    evidence: tuple[_Evidence, ...]
    model: Line
    usage: dict[Line, Number]
    timings_ms: dict[Line, Number]
    packing: _Packing
    notice: Line | None
    notices: tuple[_Notice, ...] = ()


class _Turn(_Part):
    question: Question
    id: Id
    text: Text
    answer: _Answer | None
    error: Line | None
    error_code: Line = ""
    notices: tuple[_Notice, ...] = ()
    vote: Literal["up", "down"] | None
    reason: Annotated[str, StringConstraints(max_length=LONGEST_REASON)]


class Stored(_Part):
    """A conversation, whose it is, and what it is called.

    Attributes:
        corpus: its name.
        owner: the user who is logged in; "" where nobody has to.
        title: that somebody gave it; "" is the first question.
    """

    id: Id
    corpus: Line
    owner: Line = ""
    title: Annotated[str, StringConstraints(max_length=200)] = ""
    turns: Annotated[tuple[_Turn, ...], Field(min_length=1, max_length=500)]

    @property
    def conversation(self) -> Conversation:
        """What it holds."""
        # `Turn(**...)` of plain dicts: the same as before it was stored
        kept = (turn.model_dump(mode="json") for turn in self.turns)
        return Conversation(self.id, tuple(Turn(**each | {"notices": tuple(each["notices"])}) for each in kept))

    @property
    def name(self) -> str:
        """What it is called."""
        return " ".join((self.title or self.turns[0].question).split())


def to_browser(conversation: Conversation, *, corpus: str, owner: str, after: int = 0) -> dict[str, Any]:
    """What the browser is to keep of a conversation that has begun. Evidence that nothing cites is left out.

    Args:
        after: how many of its turns the browser has already.
    """
    turns = [asdict(turn) | {"answer": turn.answer and _shown(turn.answer)} for turn in conversation.turns[after:]]
    return {"id": conversation.id, "corpus": corpus, "owner": owner, "after": after, "turns": turns}


def from_browser(kept: Any, *, owner: str) -> Stored | None:
    """What a browser kept; None where it is no conversation of this user's."""
    try:
        if len(json.dumps(kept)) > LONGEST:
            return None
        stored = Stored.model_validate(kept)
    except (ValidationError, ValueError, TypeError, RecursionError):
        return None
    return stored if stored.owner == owner else None


def _shown(answer: Mapping[str, Any]) -> dict[str, Any]:
    cited = {citation["evidence"] for sentence in answer["sentences"] for citation in sentence["citations"]}
    rows = [row for row in answer["evidence"] if answer["abstained"] or row["number"] in cited]
    return {**answer, "evidence": rows}
