"""Whether the evidence says what a model's sentence says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.answering.citations import cite
from rag.answering.courtesies import is_courtesy
from rag.answering.evidence import ReadText
from rag.answering.markers import cited, without_markers
from rag.answering.matching import Idf
from rag.answering.numbers import figures, values, without_numbers
from rag.answering.quotable import trimmed
from rag.answering.replies import after_reply, only_replies
from rag.answering.verification.entailment import Comparison, statements
from rag.answering.verification.judge import AGREED, Judge
from rag.answering.verification.objection import ABSENT, Objection
from rag.answering.verification.passages import OTHER_LANGUAGE, Passages
from rag.answering.verification.sentences import Sentences, as_compared, wording
from rag.errors import ModelError
from rag.notices import Notice, notice
from rag.points import SparseVector
from rag.protocols import Encoder, LexicalEncoder
from rag.results import AnswerSentence, Evidence

MIN_OVERLAP = 0.55
"""Share of a claim's words, weighted by idf, that its quotes must cover together, unless the meaning is close. Above
`CONTEXT_SHARE`: headings alone prove nothing."""
MIN_COSINE = 0.75
"""Cosine of a claim and one sentence from which other words may say the same."""
MEANT, MIN_SHARED = 1.1, 0.34
"""So may a smaller cosine, where the quotes have some of the claim's words: their sum, and the least share of words."""
COUNTED = 0.93, 0.2
"""The same of a claim with numbers, all of which the quotes have."""
ANCHORS, ANCHOR_SHARE = 4, 0.9
"""Sentences that a claim may rest on: so many, with at least this share of the best one's overlap."""
LONGEST = 2000
"""Characters of a claim from which it is no sentence that could be compared, but what a model repeats without end."""


@dataclass(frozen=True, slots=True)
class _Backing:
    """Rows of the sentences that back a claim, or why none do."""

    rows: frozenset[int] = frozenset()
    why: Notice | None = None


