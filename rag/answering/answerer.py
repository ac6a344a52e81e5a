"""Question and hits -> a stream of events that ends in an answer.

Events are plain dicts:

    {"type": "retrieval", "evidence": [...]}                what the answer may rest on; a second one starts it over
    {"type": "token", "text": ...}                          text to append; all of them make up the answer
    {"type": "sentence", "index": i, "sentence": {...}}     a sentence that is complete and checked
    {"type": "citation", "sentence": i, "citation": {...}}  each citation of sentence i
    {"type": "done", "answer": {...}}                       the JSON of `rag ask`, nothing else beside it
"""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from rag.answering.abstention import decide
from rag.answering.budget import TokenCount
from rag.answering.citations import cite
from rag.answering.conflicts import differences
from rag.answering.evidence import ChunkSpans, Parent, ReadText, pack_evidence
from rag.answering.extractive import answer_by_quotes
from rag.answering.matching import Idf
from rag.answering.meaning import StoredSentences
from rag.notices import Notice, notice
from rag.prompts import Message
from rag.protocols import Encoder, LexicalEncoder
from rag.results import Answer, AnswerSentence, Evidence, Packing, SearchResult
from rag.settings import AnswerSettings

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
            result: what was found for it; its `query` is the question as it was meant.
            history: earlier `{"role", "content"}` messages, oldest first.
        """
        ...


def answer(question: str, result: SearchResult, *, answerer: Answerer, history: Sequence[Message] = ()) -> Answer:
    """The answer at the end of an answerer's stream."""
    return fold(answerer.stream(question, result, history))


def fold(events: Events) -> Answer:
    """The answer at the end of a stream."""
    while True:
        try:
            next(events)
        except StopIteration as stop:
            folded: Answer = stop.value
            return folded


@dataclass(frozen=True, slots=True)
class Draft:
    """What differs from one answer to the next.

    Attributes:
        evidence: what was read, where that is less than was packed.
    """

    text: str = ""
    sentences: tuple[AnswerSentence, ...] = ()
    why: Notice | None = None
    model: str = EXTRACTIVE
    usage: Mapping[str, float] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    evidence: tuple[Evidence, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractiveAnswerer:
    """Answers with quotes; needs no language model.

    Attributes:
        tokens: counts the tokens of evidence, as the model that reads it does.
    """

    settings: AnswerSettings
    encoder: Encoder
    lexical: LexicalEncoder
    idf: Idf
    read_text: ReadText
    chunk_spans: ChunkSpans
    stored: StoredSentences
    tokens: TokenCount
    parent: Parent | None = None

    def stream(self, question: str, result: SearchResult, history: Sequence[Message] = ()) -> Events:  # noqa: ARG002
        """See `Answerer.stream`. The history changes nothing here."""
        return stream_answer(self, question, result, lambda evidence: self.quote(result.searched, evidence))

    def quote(self, question: str, evidence: Sequence[Evidence]) -> Generator[Event, None, Draft]:
        """The events of an answer by quotes."""
        quotes = answer_by_quotes(
            question,
            evidence,
            encoder=self.encoder,
            lexical=self.lexical,
            idf=self.idf,
            stored=self.stored,
            max_sentences=1 if self.settings.style == "short" else self.settings.max_sentences,
        )
        passages = {e.number: e for e in evidence}
        sentences = []
        for index, quote in enumerate(quotes):
            citation = cite(passages[quote.evidence], quote.start, quote.end, self.read_text)
            sentences.append(AnswerSentence(text=quote.said, supported=citation.verified, citations=(citation,)))
            yield {"type": "token", "text": quote.said if index == 0 else f"\n{quote.said}"}
            yield from checked_events(index, sentences[-1])
        if not sentences:
            return Draft(why=notice("no_quote"))
        return Draft(text="\n".join(quote.said for quote in quotes), sentences=tuple(sentences))


def stream_answer(
    answerer: ExtractiveAnswerer,
    question: str,
    result: SearchResult,
    write: Callable[[Sequence[Evidence]], Generator[Event, None, Draft]],
) -> Events:
    """What all answers have in common: evidence first, abstention, the end."""
    started = time.perf_counter()
    settings = answerer.settings
    evidence = pack_evidence(
        result.hits,
        read_text=answerer.read_text,
        chunk_spans=answerer.chunk_spans,
        max_tokens=settings.max_evidence_tokens,
        count=answerer.tokens.count,
        parent=answerer.parent,
    )
    packed = time.perf_counter()
    yield retrieval_event(evidence)
    why = decide(result, settings.min_confidence)
    if why is None and not evidence:
        why = notice("passages_changed")
    draft = Draft(why=why) if why else (yield from write(evidence))
    evidence = evidence if draft.evidence is None else draft.evidence
    differ = differences(result.searched, draft.sentences, evidence, lexical=answerer.lexical, idf=answerer.idf)
    packing = Packing(
        tokens=sum(answerer.tokens.count(e.text) for e in evidence),
        budget=settings.max_evidence_tokens,
        counted_by=answerer.tokens.by,
    )
    spent = {"evidence": packed - started, "answer": time.perf_counter() - packed}
    final = Answer(
        question=question,
        standalone_question=result.searched,
        answer=draft.text,
        abstained=draft.why is not None,
        why=draft.why,
        confidence=result.coverage if result.hits else None,
        sentences=draft.sentences,
        evidence=evidence,
        model=draft.model,
        usage=draft.usage,
        timings_ms={**result.timings_ms, **{name: round(seconds * 1000, 3) for name, seconds in spent.items()}},
        packing=packing,
        notices=draft.notices + ((differ,) if differ else ()),
    )
    yield {"type": "done", "answer": final.to_dict()}
    return final


def retrieval_event(evidence: Sequence[Evidence]) -> Event:
    """The event that an answer starts with, or starts over with."""
    return {"type": "retrieval", "evidence": [e.to_dict() for e in evidence]}


def checked_events(index: int, sentence: AnswerSentence) -> Generator[Event, None, None]:
    """The events of a sentence that is complete and checked."""
    yield {"type": "sentence", "index": index, "sentence": sentence.to_dict()}
    for citation in sentence.citations:
        yield {"type": "citation", "sentence": index, "citation": citation.to_dict()}
