"""What questions bring: hits, answers, documents. `to_dict()` of each is exactly the JSON of the command line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rag.candidates import Trace
from rag.json_values import json_object, json_value
from rag.notices import Notice
from rag.types import LineBox, Metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A chunk that was found.

    Attributes:
        rank: 1, 2, 3 ... without gaps.
        score: fused, on a fixed scale: higher is better, about 1 at best.
        page: of the first character, from 1; None without pages.
        start, end: the chunk's span in the document's text.
        situation: the line that situates the chunk; matched, not part of the text.
        scores: score in every leg, also in those that did not bring the candidate.
        ranks: rank from 1 among the candidates in every leg.
        ordinal: position of the chunk in its document, from 0.
        lines: boxes of its lines, for formats with pages.
    """

    rank: int
    score: float
    chunk_id: str
    document_id: str
    uri: str
    title: str
    headings: tuple[str, ...]
    page: int | None
    start: int
    end: int
    text: str
    situation: str
    metadata: Metadata
    scores: Mapping[str, float]
    ranks: Mapping[str, int]
    ordinal: int
    mime: str = ""
    lines: tuple[LineBox, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return json_object(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult(Sequence[Hit]):
    """The hits of one query, best first; a sequence of `Hit`."""

    query: str
    hits: tuple[Hit, ...]
    timings_ms: Mapping[str, float]
    coverage: float | None = None
    """Calibrated probability that the question is about this corpus; None where there are no hits, or where it is not
    known: it is calibrated for the default weights and model, or by `rag calibrate`. See `rag.answering.abstention`."""
    fused: float = 0.0
    """Score of the best chunk by fusion, before any reranking, which is what `coverage` is made of; 0 without hits."""
    read: bool = True
    """The encoder reads the question's language, so that vectors are in that score."""
    threshold: float = 0.5
    """Coverage below which the question is not answered, unless the settings name another."""
    trace: Trace | None = None
    """How it came to these hits, where the search was asked to say so."""
    filtered: bool = False
    """A filter (`where`) left documents out; what may not be seen does not count."""
    why_nothing: Notice | None = None
    """Why there are no hits; None where there are."""
    corrected: str | None = None
    """The query as it was searched for, where words that the corpus does not have were taken for others."""

    @property
    def searched(self) -> str:
        """What was searched for."""
        return self.corrected or self.query

    def __len__(self) -> int:
        return len(self.hits)

    def __getitem__(self, index: Any) -> Any:
        return self.hits[index]

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def to_dict(self) -> dict[str, Any]:
        corrected = {} if self.corrected is None else {"corrected": self.corrected}
        hits = [hit.to_dict() for hit in self.hits]
        found = {"query": self.query, **corrected, "hits": hits, "timings_ms": dict(self.timings_ms)}
        return found if self.trace is None else {**found, "trace": self.trace.to_dict()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkSpan:
    """Which part of the document's text is which chunk, and the heading path that it starts under."""

    chunk_id: str
    start: int
    end: int
    page: int | None
    headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A contiguous run of a document's text that an answer may rest on.

    Attributes:
        number: from 1; what a citation names.
        text: `document.text[start:end]`.
        chunks: the chunks within it, in order.
        score: of its best hit.
        mime: of the document.
        table_head: the line above, with the heads of the columns, where it begins within a table.
    """

    number: int
    document_id: str
    uri: str
    title: str
    headings: tuple[str, ...]
    page: int | None
    start: int
    end: int
    text: str
    chunks: tuple[ChunkSpan, ...]
    score: float
    mime: str = ""
    table_head: str = ""

    def chunk_at(self, position: int) -> ChunkSpan:
        """The chunk that holds the character at this position of the document's text, else the nearest before."""
        return max((c for c in self.chunks if c.start <= position), key=lambda c: c.start, default=self.chunks[0])

    def to_dict(self) -> dict[str, Any]:
        names = ("number", "document_id", "uri", "title", "headings", "page", "start", "end", "text", "mime", "score")
        return {name: json_value(getattr(self, name)) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A claim that was checked.

    Attributes:
        evidence: number of the evidence.
        start, end: span of the quote in the document's text.
        quote: `document.text[start:end]` as it was read for the answer.
        verified: the stored text was read again and has the quote at this span.
    """

    evidence: int
    chunk_id: str
    document_id: str
    uri: str
    title: str
    page: int | None
    start: int
    end: int
    quote: str
    verified: bool

    def to_dict(self) -> dict[str, Any]:
        return json_object(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSentence:
    """A sentence of the answer. `supported`: verified citations back it; `why`: why none do, else None."""

    text: str
    supported: bool
    citations: tuple[Citation, ...] = ()
    why: Notice | None = None

    @property
    def reason(self) -> str | None:
        """`why` in English."""
        return self.why.text if self.why else None

    def to_dict(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "supported": self.supported,
            "reason": self.reason,
            "why": self.why.to_dict() if self.why else None,
            "citations": [c.to_dict() for c in self.citations],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """Tokens of the evidence of an answer.

    Attributes:
        budget: `answer.max_evidence_tokens`; a first passage that is longer exceeds it.
        counted_by: the model's tokenizer, an encoding of tiktoken, or an estimate.
    """

    tokens: int = 0
    budget: int = 0
    counted_by: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {"tokens": self.tokens, "budget": self.budget, "counted_by": self.counted_by}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What `ask` returns.

    Attributes:
        standalone_question: what was searched for; differs from `question` in a conversation.
        answer: "" when abstained.
        why: why it abstained, else None.
        confidence: calibrated probability that the corpus covers the question, None where nothing is known.
        evidence: the nearest passages; also there when abstained.
        model: "extractive" without an LLM.
        usage: tokens by kind, as the model's server counts them, and `cost` where their price is known.
        packing: how much evidence there is, and may be.
        notices: what the user should know about how this answer came about.
    """

    question: str
    standalone_question: str
    answer: str
    abstained: bool
    why: Notice | None
    confidence: float | None
    sentences: tuple[AnswerSentence, ...]
    evidence: tuple[Evidence, ...]
    model: str
    usage: Mapping[str, float] = field(default_factory=dict)
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    packing: Packing = Packing()
    notices: tuple[Notice, ...] = ()

    @property
    def reason(self) -> str | None:
        """`why` in English."""
        return self.why.text if self.why else None

    @property
    def notice(self) -> str | None:
        """The notices in English; None without any."""
        return " ".join(notice.text for notice in self.notices) or None

    def to_dict(self) -> dict[str, Any]:
        return {
            "question": self.question,
            "standalone_question": self.standalone_question,
            "answer": self.answer,
            "abstained": self.abstained,
            "reason": self.reason,
            "why": self.why.to_dict() if self.why else None,
            "confidence": self.confidence,
            "sentences": [s.to_dict() for s in self.sentences],
            "evidence": [e.to_dict() for e in self.evidence],
            "model": self.model,
            "usage": dict(self.usage),
            "timings_ms": dict(self.timings_ms),
            "packing": self.packing.to_dict(),
            "notice": self.notice,
            "notices": [notice.to_dict() for notice in self.notices],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDocument:
    """A document as stored: what `show` returns."""

    document_id: str
    uri: str
    title: str
    text: str
    metadata: Metadata
    chunks: tuple[Mapping[str, Any], ...]
    mime: str = ""

    def to_dict(self) -> dict[str, Any]:
        return json_object(self)
