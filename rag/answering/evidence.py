"""Hits -> numbered, contiguous passages of the stored documents."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from rag.results import ChunkSpan, Evidence, Hit

ReadText: TypeAlias = Callable[[str], str | None]
"""Document id -> its stored text, None where there is no such document (any more)."""
ChunkSpans: TypeAlias = Callable[[str], Sequence[ChunkSpan]]
"""Document id -> the spans of all its chunks in document order; empty where there is no such document."""

MAX_GROWTH = 2
"""Neighbouring chunks that a passage grows by at most, on each side."""
_MAX_GAP = 2
"""Blank characters between two chunks that still count as one passage."""


@dataclass(slots=True)
class _Run:
    """A passage that is being put together: chunks in document order, hits by chunk id."""

    hits: dict[str, Hit]
    chunks: list[ChunkSpan]
    text: str = field(repr=False)
    """The whole document."""

    @property
    def best(self) -> Hit:
        return max(self.hits.values(), key=lambda hit: hit.score)

    @property
    def start(self) -> int:
        return self.chunks[0].start

    @property
    def end(self) -> int:
        return max(chunk.end for chunk in self.chunks)

    def __len__(self) -> int:
        return self.end - self.start

    def score(self, chunk: ChunkSpan) -> float:
        return self.hits[chunk.chunk_id].score


def pack_evidence(
    hits: Sequence[Hit], *, read_text: ReadText, chunk_spans: ChunkSpans, max_chars: int
) -> tuple[Evidence, ...]:
    """Merge hits to contiguous passages, best first, and grow the best of them by their neighbours.

    A hit whose document is gone, or no longer says what was found, is left out; so is one that says the same as a
    better hit. Where a passage does not fit, its weakest chunks at the ends go; no chunk is cut.

    Args:
        hits: best first.
        read_text: the text of evidence is sliced from what this returns.
        chunk_spans: where the neighbours of a hit are.
        max_chars: sum of the lengths of all passages; only a first chunk that is longer exceeds it.

    Returns:
        Passages numbered from 1 by the score of their best hit.
    """
    seen: set[str] = set()
    runs = sorted(_runs(hits, read_text, seen), key=lambda run: (-run.best.score, run.best.document_id, run.start))
    runs = _fitting(runs, max_chars)
    _grow(runs, chunk_spans, max_chars - sum(map(len, runs)), seen)
    return tuple(_evidence(number, run) for number, run in enumerate(runs, 1))


def _runs(hits: Sequence[Hit], read_text: ReadText, seen: set[str]) -> list[_Run]:
    """Runs of current hits; `seen` collects the normalised text of each."""
    texts = {document_id: read_text(document_id) for document_id in {hit.document_id for hit in hits}}
    kept: dict[str, list[Hit]] = {}
    for hit in hits:
        text = texts[hit.document_id]
        if text is None or text[hit.start : hit.end] != hit.text or _normal(hit.text) in seen:
            continue
        seen.add(_normal(hit.text))
        kept.setdefault(hit.document_id, []).append(hit)
    runs: list[_Run] = []
    for document_id, found in kept.items():
        text, last = texts[document_id] or "", None
        for hit in sorted(found, key=lambda hit: (hit.start, hit.end)):
            span = ChunkSpan(chunk_id=hit.chunk_id, start=hit.start, end=hit.end, page=hit.page)
            if last is not None and _adjacent(last, hit, text):
                runs[-1].chunks.append(span)
                runs[-1].hits[hit.chunk_id] = hit
            else:
                runs.append(_Run({hit.chunk_id: hit}, [span], text))
            last = hit
    return runs


def _adjacent(before: Hit, after: Hit, text: str) -> bool:
    gap = text[before.end : after.start]
    return after.ordinal == before.ordinal + 1 or (len(gap) <= _MAX_GAP and not gap.strip())


def _fitting(runs: Sequence[_Run], max_chars: int) -> list[_Run]:
    """The runs that fit, in order, without their weakest ends where that makes them fit."""
    kept: list[_Run] = []
    for run in runs:
        budget = max_chars - sum(map(len, kept))
        while len(run) > budget and len(run.chunks) > 1:
            first, last = run.chunks[0], run.chunks[-1]
            dropped = first if run.score(first) < run.score(last) else last
            run.chunks.remove(dropped)
            del run.hits[dropped.chunk_id]
        if len(run) <= budget or not kept:
            kept.append(run)
    return kept


def _grow(runs: Sequence[_Run], chunk_spans: ChunkSpans, budget: int, seen: set[str]) -> None:
    """Add neighbours to the runs in place, the next chunk first, then the one before, as far as the budget goes."""
    taken = {chunk.chunk_id for run in runs for chunk in run.chunks}
    for run in runs:
        spans = chunk_spans(run.best.document_id)
        places = {span.chunk_id: place for place, span in enumerate(spans)}
        low, high = places.get(run.chunks[0].chunk_id), places.get(run.chunks[-1].chunk_id)
        if low is None or high is None:
            continue
        sides = {"after": high + 1, "before": low - 1}
        for side in ("after", "before") * MAX_GROWTH:
            place = sides.get(side, -1)
            if not 0 <= place < len(spans):
                continue
            span, length = spans[place], len(run)
            text = _normal(run.text[span.start : span.end])
            grown = max(run.end, span.end) - min(run.start, span.start)
            if span.chunk_id in taken or text in seen or grown - length > budget:
                del sides[side]  # what lies beyond would tear the passage
                continue
            run.chunks.insert(len(run.chunks) if side == "after" else 0, span)
            sides[side] = place + (1 if side == "after" else -1)
            budget -= grown - length
            taken.add(span.chunk_id)
            seen.add(text)


def _evidence(number: int, run: _Run) -> Evidence:
    best = run.best
    first = min(run.hits.values(), key=lambda hit: hit.start)
    return Evidence(
        number=number,
        document_id=best.document_id,
        uri=best.uri,
        title=best.title,
        headings=first.headings,
        page=run.chunks[0].page,
        start=run.start,
        end=run.end,
        text=run.text[run.start : run.end],
        chunks=tuple(run.chunks),
        score=best.score,
    )


def _normal(text: str) -> str:
    """Words alone, in one case: equal for texts that differ in markup and white space only."""
    return " ".join(re.findall(r"\w+", text.casefold())) or text
