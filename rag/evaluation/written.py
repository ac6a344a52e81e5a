"""Questions that a language model writes, kept where they pass checks that do not ask its opinion.

An answerable one is kept by round trip (Alberti et al., Synthetic QA Corpora Generation with Roundtrip Consistency,
2019, arXiv 1906.05416): its answer stands in the passage, and the model, given the question and the passage anew,
answers the same. One that the corpus does not answer is kept where the model finds no answer in what a search brings.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict

from rag.answering.llm import complete
from rag.errors import ModelError
from rag.evaluation.questions import Question
from rag.models.words import is_dense, words
from rag.prompts import Message, delimited, new_nonce, packaged, request
from rag.types import encodable

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

FAILURES = 3
"""Calls that may fail one after the other, each with the client's own retries, before the work is given up."""
LONGEST_REPLY = 20_000
"""Characters."""
LONGER = 3
"""How many times as long as the other an answer may be and still be the same."""

_FENCED = re.compile(r"\A```(?:json)?\s*(.*?)\s*```\Z", re.S)


class _Reply(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


R = TypeVar("R", bound=_Reply)


class _Written(_Reply):
    question: str | None
    answer: str = ""
    span: str = ""


class _Read(_Reply):
    answer: str | None


class _Beyond(_Reply):
    question: str


class NotKeptError(Exception):
    """Why a question is not kept."""


@dataclass(slots=True, kw_only=True)
class QuestionWriter:
    """Writes questions with a chat model, one at a time.

    Attributes:
        name: of the model, for errors.
        timeout_s: longest wait in seconds for the next piece of a reply.
    """

    model: "BaseChatModel"
    name: str
    timeout_s: float
    _failures: int = 0

    def answerable(self, passage: str, id: str) -> Question:
        """A question that the passage answers.

        Raises:
            NotKeptError: it did not pass, or the model failed.
            ModelError: the model failed several times in a row.
        """
        written = self._asked(_Written, "write", [passage])
        question, answer, span = _line(written.question or ""), _line(written.answer), _line(written.span)
        if not question or not answer:
            raise NotKeptError("nothing worth asking in the passage")
        if not span or span not in _line(passage):
            raise NotKeptError("the span does not stand in the passage")
        if answer not in span:
            raise NotKeptError("the answer does not stand in the span")
        read = self._asked(_Read, "read", [passage], question)
        if not read.answer:
            raise NotKeptError("round trip: no answer")
        if not same_answer(answer, read.answer):
            raise NotKeptError("round trip: another answer")
        return Question(kind="question", text=question, passages=(id,), answers=(answer,))

    def beyond(self, passage: str, search: Callable[[str], Sequence[str]]) -> Question:
        """A question on the passage's subject that neither it nor what a search for the question finds answers.

        Args:
            search: question -> passages.

        Raises:
            NotKeptError, ModelError: as in `answerable`.
        """
        question = _line(self._asked(_Beyond, "beyond", [passage]).question)
        if not question:
            raise NotKeptError("nothing worth asking beyond the passage")
        if self._asked(_Read, "read", [passage, *search(question)], question).answer:
            raise NotKeptError("the corpus answers what its passage should not")
        return Question(kind="near", text=question)

    def _asked(self, kind: type[R], prompt: str, passages: Sequence[str], question: str | None = None) -> R:
        """The reply as an object."""
        nonce = new_nonce()
        shown = "\n\n".join(delimited("passage", passage, nonce) for passage in passages)
        asked = f"{shown}\n\nQuestion: {question}" if question else shown
        reply = self._reply(request(packaged("rag.evaluation", prompt).substitute(nonce=nonce), asked))
        fenced = _FENCED.match(reply)
        try:
            return kind.model_validate(json.loads(fenced[1] if fenced else reply))
        except (ValueError, RecursionError):
            raise NotKeptError("the reply is not the JSON object that was asked for") from None

    def _reply(self, messages: Sequence[Message]) -> str:
        try:
            text = complete(self.model, messages, timeout_s=self.timeout_s, max_chars=LONGEST_REPLY)
        except ModelError as error:
            self._failures += 1
            if self._failures < FAILURES:
                raise NotKeptError(f"the model failed: {error}") from None
            raise ModelError(
                f"{self.name}: failed {FAILURES} times in a row ({error}); look at answer.llm, "
                "answer.base_url and answer.timeout_s, or generate with --llm none"
            ) from None
        self._failures = 0
        return text.strip()


def same_answer(first: str, second: str) -> bool:
    """Whether one of two answers has all words of the other, and is not more than `LONGER` times as long."""
    short, long = sorted((_words(first), _words(second)), key=lambda found: found.total())
    return short.total() > 0 and short <= long and long.total() <= LONGER * short.total()


def _words(text: str) -> Counter[str]:
    return Counter(part for word in words(text.casefold()) for part in ([*word] if is_dense(word) else [word]))


def _line(text: str) -> str:
    return " ".join(encodable(text).split())