class Verifier:
    """Checks the sentences of a model against the evidence that it was given.

    A sentence is supported where sentences of the evidence hold enough of its words, or one is close in meaning, and
    none of its numbers, names, negations and opposites speaks against it; see `rag.answering.verification.entailment`.
    """

    def __init__(
        self,
        evidence: Sequence[Evidence],
        *,
        encoder: Encoder,
        lexical: LexicalEncoder,
        idf: Idf,
        read_text: ReadText,
        judge: Judge | None = None,
    ) -> None:
        """Read the evidence.

        Args:
            encoder: compares a claim with sentences that say it in other words.
            lexical, idf: compare by words.
            read_text: the stored text that citations are checked against.
            judge: has to agree with what these find, and may find what they do not, unless a number, name or negation
                speaks against it.
        """
        self._judge = judge
        self._evidence = {e.number: e for e in evidence}
        self._lexical, self._read_text = lexical, read_text
        self._sentences = Sentences(evidence, encoder=encoder, lexical=lexical, idf=idf)
        self._comparison = Comparison(
            [*(s.text for s in self._sentences.rows), *(" ".join((e.title, *e.headings)) for e in evidence)]
        )
        self._read: dict[tuple[int, ...], Passages] = {}

    def support(self, text: str) -> AnswerSentence | None:
        """The sentence with what backs it; None for what states nothing (headings, "Hope this helps!").

        The evidence that the sentence cites is searched, or all of it where it cites none. "Yes." and "No." are not
        searched for: alone they are not supported, and in front of a sentence they stand or fall with it.

        Args:
            text: one sentence with its markers.
        """
        claim = _claim(text)
        if claim is None:
            return None
        said = as_compared(after_reply(claim))
        backing = _Backing(why=ABSENT.why) if only_replies(claim) else self._checked(said, cited(text), len(claim))
        sentences = [self._sentences.rows[i] for i in sorted(backing.rows)]
        citations = tuple(cite(self._evidence[s.evidence], s.start, s.end, self._read_text) for s in sentences)
        why = backing.why
        if citations and not all(c.verified for c in citations):
            why = notice("text_changed")
        return AnswerSentence(text=claim, supported=bool(citations) and why is None, citations=citations, why=why)

    def _checked(self, claim: str, numbers: Sequence[int], written: int) -> _Backing:
        named = [n for n in numbers if n in self._evidence]
        pool = [i for i, s in enumerate(self._sentences.rows) if not named or s.evidence in named]
        backing = self._word_for_word(claim, pool)
        if backing is None and written > LONGEST:
            return _Backing(why=notice("too_long_to_check"))
        return backing or self._compared(claim, named, pool)

    def _word_for_word(self, claim: str, pool: Sequence[int]) -> _Backing | None:
        words = wording(claim)
        same = [i for i in pool if " " in words and words in self._sentences.wordings[i]]
        return _Backing(frozenset(same[:1])) if same else None

    def _compared(self, claim: str, named: Sequence[int], pool: Sequence[int]) -> _Backing:
        """What backs a claim that says it in other words."""
        backing = self._stated(claim, named, pool)
        if backing.why and backing.why.code in ("absent", "unknown_name", "other_name"):
            # of another language, it cannot be known: neither is a noun of German with its capital a name
            backing = _Backing(why=self._passages(named).incomparable(claim) or backing.why)
        return self._judged(claim, pool, backing)

    def _stated(self, claim: str, named: Sequence[int], pool: Sequence[int]) -> _Backing:
        """What backs the statements of a claim, all of them."""
        unknown = self._passages(named).unknown_name(claim)
        if unknown:
            return _Backing(why=notice("unknown_name", name=unknown))
        return _together([self._backing(part, pool, bool(named)) for part in statements(claim)])

    def _judged(self, claim: str, pool: Sequence[int], backing: _Backing) -> _Backing:
        """What the judge says, where there is one and no number, name or negation speaks against the claim."""
        if self._judge is None or not pool or backing.why not in (None, ABSENT.why, OTHER_LANGUAGE):
            return backing
        rows = backing.rows or self._sentences.nearest(claim, pool)
        # what "it" stands for is often said one sentence before
        read = {*rows, *(i - 1 for i in rows if self._sentences.sources[i].before)}
        premise = " ".join(self._sentences.sources[i].text for i in sorted(read))
        try:
            agreed = self._judge.entails(premise, claim) >= AGREED
        except ModelError as error:
            return _Backing(why=notice("judge_failed", failure=error.why or str(error)))
        return _Backing(rows) if agreed else _Backing(why=notice("judge_disagrees"))

    def _backing(self, claim: str, pool: Sequence[int], is_cited: bool) -> _Backing:
        """The sentences that together say what the claim says."""
        terms = self._lexical.encode([without_numbers(claim)], kind="query")[0]
        # only a marker ties a bare number to a passage
        if not pool or not (len(terms) or (is_cited and figures(claim))):
            return _Backing(why=ABSENT.why)
        held = self._sentences.figures_held(claim, pool)
        shares = self._sentences.shares(terms, pool) if len(terms) else held
        # of many rows of a table that have its words, the one with its number
        ranked = np.lexsort((-held, -shares))
        rated = ranked[:ANCHORS]
        against: list[Objection] = []
        fitting: list[tuple[list[int], float]] = []
        for row in rated:
            if shares[row] < ANCHOR_SHARE * shares[rated[0]]:
                break
            for quotes in self._quotes(claim, terms, pool, int(row), shares):
                objection = self._comparison.objection(claim, [self._sentences.sources[i] for i in quotes])
                if objection is None:
                    fitting.append((quotes, self._sentences.covered(terms, quotes) if len(terms) else 1.0))
                    if fitting[-1][1] >= MIN_OVERLAP:
                        further = self._sentences.best_of_each(ranked, shares, pool) if is_cited else set()
                        return _Backing(frozenset(quotes) | further)
                else:
                    against.append(objection)
                    if objection.contrary:
                        break
        contrary = [objection.why for objection in against if objection.contrary]
        meant = None if contrary else self._meant(claim, fitting, [pool[row] for row in rated])
        return (
            _Backing(frozenset(meant)) if meant else _Backing(why=[*contrary, *(o.why for o in against), ABSENT.why][0])
        )

    def _quotes(
        self, claim: str, terms: SparseVector, pool: Sequence[int], anchor: int, shares: NDArray[np.float32]
    ) -> Iterator[list[int]]:
        """The anchor alone, and together with what says more of the claim."""
        yield [pool[anchor]]
        claimed = [figure.values for figure in figures(claim)]
        more = self._sentences.with_numbers(claimed, self._sentences.covering(terms, pool, anchor), pool, shares)
        if len(more) > 1:
            yield more

    def _meant(
        self, claim: str, fitting: Sequence[tuple[list[int], float]], rows: Sequence[int]
    ) -> Sequence[int] | None:
        """Sentences that say the claim in other words."""
        cosines = self._sentences.cosines(claim, [*rows, *(i for quotes, _ in fitting for i in quotes)])
        claimed = figures(claim)
        for quotes, covered in fitting:
            numbers = frozenset[str]().union(*(self._sentences.values[i] for i in quotes))
            counted = bool(claimed) and all(figure.values & numbers for figure in claimed)
            enough, least = COUNTED if counted else (MEANT, MIN_SHARED)
            if covered >= least and covered + max(cosines[i] for i in quotes) >= enough:
                return quotes
        best = max(cosines, key=cosines.__getitem__)
        if cosines[best] < MIN_COSINE:
            return None
        objection = self._comparison.objection(claim, [self._sentences.sources[best]])
        said = self._sentences.values[best] | values(self._sentences.sources[best].context)
        has_numbers = all(figure.values & said for figure in claimed)
        return [best] if objection is None or (objection == ABSENT and has_numbers) else None

    def _passages(self, named: Sequence[int]) -> Passages:
        """The passages of these numbers, all of them where there is none."""
        numbers = tuple(named) or tuple(self._evidence)
        if numbers not in self._read:
            self._read[numbers] = Passages([self._evidence[n] for n in numbers], self._lexical)
        return self._read[numbers]


def _together(parts: Sequence[_Backing]) -> _Backing:
    """All statements of a claim are backed, or why one is not."""
    why = next((part.why for part in parts if part.why), None)
    return _Backing(why=why) if why else _Backing(frozenset().union(*(part.rows for part in parts)))


def _claim(text: str) -> str | None:
    """The sentence without markers and bullets; None where it states nothing."""
    bare = without_markers(text).strip()
    start, end = trimmed(bare, 0, len(bare))
    claim = bare[start:end]
    if bare.startswith(("#", "```", "~~~")) or claim.endswith((":", "：")) or not any(c.isalnum() for c in claim):
        return None
    return None if is_courtesy(claim) and not cited(text) else claim
