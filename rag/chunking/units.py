"""The smallest pieces that a chunk is made of: sentences, table rows and code blocks, or words."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.chunking.sentences import line_spans, sentence_spans, trimmed
from rag.chunking.sizing import Sizer
from rag.types import Document, Element

GRAIN = 16
"""Where the best of all cuts is looked for, neighbouring pieces below 1 / GRAIN of the budget are one: it bounds the
work."""
WORD = 8
"""Share of the budget that a word may take: what has no white space, as in Chinese, fills the rest of a chunk."""

_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Unit:
    """A span that is not cut again.

    Attributes:
        element: index of its element.
        tokens: of its plain text.
        level: of a heading, else None.
        depth: level of the section that it is in, its own for a heading; 0 before the first heading.
        kind: of its element.
        page: of its element; None where the format has no pages.
    """

    start: int
    end: int
    element: int
    tokens: int
    level: int | None
    depth: int
    kind: str
    page: int | None = None


def visible(document: Document) -> Document:
    """The document; one of nothing but markup without it: then the markup is all that there is to be found by."""
    return document if document.plain(0, len(document.text)).strip() else replace(document, markup=())


def structure_of(document: Document) -> list[Element]:
    """The document's elements; visible text between them, or in none, is a paragraph of its own."""
    elements: list[Element] = []
    at = 0

    def fill(end: int) -> None:
        gap = trimmed(document.text, at, end)
        if gap is not None:
            elements.append(Element(kind="paragraph", start=gap[0], end=gap[1]))

    for element in document.elements:
        fill(element.start)
        span = trimmed(document.text, max(at, element.start), element.end)
        if span is not None:
            elements.append(replace(element, start=span[0], end=span[1]))
        at = max(at, element.end)
    fill(len(document.text))
    return elements


def units_of(document: Document, elements: Sequence[Element], sizer: Sizer, *, grain: int) -> list[Unit]:
    """Sentences, table rows and code blocks in order; each is within the budget or a single character.

    Args:
        grain: neighbours of one kind that have together no more tokens are one unit.
    """
    pieces = [(start, end, i) for i, element in enumerate(elements) for start, end in _spans(document.text, element)]
    return _units(document, elements, pieces, sizer, longest=sizer.max_tokens, grain=grain)


def words_of(document: Document, elements: Sequence[Element], sizer: Sizer) -> list[Unit]:
    """What stands between white space, in order; what has more tokens than 1 / `WORD` of the budget is cut."""
    pieces = [
        (word.start(), word.end(), i)
        for i, element in enumerate(elements)
        for word in _WORD.finditer(document.text, element.start, element.end)
    ]
    return _units(document, elements, pieces, sizer, longest=max(1, sizer.max_tokens // WORD), grain=0)


def _units(
    document: Document,
    elements: Sequence[Element],
    pieces: Sequence[tuple[int, int, int]],
    sizer: Sizer,
    *,
    longest: int,
    grain: int,
) -> list[Unit]:
    """Units of pieces: start, end, and the number of the element."""
    sizes = sizer.sizes(document, [(start, end) for start, end, _ in pieces])
    while any(size > longest and end - start > 1 for size, (start, end, _) in zip(sizes, pieces, strict=True)):
        finer: list[tuple[int, int, int, int | None]] = []
        for (start, end, i), size in zip(pieces, sizes, strict=True):
            if size > longest and end - start > 1:
                finer += [(*span, i, None) for span in _finer(document.text, start, end, -(-size // longest))]
            else:
                finer.append((start, end, i, size))
        fresh = iter(sizer.sizes(document, [(start, end) for start, end, _, size in finer if size is None]))
        pieces = [(start, end, i) for start, end, i, _ in finer]
        sizes = [next(fresh) if size is None else size for *_, size in finer]
    units: list[Unit] = []
    depth, seen = 0, -1
    for (start, end, i), size in zip(pieces, sizes, strict=True):
        element = elements[i]
        opens = element.kind == "heading" and i != seen
        level = (element.level or 1) if opens else None
        depth, seen = level or depth, i
        unit = Unit(start, end, i, size, level, depth, element.kind, element.page)
        if units and level is None and _joins(units[-1], unit, grain):
            last = units[-1]
            units[-1] = replace(last, end=end, tokens=last.tokens + size)
        else:
            units.append(unit)
    return units


def with_empty_joined(units: Sequence[Unit], ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges of units without tokens belong to the one before them, the first ones to the one after."""
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


def spans_within_budget(
    document: Document, units: Sequence[Unit], ranges: Sequence[tuple[int, int]], sizer: Sizer
) -> list[tuple[int, int]]:
    """The spans of ranges of units; those that are too long after all are halved.

    The sum over a range's units is exact for WordPiece and close for others.
    """
    ranges = list(ranges)
    sizes = sizer.sizes(document, [(units[a].start, units[b - 1].end) for a, b in ranges])
    while over := [i for i, (a, b) in enumerate(ranges) if sizes[i] > sizer.max_tokens and b - a > 1]:
        for i in reversed(over):
            low, high = ranges[i]
            ranges[i : i + 1] = halves = [(low, (low + high) // 2), ((low + high) // 2, high)]
            sizes[i : i + 1] = sizer.sizes(document, [(units[a].start, units[b - 1].end) for a, b in halves])
    return [(units[a].start, units[b - 1].end) for a, b in ranges]


def _joins(last: Unit, unit: Unit, grain: int) -> bool:
    """Whether a unit is too small to be a place to cut at."""
    alike = last.kind == unit.kind != "heading" and last.page == unit.page
    return not unit.tokens or (alike and last.tokens + unit.tokens <= grain)


def _spans(text: str, element: Element) -> Iterator[tuple[int, int]]:
    if element.kind in ("heading", "code"):
        yield element.start, element.end
        return
    piece = text[element.start : element.end]
    spans = line_spans(piece, 0, len(piece)) if element.kind == "table" else sentence_spans(piece)
    for low, high in spans:
        span = trimmed(piece, low, high)
        if span is not None:
            yield element.start + span[0], element.start + span[1]


def _finer(text: str, start: int, end: int, parts: int) -> list[tuple[int, int]]:
    """Pieces of a span that is too long: its lines, else its sentences, else `parts` of about the same length."""
    piece = text[start:end]
    spans = [span for low, high in line_spans(piece, 0, len(piece)) if (span := trimmed(piece, low, high))]
    if len(spans) == 1:
        spans = sentence_spans(piece)
    if len(spans) == 1:
        spans = _even(piece, max(2, parts))
    return [(start + low, start + high) for low, high in spans]


def _even(piece: str, parts: int) -> list[tuple[int, int]]:
    """Cuts near equal distances, at white space where there is some in the second half before the distance."""
    spans, at = [], 0
    size = max(1, -(-len(piece) // parts))
    while len(piece) - at > size:
        low = at + size // 2
        cut = max(piece.rfind(space, low, at + size) for space in (" ", "\t", "\u3000")) + 1 or at + size
        spans.append((at, cut))
        at = cut
    spans.append((at, len(piece)))
    return [span for low, high in spans if (span := trimmed(piece, low, high))]
