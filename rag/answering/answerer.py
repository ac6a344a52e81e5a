"""Question and hits -> a stream of events that ends in an answer.

Events are plain dicts:

    {"type": "retrieval", "evidence": [...]}                what the answer may rest on; a second one starts it over
    {"type": "token", "text": ...}                          text to append; all of them make up the answer
    {"type": "sentence", "index": i, "sentence": {...}}     a sentence that is complete and checked
    {"type": "citation", "sentence": i, "citation": {...}}  each citation of sentence i
    {"type": "done", "answer": {...}}                       the JSON of `rag ask`, nothing else beside it
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from rag.answering.abstention import decide
from rag.answering.citations import cite
from rag.answering.evidence import ChunkSpans, Parent, ReadText, pack_evidence
from rag.answering.extractive import answer_by_quotes
from rag.answering.llm import stream_model, why_failed
from rag.answering.matching import Idf
from rag.answering.meaning import StoredSentences
from rag.answering.prompt import build_messages
from rag.answering.streaming import Transcript
from rag.answering.verifier import Verifier
from rag.prompts import Message
from rag.protocols import Encoder, LexicalEncoder
from rag.results import Answer, AnswerSentence, Evidence, SearchResult
from rag.settings import AnswerSettings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_LOG = logging.getLogger(__name__)

Event: TypeAlias = dict[str, Any]
Events: TypeAlias = Generator[Event, None, Answer]
"""Events in order; the answer itself is the generator's return value."""

EXTRACTIVE = "extractive"


class Answerer(Protocol):
    """Answers from what was found, with or without a language model."""

    def stream(self, question: str, result: SearchResult, history: Sequence[Message] = ()) -> Events:
        """Answer a question.

        Args:
            question: as the user asked it.
            result: what was found for it.
            history: earlier `{"role", "content"}` messages, oldest first.
        """
        ...


def answer(question: str, result: SearchResult, *, answerer: Answerer, history: Sequence[Message] = ()) -> Answer:
    """The answer at the end of an answerer's stream."""
    events = answerer.stream(question, result, history)
    while True:
        try:
            next(events)
        except StopIteration as stop:
            folded: Answer = stop.value
            return folded


