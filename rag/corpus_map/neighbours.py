"""Nearest neighbours among the points of a map: who has copies, and who is alone."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.corpus_map.overlap import Sketch, overlap
from rag.points import Vector

NEIGHBOURS = 10
BLOCK = 512
ALIKE = 0.9
"""Cosine from which two texts are compared word by word. In a company's handbook of 836 documents all 132 pairs that
share half of their runs of five words have it, and of the other pairs 2 in 1,000."""
SAME = 0.5
"""Overlap of two texts from which they are near-duplicates."""
FEW = 5
"""Neighbours whose similarity says how alone a point is."""
FEWEST = 10
"""Points without which nothing can be said to be unusual."""
DEVIATIONS = 2.5
"""Robust standard deviations below the median from which a point is an outlier."""
MOST_OUTLIERS = 20


def nearest_neighbours(vectors: Vector) -> tuple[NDArray[np.intp], Vector]:
    """The (at most `NEIGHBOURS`) nearest of each unit vector (n, d), best first: places and cosines, both (n, k)."""
    k = min(NEIGHBOURS, len(vectors) - 1)
    places, cosines = np.empty((len(vectors), k), np.intp), np.empty((len(vectors), k), np.float32)
    for start in range(0, len(vectors), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(vectors)))
        found = vectors[rows] @ vectors.T
        found[np.arange(len(rows)), rows] = -np.inf
        best = np.argpartition(-found, k - 1, axis=1)[:, :k] if k else np.empty((len(rows), 0), np.intp)
        values = np.take_along_axis(found, best, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        places[rows] = np.take_along_axis(best, order, axis=1)
        cosines[rows] = np.take_along_axis(values, order, axis=1)
    return places, cosines


def near_duplicates(
    places: NDArray[np.intp],
    cosines: Vector,
    hashes: Sequence[str],
    sketches: Callable[[Sequence[int]], Mapping[int, Sketch]],
) -> list[tuple[tuple[int, ...], float]]:
    """Groups of points with almost the same text, the largest first, each with its least overlap.

    Args:
        places, cosines: see `nearest_neighbours`.
        hashes: of each point's content; the same hash is the same text, which need not be read.
        sketches: of the texts of these points.
    """
    group = _Groups(len(hashes))
    first: dict[str, int] = {}
    for place, hash in enumerate(hashes):
        group.join(first.setdefault(hash, place), place, 1.0)
    n, column = np.nonzero(cosines >= ALIKE)
    pairs = sorted({(min(a, b), max(a, b)) for a, b in zip(n.tolist(), places[n, column].tolist(), strict=True)})
    # copies stand for each other
    distinct = sorted({(first[hashes[a]], first[hashes[b]]) for a, b in pairs if hashes[a] != hashes[b]})
    read = sketches(sorted({place for pair in distinct for place in pair}))
    for a, b in distinct:
        if a in read and b in read and (shared := overlap(read[a], read[b])) >= SAME:
            group.join(a, b, shared)
    return group.found()


def outliers(cosines: Vector) -> list[tuple[int, float]]:
    """Points that are like no other, the loneliest first, with the mean cosine to their nearest neighbours.

    Args:
        cosines: see `nearest_neighbours`.
    """
    if len(cosines) < FEWEST:
        return []
    closeness = cosines[:, :FEW].mean(axis=1, dtype=np.float64)
    middle = float(np.median(closeness))
    deviation = 1.4826 * float(np.median(np.abs(closeness - middle)))
    lonely = np.flatnonzero(closeness < middle - max(DEVIATIONS * deviation, 1e-6))
    ordered = sorted(lonely.tolist(), key=lambda place: (closeness[place], place))
    return [(place, round(float(closeness[place]), 6)) for place in ordered[:MOST_OUTLIERS]]


class _Groups:
    """Points that are joined, and by what overlap at least."""

    def __init__(self, points: int) -> None:
        self._parent = [*range(points)]
        self._least = [1.0] * points

    def join(self, a: int, b: int, shared: float) -> None:
        a, b = sorted((self._root(a), self._root(b)))
        self._parent[b] = a
        self._least[a] = min(self._least[a], self._least[b], shared)

    def found(self) -> list[tuple[tuple[int, ...], float]]:
        members: dict[int, list[int]] = {}
        for place in range(len(self._parent)):
            members.setdefault(self._root(place), []).append(place)
        groups = [(tuple(places), round(self._least[root], 3)) for root, places in members.items() if len(places) > 1]
        return sorted(groups, key=lambda group: (-len(group[0]), -group[1], group[0]))

    def _root(self, place: int) -> int:
        while self._parent[place] != place:
            self._parent[place] = self._parent[self._parent[place]]
            place = self._parent[place]
        return place
