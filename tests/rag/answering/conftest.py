"""A corpus in memory, and words as terms."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.answering.answerer import ExtractiveAnswerer
from rag.answering.budget import TokenCount, estimated_tokens
from rag.answering.verification.verifier import Verifier
from rag.points import SparseVector
from rag.results import ChunkSpan, Evidence, Hit, SearchResult
from rag.settings import AnswerSettings
from rag.testing import HashEncoder

STOP_WORDS = "a an and are as at be by for from how i in is it of on or the this to was what when where which who"


class Words:
    """Every word is a term, every two neighbouring Chinese characters too; plural s is cut."""

    max_term_weight = 1.0

    def encode(self, texts: Sequence[str], *, kind: str) -> list[SparseVector]:
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> SparseVector:
        terms: set[str] = set()
        for word in re.findall(r"[\u4e00-\u9fff]+|[^\W_]+", text.casefold()):
            if "\u4e00" <= word[0] <= "\u9fff":
                terms |= {word[i : i + 2] for i in range(max(1, len(word) - 1))}
            elif word not in STOP_WORDS.split():
                terms.add(word if len(word) < 4 else word.removesuffix("s"))
        ids = sorted({int.from_bytes(hashlib.sha256(t.encode()).digest()[:4], "little") for t in terms})
        return SparseVector(np.array(ids, dtype=np.uint32), np.ones(len(ids), dtype=np.float32))


def flat_idf(terms: NDArray[np.uint32]) -> NDArray[np.float32]:
    return np.ones(len(terms), dtype=np.float32)


@dataclass
class Library:
    """Documents by id, each chunked at blank lines; counts how often texts are read."""

    texts: dict[str, str]
    reads: int = 0

    def read_text(self, document_id: str) -> str | None:
        self.reads += 1
        return self.texts.get(document_id)

    def chunk_spans(self, document_id: str) -> list[ChunkSpan]:
        spans = re.finditer(r"\S.*?(?=\n\n|\Z)", self.texts.get(document_id, ""), re.DOTALL)
        return [
            ChunkSpan(chunk_id=f"{document_id}#{n}", start=m.start(), end=m.end(), page=n + 1)
            for n, m in enumerate(spans)
        ]

    def hit(self, document_id: str, ordinal: int, score: float = 0.5, headings: tuple[str, ...] = ()) -> Hit:
        span = self.chunk_spans(document_id)[ordinal]
        return Hit(
            rank=1,
            score=score,
            chunk_id=span.chunk_id,
            document_id=document_id,
            uri=f"/docs/{document_id}",
            title=f"Title of {document_id}",
            headings=headings,
            page=span.page,
            start=span.start,
            end=span.end,
            text=self.texts[document_id][span.start : span.end],
            situation="",
            metadata={},
            scores={},
            ranks={},
            ordinal=ordinal,
        )

    def evidence(self, document_id: str, number: int = 1, score: float = 0.5) -> Evidence:
        """The whole document as one passage."""
        spans = self.chunk_spans(document_id)
        start, end = spans[0].start, spans[-1].end
        return Evidence(
            number=number,
            document_id=document_id,
            uri=f"/docs/{document_id}",
            title=f"Title of {document_id}",
            headings=(),
            page=1,
            start=start,
            end=end,
            text=self.texts[document_id][start:end],
            chunks=tuple(spans),
            score=score,
        )

    def result(self, *hits: Hit, coverage: float = 0.9, query: str = "q") -> SearchResult:
        return SearchResult(query=query, hits=hits, timings_ms={"search": 1.0}, coverage=coverage)


@pytest.fixture
def library() -> Callable[[Mapping[str, str]], Library]:
    return lambda texts: Library(dict(texts))


def nothing_stored(chunk_ids: Sequence[str]) -> dict[str, Any]:
    return {}


@pytest.fixture
def tools() -> dict[str, Any]:
    return {"encoder": HashEncoder(), "lexical": Words(), "idf": flat_idf}


@pytest.fixture
def quoting(tools: dict[str, Any]) -> Callable[..., ExtractiveAnswerer]:
    """An extractive answerer over a library, with settings as keywords."""

    def make(corpus: Library, **settings: Any) -> ExtractiveAnswerer:
        return ExtractiveAnswerer(
            settings=AnswerSettings.model_validate(settings),
            read_text=corpus.read_text,
            chunk_spans=corpus.chunk_spans,
            stored=nothing_stored,
            tokens=TokenCount(estimated_tokens, "estimate"),
            **tools,
        )

    return make


@pytest.fixture
def check(library: Any, tools: Any) -> Any:
    """Whether a sentence that cites a text is supported by it."""

    def check(text: str, claim: str) -> bool:
        corpus = library({"d": text})
        verifier = Verifier((corpus.evidence("d", 1),), read_text=corpus.read_text, **tools)
        checked = verifier.support(f"{claim} [1]")
        return checked is not None and checked.supported

    return check
