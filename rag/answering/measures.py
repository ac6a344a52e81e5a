"""What a number counts: dollars, percent, kilograms, and thousands or millions of them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_POWERS = {
    word: int(line.split()[0])
    for line in """
2 hundred
3 thousand thousands tausend tsd mille mil k
5 lakh lakhs
6 million millions millionen millón millones mio mill mn
7 crore crores
9 billion billions milliarde milliarden milliard milliards mrd bn
12 trillion trillions billionen tn trn
""".strip().splitlines()
    for word in line.split()[1:]
}
"""Words behind a number -> the power of ten that they stand for."""

_UNITS = """
%: % percent per_cent pct prozent pour_cent por_ciento
points: percentage_point percentage_points %-points prozentpunkt prozentpunkte prozentpunkten
‰: ‰ per_mille promille
usd: us$ usd us_dollar us_dollars us-dollar
usd cad aud nzd hkd sgd: $ dollar dollars
cad: cad
aud: aud
eur: € eur euro euros
gbp: £ gbp pounds_sterling
gbp lb: pound pounds
chf: chf sfr franken swiss_francs
jpy: jpy yen
cny: cny rmb yuan
jpy cny: ¥
inr: ₹ inr rupee rupees
sek: sek
nok: nok
dkk: dkk
sek nok dkk isk czk: kr crown crowns kronor kroner kronen
cent: cent cents ¢
mg: mg milligram milligrams milligramm
g: g gram grams gramm gramme grammes
kg: kg kilo kilos kilogram kilograms kilogramm kilogramme kilogrammes
t: t tonne tonnes tonnen ton tons
lb: lb lbs
oz: oz ounce ounces
mm: mm millimetre millimetres millimeter millimeters
cm: cm centimetre centimetres centimeter centimeters zentimeter
m: m metre metres meter meters metern mètre mètres metro metros
km: km kilometre kilometres kilometer kilometers kilometern kilomètre kilomètres
inch: inch inches zoll
ft: ft foot feet
yd: yard yards
mi: mile miles meilen
m²: m² m2 sqm square_metre square_metres square_meter square_meters quadratmeter
ha: ha hectare hectares hektar
km/h: km/h kmh kph
mph: mph
ml: ml millilitre millilitres milliliter milliliters
l: l litre litres liter liters litern
gal: gal gallon gallons
°c: °c degrees_celsius degree_celsius grad_celsius
°f: °f degrees_fahrenheit degree_fahrenheit grad_fahrenheit
°c °f °: ° degree degrees grad
am: am
pm: pm
ms: ms millisecond milliseconds millisekunden
s: sec secs second seconds sekunde sekunden seconde secondes segundos
min: min mins minute minutes minuten minutos
h: h hr hrs hour hours stunde stunden heure heures horas std
day: day days tag tage tagen jour jours días
week: week weeks woche wochen semaine semaines semanas
month: month months monat monate monaten mois meses
year: year years jahr jahre jahren années ans años
kb: kb kilobyte kilobytes
mb: mb megabyte megabytes
gb: gb gigabyte gigabytes
tb: tb terabyte terabytes
kw: kw kilowatt kilowatts
mw: mw megawatt megawatts
gw: gw gigawatt gigawatts
kwh: kwh
mwh: mwh
hz: hz hertz
khz: khz
mhz: mhz
ghz: ghz
"""
_KINDS = {
    alias.replace("_", " "): frozenset(kinds.split())
    for kinds, _, aliases in (line.partition(": ") for line in _UNITS.strip().splitlines())
    for alias in aliases.split()
}
_CURRENCIES = frozenset({"usd", "cad", "aud", "eur", "gbp", "chf", "jpy", "cny", "inr", "sek", "nok", "dkk"})
_SHARES = frozenset({"%", "points", "‰"})
TOLD = _CURRENCIES | _SHARES
"""Kinds that are never left to the reader: a number of them is not the bare number."""
_PERIODS = {
    word: line.split()[0]
    for line in """
