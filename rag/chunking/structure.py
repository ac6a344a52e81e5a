"""Chunks that follow a document's structure."""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter

from rag.chunking.packing import pack
from rag.chunking.units import Unit, structure_of, units_of
from rag.chunking.words import split_long_words
from rag.errors import SettingsError
from rag.protocols import TokenCounter
from rag.types import Chunk, Document, Element, LineBox

_SPACES = re.compile(r"\s{2,}|[^\S \n]")


class StructureChunker:
    """Cuts a document where its structure does.

    A chunk never crosses a heading of the level of the section that it starts in, or of a higher one; it may hold a
    section and its subsections. Inside a table row, a code block or a sentence it is cut only where that alone is too
    long. What it holds depends on its surroundings within one section of level 1 or 2, so that a change elsewhere in
    the document leaves its text, and its id, as they are.

    Args:
        counter: the encoder's tokenizer.
        max_tokens: most tokens of a chunk, special tokens not counted.

    Raises:
        SettingsError: the encoder's window is shorter than `max_tokens`.
    """

    def __init__(self, counter: TokenCounter, *, max_tokens: int) -> None:
        if max_tokens < 1:
            raise ValueError(f"max_tokens={max_tokens}: a chunk has at least 1 token")
        if max_tokens > counter.max_tokens:
            raise SettingsError(
                f"chunking.max_tokens: {max_tokens} is more than the encoder reads at a time: set it to at most "
                f"{counter.max_tokens}, or take an encoder with a longer window"
            )
        self._counter = counter
        self._max_tokens = max_tokens

    def split(self, document: Document) -> list[Chunk]:
        """The chunks of a document, in order: every visible character is in one, none is longer than `max_tokens`.

        Only a single character that has more tokens than that stands alone. A document without visible text has none.
        """
        if not document.plain(0, len(document.text)).strip():
            # nothing but markup: then the markup is all that there is to be found by
            document = replace(document, markup=())
        elements = structure_of(document)
        units = units_of(document, elements, self._count, self._max_tokens)
        ranges = _with_empty_joined(
            units, pack(units, [document.text[u.start : u.end] for u in units], self._max_tokens)
        )
        plains, sizes = self._verified(document, units, ranges)
        return _chunks(document, elements, [(units[a].start, units[b - 1].end) for a, b in ranges], plains, sizes)

    def _count(self, document: Document, spans: Sequence[tuple[int, int]]) -> list[int]:
        return self._counter.count([self._plain(document, *span) for span in spans])

    def _plain(self, document: Document, start: int, end: int) -> str:
        text = _SPACES.sub(lambda m: "\n" if "\n" in m[0] else " ", document.plain(start, end)).strip()
        return split_long_words(text, self._counter.max_word_chars)

    def _verified(
        self, document: Document, units: Sequence[Unit], ranges: list[tuple[int, int]]
    ) -> tuple[list[str], list[int]]:
        """Plain texts and token counts; `ranges` that are too long after all are halved in place.

        The sum over a chunk's units is exact for WordPiece and close for others.
        """
        plains = [self._plain(document, units[a].start, units[b - 1].end) for a, b in ranges]
        sizes = self._counter.count(plains)
        while over := [i for i, (a, b) in enumerate(ranges) if sizes[i] > self._max_tokens and b - a > 1]:
            for i in reversed(over):
                low, high = ranges[i]
                ranges[i : i + 1] = halves = [(low, (low + high) // 2), ((low + high) // 2, high)]
                plains[i : i + 1] = texts = [self._plain(document, units[a].start, units[b - 1].end) for a, b in halves]
                sizes[i : i + 1] = self._counter.count(texts)
        return plains, sizes


def _with_empty_joined(units: Sequence[Unit], ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges without tokens belong to the one before them, the first ones to the one after."""
    joined: list[tuple[int, int]] = []
    empty = True
    for low, high in ranges:
        nothing = not any(unit.tokens for unit in units[low:high])
        if joined and (nothing or empty):
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
        empty = empty and nothing
    return joined


def _chunks(
    document: Document,
    elements: Sequence[Element],
    spans: Sequence[tuple[int, int]],
    plains: Sequence[str],
    sizes: Sequence[int],
) -> list[Chunk]:
    paths = _heading_paths(document, elements)
    starts = [element.start for element in elements]
    lines = sorted((line for element in elements for line in element.lines), key=attrgetter("start"))
    line_starts = [line.start for line in lines]
    seen: Counter[str] = Counter()
    chunks = []
    for ordinal, ((start, end), plain, tokens) in enumerate(zip(spans, plains, sizes, strict=True)):
        text = document.text[start:end]
        first, last = bisect_right(starts, start) - 1, bisect_left(starts, end)
        chunks.append(
            Chunk(
                id=Chunk.id_of(document.id, text, seen[text]),
                document_id=document.id,
                ordinal=ordinal,
                start=start,
                end=end,
                text=text,
                plain=plain,
                headings=paths[first],
                pages=tuple(sorted({e.page for e in elements[first:last] if e.page is not None})),
                lines=_clipped(
                    lines[max(0, bisect_right(line_starts, start) - 1) : bisect_left(line_starts, end)], start, end
                ),
                table_header=_table_header(document, elements[first], start),
                tokens=tokens,
            )
        )
        seen[text] += 1
    return chunks


def _table_header(document: Document, element: Element, start: int) -> str:
    if element.header_end is None or start < element.header_end:
        return ""
    return " ".join(document.plain(element.start, element.header_end).split())


def _clipped(lines: Sequence[LineBox], start: int, end: int) -> tuple[LineBox, ...]:
    return tuple(
        replace(line, start=max(line.start, start), end=min(line.end, end)) for line in lines if line.end > start
    )


def _heading_paths(document: Document, elements: Sequence[Element]) -> list[tuple[str, ...]]:
    """The heading path of each element, a heading's own text included."""
    open_sections: list[tuple[int, str]] = []
    paths: list[tuple[str, ...]] = []
    title = " ".join(document.title.split()).casefold()
    for element in elements:
        level = element.level or (1 if element.kind == "heading" else None)
        while level is not None and open_sections and open_sections[-1][0] >= level:
            open_sections.pop()
        if element.kind == "heading":
            assert level is not None  # noqa: S101 - a heading has one
            open_sections.append((level, " ".join(document.plain(element.start, element.end).split())))
        path = [text for _, text in open_sections if text]
        paths.append(tuple(path[1:] if path and path[0].casefold() == title else path))
    return paths
