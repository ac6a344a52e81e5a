"""Which units share a chunk: the cheapest of all ways to cut, by dynamic programming.

As a paragraph is broken into lines by its best breaks and not line by line (Knuth and Plass, 1981), so a section is cut
into chunks. No unit is so long that it has to be cut.
"""

import zlib
from collections.abc import Sequence
from itertools import pairwise

from rag.chunking.units import Unit

RESET_LEVEL = 2
"""Sections down to this level are packed by themselves: a change in one leaves the chunks of the others as they are."""
LEAD = 0.15
"""Share of the budget below which what precedes a subsection (a title, a byline) is packed with it."""
ORPHAN = 10.0
"""Cost of a heading, or a table's first row, without what follows it."""

# What the parts of a cut cost; only their ratios matter.
_CHUNK = 0.1  # any chunk: fewer are better
_UNDERFILL = 4.0  # times the square of what is missing to half of the budget: tiny chunks are the worst to find
_CROSSED_HEADING = 0.25  # a subsection in its parent's chunk
_INSIDE = 0.3  # between the sentences or rows of one element
_AFTER_COLON = 1.0  # what an introducing sentence announces, away from it
_FROM_PARAGRAPH = 0.2  # a list, a table or code away from the paragraph before it
_BETWEEN_ITEMS = 0.1
_BETWEEN = 0.05
_ANCHOR = 0.1
"""At most what a unit's own text adds. Among cuts that are as good, the same places win again after an edit before
them, where counting from the start would move every cut after it (content-defined chunking)."""

_EMPHASIS = "*_` "


def pack(units: Sequence[Unit], texts: Sequence[str], max_tokens: int) -> list[tuple[int, int]]:
    """Cut a document's units into chunks.

    Args:
        units: all of the document's.
        texts: the text of each.
        max_tokens: the budget; a chunk of several units has at most so many.

    Returns:
        `(first, last + 1)` of each chunk's units, in order.
    """
    before = break_costs(units, texts)
    bounds = [*_regions(units, max_tokens * LEAD), len(units)]
    return [span for low, high in pairwise(bounds) for span in cheapest(units, before, low, high, max_tokens)]


def break_costs(units: Sequence[Unit], texts: Sequence[str]) -> list[float]:
    """What it costs, by structure, that a chunk begins with each unit."""
    return [_cost_before(units, texts, i) for i in range(len(units))]


def _regions(units: Sequence[Unit], lead: float) -> list[int]:
    """First units of what is packed by itself."""
    starts: list[int] = []
    tokens = 0
    for i, unit in enumerate(units):
        section = unit.level is not None and unit.level <= RESET_LEVEL
        if section and starts and tokens <= lead and units[i - 1].depth < (unit.level or 0):
            section = False
        if not starts or section or unit.page != units[i - 1].page:  # a hit's page is the page of all its text
            starts.append(i)
            tokens = 0
        tokens += unit.tokens
    return starts


def _cost_before(units: Sequence[Unit], texts: Sequence[str], i: int) -> float:
    """What it costs that a chunk begins with unit i."""
    if i == 0:
        return 0.0
    last, unit = units[i - 1], units[i]
    anchor = _ANCHOR * zlib.crc32(texts[i].encode("utf-8", "surrogatepass")) / 2**32
    if last.level is not None:
        return ORPHAN
    if unit.level is not None:
        return anchor
    if last.element == unit.element:
        opens_table = unit.kind == "table" and (i == 1 or units[i - 2].element != unit.element)
        return ORPHAN if opens_table else _INSIDE + anchor
    if texts[i - 1].rstrip(_EMPHASIS).endswith((":", "：")):
        return _AFTER_COLON + anchor
    if last.kind == unit.kind == "list_item":
        return _BETWEEN_ITEMS + anchor
    return (_FROM_PARAGRAPH if last.kind == "paragraph" != unit.kind else _BETWEEN) + anchor


def cheapest(
    units: Sequence[Unit], before: Sequence[float], low: int, high: int, max_tokens: int
) -> list[tuple[int, int]]:
    """The cheapest cut of `units[low:high]`; among equals the one with the longer chunks first.

    Args:
        before: what it costs that a chunk begins with each unit of the document; below 0 it is a gain.
    """
    best = [0.0]
    previous = [low]
    for end in range(low + 1, high + 1):
        cost, chosen = float("inf"), end - 1
        tokens, crossed, highest = 0, 0.0, 7  # of the headings within the chunk, not of the one that it starts with
        for start in range(end - 1, low - 1, -1):
            unit = units[start]
            tokens += unit.tokens
            if tokens > max_tokens and start < end - 1:
                break
            if highest > unit.depth:
                missing = max(0.0, 0.5 - tokens / max_tokens)
                total = best[start - low] + before[start] * (start > low) + crossed + _CHUNK + _UNDERFILL * missing**2
                if total < cost:
                    cost, chosen = total, start
            if unit.level is not None:
                highest = min(highest, unit.level)
                if start > low and units[start - 1].level is None:
                    crossed += _CROSSED_HEADING
        best.append(cost)
        previous.append(chosen)
    spans = []
    end = high
    while end > low:
        start = previous[end - low]
        spans.append((start, end))
        end = start
    return spans[::-1]
