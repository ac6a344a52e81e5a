"""Answers that a language model writes: each sentence is checked as soon as it is complete."""

import logging
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING

from rag.answering.answerer import (
    Draft,
    Event,
    Events,
    ExtractiveAnswerer,
    retrieval_event,
    stream_answer,
)
from rag.answering.leaving_out import Piece
from rag.answering.llm import is_cut_off, is_too_long, stream_model, why_failed
from rag.answering.mending import keeps, mended
from rag.answering.prompt import Prompts, build_messages, repair_messages
from rag.answering.streaming import Transcript
from rag.answering.thoughts import Thoughts
from rag.answering.verification.judge import Judge
from rag.answering.verification.verifier import Verifier
from rag.answering.writing import Writing, replayed
from rag.notices import Notice, notice
from rag.prompts import Message
from rag.results import Evidence, SearchResult

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_LOG = logging.getLogger(__name__)
_SHORTENED = 2
"""How often a request that is too long for the model is sent again with half of the evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAnswerer:
    """Lets a model write the answer from the evidence and checks every sentence; quotes where the model fails.

    With `answer.unsupported: flag`, sentences that are not supported are marked; with `drop` they are not shown, so
    that the stream shows a sentence when it is checked; with `repair` the model is told of them and writes the answer
    once more, and what was verified of the first is kept.

    Attributes:
        model: any LangChain chat model.
        name: what the answer says about who wrote it.
        quotes: answers in its place, and lends it what it needs for checking.
        prompts: what the model is told.
        judge: see `rag.answering.verification.verifier.Verifier`.
    """

    model: "BaseChatModel"
    name: str
    quotes: ExtractiveAnswerer
    prompts: Prompts
    judge: Judge | None = None

    def stream(self, question: str, result: SearchResult, history: Sequence[Message] = ()) -> Events:
        """See `Answerer.stream`. A model that fails or repairs its answer leaves a second `retrieval` event behind."""
        return stream_answer(
            self.quotes, question, result, lambda evidence: self._write(question, evidence, history, result.searched)
        )

    def _write(
        self, question: str, evidence: Sequence[Evidence], history: Sequence[Message], meant: str
    ) -> Generator[Event, None, Draft]:
        given = tuple(evidence)
        try:
            for left in reversed(range(_SHORTENED + 1)):
                try:
                    draft = yield from self._repaired(question, given, history)
                    break
                except _TooLongError:
                    if not left or len(given) == 1:
                        raise
                    given = self._half(given)
                    yield retrieval_event(given)
        except _ModelFailedError as failure:
            return (yield from self._quoted(meant, evidence, failure.why))
        if len(given) == len(evidence):
            return draft
        fewer = notice("passages_left_out", number=len(evidence) - len(given), found=len(evidence))
        return replace(draft, evidence=given, notices=(fewer, *draft.notices))

    def _half(self, evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
        """The first passages, with at most half of the tokens; at least one."""
        sizes = [self.quotes.tokens.count(e.text) for e in evidence]
        fits = sum(total <= sum(sizes) / 2 for total in accumulate(sizes))
        return evidence[: max(1, fits)]

    def _repaired(
        self, question: str, evidence: Sequence[Evidence], history: Sequence[Message]
    ) -> Generator[Event, None, Draft]:
        """The model's answer, written once more where the settings ask for that."""
        settings = self.quotes.settings
        messages = build_messages(
            question,
            evidence,
            history,
            rules=self.prompts.answer,
            max_history_tokens=settings.max_history_tokens,
            count=self.quotes.tokens.count,
        )
        first, pieces = yield from self._reply(messages, evidence)
        # in another language than its source, a sentence would be no more comparable if it were written again
        unsupported = [s for s in first.sentences if not s.supported and not (s.why and s.why.code == "other_language")]
        if not unsupported or settings.unsupported != "repair":
            return first
        yield retrieval_event(evidence)
        asked = repair_messages(messages, first.text, unsupported, self.prompts.repair)
        try:
            again, others = yield from self._reply(asked, evidence)
        except _ModelFailedError:
            if not any(sentence.supported for sentence in first.sentences):
                raise
            again, others = Draft(), []
        usage = {kind: count + again.usage.get(kind, 0) for kind, count in first.usage.items()}
        if keeps(others, pieces):
            rewritten = notice("rewritten", number=len(unsupported), all=len(first.sentences))
            return replace(again, usage=usage, notices=(rewritten, *again.notices))
        yield retrieval_event(evidence)
        whole = mended(pieces, others)
        yield from replayed(whole)
        text, sentences = "".join(piece.text for piece in whole), [piece.sentence for piece in whole if piece.sentence]
        cut_off = {each.code: each for each in (*first.notices, *again.notices)}.get("cut_off")
        told = (notice("left_out", number=len(unsupported)), *([cut_off] if cut_off else []))
        return replace(first, text=text.strip(), sentences=tuple(sentences), usage=usage, notices=told)

    def _quoted(self, question: str, evidence: Sequence[Evidence], failure: Notice) -> Generator[Event, None, Draft]:
        """Quotes, and a notice of why the model did not answer."""
        failed = notice("model_failed", model=self.name, failure=failure)
        _LOG.info(failed)
        yield retrieval_event(evidence)
        draft = yield from self.quotes.quote(question, evidence)
        return Draft(text=draft.text, sentences=draft.sentences, why=draft.why, notices=(failed,))

    def _reply(
        self, messages: Sequence[Message], evidence: Sequence[Evidence]
    ) -> Generator[Event, None, tuple[Draft, list[Piece]]]:
        """The model's answer, and all that it wrote, sentence by sentence."""
        usage: Counter[str] = Counter()
        writing = yield from self._written(messages, evidence, usage)
        prices = self.quotes.settings.model.price_per_million
        cost = {"cost": prices.cost(usage["input_tokens"], usage["output_tokens"])} if prices and usage else {}
        draft = Draft(model=self.name, usage={**usage, **cost})
        verified = any(sentence.supported for sentence in writing.sentences)
        if writing.transcript.declines and not verified:
            if writing.text:
                yield retrieval_event(evidence)
            return replace(draft, why=notice("not_stated")), []
        if not writing.transcript.text.strip():
            raise _ModelFailedError(notice("empty_reply"))
        if writing.dropped and not verified:
            if writing.text:
                yield retrieval_event(evidence)
            return replace(draft, why=notice("all_left_out", number=writing.dropped)), []
        told = [notice("left_out", number=writing.dropped)] if writing.dropped else []
        told += [] if verified else [notice("nothing_verified")]
        told += [notice("cut_off")] if writing.cut_off else []
        draft = replace(draft, text=writing.text.strip(), sentences=tuple(writing.sentences), notices=tuple(told))
        return draft, writing.pieces

    def _written(
        self, messages: Sequence[Message], evidence: Sequence[Evidence], usage: Counter[str]
    ) -> Generator[Event, None, Writing]:
        """The model's reply, without what it thought.

        Args:
            usage: what the model's server counts is added to it.
        """
        verifier = Verifier(
            evidence,
            encoder=self.quotes.encoder,
            lexical=self.quotes.lexical,
            idf=self.quotes.idf,
            read_text=self.quotes.read_text,
            judge=self.judge,
        )
        known, drop = {e.number for e in evidence}, self.quotes.settings.unsupported == "drop"
        writing, thoughts = Writing(verifier, Transcript(known), drop=drop), Thoughts()
        pieces = stream_model(self.model, messages, self.quotes.settings.model.timeout_s)
        cut_off = False
        while True:
            try:
                piece = next(pieces, None)
            except Exception as error:  # whatever a model raises, the documents can still be quoted
                failed = _TooLongError if is_too_long(error) else _ModelFailedError
                raise failed(why_failed(error)) from error
            if piece is not None and (used := piece.usage_metadata):
                usage.update({kind: used[kind] for kind in ("input_tokens", "output_tokens", "total_tokens")})
            cut_off = cut_off or (piece is not None and is_cut_off(piece))
            said = thoughts.finish() if piece is None else thoughts.feed(str(piece.text))
            if thoughts.anew:
                if writing.text:
                    yield retrieval_event(evidence)
                writing = Writing(verifier, Transcript(known), drop=drop)
            yield from writing.show(writing.transcript.feed(said))
            if piece is None:
                yield from writing.show(writing.transcript.finish(), final=True)
                writing.cut_off = cut_off
                return writing


class _ModelFailedError(Exception):
    """The model gave no usable reply; `why` is fit to be shown."""

    def __init__(self, why: Notice) -> None:
        self.why = why
        super().__init__(why.text)


class _TooLongError(_ModelFailedError):
    """The model reads less than it was sent."""
