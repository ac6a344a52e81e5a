"""The numbers in a text, whatever their spelling: what a claim says must be what its source says."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from rag.answering.measures import power_behind, unit_beside
from rag.models.words import STOP_WORDS, stem

Number: TypeAlias = frozenset[str]
"""The values that what is written can be read as."""

_NUMBER = re.compile(r"(?<![^\W\d_])\d+(?:[.,'’   ]\d+)*")
_GROUPED = re.compile(r"\d{1,3}(?:([.,'’   ])\d{3})(?:\1\d{3})*(?:[.,]\d+)?")
_NUMBER_WORDS = {
    word: str(value)
    for line in (
        "zero one two three four five six seven eight nine ten eleven twelve",
        "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
        "zéro un deux trois quatre cinq six sept huit neuf dix onze douze",
        "cero uno dos tres cuatro cinco seis siete ocho nueve diez - doce",
        "- - twice",
    )
    for value, word in enumerate(line.split())
    if word != "-"
}
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_TEENS = ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_NUMBER_WORDS |= {word: str(value) for value, word in enumerate(_TEENS, 13)}
_NUMBER_WORDS |= {word: str(value) for value, word in zip(range(20, 100, 10), _TENS, strict=True)}
_NUMBER_WORDS |= {
    f"{ten}-{one}": str(value + n)
    for value, ten in zip(range(20, 100, 10), _TENS, strict=True)
    for n, one in enumerate(_ONES, 1)
}
_CERTAIN = {word: value for word, value in _NUMBER_WORDS.items() if int(value) > 1 and word not in ("sept", "dos")}
"""Words that are numbers and nothing else: "one" and "un" are articles, "sept" is a month, "DOS" a system."""
_MONTH_WORDS = "january february march april may june july august september october november december"
_MONTHS = {month: str(value) for value, month in enumerate(_MONTH_WORDS.split(), 1)}
_MONTHS |= {
    month: str(value)
    for value, months in enumerate(
        ("januar jänner", "februar", "märz", "", "mai", "juni", "juli", "", "", "oktober", "", "dezember"), 1
    )
    for month in months.split()
}
_MONTH = re.compile(rf"\b(?:{'|'.join(month.title() for month in _MONTHS)})\b")
_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_DAY = re.compile(rf"\b({'|'.join(day.title() for day in _DAYS)})s?\b")
_ONE = re.compile(
    r"\b(?:one|single)(?=\s+(?:second|minute|hour|day|week|month|year|time|percent)\b)|"
    r"\b(?:one|a)(?=\s+(?:hundred|thousand|million|billion|trillion)\b)|"
    r"\beine?[nrm]?(?=\s+(?:Sekunde|Minute|Stunde|Tag|Woche|Monat|Jahr|Million|Milliarde)\b)",
    re.IGNORECASE,
)
_WORDS = re.compile(rf"[^\W\d_]+(?:-(?:{'|'.join(_ONES)})\b)?", re.IGNORECASE)
"""Words, and "twenty-five" as one; "five-year" is two."""
_YEAR_CHARS = 20
_YEAR_BEFORE = re.compile(
    r"\b(?:in|since|until|till|im|seit|bis|en|depuis|desde|hasta|of)\s(?:1[0-9]|20)\d\d$", re.IGNORECASE
)
"""A year with the word before it: what stands behind it is not counted by it."""
_UNIT = re.compile(r"\s*(?:(%)|([^\W\d_]+))")
_RANGE = re.compile(r"\s*(?:-|–|—|to|and|or|bis|und|oder|à|et|ou|y|o)\s*(?:[$€£¥₹]\s?)?(?=\d)")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as a statement makes it.

    Attributes:
        values: what it can be read as, its thousands and millions multiplied out.
        unit: the word behind it, None where there is none.
        kinds: what it may count, see `rag.answering.measures`; nothing where that is not known.
        bare: what its digits alone can be read as.
        power: of ten, by which they are multiplied.
        start: where it begins in the text.
        written: as the text has it, with its power and its unit.
    """

    values: Number
    unit: str | None
    kinds: frozenset[str] = field(default=frozenset(), compare=False)
    bare: Number = field(default=frozenset(), compare=False)
    power: int = field(default=0, compare=False)
    start: int = field(default=-1, compare=False)
    written: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.written if self.power else min(self.bare or self.values)


def numbers(text: str) -> list[Number]:
    """The numbers written in digits, each as the set of values that it can be read as.

    `1,234.50` is 1234.5; `1.234` is 1234 or 1.234; `05` is 5; percent signs and units do not count. What is no number,
    such as the version `2.3.1`, stands for itself.
    """
    return [readings for part in _NUMBER.findall(text) for readings in _readings(part)]


