"""What the doors hand out: hits, answers, reports. `to_dict()` of each is exactly the JSON of the command line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rag.candidates import Trace
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
        return _plain(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult(Sequence[Hit]):
    """The hits of one query, best first; a sequence of `Hit`."""

    query: str
    hits: tuple[Hit, ...]
    timings_ms: Mapping[str, float]
    coverage: float | None = None
    """Calibrated probability that the question is about this corpus; None where there are no hits, or where it is not
    known: it is calibrated for the default weights and model, or by `rag calibrate`. See `rag.answering.abstention`."""
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

    def chunk_at(self, position: int) -> ChunkSpan:
        """The chunk that holds the character at this position of the document's text, else the nearest before."""
        return max((c for c in self.chunks if c.start <= position), key=lambda c: c.start, default=self.chunks[0])

    def to_dict(self) -> dict[str, Any]:
        names = ("number", "document_id", "uri", "title", "headings", "page", "start", "end", "text", "mime", "score")
        return {name: _json(getattr(self, name)) for name in names}


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
        return _plain(self)


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
        return _plain(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A document that could not be taken. `kind` is one word for programs."""

    id: str
    uri: str
    error: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Something in a source that is not taken, and why."""

    uri: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDocument:
    """What a job would do with one document: new, changed or deleted."""

    id: str
    uri: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """An index setting that differs from the one the corpus was built with."""

    key: str
    stored: Any
    wanted: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an ingest would do. `documents` lists all that it would touch."""

    corpus: str
    new: int
    changed: int
    unchanged: int
    deleted: int
    failed: tuple[Failure, ...]
    skipped: tuple[Skipped, ...]
    documents: tuple[PlannedDocument, ...]
    settings_changed: tuple[SettingChange, ...]
    estimate: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        changes = [{"key": c.key, "from": c.stored, "to": c.wanted} for c in self.settings_changed]
        return {**_plain(self), "settings_changed": changes}


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """What an ingest did. `stages` are busy seconds of each stage; they overlap.

    `contexts_written` counts what a language model was paid for; contexts that were kept from earlier are not in it.
    """

    corpus: str
    new: int
    changed: int
    unchanged: int
    deleted: int
    failed: tuple[Failure, ...]
    skipped: tuple[Skipped, ...]
    chunks_written: int
    chunks_deleted: int
    tokens_encoded: int
    tokens_truncated: int
    tokens_unknown: int
    contexts_written: int
    seconds: float
    stages: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        return _plain(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """What reconciling documents and chunks found.

    Attributes:
        missing_chunks: listed by a document, not stored.
        orphan_chunks: stored, listed by no document.
        stale_documents: stored text, payload or vectors of a chunk are not what its document makes them.
        repaired: how many of these were mended.
    """

    documents: int
    chunks: int
    missing_chunks: int
    orphan_chunks: int
    stale_documents: int
    repaired: int

    @property
    def ok(self) -> bool:
        return not (self.missing_chunks or self.orphan_chunks or self.stale_documents)

    def to_dict(self) -> dict[str, Any]:
        return {"ok": self.ok, **_plain(self)}


def _plain(value: Any) -> dict[str, Any]:
    return {name: _json(item) for name, item in asdict(value).items()}


def _json(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_json(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _json(item) for key, item in value.items()}
    return value
