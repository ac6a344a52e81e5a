"""How much of two texts is the same: runs of five words, compared by sketches of bounded size (Broder 1997)."""

from typing import TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from rag.models.words import is_dense, words

RUN = 5
KEPT = 1024
"""Hashes that a sketch keeps: the smallest. A text of fewer runs is compared exactly, others to about .02."""
READ = 100_000
"""Characters of a text that are looked at."""
Sketch: TypeAlias = NDArray[np.uint64]

_FACTORS = np.array([0x9E3779B97F4A7C15 ** (n + 1) % 2**64 | 1 for n in range(RUN)], np.uint64)


def sketch(text: str) -> Sketch:
    """The smallest hashes of the runs of words in a text, ascending; of characters in scripts without spaces."""
    units = [unit for word in words(text[:READ].casefold()) for unit in (word if is_dense(word) else (word,))]
    hashes = np.array([crc32(unit.encode("utf-8", "replace")) for unit in units], np.uint64)
    if not len(hashes):
        return hashes
    padded = np.concatenate([hashes, np.zeros(max(0, RUN - len(hashes)), np.uint64)])
    runs = np.zeros(len(padded) - RUN + 1, np.uint64)
    for n, factor in enumerate(_FACTORS):
        runs += padded[n : n + len(runs)] * factor  # wraps around, as hashes do
    runs ^= runs >> np.uint64(29)
    runs *= np.uint64(0xBF58476D1CE4E5B9)
    runs ^= runs >> np.uint64(32)
    return np.unique(runs)[:KEPT]


def overlap(first: Sketch, second: Sketch) -> float:
    """Share of the runs of two texts that both have, estimated; 0 where one has no words."""
    if not len(first) or not len(second):
        return 0.0
    union = np.union1d(first, second)[:KEPT]
    both = np.intersect1d(first, second, assume_unique=True)
    return float(np.isin(union, both, assume_unique=True).mean())
