"""What a source says with a reservation that a claim leaves out.

"The valve might leak" does not say that it leaks, "some get a car" not that all do, and "if the licence is renewed,
export is allowed" not that it is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.answering.tokens import tokens


@dataclass(frozen=True, slots=True)
class _Reservation:
    """What limits a statement, and what a claim has that keeps to it."""

    limit: re.Pattern[str]
    kept: re.Pattern[str]


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)


_UNCERTAIN = (
    "might|may|could|can|perhaps|maybe|possibl[ey]|probabl[ey]|likely|potential(?:ly)?|apparently|suspect(?:s|ed)?|"
    "unclear|unsure|uncertain|suggests?|seems?|appears?|vielleicht|möglich(?:erweise)?|wahrscheinlich|vermutlich|"
    "könnten?|dürften?|angeblich|allegedly|reportedly"
)
_AHEAD = (
    "will|would|shall|should|expect(?:s|ed|ing)?|plan(?:s|ned|ning)?|intend(?:s|ed)?|intention|hop(?:e|es|ed|ing)|"
    "aim(?:s|ed)?|goal|schedul(?:e|ed)|suppos(?:e|es|ed)|due|going to|propos(?:e|es|ed|al)|want(?:s|ed)?|"
    "wish(?:es|ed)?|announced?|wird|werden|soll(?:te|en|ten)?|plan(?:t|ten|en)|geplant|vorgesehen|erwartet|"
    f"beabsichtigt|{_UNCERTAIN}"
)
_USED = re.compile(
    # the sentence's own verb: not "the method used to measure it is"
    r"^\W*(?:the|our|this|that|these|those|its|their|his|her|we|they|he|she|it|there)(?:\s+\w+){0,3}?\s+"
    r"(?<!is )(?<!are )(?<!was )(?<!were )(?<!be )used to\s+(?!(?:the|an?|it|this|\w+ing)\b)\w+"
    r"(?!.*\b(?:is|are|was|were|has|have)\b)",
    re.IGNORECASE | re.DOTALL,
)
_RESERVATIONS = (
    _Reservation(
        _words(
            "might|perhaps|maybe|possibly|probably|allegedly|reportedly|vielleicht|möglicherweise|vermutlich|angeblich"
        ),
        _words(_UNCERTAIN),
    ),
    _Reservation(
        _words(
            r"(?:is|are|was|were|been) (?:\w+ )?(?:expected|supposed|planned|likely|proposed|hoped) to|"
            r"(?:plans?|hopes?|intends?|aims?|wants?) to|ist geplant|sind geplant|beabsichtigt"
        ),
        _words(_AHEAD),
    ),
    _Reservation(
        _USED,
        _words(r"used to|no longer|former(?:ly)?|previous(?:ly)?|once|until|was|were|had|did|any ?more|\w+ed"),
    ),
)
_CLAUSE = re.compile(r"[,;:]\s|\s(?:but|while|whereas|although|because|aber|während|weil)\s", re.IGNORECASE)
_RELATIVE = _words("who|whoever|which|that|if|when|where|wer|wenn|falls")
_TIME = r"(?!\s+(?:year|month|day|week|hour|night|morning|quarter|time|jahr|monat|tag|woche|stunde|nacht|mal)\b)"
_ALL = _words(
    rf"every{_TIME}|every(?:one|body|thing)|all|always|each{_TIME}|any(?:one|body)|whole|entire|"
    rf"jede[rsn]?{_TIME}|alle[rsn]?|immer|stets|sämtliche"
)
_SOME = _words(
    "only|some|most|many|several|few|certain|selected|sometimes|often|usually|mostly|partly|except|unless|nur|einige|"
    "manche|viele|meisten?|oft|manchmal|meistens|teilweise|außer"
)
_IF = re.compile(
    r"\b(?:(?:only )?if|provided(?: that)?|as long as|falls|sofern|wenn)\s+"
    r"(?!(?:you|your|i|we|sie|du|ihr|wir)\b)[^,;:.]+",  # "if you lose it, call" is said to whom it concerns
    re.IGNORECASE,
)
_CONDITION = _words(
    "if|when(?:ever)?|once|unless|until|provided|as long as|after|where|with|without|for|in case|only|depend(?:s|ing)|"
    "wenn|falls|sofern|sobald|bei|nach|mit|ohne|nur|solange"
)


def reserved(claim: str, source: str) -> bool:
    """Whether the source says with a reservation what the claim states without one.

    Args:
        claim: one statement.
        source: one sentence.
    """
    if any(_limits(r.limit, claim, source) and not r.kept.search(claim) for r in _RESERVATIONS):
        return True
    if _ALL.search(claim) and not _ALL.search(source) and _SOME.search(source) and not _SOME.search(claim):
        return True
    return any(_left_out(condition, claim) for condition in _conditions(claim, source))


def _limits(limit: re.Pattern[str], claim: str, source: str) -> bool:
    """What is limited, in "is planned to open" and "might be leaking", the claim says, or hardly anything else.

    In a clause about somebody who plans something nothing is limited by it: "who plans to travel must ask".
    """
    found = limit.search(source)
    if found is None:
        return False
    before, behind = source[: found.start()], source[found.end() :]
    if _RELATIVE.search(_CLAUSE.split(before)[-1]):
        return False
    limited = tokens(_CLAUSE.split(behind)[0])
    verb = tokens(found[0])[-1:] if limit is _USED else limited[:1]
    claimed = {word.key for word in tokens(claim)}
    return any(word.key in claimed for word in verb) or _mostly(claimed, {word.key for word in limited})


def _conditions(claim: str, source: str) -> Iterator[str]:
    """What the source makes a condition, where the claim says what holds under it."""
    claimed = {word.key for word in tokens(claim)}
    for match in _IF.finditer(source):
        rest = tokens(source[: match.start()] + " " + source[match.end() :])
        if _mostly(claimed, {word.key for word in rest}):
            yield match[0]


def _left_out(condition: str, claim: str) -> bool:
    claimed = {word.key for word in tokens(claim)}
    return not _CONDITION.search(claim) and not any(word.key in claimed for word in tokens(condition))


def _mostly(claimed: set[str], said: set[str]) -> bool:
    """Half of the claim's words are among these."""
    return bool(claimed) and 2 * len(claimed & said) >= len(claimed)
