"""Late interaction: a question and a text compared word by word, each word with its context.

score = sum over the question's words of weight x max over the text's words of their cosine

(MaxSim; Khattab and Zaharia 2020, arXiv 2004.12832.) The weights are the words' shares in the sum of their idf, so that
a score is at most 1. A word's vector is the mean of its tokens' states, from the pass that makes the vector of the
whole text. Stop words have none.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rag.models.words import DENSE_SCRIPTS, STOP_WORDS
from rag.points import Vector
from rag.protocols import Encoder

DIMENSION = 64
"""Numbers of a word's vector. Projecting 384 of them to 128 or 64 at random changes the figures by less than .3 points
(docs/evaluation.md); 64 are half the bytes."""

# two characters of Han, kana or Hangul are about a word; scripts without spaces are cut at 20 characters
_WORD = re.compile(rf"[{DENSE_SCRIPTS}]{{1,2}}|[^\W{DENSE_SCRIPTS}]{{1,20}}")


def word_spans(text: str) -> list[tuple[int, int]]:
    """`(start, end)` of the words that have a vector."""
    return [m.span() for m in _WORD.finditer(text) if m[0].casefold() not in STOP_WORDS]


def word_vectors(states: Vector) -> Vector:
    """Mean states of words (m, d) -> what is compared of them, (m, DIMENSION) float32, unit norm.

    A random orthonormal projection keeps cosines (Johnson and Lindenstrauss 1984) and needs no training: the same for
    every corpus and every model of this dimension.
    """
    rows = states @ _projection(states.shape[1]) if states.shape[1] > DIMENSION else states
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-12), np.float32)


def weighted(rows: Vector, idf: Vector) -> Vector:
    """A question's words as they are compared: rows (m, k) times their share in the sum of idf (m,)."""
    total = float(idf.sum())
    shares = idf / total if total else np.zeros_like(idf)
    return np.asarray(rows * shares[:, None], np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class LateInteraction:
    """Compares texts that are read when a question is asked; implements `rag.protocols.Reranker`.

    Attributes:
        encoder: loads the encoder at its first call.
        rarity: words (m,) -> their idf (m,).
    """

    encoder: Callable[[], Encoder]
    rarity: Callable[[Sequence[str]], Vector]

    def score(self, query: str, texts: Sequence[str]) -> Vector:
        """(n,) float32, at most 1; all 0 for a question of stop words alone."""
        encoder, spans = self.encoder(), word_spans(query)
        _, (rows,) = encoder.encode_parts([query], [spans], kind="query")
        if not rows.any():
            return np.zeros(len(texts), np.float32)
        asked = weighted(rows, self.rarity([query[start:end] for start, end in spans]) * rows.any(axis=1))
        _, read = encoder.encode_parts(texts, [word_spans(text) for text in texts], kind="document")
        return np.array([maxsim(asked, of_text) for of_text in read], np.float32)


def maxsim(query: Vector, text: Vector) -> float:
    """The sum over the query's rows (m, k) of the greatest dot product with a row of the text (n, k); 0 without any."""
    return float((query @ text.T).max(axis=1).sum()) if len(query) and len(text) else 0.0


@lru_cache(maxsize=8)
def _projection(dimension: int) -> Vector:
    """(dimension, DIMENSION), columns orthonormal; the same on every machine but for rounding."""
    # raw bits, because numpy promises them to stay the same
    raw = np.frombuffer(np.random.PCG64(0).random_raw(dimension * DIMENSION).tobytes(), np.uint64)
    signs = np.where(raw >> np.uint64(63), 1.0, -1.0)
    columns, upper = np.linalg.qr(signs.reshape(dimension, DIMENSION))
    return np.asarray(columns * np.sign(np.diag(upper)), np.float32)
