"""Program text: rows in a font of fixed width, their indentation kept."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median

from connectors.parsing.pdf.model import Page, Segment, union
from connectors.parsing.pdf.order import Row
from connectors.parsing.writer import Line

_MIN_ROWS = 2
_MOSTLY = 0.4  # of a document's characters, from which the font is that of its prose
_MAX_INDENT = 200  # characters


@dataclass(frozen=True, slots=True)
class Listing:
    """Lines with their places on the upright page."""

    lines: list[Line]


def has_listings(pages: Iterable[Page]) -> bool:
    """Whether the font means program text here, as it does not in what was typed or printed in it throughout."""
    lengths = {True: 0, False: 0}
    for page in pages:
        for segment in page.segments:
            lengths[segment.fixed] += len(segment.text)
    return 0 < lengths[True] < _MOSTLY * (lengths[True] + lengths[False])


def listings(rows: Sequence[Row]) -> list[Listing | list[Row]]:
    """The rows of a region as listings and, between them, rows that are none."""
    parts: list[Listing | list[Row]] = []
    for fixed, group in groupby(rows, key=lambda row: all(segment.fixed for segment in row)):
        run = list(group)
        if fixed and len(run) >= _MIN_ROWS:
            parts.append(_listing(run))
        elif parts and isinstance(parts[-1], list):
            parts[-1] += run
        else:
            parts.append(run)
    return parts


def _listing(rows: Sequence[Row]) -> Listing:
    segments = [segment for row in rows for segment in row]
    left = min(segment.left for segment in segments)
    width = max(median((s.right - s.left) / len(s.text) for s in segments), 1.0)
    return Listing([Line(_placed(row, left, width), union(row)) for row in rows])


def _placed(row: Row, left: float, width: float) -> str:
    text = ""
    for segment in row:
        column = min(round((segment.left - left) / width), len(text) + _MAX_INDENT)
        text = text.ljust(max(column, len(text) + bool(text))) + _shown(segment)
    return text


def _shown(segment: Segment) -> str:
    return f"{segment.text}-" if segment.broken else segment.text
