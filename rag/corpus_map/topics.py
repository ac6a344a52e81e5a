"""Topics: groups of vectors by spherical k-means, named by the words that tell them from the others."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rag.models.words import FUNCTION_WORDS, is_dense, stem, words
from rag.points import Vector

MOST = 9
"""More colours could not be told apart."""
RESTARTS = 4
ROUNDS = 50
WORDS = 3
"""In a topic's name."""


def how_many(points: int) -> int:
    """Topics for so many points: the square root of their half, a rule of thumb, but at most `MOST`."""
    return max(1, min(MOST, round(math.sqrt(points / 2))))


def spherical_kmeans(vectors: Vector, k: int) -> NDArray[np.intp]:
    """The group of each vector (n, d) of unit norm, n at least 1: from 0, the largest first.

    Dhillon, Modha 2001, started by k-means++ with a fixed seed; the best of a few starts. Fewer groups than `k` where
    there are fewer different vectors.
    """
    rng = np.random.default_rng(0)
    best, groups = -math.inf, np.zeros(len(vectors), np.intp)
    for _ in range(RESTARTS):
        centres = _first_centres(vectors, k, rng)
        found = np.full(len(vectors), -1, np.intp)
        for _ in range(ROUNDS):
            nearest = (vectors @ centres.T).argmax(axis=1)
            if (nearest == found).all():
                break
            found = nearest
            centres = _centres(vectors, found, centres)
        fit = float(np.einsum("nd,nd->n", vectors, centres[found]).sum())
        if fit > best + 1e-6:
            best, groups = fit, found
    return _by_size(groups)


def _first_centres(vectors: Vector, k: int, rng: np.random.Generator) -> Vector:
    chosen = [int(rng.integers(len(vectors)))]
    away = 1 - vectors @ vectors[chosen[0]]
    while len(chosen) < k:
        chances = np.clip(away, 0, None).astype(np.float64)
        chances[chances < 1e-6] = 0
        if not chances.any():
            break  # every vector is a centre already
        chosen.append(int(rng.choice(len(vectors), p=chances / chances.sum())))
        away = np.minimum(away, 1 - vectors @ vectors[chosen[-1]])
    return vectors[chosen]


def _centres(vectors: Vector, groups: NDArray[np.intp], before: Vector) -> Vector:
    """Unit means of the groups; an empty group keeps its centre."""
    members = np.zeros((len(before), len(vectors)), np.float32)
    members[groups, np.arange(len(vectors))] = 1
    sums = members @ vectors
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.where(norms > 0, sums / np.maximum(norms, 1e-9), before)


def _by_size(groups: NDArray[np.intp]) -> NDArray[np.intp]:
    """Numbered anew: the largest group first, of equal ones the one with the first point."""
    first = {int(group): place for place, group in reversed([*enumerate(groups)])}
    sizes = Counter(map(int, groups))
    order = sorted(sizes, key=lambda group: (-sizes[group], first[group]))
    new = {group: number for number, group in enumerate(order)}
    return np.array([new[int(group)] for group in groups], np.intp)


def name_topics(groups: Sequence[int], texts: Sequence[str]) -> list[tuple[str, ...]]:
    """The words that tell each group from the rest, by their share of the points in it and in all.

    A word counts once a point, in the form that is most frequent; p ln(p / q) rather than tf-idf, which leaves words
    in that are frequent everywhere.

    Args:
        groups: of each point, numbered from 0 without gaps.
        texts: of each point: title and headings.
    """
    forms: dict[str, Counter[str]] = {}
    everywhere: Counter[str] = Counter()
    within = [Counter[str]() for _ in range(max(groups, default=-1) + 1)]
    for group, text in zip(groups, texts, strict=True):
        stems: dict[str, str] = {}
        for word in words(text):
            if len(word) > 1 and not is_dense(word) and any(c.isalpha() for c in word):
                stems.setdefault(stem(word.casefold()), word)
                forms.setdefault(stem(word.casefold()), Counter())[word] += 1
        kept = {base for base, word in stems.items() if word.casefold() not in FUNCTION_WORDS}
        everywhere.update(kept)
        within[group].update(kept)
    sizes = Counter(groups)
    named = []
    for group, counts in enumerate(within):

        def telling(base: str, counts: Counter[str] = counts, group: int = group) -> float:
            inside, all = counts[base] / sizes[group], everywhere[base] / len(texts)
            # of a single group every word is as frequent as in all
            return inside * math.log(inside / all) if len(within) > 1 else inside

        ranked = sorted((base for base in counts if telling(base) > 0), key=lambda base: (-telling(base), base))
        named.append(tuple(_form(forms[base]) for base in ranked[:WORDS]))
    return named


def _form(counts: Counter[str]) -> str:
    """The most frequent form; of equally frequent ones the first by name."""
    return min(counts, key=lambda word: (-counts[word], word))
