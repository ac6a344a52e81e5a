"""A conversation with a corpus: its turns, and how a question becomes one. Knows nothing of Gradio or HTML."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from rag.errors import RagError

if TYPE_CHECKING:
    from rag.corpus import Rag

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A question and what has come of it so far.

    Attributes:
        text: the words of the answer that have arrived.
        answer: the JSON of `rag ask`, when it is complete.
        error: why there is no answer.
        warnings: what the user should know about the corpus.
    """

    question: str
    text: str = ""
    answer: Mapping[str, Any] | None = None
    error: str | None = None
    warnings: tuple[str, ...] = ()


Turns: TypeAlias = tuple[Turn, ...]
"""Oldest first."""


def respond(
    corpus: "Rag",
    turns: Turns,
    question: str,
    *,
    rewrite: bool = True,
    where: Mapping[str, Any] | None = None,
    principals: Sequence[str] | None = None,
) -> Iterator[Turns]:
    """Ask a question and yield the conversation each time that there is something new to show.

    Whatever goes wrong becomes the turn's error.

    Args:
        corpus: answers.
        turns: the conversation before this question.
        question: not blank.
        rewrite: search for what it means where it depends on the conversation; False takes it as it stands.
        where, principals: of `Rag.search`.
    """
    turn = Turn(question=question)
    yield (*turns, turn)
    try:
        asked: dict[str, Any] = {"rewrite": rewrite, "where": where, "principals": principals}
        for event in corpus.stream(question, history=history(turns), **asked):
            match event:
                case {"type": "retrieval"}:
                    turn = replace(turn, text="")  # a second one starts the answer over
                case {"type": "token", "text": text}:
                    turn = replace(turn, text=turn.text + text)
                case {"type": "done", "answer": answer}:
                    turn = replace(turn, answer=answer, warnings=tuple(dict.fromkeys(corpus.warnings)))
                case _:
                    continue
            yield (*turns, turn)
    except RagError as error:
        yield (*turns, replace(turn, error=str(error)))
    except Exception:
        _LOG.exception("no answer to %r", question)
        yield (*turns, replace(turn, error="This should not have happened. The terminal shows what went wrong."))


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
