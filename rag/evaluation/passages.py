"""A corpus of given passages: each is one chunk, situated by the others of its document."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Literal, TypeAlias

import numpy as np
from langchain_core.documents.base import Blob

from rag.chunking.words import split_long_words
from rag.evaluation.beir import Passage
from rag.points import Vector
from rag.protocols import Encoder, Spans, TokenCounter
from rag.types import Chunk, Document, Element, Parsed, SourceItem

SOURCE = "passages"
_BETWEEN = "\n\n"
Chunks: TypeAlias = list[Chunk]


class PassageSource:
    """Documents made of passages; implements `rag.protocols.Connector`, `Parser` and `Chunker`.

    A document's title is its first passage's; where a passage has no heading path, another title is its heading. A
    passage without text is its title.

    Args:
        passages: in any order.
        counter: the encoder's tokenizer.
    """

    name = SOURCE

    def __init__(self, passages: Sequence[Passage], counter: TokenCounter) -> None:
        ordered = sorted(passages, key=lambda p: (p.document_id, p.ordinal))
        self._groups = {key: [*group] for key, group in groupby(ordered, key=lambda p: p.document_id)}
        self._counter = counter
        self._ids: dict[str, str] = {}

    def list(self) -> Iterator[SourceItem]:
        for key in self._groups:
            yield SourceItem(source=SOURCE, key=key, uri=key, fingerprint="1", mime="text/plain")

    def fetch(self, item: SourceItem) -> Blob:
        return Blob.from_data(self._text(item.key), mime_type="text/plain")

    def parse(self, blob: Blob, item: SourceItem) -> Parsed:
        elements, at = [], 0
        for passage in self._groups[item.key]:
            text = passage.text or passage.title
            elements.append(Element(kind="paragraph", start=at, end=at + len(text)))
            at += len(text) + len(_BETWEEN)
        document = Document(
            id=item.id,
            source=SOURCE,
            uri=item.uri,
            title=self._groups[item.key][0].title,
            mime="text/plain",
            text=blob.as_string(),
            elements=tuple(elements),
        )
        return Parsed(documents=(document,))

    def split(self, document: Document) -> Chunks:
        """A chunk a passage, however long."""
        passages = self._groups[document.id.removeprefix(f"{SOURCE}:")]
        texts = [document.text[element.start : element.end] for element in document.elements]
        plains = [split_long_words(text, self._counter.max_word_chars) for text in texts]
        seen: Counter[str] = Counter()
        chunks = []
        rows = zip(document.elements, passages, texts, plains, self._counter.count(plains), strict=True)
        for ordinal, (element, passage, text, plain, tokens) in enumerate(rows):
            chunks.append(
                Chunk(
                    id=Chunk.id_of(document.id, text, seen[text]),
                    document_id=document.id,
                    ordinal=ordinal,
                    start=element.start,
                    end=element.end,
                    text=text,
                    plain=plain,
                    headings=_headings(passage, document.title),
                    tokens=tokens,
                )
            )
            seen[text] += 1
        self._ids.update((chunk.id, passage.id) for chunk, passage in zip(chunks, passages, strict=True))
        return chunks

    def passage_of(self, chunk_id: str) -> str:
        """The passage that became this chunk when it was indexed."""
        return self._ids[chunk_id]

    def passage_id(self, document_id: str, ordinal: int) -> str:
        """The passage that a hit is."""
        return self._groups[document_id.removeprefix(f"{SOURCE}:")][ordinal].id

    def holds_members(self, item: SourceItem) -> bool:  # noqa: ARG002 - no passage holds documents
        return False

    def close(self) -> None:
        """Nothing is held open."""

    def _text(self, key: str) -> str:
        return _BETWEEN.join(passage.text or passage.title for passage in self._groups[key])


def _headings(passage: Passage, title: str) -> tuple[str, ...]:
    if passage.headings is not None:
        return passage.headings
    return (passage.title,) if passage.title not in ("", title) else ()


class WindowEncoder:
    """An encoder whose vector of a text beyond its window is the token-weighted mean of its windows'.

    Implements `rag.protocols.Encoder`. Passages of a data set are kept whole, whatever their length.
    """

    def __init__(self, encoder: Encoder, counter: TokenCounter) -> None:
        self._encoder, self._counter = encoder, counter

    @property
    def dimension(self) -> int:
        return self._encoder.dimension

    @property
    def tokens_encoded(self) -> int:
        return self._encoder.tokens_encoded

    @property
    def tokens_truncated(self) -> int:
        return self._encoder.tokens_truncated

    @property
    def tokens_unknown(self) -> int:
        return self._encoder.tokens_unknown

    def encode(self, texts: Sequence[str], *, kind: Literal["query", "document"]) -> Vector:
        """(n, dimension) float32, unit norm."""
        windows = self._windows(texts)
        flat = [text[start:end] for text, spans in zip(texts, windows, strict=True) for start, end in spans]
        return self._means(windows, flat, self._encoder.encode(flat, kind=kind))

    def encode_parts(
        self, texts: Sequence[str], parts: Sequence[Spans], *, kind: Literal["query", "document"]
    ) -> tuple[Vector, list[Vector]]:
        """See `rag.protocols.Encoder`; a part is read in each window that has some of it, and is the mean of these."""
        windows = self._windows(texts)
        flat, inner = [], []
        for text, spans, of_text in zip(texts, windows, parts, strict=True):
            for start, end in spans:
                flat.append(text[start:end])
                shared = [(max(low, start) - start, min(high, end) - start) for low, high in of_text]
                inner.append([(low, max(low, high)) for low, high in shared])
        vectors, rows = self._encoder.encode_parts(flat, inner, kind=kind)
        ends = np.cumsum([len(spans) for spans in windows])
        sums = [np.sum(rows[end - len(spans) : end], axis=0) for end, spans in zip(ends.tolist(), windows, strict=True)]
        of_parts = [
            np.asarray(s / np.maximum(np.linalg.norm(s, axis=1, keepdims=True), 1e-12), np.float32) for s in sums
        ]
        return self._means(windows, flat, vectors), of_parts

    def _means(self, windows: Sequence[Spans], flat: Sequence[str], vectors: Vector) -> Vector:
        weights = self._counter.count(flat)
        found, at = np.empty((len(windows), self.dimension), np.float32), 0
        for row, spans in enumerate(windows):
            end = at + len(spans)
            if len(spans) == 1:
                found[row] = vectors[at]
            else:
                mean = np.average(vectors[at:end], axis=0, weights=np.maximum(weights[at:end], 1))
                found[row] = mean / max(float(np.linalg.norm(mean)), 1e-12)
            at = end
        return found

    def _windows(self, texts: Sequence[str]) -> list[Spans]:
        """Spans of each text that fit the window."""
        sizes = self._counter.count(texts)
        return [
            [*self._cut(text)] if size > self._counter.max_tokens else [(0, len(text))]
            for text, size in zip(texts, sizes, strict=True)
        ]

    def _cut(self, text: str) -> Iterator[tuple[int, int]]:
        """The text in pieces that fit, cut at white space where there is some."""
        start = 0
        while start < len(text):
            low, high = start + 1, len(text)
            while low < high:  # the longest beginning that fits
                middle = (low + high + 1) // 2
                if self._counter.count([text[start:middle]])[0] <= self._counter.max_tokens:
                    low = middle
                else:
                    high = middle - 1
            cut = low if low == len(text) else max(text.rfind(" ", start + 1, low), text.rfind("\n", start + 1, low))
            cut = cut if cut > start else low
            yield start, cut
            start = cut + len(text[cut:]) - len(text[cut:].lstrip())
