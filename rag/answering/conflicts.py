"""Sources that say the same of two different numbers, or say it and deny it: the reader is told, whoever answers."""

import re
import textwrap
from collections.abc import Iterator, Sequence

import numpy as np

from rag.answering.matching import Idf, holds
from rag.answering.names import names
from rag.answering.numbers import Figure, figures, without_numbers
from rag.answering.quotable import Quotable, plain, quotable
from rag.answering.verification.polarity import opposed, polarity
from rag.notices import Notice, notice
from rag.protocols import LexicalEncoder
from rag.results import AnswerSentence, Evidence

ALIKE = 0.8
"""Share of the words of either sentence, by rarity, that the other has; numbers do not count."""
FEWEST_WORDS = 3
"""Words in common below which two sentences are not about the same."""
SHOWN = 160
"""Characters of a sentence that are shown."""
_NUMBERED = re.compile(r"\w*\d[\w.]*")
_LABEL = re.compile(
    r"(?:(?:in|for|at|on|the|der|die|das|im|für)\s+){0,2}[\w-]+\s+\d[\w.]*\s+"
    r"(?:is|are|was|were|has|had|have|can|may|must|will|does|ist|war|hat|kann|muss|darf|wird)\b",
    re.IGNORECASE,
)
"""A number that names what the sentence is about: "Room 4 has a projector"."""


def differences(
    question: str,
    sentences: Sequence[AnswerSentence],
    evidence: Sequence[Evidence],
    *,
    lexical: LexicalEncoder,
    idf: Idf,
) -> Notice | None:
    """What the documents behind an answer disagree about; None where they do not.

    Two sentences of different documents disagree where they share their words but for one number, or one of them says
    what the other denies. A question may ask for one of the documents: see `_Asked.asks_for`.

    Args:
        question: as it was meant.
        sentences: of the answer.
        evidence: what it rests on, numbered.
    """
    passages = {e.number: e for e in evidence}
    cited = {(c.evidence, c.start, c.end): None for sentence in sentences for c in sentence.citations}
    if not cited or len({e.document_id for e in evidence}) < 2:
        return None
    every = [s for e in evidence for s in quotable(e)]
    places = {(s.evidence, s.start, s.end): row for row, s in enumerate(every)}
    terms = lexical.encode([without_numbers(plain(s.text)) for s in every], kind="chunk")
    titles = {e.number: _Title(e, lexical) for e in evidence}
    asked = _Asked(question, lexical)

    def others(row: int) -> Iterator[int]:
        weights = idf(terms[row].indices)
        held = holds(terms[row].indices, terms)
        for other, quote in enumerate(every):
            here, there = every[row].evidence, quote.evidence
            shared = held[other]
            if passages[here].document_id == passages[there].document_id or np.count_nonzero(shared) < FEWEST_WORDS:
                continue
            of_other = float(idf(terms[other].indices).sum()) or 1.0
            common = float(weights[shared].sum())
            if min(common / (float(weights.sum()) or 1.0), common / of_other) < ALIKE:
                continue
            one, two = titles[here], titles[there]
            if asked.asks_for(one, two) == asked.asks_for(two, one) and _disagree(every[row].text, quote.text):
                yield other

    for row in (places[place] for place in cited if place in places):
        against = next(others(row), None)
        if against is not None:
            one, other = every[row], every[against]
            shown = {"one": _shown(one), "in_one": one.evidence, "other": _shown(other), "in_other": other.evidence}
            return notice("sources_differ", **shown)
    return None


class _Title:
    """What stands above a passage: the terms of its title and of each heading, and all of them."""

    def __init__(self, passage: Evidence, lexical: LexicalEncoder) -> None:
        above = lexical.encode([passage.title, *passage.headings], kind="query")
        self.parts = [frozenset(part.indices.tolist()) for part in above]
        self.terms = frozenset[int]().union(*self.parts)


class _Asked:
    """The terms of a question, and of the names and numbers in it."""

    def __init__(self, question: str, lexical: LexicalEncoder) -> None:
        named = " ".join((*names(question), *_NUMBERED.findall(question)))
        every, of_names = lexical.encode([question, named], kind="query")
        self.terms, self.named = frozenset(every.indices.tolist()), frozenset(of_names.indices.tolist())

    def asks_for(self, one: _Title, other: _Title) -> bool:
        """It has all words of a title, or a name or number of it, and the other title has not all of these.

        A word in common is not enough: of a travel and an expense policy, "the allowance for travel" may mean either.
        """
        whole = any(part and part <= self.terms and part - other.terms for part in one.parts)
        return whole or bool(self.named & one.terms - other.terms)


def _disagree(one: str, other: str) -> bool:
    """They have the same numbers but for one, of the same unit; or the same numbers, and one says what one denies."""
    first, second = figures(one), figures(other)
    left, right = _without(first, second), _without(second, first)
    if left or right:
        same_unit = len(left) == len(right) == 1 and left[0].unit == right[0].unit
        return same_unit and not (_LABEL.match(plain(one)) and _LABEL.match(plain(other)))
    said, denied = polarity(one), polarity(other)
    return opposed(said, denied, denied) is not None


def _without(some: Sequence[Figure], others: Sequence[Figure]) -> list[Figure]:
    return [f for f in some if not any(f.values & o.values and f.unit == o.unit for o in others)]


def _shown(quote: Quotable) -> str:
    return textwrap.shorten(plain(quote.text), SHOWN, placeholder=" …").rstrip(".")
