"""Overlapping windows over a document's chunks, for what reads no more than so many tokens at a time."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate


def context_windows(sizes: Sequence[int], budget: int) -> list[tuple[int, int]]:
    """The window of each chunk: the one in which it has the most context on its shorter side.

    Windows begin at most half a budget apart, or a chunk where that is more, and hold whole chunks only.

    Args:
        sizes: tokens of each chunk, in document order.
        budget: most tokens of a window; a chunk that has more is a window of its own.

    Returns:
        `(first, last + 1)` of the chunks of the window, for each chunk. One window holds a document that fits.
    """
    ends = [0, *accumulate(sizes)]
    chosen = [(0, 0)] * len(sizes)
    best = [(-1, -1)] * len(sizes)
    for first, last in _windows(ends, budget):
        for i in range(first, last):
            sides = ends[i] - ends[first], ends[last] - ends[i + 1]
            context = min(sides), sum(sides)
            if context > best[i]:
                chosen[i], best[i] = (first, last), context
    return chosen


def _windows(ends: Sequence[int], budget: int) -> list[tuple[int, int]]:
    """All windows; the last one is as full as the others.

    Args:
        ends: tokens before each chunk, and of all.
    """
    count = len(ends) - 1
    found: list[tuple[int, int]] = []
    first = 0
    while first < count:
        last = max(first + 1, bisect_right(ends, ends[first] + budget) - 1)
        if last == count:
            while found and first > found[-1][0] + 1 and ends[-1] - ends[first - 1] <= budget:
                first -= 1
        found.append((first, last))
        if last == count:
            break
        first = min(last, max(first + 1, bisect_right(ends, ends[first] + budget // 2) - 1))
    return found
