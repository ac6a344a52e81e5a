"""Sentences that say two numbers of two things: which number belongs to what."""

import re
from collections.abc import Sequence

from rag.answering.numbers import Figure, values
from rag.answering.tokens import tokens
from rag.answering.verification.alignment import Clause, Names, Source, clauses
from rag.answering.verification.objection import Objection, other_words

_HEDGE = re.compile(
    r"\b(?:only|just|about|around|nearly|almost|roughly|over|under|up to|some|nur|etwa|rund|fast|solo|sólo|environ)\b",
    re.IGNORECASE,
)
OWN = 2
"""Content words from which a clause says something of its own."""


def goes_on(clause: Clause, before: Clause, claim: Clause, figure: Figure) -> bool:
    """Whether a clause with a number leaves out what the one before it said, and has more of the claim than it.

    In "Revenue was 5 million in 2022 and 7 million in 2023" the second part has the claim's year.

    Args:
        figure: the number of the claim that the clause has.
    """
    held = next((each for each in clause.figures if each.values & figure.values), None)
    if held is None or not (_opens(clause, before, held) or _ends(clause, before, held)):
        return False
    return _has_more(claim, clause, before, figure)


def is_taken(figure: Figure, claim: Clause, holding: Clause, clause: Clause) -> bool:
    """Whether the claim has what a clause adds to the one before it, but the number of the one before.

    "9 to 8 on weekdays and until 5 on Saturdays" does not say that it is until 8 on Saturdays.

    Args:
        figure: the number of the claim that `holding` has.
        holding: the clause before.
    """
    if not any(_opens(clause, holding, other) for other in clause.figures if other.unit == figure.unit):
        return False
    held = next((each for each in holding.figures if each.values & figure.values), None)
    tail = holding.text[held.start + len(held.written) :] if held else ""
    behind = {word.key for word in tokens(tail)} & claim.keys - clause.keys
    return not behind and not values(tail) & claim.values - clause.values and _has_more(claim, clause, holding, figure)


def tells_it(claim: Clause, clause: Clause, holding: Sequence[Clause]) -> bool:
    """Whether a clause says what the claim says, while those of its sentence that have the number say something else.

    Apple repurchased shares for 57 billion, and paid dividends of 11 billion: it did not pay dividends of 57.
    """
    beside = [other for other in holding if other.source is clause.source]
    held = frozenset[str]().union(*(other.content for other in beside))
    own, theirs = claim.content & clause.keys - held, claim.content & held - clause.keys
    return len(own) >= OWN and not theirs and len(held - claim.keys) >= OWN


def _opens(clause: Clause, before: Clause, figure: Figure) -> bool:
    """Whether a clause is behind the other one and says a number without saying of what: "and 7 million in 2023"."""
    return _follows(clause, before) and not tokens(_HEDGE.sub(" ", clause.text[: max(0, figure.start)]))


def _ends(clause: Clause, before: Clause, figure: Figure) -> bool:
    """Whether it says a number without saying how many of what: "the one in Bonn 120"."""
    return _follows(clause, before) and not figure.unit and clause.text.rstrip(" .").endswith(figure.written)


def _follows(clause: Clause, before: Clause) -> bool:
    said = clause.source.text
    return before.source is clause.source and said.find(before.text) < said.find(clause.text)


def _has_more(claim: Clause, clause: Clause, other: Clause, figure: Figure) -> bool:
    """Whether a clause has words or numbers of the claim that the other one has not, beside the number itself."""
    held = [each.unit for each in clause.figures if each.unit]
    words = {word.key for word in claim.words if not word.text[0].isdigit()}.difference(held)
    numbers = frozenset[str]().union(*(each.values for each in claim.figures if each is not figure))
    return bool(words & clause.keys - other.keys or numbers & clause.values - other.values)


def swapped(claim: Clause, sources: Sequence[Source], named: Names) -> Objection | None:
    """Of two numbers, the claim says each of what the source says the other of."""
    parts = [part for part in clauses(claim.source, named) if part.figures]
    if len(parts) < 2:
        return None
    theirs = [clause for source in sources for clause in clauses(source, named)]
    for part in parts:
        others = frozenset().union(*(each.keys for each in parts if each is not part))
        for figure in part.figures:
            own = frozenset(word.key for word in part.words if word.text not in figure.values | figure.bare) - others
            holding = [clause for clause in theirs if figure.values & clause.values]
            if not holding or any(own & clause.keys for clause in holding):
                continue
            for clause in theirs:
                of_it = [f for f in clause.figures if f.unit == figure.unit and not f.values & figure.values]
                if clause not in holding and own & clause.keys and of_it:
                    return other_words(figure, of_it[0])
    return None
