"""The smallest pieces that a chunk is made of: sentences, table rows, code blocks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from rag.chunking.sentences import line_spans, sentence_spans, trimmed
from rag.types import Document, Element

Count = Callable[[Document, Sequence[tuple[int, int]]], list[int]]
"""Tokens of each span's plain text."""

_GRAIN = 16
"""Neighbouring pieces below 1 / _GRAIN of the budget are packed as one: it bounds the work."""


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


def units_of(document: Document, elements: Sequence[Element], count: Count, max_tokens: int) -> list[Unit]:
    """The document's units in order; each has at most `max_tokens` tokens or is a single character."""
    pieces = [(start, end, i) for i, element in enumerate(elements) for start, end in _spans(document.text, element)]
    sizes = count(document, [(start, end) for start, end, _ in pieces])
    while any(size > max_tokens and end - start > 1 for size, (start, end, _) in zip(sizes, pieces, strict=True)):
        finer: list[tuple[int, int, int, int | None]] = []
        for (start, end, i), size in zip(pieces, sizes, strict=True):
            if size > max_tokens and end - start > 1:
                finer += [(*span, i, None) for span in _finer(document.text, start, end, -(-size // max_tokens))]
            else:
                finer.append((start, end, i, size))
        fresh = iter(count(document, [(start, end) for start, end, _, size in finer if size is None]))
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
        if units and level is None and _joins(units[-1], unit, max_tokens // _GRAIN):
            last = units[-1]
            units[-1] = replace(last, end=end, tokens=last.tokens + size)
        else:
            units.append(unit)
    return units


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
