"""Spans of text, (start, end) with the end exclusive."""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]


def stripped(text: str, start: int, end: int, characters: str | None = None) -> Span:
    """The span without white space (or `characters`) at its ends; start == end where nothing is left."""
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip(characters))
    return start, max(start, end - (len(piece) - len(piece.rstrip(characters))))


def paragraphs(text: str, start: int, end: int) -> Iterator[Span]:
    """Runs of lines without a blank line between them, without white space at their ends."""
    first: int | None = None
    last = at = start
    while at < end:
        newline = text.find("\n", at, end)
        line_end = newline if newline >= 0 else end
        low, high = stripped(text, at, line_end)
        if low < high:
            first, last = low if first is None else first, high
        elif first is not None:
            yield first, last
            first = None
        at = line_end + 1
    if first is not None:
        yield first, last


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The union of the spans: sorted, disjoint, none empty, touching ones joined."""
    union: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if union and start <= union[-1][1]:
            union[-1] = union[-1][0], max(end, union[-1][1])
        else:
            union.append((start, end))
    return tuple(union)


def separates(text: str, low: int, high: int, start: int, end: int) -> bool:
    """Whether text[low:high] is all that keeps two words of text[start:end] apart."""
    return start < low and high < end and not text[low - 1].isspace() and not text[high].isspace()
