"""What in a claim must stand literally in its source: numbers and capitalised names."""

import re
from decimal import Decimal, InvalidOperation

_NUMBER = re.compile(r"\d+(?:[.,'’   ]\d+)*")
_GROUPED = re.compile(r"\d{1,3}(?:([.,'’   ])\d{3})(?:\1\d{3})*(?:[.,]\d+)?")
_NAME = re.compile(r"[^\W\d_][\w’'-]*")
_DIGIT_WORDS = "zero one two three four five six seven eight nine ten eleven twelve"
_MONTH_WORDS = "january february march april may june july august september october november december"
_NUMBER_WORDS = {word: str(value) for value, word in enumerate(_DIGIT_WORDS.split())}
_MONTHS = {month: str(value) for value, month in enumerate(_MONTH_WORDS.split(), 1)}


def numbers(text: str) -> list[frozenset[str]]:
    """The numbers written in digits, each as the set of values that it can be read as.

    `1,234.50` is 1234.5; `1.234` is 1234 or 1.234; `05` is 5; percent signs and units do not count. What is no number,
    such as the version `2.3.1`, stands for itself.
    """
    return [readings for part in _NUMBER.findall(text) for readings in _readings(part)]


def without_numbers(text: str) -> str:
    """The text with a blank in place of every number."""
    return _NUMBER.sub(" ", text)


def values(text: str) -> frozenset[str]:
    """All values that numbers, English number words and month names of a text can stand for."""
    words = text.casefold().split()
    spelled = {_NUMBER_WORDS.get(w.strip(".,;:()"), "") for w in words} - {""}
    months = {_MONTHS.get(w.strip(".,;:()"), "") for w in words} - {""}
    return frozenset(spelled | months).union(*numbers(text))


def names(text: str) -> list[str]:
    """Capitalised words that are not merely first in the text."""
    found = []
    for match in _NAME.finditer(text):
        word = match.group()
        inner_capital = any(c.isupper() for c in word[1:])
        if inner_capital or (word[0].isupper() and match.start() > 0 and not _starts_sentence(text, match.start())):
            found.append(word)
    return found


def month_value(name: str) -> str | None:
    """`5` for May, None for what is no English month."""
    return _MONTHS.get(name.casefold())


def _starts_sentence(text: str, position: int) -> bool:
    before = text[:position].rstrip(" \t\n\"'“„«(*_`")
    return not before or before[-1] in ".!?:。！？"


def _readings(part: str) -> list[frozenset[str]]:
    """One number, or several where blanks and commas only list them, as in `3,14,15`."""
    if _GROUPED.fullmatch(part):
        separator = next(c for c in part if not c.isdigit())
        grouped = _decimal(part.replace(separator, "").replace(",", "."))
        other = _decimal(part.replace(",", ".")) if separator in ".," else grouped
        return [frozenset({grouped, other})]
    if re.fullmatch(r"\d+(?:[.,]\d+)?", part):
        return [frozenset({_decimal(part.replace(",", "."))})]
    if re.search(r"[ '’  ]|,", part):
        return [frozenset({_decimal(piece)}) for piece in re.split(r"[ '’  ,]", part)]
    return [frozenset({part})]


def _decimal(text: str) -> str:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    return format(value.normalize(), "f")
