"""Sources that say the same of two different numbers: the reader is told, whoever wrote the answer."""

import textwrap
from collections.abc import Iterator, Sequence

import numpy as np

from rag.answering.matching import Idf, holds, overlap
from rag.answering.numbers import Figure, figures, without_numbers
from rag.answering.quotable import Quotable, plain, quotable
from rag.notices import Notice, notice
from rag.protocols import LexicalEncoder
from rag.results import AnswerSentence, Evidence

ALIKE = 0.8
"""Share of the words of either sentence, by rarity, that the other has; numbers do not count."""
FEWEST_WORDS = 3
"""Words in common below which two sentences are not about the same."""
SHOWN = 160
"""Characters of a sentence that are shown."""


def differences(
    question: str,
    sentences: Sequence[AnswerSentence],
    evidence: Sequence[Evidence],
    *,
    lexical: LexicalEncoder,
    idf: Idf,
) -> Notice | None:
    """What the documents behind an answer disagree about; None where they do not.

    Two sentences of different documents disagree where they share their words but for one number. A question that has
    more words of one document's title and headings than of the other's asks for that one.

    Args:
        question: as it was meant.
        sentences: of the answer.
        evidence: what it rests on, numbered.
    """
    passages = {e.number: e for e in evidence}
    every = [s for e in evidence for s in quotable(e) if figures(s.text)]
    cited = [(c.evidence, c.start, c.end) for sentence in sentences for c in sentence.citations]
    places = {(s.evidence, s.start, s.end): row for row, s in enumerate(every)}
    rows = [places[place] for place in dict.fromkeys(cited) if place in places]
    if not rows or len({e.document_id for e in evidence}) < 2:
        return None
    terms = lexical.encode([without_numbers(plain(s.text)) for s in every], kind="chunk")
    contexts = lexical.encode([" ".join((e.title, *e.headings)) for e in evidence], kind="chunk")
    chosen = dict(zip(passages, overlap(lexical.encode([question], kind="query")[0], contexts, idf), strict=True))

    def others(row: int) -> Iterator[int]:
        weights = idf(terms[row].indices)
        held = holds(terms[row].indices, terms)
        for other, quote in enumerate(every):
            here, there = every[row].evidence, quote.evidence
            if passages[here].document_id == passages[there].document_id or chosen[here] != chosen[there]:
                continue
            shared = held[other]
            of_other = float(idf(terms[other].indices).sum()) or 1.0
            least = min(
                float(weights[shared].sum()) / (float(weights.sum()) or 1.0), float(weights[shared].sum()) / of_other
            )
            if np.count_nonzero(shared) >= FEWEST_WORDS and least >= ALIKE and _one_differs(every[row], quote):
                yield other

    for row in rows:
        against = next(others(row), None)
        if against is not None:
            one, other = every[row], every[against]
            shown = {"one": _shown(one), "in_one": one.evidence, "other": _shown(other), "in_other": other.evidence}
            return notice("sources_differ", **shown)
    return None


def _one_differs(one: Quotable, other: Quotable) -> bool:
    """They have the same numbers but for one, of the same unit."""
    first, second = figures(one.text), figures(other.text)
    left, right = _without(first, second), _without(second, first)
    return len(left) == len(right) == 1 and left[0].unit == right[0].unit


def _without(some: Sequence[Figure], others: Sequence[Figure]) -> list[Figure]:
    return [f for f in some if not any(f.values & o.values and f.unit == o.unit for o in others)]


def _shown(quote: Quotable) -> str:
    return textwrap.shorten(plain(quote.text), SHOWN, placeholder=" …").rstrip(".")
