"""Chunks that hold as much as fits: whole sentences, or a fixed number of tokens."""

from collections.abc import Callable, Sequence

from rag.chunking.chunks import chunks_of
from rag.chunking.sizing import Sizer
from rag.chunking.units import Unit, structure_of, units_of, visible, with_empty_joined, words_of
from rag.protocols import TokenCounter
from rag.types import Chunk, Document

Repeat = Callable[[Sequence[Unit]], int]
"""How many units at the end of a chunk the next one repeats, if it has room for them."""


class SentenceChunker:
    """Fills each chunk with as many whole sentences, table rows and code blocks as fit, across headings.

    A chunk never crosses a page. A sentence is cut only where it alone is too long.

    Args:
        counter: the encoder's tokenizer.
        max_tokens: most tokens of a chunk, special tokens not counted.
        overlap: sentences at the end of a chunk that the next one repeats, as far as it has room for them.

    Raises:
        SettingsError: the encoder's window is shorter than `max_tokens`.
    """

    def __init__(self, counter: TokenCounter, *, max_tokens: int, overlap: int = 0) -> None:
        if overlap < 0:
            raise ValueError(f"overlap={overlap}: a number of sentences, from 0")
        self._sizer = Sizer(counter, max_tokens)
        self._overlap = overlap

    def split(self, document: Document) -> list[Chunk]:
        """The chunks of a document, in order; see `rag.protocols.Chunker`."""
        document = visible(document)
        elements = structure_of(document)
        units = units_of(document, elements, self._sizer, grain=0)
        ranges = with_empty_joined(units, filled(document, units, self._sizer, repeat=lambda _: self._overlap))
        return chunks_of(document, elements, [(units[a].start, units[b - 1].end) for a, b in ranges], self._sizer)


class FixedChunker:
    """Cuts a document into windows of as many tokens as fit, blind to its structure.

    A window never crosses a page. It begins and ends at white space where there is some.

    Args:
        counter: the encoder's tokenizer.
        max_tokens: most tokens of a chunk, special tokens not counted.
        overlap: most tokens at the end of a chunk that the next one repeats; at most half of `max_tokens`.

    Raises:
        SettingsError: the encoder's window is shorter than `max_tokens`.
    """

    def __init__(self, counter: TokenCounter, *, max_tokens: int, overlap: int = 0) -> None:
        self._sizer = Sizer(counter, max_tokens)
        if not 0 <= overlap <= max_tokens // 2:
            raise ValueError(f"overlap={overlap}: from 0 to half of max_tokens={max_tokens}")
        self._overlap = overlap

    def split(self, document: Document) -> list[Chunk]:
        """The chunks of a document, in order; see `rag.protocols.Chunker`."""
        document = visible(document)
        elements = structure_of(document)
        units = words_of(document, elements, self._sizer)
        ranges = with_empty_joined(units, filled(document, units, self._sizer, repeat=self._repeated))
        return chunks_of(document, elements, [(units[a].start, units[b - 1].end) for a, b in ranges], self._sizer)

    def _repeated(self, units: Sequence[Unit]) -> int:
        if not self._overlap:  # units without tokens would fit into that
            return 0
        tokens = count = 0
        for unit in reversed(units):
            tokens += unit.tokens
            if tokens > self._overlap:
                break
            count += 1
        return count


def filled(
    document: Document, units: Sequence[Unit], sizer: Sizer, *, repeat: Repeat = lambda _: 0
) -> list[tuple[int, int]]:
    """`(first, last + 1)` of the units of each chunk: each holds as many as fit, and none of two pages.

    Args:
        repeat: of a chunk's units; fewer are repeated where not even one new unit would fit then.
    """
    ranges: list[tuple[int, int]] = []
    start = end = 0
    while end < len(units):
        end = _end(document, units, start, end + 1, sizer)
        ranges.append((start, end))
        start = max(start + 1, end - repeat(units[start:end]))
        while start < end < len(units) and not _together(document, units, start, end, sizer):
            start += 1
    return ranges


def _end(document: Document, units: Sequence[Unit], start: int, least: int, sizer: Sizer) -> int:
    """The end, from `least` on, of a run of units from `start` that fits."""
    end, page = least, units[start].page
    tokens = sum(unit.tokens for unit in units[start:least])
    while end < len(units) and units[end].page == page and tokens + units[end].tokens <= sizer.max_tokens:
        tokens += units[end].tokens
        end += 1
    # a sum is exact for WordPiece; other tokenizers also count the white space between two units
    while end > least and not sizer.fits(document, units[start].start, units[end - 1].end):
        end = max(least, start + (end - start) * 7 // 8)
    return end


def _together(document: Document, units: Sequence[Unit], first: int, last: int, sizer: Sizer) -> bool:
    """Whether units `first` to `last` may share a chunk."""
    return units[first].page == units[last].page and sizer.fits(document, units[first].start, units[last].end)