s second
min minute minütlich
h hr hour hourly stunde stündlich heure hora
day daily tag täglich tage jour día
night nightly nacht nuit noche
week weekly woche wöchentlich semaine semana
month monthly monat monatlich mois mes
quarter quarterly quartal vierteljährlich
year yearly annum annual annually jahr jährlich an año yr
""".strip().splitlines()
    for word in line.split()
}


def _any(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_MONEY = [alias for alias, kinds in _KINDS.items() if kinds & _CURRENCIES]
_BEFORE = re.compile(rf"(?<!\w)({_any(a for a in _MONEY if len(a) < 4)})\s?$", re.IGNORECASE)
_BEHIND = re.compile(rf"[\s-]?({_any(_KINDS)})(?!\w)", re.IGNORECASE)
_POWER = re.compile(rf"[\s-]?(?:({_any(_POWERS)})\b\.?|(M)\b)", re.IGNORECASE)
_MONEY_BEHIND = re.compile(rf"\s?(?:{_any(_MONEY)})(?!\w)", re.IGNORECASE)
_SHORT = re.compile(r"\s?([mb])\b", re.IGNORECASE)
_FREE = re.compile(
    r"(?<!\d)(?<!\d )\b(?:in |[€$£])?(thousands?|millions?|billions?|tausend|tsd|millionen|mio|milliarden|mrd|bn|mn)\b",
    re.IGNORECASE,
)
_SHARE = re.compile(r"\b(?:percentage|share|rate|anteil|quote)s?\b", re.IGNORECASE)
_NAMED = re.compile(rf"(?<![^\W\d_])({_any(_KINDS)})(?![^\W\d_])", re.IGNORECASE)
_RATE = re.compile(
    rf"(?:\b(?:per|an?|each|every|pro|je|im|par|por|al)\s|/)\s?({_any(_PERIODS)})\b|"
    rf"\b({_any(w for w in _PERIODS if w.endswith(('ly', 'lich', 'annual')))})\b",
    re.IGNORECASE,
)


def power_behind(text: str, start: int, end: int) -> tuple[int, int]:
    """The power of ten that a number is meant in, and where the word for it ends: `(6, ...)` for "5 million".

    "M" is a million; "m" and "b" are metres and nothing where no currency stands beside them.

    Args:
        start, end: span of the number.

    Returns:
        `(0, end)` where it is meant as it is.
    """
    short = _SHORT.match(text, end)
    if short and (_BEFORE.search(text, 0, start) or _MONEY_BEHIND.match(text, short.end())):
        return (6 if short[1] in "mM" else 9), short.end()
    found = _POWER.match(text, end)
    if found is None or found[2] == "m":
        return 0, end
    return _POWERS[found[1].casefold()] if found[1] else 6, found.end()


@dataclass(frozen=True, slots=True)
class Unit:
    """A known unit beside a number.

    Attributes:
        kinds: what it may be, such as `{"gbp", "lb"}` for pounds; nothing where no known unit stands there.
        start, end: span of the number with its unit.
    """

    kinds: frozenset[str]
    start: int
    end: int


def unit_beside(text: str, start: int, end: int) -> Unit:
    """What a number counts.

    Args:
        start, end: span of the number, with the power of ten behind it.
    """
    if before := _BEFORE.search(text, max(0, start - 8), start):
        return Unit(_KINDS[before[1].casefold()], before.start(), end)
    behind = _BEHIND.match(text, end)
    return Unit(_KINDS[behind[1].casefold()], start, behind.end()) if behind else Unit(frozenset(), start, end)


def free_powers(text: str) -> frozenset[int]:
    """The powers of ten that stand behind no number: in "Revenue (in millions)" they hold for those below."""
    return frozenset(_POWERS[found[1].casefold()] for found in _FREE.finditer(text))


def rates(text: str) -> dict[str, str]:
    """The times that amounts are for, and how they are written: "monthly" and "a month" are `month`."""
    return {_PERIODS[(found[1] or found[2]).casefold()]: found[0].strip() for found in _RATE.finditer(text)}


def is_currency(word: str) -> bool:
    """Whether it names a currency, such as EUR."""
    return word.casefold() in _MONEY


def named_kinds(text: str) -> frozenset[str]:
    """All currencies and shares that a text names anywhere, "percentage" among them."""
    found = frozenset(kind for match in _NAMED.finditer(text) for kind in _KINDS[match[1].casefold()])
    return (found & TOLD) | ({"%"} if _SHARE.search(text) else frozenset())
