"""Late chunking: a chunk's vector is made of its tokens' states in the document, not of its text alone.

Günther et al. 2024, arXiv:2409.04701.
"""

from collections.abc import Sequence

from rag.errors import ModelError
from rag.points import Vector
from rag.protocols import Encoder, Situator, Spans, TokenCounter
from rag.situating.windows import context_windows
from rag.types import Chunk, Document

_BETWEEN = "\n"


class LateSituator:
    """Encodes the document's chunks together, as far as the encoder's window goes, and takes the mean of each one's
    token states in place of its raw vector. Costs a second encoding of every document that has several chunks.

    Args:
        situator: composes the situated vectors from these, and makes the lines.
        counter: the encoder's tokenizer.
    """

    def __init__(self, situator: Situator, counter: TokenCounter) -> None:
        self._situator, self._counter = situator, counter

    def lines(self, document: Document, chunks: Sequence[Chunk]) -> list[str]:
        """Those of the inner situator."""
        return self._situator.lines(document, chunks)

    def vectors(self, document: Document, chunks: Sequence[Chunk], raw: Vector, encoder: Encoder) -> Vector:
        """(n, d) float32, unit norm: the inner situator's, of late vectors in place of the raw ones (n, d).

        A chunk that shares its window with no other keeps its raw vector: there is no context to read it in.

        Raises:
            ModelError: the encoder has no vector of a chunk that its tokenizer has tokens of.
        """
        return self._situator.vectors(document, chunks, self._late(chunks, raw, encoder), encoder)

    def _late(self, chunks: Sequence[Chunk], raw: Vector, encoder: Encoder) -> Vector:
        windows = self._windows(chunks)
        members: dict[tuple[int, int], list[int]] = {}
        for i, window in enumerate(windows):
            if window[1] - window[0] > 1 and chunks[i].tokens:
                members.setdefault(window, []).append(i)
        if not members:
            return raw
        texts, parts = [], []
        for (first, last), inside in members.items():
            text, spans = _text(chunks[first:last])
            texts.append(text)
            parts.append([spans[i - first] for i in inside])
        _, read = encoder.encode_parts(texts, parts, kind="document")
        late = raw.copy()
        for inside, found in zip(members.values(), read, strict=True):
            if not (known := found.any(axis=1)).all():
                raise ModelError(
                    f"situating: late: the encoder has {known.sum()} vectors of {len(inside)} chunks of "
                    f"{chunks[0].document_id}, which fit its window: leave `late` out of `situating`"
                )
            late[inside] = found
        return late

    def _windows(self, chunks: Sequence[Chunk]) -> list[tuple[int, int]]:
        """The window of each chunk; none that holds several is longer than the encoder reads."""
        sizes = self._counter.count([chunk.plain + _BETWEEN for chunk in chunks])
        budget = limit = self._counter.max_tokens
        while True:
            windows = context_windows(sizes, budget)
            shared = sorted({window for window in windows if window[1] - window[0] > 1})
            # in some vocabularies the whole has other tokens than its parts
            longest = max(self._counter.count([_text(chunks[a:b])[0] for a, b in shared]), default=0)
            if longest <= limit:
                return windows
            budget -= longest - limit


def _text(chunks: Sequence[Chunk]) -> tuple[str, Spans]:
    """The chunks' plain texts joined, and the span of each.

    A span begins with the line end before it: in some vocabularies it is part of the first token.
    """
    spans, start = [], 0
    for n, chunk in enumerate(chunks):
        end = start + (len(_BETWEEN) if n else 0) + len(chunk.plain)
        spans.append((start, end))
        start = end
    return _BETWEEN.join(chunk.plain for chunk in chunks), spans