def figures(text: str) -> list[Figure]:
    """The numbers of a statement: in digits, spelled from two to twelve, the months of dates, and days of the week."""
    written = [(match, readings) for match in _NUMBER.finditer(text) for readings in _readings(match[0])]
    words = ((match, _CERTAIN.get(match[0].casefold())) for match in _WORDS.finditer(text))
    written += [(match, frozenset({value})) for match, value in words if value]
    written += [(match, frozenset({"1"})) for match in _ONE.finditer(text)]
    found = [_figure(text, match.start(), match.end(), readings) for match, readings in written]
    return found + [Figure(frozenset({value}), None) for value in (*_dates(text), *_days(text))]


def multiplied(readings: Number, power: int) -> Number:
    """The values times a power of ten; what is no number stays."""
    return frozenset(_times(value, power) for value in readings)


def without_numbers(text: str) -> str:
    """The text with a blank in place of every number."""
    return _NUMBER.sub(" ", text)


def values(text: str) -> frozenset[str]:
    """All values that the numbers, number words, months and days of the week of a text can stand for."""
    words = [match for match in _WORDS.finditer(text) if match[0].casefold() in _NUMBER_WORDS]
    # "five million" is no five
    spelled = {_NUMBER_WORDS[word[0].casefold()] for word in words if not power_behind(text, *word.span())[0]}
    months = {_MONTHS[word.casefold()] for word in _MONTH.findall(text)}
    return frozenset(spelled | months).union(*(figure.values for figure in figures(text)))


def month_value(name: str) -> str | None:
    """`5` for May, None for what is no English month."""
    return _MONTHS.get(name.casefold())


def is_date(word: str) -> bool:
    """Whether it is the English name of a month or a day of the week."""
    return bool(_MONTH.fullmatch(word) or _DAY.fullmatch(word))


def _figure(text: str, start: int, end: int, readings: Number) -> Figure:
    """A number with what is around it; in "5 to 10 million" the first may be meant in millions, too."""
    power, behind = power_behind(text, start, end)
    unit = unit_beside(text, start, behind)
    meant, kinds = multiplied(readings, power), unit.kinds
    further, at = power, behind
    while not (further and kinds) and (more := _RANGE.match(text, at)):
        number = _NUMBER.match(text, more.end())
        if number is None:
            break
        further, at = power_behind(text, *number.span())
        meant |= frozenset() if power else multiplied(readings, further)
        kinds = kinds or unit_beside(text, number.start(), at).kinds
    return Figure(
        values=meant,
        unit=_unit(text, behind),
        kinds=kinds,
        bare=readings,
        power=power,
        start=start,
        written=text[unit.start : unit.end].rstrip("."),
    )


def _dates(text: str) -> Iterator[str]:
    """The months in a text; a sentence may begin with "May" or "March" and mean none."""
    for match in _MONTH.finditer(text):
        before, after = text[: match.start()].rstrip(), text[match.end() :].lstrip()
        begins = not before or (before[-1] in ".!?:" and not before[-2:-1].isdigit())  # but not in "31. März"
        if not begins or after[:1].isdigit():
            yield _MONTHS[match[0].casefold()]


def _days(text: str) -> list[str]:
    return [day.casefold() for day in _DAY.findall(text)]


def _unit(text: str, end: int) -> str | None:
    match = _UNIT.match(text, end)
    if match is None:
        return None
    if _YEAR_BEFORE.search(text, max(0, end - _YEAR_CHARS), end):
        return None
    word = "percent" if match[1] else match[2].casefold()
    return None if word in STOP_WORDS else stem(word)


def _readings(part: str) -> list[Number]:
    """One number, or several where blanks and commas only list them, as in `3,14,15`."""
    if _GROUPED.fullmatch(part):
        separator = next(c for c in part if not c.isdigit())
        grouped = _decimal(part.replace(separator, "").replace(",", "."))
        other = part.replace(",", ".") if separator in ".," else grouped  # 50.000 as it is, which no "50" is meant by
        return [frozenset({grouped, other})]
    if re.fullmatch(r"\d+(?:[.,]\d+)?", part):
        return [frozenset({_decimal(part.replace(",", "."))})]
    if re.search(r"[ '’  ]|,", part):
        return [frozenset({_decimal(piece)}) for piece in re.split(r"[ '’  ,]", part)]
    return [frozenset({part})]


def _times(value: str, power: int) -> str:
    try:
        return format((Decimal(value).scaleb(power)).normalize(), "f") if power else value
    except InvalidOperation:
        return value


def _decimal(text: str) -> str:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    return format(value.normalize(), "f")
