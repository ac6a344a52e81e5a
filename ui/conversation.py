"""A conversation with a corpus: its turns, and how a question becomes one. Knows nothing of Gradio or HTML."""

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from rag.errors import RagError

if TYPE_CHECKING:
    from collections.abc import Generator

    from rag.corpus import Rag
    from rag.feedback import Vote
    from rag.retrieval.filters import Where

_LOG = logging.getLogger(__name__)

UNEXPECTED = ""
"""The error of a turn that failed in a way that its reader can do nothing about; the log of the server says more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A question and what has come of it so far.

    Attributes:
        id: of the answer; votes on it name it.
        text: the words of the answer that have arrived.
        answer: the JSON of `rag ask`, when it is complete.
        error: why there is no answer, in English.
        error_code: of a `rag.errors.RagError`.
        notices: what the user should know about the corpus, as `rag.notices.Notice.to_dict` has it.
        vote: what the reader thinks of the answer, and in what words.
    """

    question: str
    id: str = ""
    text: str = ""
    answer: Mapping[str, Any] | None = None
    error: str | None = None
    error_code: str = ""
    notices: tuple[Mapping[str, Any], ...] = ()
    vote: "Vote | None" = None
    reason: str = ""


Turns: TypeAlias = tuple[Turn, ...]
"""Oldest first."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What was asked and answered so far.

    Attributes:
        id: under which the browser keeps it; "" until the first question is asked.
    """

    id: str = ""
    turns: Turns = ()

    def with_turns(self, turns: Turns) -> "Conversation":
        """With these turns in place of its own; a new one gets its id."""
        return Conversation(self.id or new_id(), turns)

    def with_vote(self, number: int, vote: "Vote | None", reason: str) -> "Conversation":
        """With what the reader thinks of an answer; `number` is its turn's, from 1."""
        voted = replace(self.turns[number - 1], vote=vote, reason=reason)
        return Conversation(self.id, (*self.turns[: number - 1], voted, *self.turns[number:]))


def new_id() -> str:
    """An id that nothing else has."""
    return secrets.token_hex(8)


def respond(
    corpus: "Rag",
    turns: Turns,
    question: str,
    *,
    rewrite: bool = True,
    where: "Where | None" = None,
    principals: Sequence[str] | None = None,
) -> "Generator[Turns, None, None]":
    """Ask a question and yield the conversation each time that there is something new to show.

    Whatever goes wrong becomes the turn's error.

    Args:
        corpus: answers.
        turns: the conversation before this question.
        question: not blank.
        rewrite: search for what it means where it depends on the conversation; False takes it as it stands.
        where, principals: as in `Rag.search`.
    """
    turn = Turn(question=question, id=new_id())
    yield (*turns, turn)
    try:
        asked: dict[str, Any] = {"history": history(turns), "rewrite": rewrite}
        for event in corpus.stream(question, where=where, principals=principals, **asked):
            match event:
                case {"type": "retrieval"}:
                    turn = replace(turn, text="")  # a second one starts the answer over
                case {"type": "token", "text": text}:
                    turn = replace(turn, text=turn.text + text)
                case {"type": "done", "answer": answer}:
                    turn = replace(turn, answer=answer, notices=tuple(each.to_dict() for each in corpus.notices))
                case _:
                    continue
            yield (*turns, turn)
    except RagError as error:
        yield (*turns, replace(turn, error=str(error), error_code=error.code))
    except Exception:
        _LOG.exception("no answer to %r", question)
        yield (*turns, replace(turn, error=UNEXPECTED))


def understood_as(turns: Turns) -> str | None:
    """What was searched for in place of the last question; None where that is the question itself."""
    answer = turns[-1].answer if turns else None
    meant = (answer or {}).get("standalone_question")
    return meant if answer is not None and meant and meant != answer["question"] else None


def history(turns: Turns) -> list[dict[str, str]]:
    """The turns that came to something, as the messages that `Rag.stream` takes: plain text."""
    messages = []
    for turn in turns:
        said = turn.text if turn.answer is None else turn.answer["answer"] or turn.answer["reason"]
        if said and turn.error is None:
            messages += [{"role": "user", "content": turn.question}, {"role": "assistant", "content": said}]
    return messages
