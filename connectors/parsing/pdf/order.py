"""Reading order: the columns of a page, and the rows of each."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from connectors.parsing.pdf.model import Segment

Row = list[Segment]
"""Segments side by side, from left to right."""

_OVERLAP = 0.5  # of the lower of two heights, from which segments stand side by side
_MIN_WORDY = 3  # lines of prose in each column
_BUCKET = 4.0  # points within which left edges are one edge
_MAX_GUTTERS = 12  # tried per region
_MAX_DEPTH = 4  # of columns in columns
_WORDY = 12  # characters; a script without spaces says as much in fewer
_SWITCHES = 0.35  # from one side to the other, of the lines of the shorter column
_LARGE = 1.3  # times the usual size
_GUTTER_MARGIN = 1.0  # points


def regions(segments: Sequence[Segment], depth: int = _MAX_DEPTH) -> Iterator[list[Row]]:
    """Areas of a page without columns in reading order, each as rows from the top.

    A gutter parts two columns where lines of prose stand on either side and the content gives one side before the
    other. What crosses it (a title, a wide figure) parts what is above it from what is below.
    """
    gutter = _gutter(segments) if depth else None
    if gutter is None:
        if segments:
            yield rows(segments)
        return
    whole: list[Segment] = []
    for crossing, band in _bands(segments, gutter):
        left = [s for s in band if s.right <= gutter + _GUTTER_MARGIN]
        right = [s for s in band if s.right > gutter + _GUTTER_MARGIN]
        if crossing or not _columns(left, right, band):
            whole += band
            continue
        if whole:
            yield rows(whole)
            whole = []
        yield from regions(left, depth - 1)
        yield from regions(right, depth - 1)
    if whole:
        yield rows(whole)


def rows(segments: Sequence[Segment]) -> list[Row]:
    """Segments by where they stand: rows from the top, each from left to right."""
    found: list[Row] = []
    top = bottom = 0.0
    for segment in sorted(segments, key=lambda s: (s.top + s.bottom, s.left)):
        overlap = min(bottom, segment.bottom) - max(top, segment.top)
        # beside the first of the row: beside any, cells that stand half a line lower would draw the next row in
        if found and overlap >= _OVERLAP * min(bottom - top, segment.height):
            found[-1].append(segment)
        else:
            found.append([segment])
            top, bottom = segment.top, segment.bottom
    for row in found:
        row.sort(key=lambda s: s.left)
    return found


def _gutter(segments: Sequence[Segment]) -> float | None:
    """The left edge with most lines of prose on its poorer side, None where no edge has enough."""
    wordy = [s for s in segments if _is_wordy(s)]
    if len(wordy) < 2 * _MIN_WORDY:
        return None
    edges: dict[int, list[float]] = {}
    leftmost = min(s.left for s in wordy)
    for segment in wordy:
        if segment.left > leftmost + 40:
            edges.setdefault(int(segment.left / _BUCKET), []).append(segment.left)
    best, gutter = 0, None
    for lefts in sorted(edges.values(), key=len, reverse=True)[:_MAX_GUTTERS]:
        edge = min(lefts)
        # as far left as the left column allows: bullets and quotation marks hang out of the right one
        edge = (edge + max((s.right for s in segments if s.right <= edge), default=edge)) / 2
        beside = sum(s.right <= edge for s in wordy)
        after = sum(s.left >= edge for s in wordy)
        score = min(beside, after) - (len(wordy) - beside - after) // 2
        if min(beside, after) >= _MIN_WORDY and score > best:
            best, gutter = score, edge
    return gutter


def _is_wordy(segment: Segment) -> bool:
    text = segment.text
    return (
        len(text) > (_WORDY if text.isascii() else _WORDY // 2)
        and " " in text
        and sum(map(str.isalpha, text)) > 0.6 * len(text)
    )


def _bands(segments: Sequence[Segment], gutter: float) -> list[tuple[bool, list[Segment]]]:
    """From the top: what crosses the gutter, and what stands between."""
    large = _LARGE * median(s.size for s in segments)
    bands: list[tuple[bool, list[Segment]]] = []
    for segment in sorted(segments, key=lambda s: s.top + s.bottom):
        crosses = segment.left < gutter < segment.right - _GUTTER_MARGIN
        if not crosses and bands and bands[-1][0] and segment.size > large:
            # the shorter last line of a title
            crosses = segment.size == bands[-1][1][-1].size
        if bands and bands[-1][0] == crosses:
            bands[-1][1].append(segment)
        else:
            bands.append((crosses, [segment]))
    return bands


def _columns(left: Sequence[Segment], right: Sequence[Segment], band: Sequence[Segment]) -> bool:
    """Whether the content gives (almost) all of one side before the other, as it does not for the rows of a table."""
    if sum(map(_is_wordy, left)) < _MIN_WORDY or sum(map(_is_wordy, right)) < _MIN_WORDY:
        return False
    lefts = {s.order for s in left}
    sides = [s.order in lefts for s in sorted(band, key=lambda s: s.order)]
    switches = sum(a != b for a, b in pairwise(sides))
    return switches <= max(1, _SWITCHES * min(len(left), len(right)))
