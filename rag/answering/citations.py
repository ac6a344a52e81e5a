"""The verifier: quotes are read again from the store, and a model's sentences must stand in what they cite."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rag.answering.evidence import ReadText
from rag.answering.facts import month_value, names, numbers, values, without_numbers
from rag.answering.markers import cited, without_markers
from rag.answering.matching import Idf, overlap, union
from rag.answering.quotable import plain, quotable, trimmed
from rag.points import SparseVector, Vector
from rag.protocols import Encoder, LexicalEncoder
from rag.results import AnswerSentence, Citation, Evidence

MIN_OVERLAP = 0.55
"""Share of a claim's words, weighted by idf, that its quotes must cover together, unless the meaning is close. Above
`CONTEXT_SHARE`: headings alone prove nothing."""
MIN_COSINE = 0.75
"""Cosine of a claim and one sentence from which other words may say the same."""
BACKS = 0.3
"""Overlap from which a sentence of a cited passage counts as one of the quotes."""
SAME_MATTER = 0.4
"""A claim's number must stand in a sentence with at least this share of the best sentence's overlap."""
CONTESTED = 0.9
"""So it must where the best sentence has a number that the claim has not: beside "green tea at 75" the "95" of black
tea proves nothing about green tea."""
MAX_ENCODED = 60
"""Sentences of the evidence that are encoded, the first time that words alone do not decide."""


def cite(evidence: Evidence, start: int, end: int, read_text: ReadText) -> Citation:
    """A quote of the evidence as a citation, checked against the stored text as it is now.

    Args:
        evidence: the passage.
        start, end: span in the document's text, within the passage and not empty.
        read_text: reads the stored text again.

    Raises:
        ValueError: the span is not within the passage.
    """
    if not evidence.start <= start < end <= evidence.end:
        raise ValueError(
            f"span {start}..{end} is not a part of evidence {evidence.number}, {evidence.start}..{evidence.end}"
        )
    quote = evidence.text[start - evidence.start : end - evidence.start]
    stored = read_text(evidence.document_id)
    chunk = evidence.chunk_at(start)
    return Citation(
        evidence=evidence.number,
        chunk_id=chunk.chunk_id,
        document_id=evidence.document_id,
        uri=evidence.uri,
        title=evidence.title,
        page=chunk.page,
        start=start,
        end=end,
        quote=quote,
        verified=stored is not None and stored[start:end] == quote,
    )


class Verifier:
    """Checks the sentences of a model against the evidence that it was given.

    It compares words, numbers, names and meaning; it does not reason. A sentence that turns a statement into its
    opposite with the same words passes.
    """

    def __init__(
        self,
        evidence: Sequence[Evidence],
        *,
        encoder: Encoder,
        lexical: LexicalEncoder,
        idf: Idf,
        read_text: ReadText,
    ) -> None:
        self._evidence = {e.number: e for e in evidence}
        self._sentences = [s for e in evidence for s in quotable(e)]
        self._encoder, self._lexical, self._idf, self._read_text = encoder, lexical, idf, read_text
        self._terms = lexical.encode([plain(s.text) for s in self._sentences], kind="chunk")
        self._contexts = lexical.encode([s.context for s in self._sentences], kind="chunk")
        self._values = [values(plain(s.text)) for s in self._sentences]

    def support(self, text: str) -> AnswerSentence | None:
        """The sentence with what backs it; None for what states nothing (headings, "Here is the answer:").

        The evidence that the sentence cites is searched, or all of it where it cites none. It is supported if every
        number stands in a sentence that speaks of the same, every name stands in the passages, the quotes hold enough
        of its words or one is close in meaning, and the stored text still has them.

        Args:
            text: one sentence with its markers.
        """
        claim = _claim(text)
        if claim is None:
            return None
        named = [n for n in cited(text) if n in self._evidence]
        pool = [i for i, s in enumerate(self._sentences) if not named or s.evidence in named]
        quotes = self._backing(claim, pool, bool(named)) if self._names_occur(claim, named) else []
        sentences = [self._sentences[i] for i in sorted(quotes)]
        citations = tuple(cite(self._evidence[s.evidence], s.start, s.end, self._read_text) for s in sentences)
        return AnswerSentence(
            text=claim, supported=bool(citations) and all(c.verified for c in citations), citations=citations
        )

    def _backing(self, claim: str, pool: Sequence[int], is_cited: bool) -> set[int]:
        """The sentences that together say what the claim says; empty where none do."""
        terms = self._lexical.encode([without_numbers(plain(claim))], kind="query")[0]
        # only a marker ties a bare number to a passage
        if not pool or not (len(terms) or is_cited):
            return set()
        shares = self._shares(terms, pool)
        holding = self._holding(numbers(claim), pool, shares)
        if holding is None:
            return set()
        quotes = holding | (self._best_of_each(shares, pool) if is_cited else {pool[int(shares.argmax())]})
        if not len(terms) or self._covered(terms, quotes) >= MIN_OVERLAP:
            return quotes
        return self._close_in_meaning(claim, pool, quotes)

    def _holding(
        self, claimed: Sequence[frozenset[str]], pool: Sequence[int], shares: NDArray[np.float32]
    ) -> set[int] | None:
        """A sentence for every number of the claim; None where one stands nowhere, or only where other things are."""
        top = int(shares.argmax())
        said = numbers(plain(self._sentences[pool[top]].text))
        contested = not all(any(number & other for other in claimed) for number in said)
        needed = shares[top] * (CONTESTED if contested else SAME_MATTER)
        found = set()
        for number in claimed:
            rows = [row for row, i in enumerate(pool) if number & self._values[i] and shares[row] >= needed]
            if not rows:
                return None
            found.add(pool[max(rows, key=lambda row: shares[row])])
        return found

    def _shares(self, terms: SparseVector, pool: Sequence[int]) -> NDArray[np.float32]:
        contexts = [self._contexts[i] for i in pool]
        return overlap(terms, [self._terms[i] for i in pool], self._idf, contexts=contexts)

    def _best_of_each(self, shares: NDArray[np.float32], pool: Sequence[int]) -> set[int]:
        """The best sentence of every cited passage that says a part of it."""
        best: dict[int, int] = {}
        for row, i in enumerate(pool):
            number = self._sentences[i].evidence
            if shares[row] >= BACKS and (number not in best or shares[row] > shares[best[number]]):
                best[number] = row
        return {pool[row] for row in best.values()}

    def _covered(self, terms: SparseVector, quotes: set[int]) -> float:
        said = union([self._terms[i] for i in quotes])
        above = union([self._contexts[i] for i in quotes])
        return float(overlap(terms, [said], self._idf, contexts=[above])[0])

    def _close_in_meaning(self, claim: str, pool: Sequence[int], quotes: set[int]) -> set[int]:
        known = [i for i in pool if i < len(self._vectors)]
        if not known:
            return set()
        cosines = self._vectors[known] @ self._encoder.encode([claim], kind="document")[0]
        row = int(cosines.argmax())
        return quotes | {known[row]} if cosines[row] >= MIN_COSINE else set()

    def _names_occur(self, claim: str, named: Sequence[int]) -> bool:
        passages = [self._evidence[n] for n in named or self._evidence]
        words = names(claim)
        if not words:
            return True
        said = "\n".join(" ".join((e.title, *e.headings, e.text)) for e in passages)
        held, terms = said.casefold(), self._lexical.encode([said, *words], kind="chunk")
        figures = values(said)
        return all(
            word.casefold() in held
            or (len(term) > 0 and bool(np.isin(term.indices, terms[0].indices).all()))
            or month_value(word) in figures
            for word, term in zip(words, terms[1:], strict=True)
        )

    @cached_property
    def _vectors(self) -> Vector:
        """(m, d) of the first sentences: the best evidence comes first."""
        return self._encoder.encode([plain(s.text) for s in self._sentences[:MAX_ENCODED]], kind="document")


def _claim(text: str) -> str | None:
    """The sentence without markers and bullets; None where it states nothing."""
    bare = without_markers(text).strip()
    start, end = trimmed(bare, 0, len(bare))
    claim = bare[start:end]
    if bare.startswith(("#", "```", "~~~")) or claim.endswith((":", "：")) or not any(c.isalnum() for c in claim):
        return None
    return claim
