"""What a number counts: a currency, a scale or a unit. 5 euros are no 5 dollars, and no 5 million euros."""

import re
from collections.abc import Mapping

_SCALE = "scale"
_KINDS = {
    _SCALE: """
        thousand tausend tsd
        million mio mn millionen millón millones
        billion bn milliarde milliarden mrd milliard milliards
        trillion""",
    "currency": """
        $ us$ usd dollar dólar dólares
        € eur euro
        £ gbp sterling
        ¥ jpy yen
        ₹ inr rupee
        chf franken franc
        crown krona kroner kronor""",
    "time": """
        second sec sekunde seconde segundo
        minute min minuto
        hour hr stunde heure hora
        day tag jour día
        week woche semaine semana
        month monat mois mes meses
        year yr jahr an année año""",
    "length": """
        mm millimetre millimeter
        cm centimetre centimeter zentimeter
        metre meter mètre metro
        km kilometre kilometer kilomètre kilómetro
        inch inches zoll
        foot feet ft
        yard
        mile meile""",
    "mass": """
        mg milligram milligramm
        g gram gramm gramme gramo
        kg kilo kilogram kilogramm kilogramme kilogramo
        ton tonne tonelada
        ounce oz
        lb lbs""",
    "volume": """
        ml millilitre milliliter
        l litre liter litro
        gallon""",
    "data": """
        bit
        byte
        kb kilobyte
        mb megabyte
        gb gigabyte
        tb terabyte""",
    "temperature": """
        c celsius
        f fahrenheit
        k kelvin""",
}
_PLURAL_ENDINGS = ("s", "n", "en", "e")
_ABBREVIATED = 2
_SIGNS = "€$£¥₹"
CURRENCY_CODES = ("USD", "EUR", "GBP", "JPY", "INR", "CHF")
_BEHIND = re.compile(rf"\s*-?\s*(US\$|[{_SIGNS}]|[^\W\d_]+)\.?")
_DEGREE = re.compile(r"\s*°\s*([CFK])\b")
_BEFORE = re.compile(rf"(US\$|[{_SIGNS}]|\b(?:{'|'.join(CURRENCY_CODES)}))\s*\Z")
_SHORT = re.compile(r"\s?[kKmMbB]\b")
_LOOK = 6
"""Characters before a number that may hold a currency."""


def _measures() -> Mapping[str, tuple[str, str]]:
    """Each word with its kind and the first word of its line, which stands for all of them."""
    rows = [(kind, line.split()) for kind, lines in _KINDS.items() for line in lines.strip().splitlines()]
    known = {word: (kind, row[0]) for kind, row in rows for word in row}
    # abbreviations have no plural
    plurals = {word + end: known[word] for word in known if len(word) > _ABBREVIATED for end in _PLURAL_ENDINGS}
    return {**plurals, **known}


_KNOWN = _measures()
_ALONE = frozenset("cfkg")


def measures_at(text: str, start: int, end: int) -> frozenset[str]:
    """What the number at `text[start:end]` counts, as far as it is known: `{"million", "$"}` of "$5 million".

    Of the two words behind it, the second counts where the first is a scale or unknown ("5 working days").
    """
    found = set[str]()
    before = _BEFORE.search(text, max(0, start - _LOOK), start)
    if before:
        found.add(_KNOWN[before[1].casefold()][1])
    degree = _DEGREE.match(text, end)
    if degree:
        return frozenset({*found, _KNOWN[degree[1].casefold()][1]})
    for _ in range(2):
        behind = _BEHIND.match(text, end)
        if behind is None:
            break
        word, end = behind[1].casefold(), behind.end()
        kind, name = _KNOWN.get(word, ("", "")) if word not in _ALONE else ("", "")
        if name:
            found.add(name)
        if name and kind != _SCALE:
            break
    return frozenset(found)


def is_short_scale(text: str, end: int) -> bool:
    """Whether what stands behind a number may be short for a scale: 5m, 5k."""
    return bool(_SHORT.match(text, end))


def apart(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two numbers of these measures cannot count the same: of one kind they have others, or none in common."""
    if not one or not other:
        return False
    kinds = {_KNOWN[name][0] for name in one} & {_KNOWN[name][0] for name in other}
    return not kinds or any(not _of(kind, one) & _of(kind, other) for kind in kinds)


def scale_of(measures: frozenset[str]) -> frozenset[str]:
    """Those that are a scale, such as "million"."""
    return _of(_SCALE, measures)


def _of(kind: str, measures: frozenset[str]) -> frozenset[str]:
    return frozenset(name for name in measures if _KNOWN[name][0] == kind)
