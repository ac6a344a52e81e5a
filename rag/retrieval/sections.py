"""The sections around hits: small chunks are matched, whole sections are read (small-to-big retrieval)."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence

from rag.results import ChunkSpan
from rag.retrieval.segments import Place, Reading, Run, Size, Spans

Torn = Callable[[int], bool]
"""Position of a chunk -> a cut behind it would tear a table, a code block or a paragraph."""

_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)


def read_sections(
    hits: Sequence[Place],
    spans: Spans,
    budget: int,
    *,
    size: Size,
    texts: Mapping[str, str],
    segments: Sequence[Run],
) -> Reading:
    """The section of each hit, best first, then their subsections, as far as the budget goes.

    Of a section that does not fit the hit's segment is read, with the tables, code blocks and paragraphs at its ends
    whole or not at all. Only where the hit's own does not fit, it is torn.

    Args:
        hits: best first, each once.
        spans: of the hits' documents.
        budget: tokens; only a first hit that is longer exceeds it.
        size: of runs.
        texts: of the hits' documents.
        segments: what would be read without sections.
    """
    reading = Reading(spans, budget, size)
    torn = {id: tearing(spans[id], texts[id]) for id in {id for id, _ in hits}}
    whole: list[Run] = []
    for id, at in hits:
        section = section_of(spans[id], at)
        if size((id, *section)) <= budget and reading.take((id, *section)):
            whole.append((id, *section))
            continue
        around = next(((low, high) for other, low, high in segments if other == id and low <= at <= high), (at, at))
        segment = max(around[0], section[0]), min(around[1], section[1])
        for low, high in _cut_back(at, segment, section, torn[id]):
            if reading.take((id, low, high), whatever_its_length=(id, at) == hits[0] and low == high):
                break
    for id, low, _ in whole:
        branch = section_of(spans[id], low, subsections=True)
        if size((id, *branch)) <= budget:
            reading.take((id, *branch))
    return reading


def section_of(chunks: Sequence[ChunkSpan], at: int, *, subsections: bool = False) -> tuple[int, int]:
    """First and last of the chunks around one that have its heading path, or one that begins with it."""
    path = chunks[at].headings

    def belongs(chunk: ChunkSpan) -> bool:
        return chunk.headings[: len(path)] == path if subsections else chunk.headings == path

    low = high = at
    while low > 0 and belongs(chunks[low - 1]):
        low -= 1
    while high + 1 < len(chunks) and belongs(chunks[high + 1]):
        high += 1
    return low, high


def tearing(chunks: Sequence[ChunkSpan], text: str) -> Torn:
    """Where a document may be cut: between chunks that a blank line parts, outside of fenced code."""
    fences = [fence.start() for fence in _FENCE.finditer(text)]

    def torn(at: int) -> bool:
        end, start = chunks[at].end, chunks[at + 1].start
        return bisect_left(fences, start) % 2 == 1 or not _BLANK_LINE.search(text, end, start)

    return torn


def _cut_back(at: int, segment: tuple[int, int], section: tuple[int, int], torn: Torn) -> Iterator[tuple[int, int]]:
    """What may be read around a hit instead of its section, the most first."""
    yield _block(segment[0], section, torn)[0], _block(segment[1], section, torn)[1]
    low, high = own = _block(at, section, torn)
    while low > segment[0] and (before := _block(low - 1, section, torn)[0]) >= segment[0]:
        low = before
    while high < segment[1] and (after := _block(high + 1, section, torn)[1]) <= segment[1]:
        high = after
    yield low, high
    yield own
    yield segment
    yield at, at


def _block(at: int, section: tuple[int, int], torn: Torn) -> tuple[int, int]:
    """First and last of the chunks that are one table, code block or paragraph with this one."""
    low = high = at
    while low > section[0] and torn(low - 1):
        low -= 1
    while high < section[1] and torn(high):
        high += 1
    return low, high
