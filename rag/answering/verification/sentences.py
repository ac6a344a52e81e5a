"""The sentences of the evidence, as claims are compared with them: by words, numbers and meaning."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rag.answering.abbreviations import written_out
from rag.answering.matching import Idf, holds, overlap, union, words_alone
from rag.answering.numbers import Number, figures, values, without_numbers
from rag.answering.quotable import plain, quotable
from rag.answering.table_rows import labelled
from rag.answering.tokens import tokens
from rag.answering.verification.alignment import Source
from rag.points import SparseVector, Vector
from rag.protocols import Encoder, LexicalEncoder
from rag.results import Evidence

BACKS = 0.3
"""Overlap from which a sentence of a cited passage counts as one of the quotes."""
ADDS, ADDED = 0.15, 2
"""Share of the claim's words that a further quote must add, and how many further ones there may be."""
NEAREST = 2
"""Sentences by words, and as many by meaning, that a judge reads where none back a claim."""
BEFORE = 4
"""Sentences before a quote in which "it" and "the company" may be named."""
_SIGN = re.compile(r"[$€£¥₹%‰]|(?<![\w)])[-−](?=\d)")


class Sentences:
    """Every sentence of the evidence that can be quoted, by its row. A pool is the rows that a claim may rest on.

    Attributes:
        rows: the sentences.
        sources: each of them with what stands around it.
        values: of the numbers in each.
        wordings: the words of each in one case, as they stand and as a row of a table reads.
    """

    def __init__(self, evidence: Sequence[Evidence], *, encoder: Encoder, lexical: LexicalEncoder, idf: Idf) -> None:
        """Read the evidence.

        Args:
            encoder: compares by meaning.
            lexical, idf: compare by words.
        """
        self.rows = [s for e in evidence for s in quotable(e)]
        self._encoder, self._lexical, self._idf = encoder, lexical, idf
        texts = [as_compared(labelled(s.cells) if s.cells else s.said) for s in self.rows]
        bare = [as_compared(s.text) for s in self.rows]
        self._terms = lexical.encode(texts, kind="chunk")
        self._contexts = lexical.encode([s.context for s in self.rows], kind="chunk")
        self.values = [values(text) for text in texts]
        self.wordings = [{wording(one), wording(other)} for one, other in zip(texts, bare, strict=True)]
        subjects: dict[int, frozenset[str]] = {}
        for s, text in zip(self.rows, bare, strict=True):
            subjects[s.evidence] = subjects.get(s.evidence, frozenset()) | {w.key for w in tokens(text)[:1]}
        self.sources = [
            Source(
                text=text,
                before=self._before(i, texts),
                context=s.context,
                subjects=subjects[s.evidence],
                cells=tuple((as_compared(head), as_compared(cell)) for head, cell in s.cells),
            )
            for i, (s, text) in enumerate(zip(self.rows, texts, strict=True))
        ]
        self._vectors: dict[int, Vector] = {}

    def shares(self, terms: SparseVector, pool: Sequence[int]) -> NDArray[np.float32]:
        """Share of the terms that each sentence of the pool has, weighted by idf."""
        contexts = [self._contexts[i] for i in pool]
        return overlap(terms, [self._terms[i] for i in pool], self._idf, contexts=contexts)

    def figures_held(self, claim: str, pool: Sequence[int]) -> NDArray[np.float32]:
        """Share of the claim's figures that each sentence has; 0 where the claim has none."""
        claimed = [figure.values for figure in figures(claim)]
        held = [sum(bool(number & self.values[i]) for number in claimed) / (len(claimed) or 1) for i in pool]
        return np.asarray(held, np.float32)

    def covering(self, terms: SparseVector, pool: Sequence[int], anchor: int) -> list[int]:
        """The anchor, and sentences that say what is missing of the claim."""
        quotes = [pool[anchor]]
        weights = self._idf(terms.indices)
        total = float(weights.sum()) or 1.0
        held = holds(terms.indices, [self._terms[i] for i in pool])
        missing = ~held[anchor]
        for _ in range(ADDED):
            gains = (held & missing) @ weights
            best = int(np.argmax(gains))
            if gains[best] < ADDS * total:
                break
            quotes.append(pool[best])
            missing &= ~held[best]
        return quotes

    def with_numbers(
        self, claimed: Sequence[Number], quotes: list[int], pool: Sequence[int], shares: NDArray[np.float32]
    ) -> list[int]:
        """The quotes, and for each number that they miss the sentence with it that shares most with the claim."""
        found = [*quotes]
        for number in claimed:
            if not any(number & self.values[i] for i in found):
                rows = [row for row, i in enumerate(pool) if number & self.values[i] and shares[row] >= BACKS]
                found += [pool[max(rows, key=lambda row: shares[row])]] if rows else []
        return found

    def best_of_each(self, ranked: NDArray[np.intp], shares: NDArray[np.float32], pool: Sequence[int]) -> set[int]:
        """The best sentence of every cited passage that says a part of it."""
        best: dict[int, int] = {}
        for row in ranked:
            if shares[row] >= BACKS:
                best.setdefault(self.rows[pool[row]].evidence, pool[row])
        return {*best.values()}

    def covered(self, terms: SparseVector, quotes: Sequence[int]) -> float:
        """Share of the terms that these sentences have together, weighted by idf."""
        said = union([self._terms[i] for i in quotes])
        above = union([self._contexts[i] for i in quotes])
        return float(overlap(terms, [said], self._idf, contexts=[above])[0])

    def nearest(self, claim: str, pool: Sequence[int]) -> frozenset[int]:
        """The sentences that share most with the claim, and those that are closest in meaning."""
        terms = self._lexical.encode([without_numbers(claim)], kind="query")[0]
        shares = self.shares(terms, pool)
        cosines = self.cosines(claim, pool)
        close = sorted(pool, key=lambda i: -cosines[i])[:NEAREST]
        return frozenset([*close, *(pool[row] for row in np.argsort(-shares, kind="stable")[:NEAREST] if shares[row])])

    def cosines(self, claim: str, rows: Sequence[int]) -> dict[int, float]:
        """Of the claim and each of these sentences."""
        rows = list(dict.fromkeys(rows))
        # a stored vector knows what stands around its sentence: the claim's, which stands alone, is further from it
        new = [i for i in rows if i not in self._vectors]
        encoded = self._encoder.encode([claim, *(self.sources[i].text for i in new)], kind="document")
        self._vectors.update(zip(new, encoded[1:], strict=True))
        return {i: float(self._vectors[i] @ encoded[0]) for i in rows}

    def _before(self, row: int, texts: Sequence[str]) -> tuple[str, ...]:
        """The sentences before one in its passage, the nearest first."""
        number = self.rows[row].evidence
        return tuple(texts[i] for i in range(row - 1, max(-1, row - 1 - BEFORE), -1) if self.rows[i].evidence == number)


@lru_cache(maxsize=4096)
def as_compared(text: str) -> str:
    """A text as it is compared: without marks, and with its short forms in full."""
    return written_out(plain(text))


def wording(text: str) -> str:
    """The words of a text in one case, and what its numbers count: $5 is not €5."""
    return words_alone(_SIGN.sub(lambda sign: f" {unicodedata.name(sign[0])} ", text))
