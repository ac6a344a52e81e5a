"""What is before, or more than, what."""

import re
from collections.abc import Sequence
from typing import TypeAlias

from rag.answering.numbers import figures
from rag.answering.tokens import Token, tokens
from rag.answering.verification.alignment import Clause, in_bound
from rag.answering.verification.objection import Objection
from rag.notices import notice

_THAN, _AFTER = ("than", "als", "que"), ("after", "nach", "nachdem", "après", "después")
_ORDER = re.compile(r"\b(?:before|after|than|bevor|nachdem|als|avant|après|antes|después)\b", re.IGNORECASE)
_NO_ORDER = re.compile(r"\s+(?:that|this|then|dem)\b", re.IGNORECASE)
_LESS = re.compile(r"\b(?:less|weniger|moins|menos)\s+$", re.IGNORECASE)
Keys: TypeAlias = frozenset[str]
_TIME = "time"
_NEAR = 12
"""Characters behind "than" in which a number is what is compared with."""


def other_order(claim: Clause, found: Sequence[Clause]) -> Objection | None:
    """What is before, or more, in the claim is after, or less, in the source."""
    own = _sides(claim.text)
    theirs = [sides for text in dict.fromkeys(c.source.text for c in found) if (sides := _sides(text))]
    if own is None or not theirs or own[0] != theirs[0][0]:
        return None
    (_, left, right), (_, first, second) = own, theirs[0]
    crossed = len(left & second) + len(right & first) > len(left & first) + len(right & second)
    if crossed or _exchanged(left, right, first - second, second - first):
        return Objection(notice("other_order"), contrary=True)
    return None


def _exchanged(left: Keys, right: Keys, first: Keys, second: Keys) -> bool:
    """Whether each side has something of the other side alone, and what is compared with has nothing of its own."""
    return bool(left & second and right & first and not right & second)


def same_comparison(claim: str, source: str) -> bool:
    """Whether both compare two things in the same way, be it that one has less and the other more."""
    own, theirs = _sides(claim), _sides(source)
    if not own or not theirs or own[0] != theirs[0] or own[0] == _TIME:
        return False
    (_, left, right), (_, first, second) = own, theirs
    return len(left & first) + len(right & second) > len(left & second) + len(right & first)


def _sides(text: str) -> tuple[str, Keys, Keys] | None:
    """What is compared, and the words on the side that is earlier or more and on the other."""
    match = _ORDER.search(text)
    if match is None or in_bound(match) or _NO_ORDER.match(text, match.end()):
        return None
    words, kind = tokens(text), match[0].casefold()
    before = [word for word in words if word.start < match.start()]
    if kind in _THAN:
        if not before or figures(text[match.end() : match.end() + _NEAR])[:1]:
            return None  # "more than five"
        compared = before.pop()  # "smaller" itself
        left, right = frozenset(word.key for word in before), _behind(words, match.end())
        less = bool(_LESS.search(text, 0, compared.start))
        return (compared.key, right, left) if less else (compared.key, left, right)
    left, right = frozenset(word.key for word in before), _behind(words, match.end())
    return (_TIME, right, left) if kind in _AFTER else (_TIME, left, right)


def _behind(words: Sequence[Token], start: int) -> frozenset[str]:
    return frozenset(word.key for word in words if word.start >= start)
