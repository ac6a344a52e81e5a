"""Which contiguous runs of chunks to read around the hits, for a budget of tokens.

After relevant segment extraction (https://github.com/D-Star-AI/dsRAG), where a hit is worth its relevance less a
penalty, any other chunk costs the penalty, and the runs with the greatest sums are read. Here a hit lends some of its
worth to its neighbours, and the budget stands for the penalty:

    value(i) = sum over the hits j within REACH of i:  rank(j)^-DECAY x AFTER^(i-j) or BEFORE^(j-i)

The chunks of the greatest value are read. Among chunks of one length no other choice of runs within the budget has a
greater sum.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias

from rag.results import ChunkSpan

Place: TypeAlias = tuple[str, int]
"""A chunk: the id of its document, and its position in it from 0."""
Spans: TypeAlias = Mapping[str, Sequence[ChunkSpan]]
"""Document id -> its chunks, in order."""
Run: TypeAlias = tuple[str, int, int]
"""Chunks of a document that follow one another: its id, the position of the first and of the last."""
Size: TypeAlias = Callable[[Run], int]
"""Tokens of a run, with what stands between its chunks."""

# Measured on 472 questions with gold passages (docs/evaluation.md); values near these do as well. What follows a hit
# holds more of the answer than what precedes it. By rank, not by score: it holds whatever the scores are.
DECAY = 0.7
AFTER = 0.4
BEFORE = 0.2
REACH = 2


@dataclass(slots=True)
class Reading:
    """Chunks that are read.

    Attributes:
        left: tokens that still fit.
    """

    spans: Spans
    left: int
    size: Size
    _taken: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def take(self, run: Run, *, whatever_its_length: bool = False) -> bool:
        """Add a run of chunks if all of it fits; False where it does not."""
        document_id, low, high = run
        taken = self._taken[document_id]
        wanted = taken | set(range(low, high + 1))
        more = self._size(document_id, wanted) - self._size(document_id, taken)
        if more > self.left and not whatever_its_length:
            return False
        self._taken[document_id] = wanted
        self.left -= more
        return True

    def touches(self, place: Place) -> bool:
        """A neighbour of this chunk is read."""
        document_id, at = place
        return not self._taken[document_id].isdisjoint((at - 1, at + 1))

    def runs(self) -> list[Run]:
        """What is read, as runs that do not touch, in the order of the documents' first hits."""
        return [(id, low, high) for id, taken in self._taken.items() for low, high in _joined(taken, self.spans[id])]

    def _size(self, document_id: str, taken: set[int]) -> int:
        return sum(self.size((document_id, low, high)) for low, high in _joined(taken, self.spans[document_id]))


def run_size(spans: Spans, texts: Mapping[str, str], count: Callable[[str], int]) -> Size:
    """Sizes by a count of tokens, each stretch of text counted once.

    Args:
        texts: of the documents.
        count: text -> its tokens.
    """

    @cache
    def tokens(document_id: str, start: int, end: int) -> int:
        return count(texts[document_id][start:end])

    def size(run: Run) -> int:
        document_id, low, high = run
        chunks = spans[document_id]
        before = sum(tokens(document_id, chunks[at].start, chunks[at + 1].start) for at in range(low, high))
        return before + tokens(document_id, chunks[high].start, chunks[high].end)

    return size


def extract(hits: Sequence[Place], spans: Spans, budget: int, *, size: Size, says: Callable[[Place], str]) -> Reading:
    """The hits and their neighbours that are worth most.

    A chunk that is no hit is only read beside one that is read, and not where it says the same as another.

    Args:
        hits: best first, each once.
        spans: of the hits' documents.
        budget: tokens; only a first hit that is longer exceeds it.
        size: of runs.
        says: what a chunk says; equal for chunks of which one is enough.
    """
    reading = Reading(spans, budget, size)
    if not hits:
        return reading
    reading.take((*hits[0], hits[0][1]), whatever_its_length=True)
    found, said = set(hits), {says(hit) for hit in hits}
    values = chunk_values(hits, spans)
    for place in sorted(values, key=lambda place: (-values[place], place)):
        if place not in found and (not reading.touches(place) or says(place) in said):
            continue
        if reading.take((*place, place[1])):
            said.add(says(place))
    return reading


def chunk_values(hits: Sequence[Place], spans: Spans) -> dict[Place, float]:
    """What each hit and each chunk near one is worth: the formula above.

    Args:
        hits: best first.
    """
    values: defaultdict[Place, float] = defaultdict(float)
    for rank, (document_id, at) in enumerate(hits, 1):
        for distance in range(-REACH, REACH + 1):
            if 0 <= at + distance < len(spans[document_id]):
                lent = AFTER**distance if distance >= 0 else BEFORE**-distance
                values[document_id, at + distance] += rank**-DECAY * lent
    return dict(values)


def _joined(places: set[int], spans: Sequence[ChunkSpan]) -> list[tuple[int, int]]:
    """First and last of each run of chunks that follow one another or share text, in order."""
    runs: list[tuple[int, int]] = []
    for at in sorted(places):
        if runs and (at == runs[-1][1] + 1 or spans[at].start < spans[runs[-1][1]].end):
            runs[-1] = (runs[-1][0], at)
        else:
            runs.append((at, at))
    return runs
