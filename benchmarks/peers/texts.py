"""Questions about the documents, and texts like them in any number."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BLOCK = 1000
DIMENSIONS = 384
WORDS_A_TEXT = 75
"""About what a chunk of the handbook has."""

_HEADING = re.compile(r"^#{1,4}\s+(.+?)\s*#*$", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z]{2,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Texts and a vector of length 1 for each."""

    texts: list[str]
    vectors: NDArray[np.float32]


def questions(paths: Sequence[Path], number: int) -> list[str]:
    """Headings of at least three words, each once, from all over the files; fewer where there are not so many.

    Raises:
        ValueError: no file has such a heading.
    """
    found: dict[str, None] = {}
    for path in paths:
        for heading in _HEADING.findall(path.read_text(encoding="utf-8", errors="replace")):
            if len(_WORD.findall(heading)) >= 3:
                found.setdefault(heading)
    if not found:
        raise ValueError(f"no headings of three words in {len(paths)} files")
    headings = list(found)
    return [headings[i * len(headings) // number] for i in range(number)] if number < len(headings) else headings


def frequencies(paths: Sequence[Path]) -> dict[str, int]:
    """How often each word occurs in the files."""
    counts: Counter[str] = Counter()
    for path in paths:
        counts.update(_WORD.findall(path.read_text(encoding="utf-8", errors="replace")))
    return dict(counts)


def synthetic(frequencies: Mapping[str, int], number: int, *, seed: int = 0) -> Iterator[Block]:
    """Texts of words drawn by their frequency, with random vectors: the same ones for the same arguments.

    Such texts have the words of real ones and their rates, but no meaning: for speed and size, not for quality.
    """
    random = np.random.default_rng(seed)
    words = np.array(list(frequencies))
    share = np.array(list(frequencies.values()), dtype=np.float64)
    share /= share.sum()
    for start in range(0, number, BLOCK):
        size = min(BLOCK, number - start)
        drawn = random.choice(words, size=(size, WORDS_A_TEXT), p=share)
        vectors = random.standard_normal((size, DIMENSIONS), dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        yield Block(texts=[" ".join(row) for row in drawn], vectors=vectors)