@dataclass(frozen=True, slots=True)
class _Draft:
    """What differs from one answer to the next."""

    text: str = ""
    sentences: tuple[AnswerSentence, ...] = ()
    reason: str | None = None
    model: str = EXTRACTIVE
    usage: Mapping[str, int] = field(default_factory=dict)
    notice: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractiveAnswerer:
    """Answers with quotes; needs no language model."""

    settings: AnswerSettings
    encoder: Encoder
    lexical: LexicalEncoder
    idf: Idf
    read_text: ReadText
    chunk_spans: ChunkSpans
    stored: StoredSentences
    parent: Parent | None = None

    def stream(self, question: str, result: SearchResult, history: Sequence[Message] = ()) -> Events:  # noqa: ARG002
        """See `Answerer.stream`. The history changes nothing here."""
        return _stream(self, question, result, lambda evidence: self.quote(question, evidence))

    def quote(self, question: str, evidence: Sequence[Evidence]) -> Generator[Event, None, _Draft]:
        """The events of an answer by quotes."""
        quotes = answer_by_quotes(
            question,
            evidence,
            encoder=self.encoder,
            lexical=self.lexical,
            idf=self.idf,
            stored=self.stored,
            max_sentences=self.settings.max_sentences,
        )
        passages = {e.number: e for e in evidence}
        sentences = []
        for index, quote in enumerate(quotes):
            citation = cite(passages[quote.evidence], quote.start, quote.end, self.read_text)
            sentences.append(AnswerSentence(text=quote.text, supported=citation.verified, citations=(citation,)))
            yield {"type": "token", "text": quote.text if index == 0 else f"\n{quote.text}"}
            yield from _checked(index, sentences[-1])
        if not sentences:
            return _Draft(reason="The nearest passages hold no sentence that could be quoted.")
        return _Draft(text="\n".join(quote.text for quote in quotes), sentences=tuple(sentences))


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAnswerer:
    """Lets a model write the answer from the evidence and checks every sentence; quotes where the model fails.

    Attributes:
        model: any LangChain chat model.
        name: what the answer says about who wrote it.
        quotes: answers in its place, and lends it what it needs for checking.
    """

    model: "BaseChatModel"
    name: str
    quotes: ExtractiveAnswerer

    def stream(self, question: str, result: SearchResult, history: Sequence[Message] = ()) -> Events:
        """See `Answerer.stream`. A model that fails in the middle leaves a second `retrieval` event behind it."""
        return _stream(self.quotes, question, result, lambda evidence: self._write(question, evidence, history))

    def _write(
        self, question: str, evidence: Sequence[Evidence], history: Sequence[Message]
    ) -> Generator[Event, None, _Draft]:
        messages = build_messages(question, evidence, history)
        try:
            return (yield from self._reply(messages, evidence))
        except _ModelFailedError as failure:
            notice = f"The model {self.name} gave no answer ({failure}); the documents are quoted instead."
        _LOG.info(notice)
        yield _retrieval(evidence)
        draft = yield from self.quotes.quote(question, evidence)
        return _Draft(text=draft.text, sentences=draft.sentences, reason=draft.reason, notice=notice)

    def _reply(self, messages: Sequence[Message], evidence: Sequence[Evidence]) -> Generator[Event, None, _Draft]:
        q = self.quotes
        verifier = Verifier(
            evidence, encoder=q.encoder, lexical=q.lexical, idf=q.idf, read_text=q.read_text, stored=q.stored
        )
        transcript = Transcript({e.number for e in evidence})
        sentences: list[AnswerSentence] = []
        usage: Counter[str] = Counter()

        def shown(text: str, *, final: bool = False) -> Generator[Event, None, None]:
            if text:
                yield {"type": "token", "text": text}
            for complete in transcript.sentences(final=final):
                sentence = verifier.support(complete)
                if sentence is not None:
                    yield from _checked(len(sentences), sentence)
                    sentences.append(sentence)

        pieces = stream_model(self.model, messages, q.settings.timeout_s)
        while True:
            try:
                piece = next(pieces, None)
            except Exception as error:  # whatever a model raises, the documents can still be quoted
                raise _ModelFailedError(why_failed(error)) from error
            if piece is None:
                break
            if used := piece.usage_metadata:
                usage.update({kind: used[kind] for kind in ("input_tokens", "output_tokens", "total_tokens")})
            yield from shown(transcript.feed(str(piece.text)))
        yield from shown(transcript.finish(), final=True)
        if transcript.refused:
            return _Draft(reason="The passages found do not state the answer.", model=self.name, usage=dict(usage))
        text = transcript.text.strip()
        if not text:
            raise _ModelFailedError("an empty reply")
        unchecked = not any(sentence.supported for sentence in sentences)
        notice = "Nothing in this answer could be verified in the documents." if unchecked else None
        return _Draft(text=text, sentences=tuple(sentences), model=self.name, usage=dict(usage), notice=notice)


class _ModelFailedError(Exception):
    """The model gave no usable reply; the message is fit to be shown."""


def _stream(
    answerer: ExtractiveAnswerer,
    question: str,
    result: SearchResult,
    write: Callable[[Sequence[Evidence]], Generator[Event, None, _Draft]],
) -> Events:
    """What all answers have in common: evidence first, abstention, the end."""
    started = time.perf_counter()
    settings = answerer.settings
    evidence = pack_evidence(
        result.hits,
        read_text=answerer.read_text,
        chunk_spans=answerer.chunk_spans,
        max_chars=settings.max_evidence_chars,
        parent=answerer.parent,
    )
    packed = time.perf_counter()
    yield _retrieval(evidence)
    reason = decide(result, settings.min_confidence)
    if reason is None and not evidence:
        reason = "The passages that were found have changed since; ask again."
    draft = _Draft(reason=reason) if reason else (yield from write(evidence))
    spent = {"evidence": packed - started, "answer": time.perf_counter() - packed}
    final = Answer(
        question=question,
        standalone_question=question,
        answer=draft.text,
        abstained=draft.reason is not None,
        reason=draft.reason,
        confidence=result.coverage if result.hits else None,
        sentences=draft.sentences,
        evidence=evidence,
        model=draft.model,
        usage=draft.usage,
        timings_ms={**result.timings_ms, **{name: round(seconds * 1000, 3) for name, seconds in spent.items()}},
        notice=draft.notice,
    )
    yield {"type": "done", "answer": final.to_dict()}
    return final


def _retrieval(evidence: Sequence[Evidence]) -> Event:
    return {"type": "retrieval", "evidence": [e.to_dict() for e in evidence]}


def _checked(index: int, sentence: AnswerSentence) -> Generator[Event, None, None]:
    yield {"type": "sentence", "index": index, "sentence": sentence.to_dict()}
    for citation in sentence.citations:
        yield {"type": "citation", "sentence": index, "citation": citation.to_dict()}
