"""What kind of answer a question asks for."""

import re

_WHO = r"(?:who|whom|whose|what|when|where|why|how|which|wer|wen|wem|was|wann|wo|wohin|warum|wie|welche[rsmn]?)\b"
_ASKS_NUMBER = re.compile(
    r"\b(?:how (?:many|much|long|old|often|frequently|far|tall|big|large|high|wide|deep|heavy|hot|fast|late|early)|"
    r"when|percentage|deadline|"
    r"(?:what|which)(?: (?:is|was|are|were) the)? (?:(?:annual|yearly|monthly|weekly|daily|total|average|net|gross|"
    r"minimum|maximum) )?(?:year|date|time|day|age|century|temperature|percent|number|amount|price|cost|version|rate|"
    r"salary|fee|revenue|income|weight|height|length|distance|speed|limit|duration|population))\b",
    re.IGNORECASE,
)
_ASKS_NAME = re.compile(r"\b(?:who|whom|whose)\b", re.IGNORECASE)
_ASKS_WHETHER = re.compile(
    r"\W*(?:(?:and|but|so|und|aber)\s+)?(?:(?:is|are|was|were|do|does|did|can|could|may|might|must|shall|should|will|"
    r"would|has|have|had)(?:n['’]t)?|am|cannot|ist|sind|war|waren|kann|können|könnte|darf|dürfen|muss|müssen|soll|"
    rf"sollen|sollte|wird|werden|wurde|wurden|hat|haben|gibt|geht|gilt|gelten)\b(?!\s+{_WHO})",
    re.IGNORECASE,
)
_AND = re.compile(rf",?\s+(?:and|und)\s+(?={_WHO})", re.IGNORECASE)
MOST_PARTS = 3


def asks_number(question: str) -> bool:
    """It asks for a number or a date."""
    return bool(_ASKS_NUMBER.search(question))


def asks_name(question: str) -> bool:
    """It asks for somebody."""
    return bool(_ASKS_NAME.search(question))


def asks_whether(question: str) -> bool:
    """It asks whether something is so: a sentence answers it that says the same, or denies it."""
    return bool(_ASKS_WHETHER.match(question))


def parts(question: str) -> list[str]:
    """The questions that one consists of: "When was it founded, and where is it?" has two."""
    found = [part for part in _AND.split(question, MOST_PARTS - 1) if part.strip()]
    return [f"{part}?" for part in found[:-1]] + found[-1:] or [question]
