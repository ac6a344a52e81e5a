"""What in a row may be a page number: alone, after a word such as "page", or set apart from the words of the row."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from connectors.parsing.numerals import numeral
from connectors.parsing.pdf.order import Row

_MAX_CHARS = 300  # of a row
_MAX_NUMBERS = 4  # a row with more of them is a table's
_ROMAN = {numeral(number, "lowerRoman"): number for number in range(1, 400)}
_NUMBER = r"(?P<number>\d{1,5}|[ivxlc]+)\b"
_TOTAL = r"(?:\s*(?:of|/|von|de|sur)\s*(?:\d+|[ivxlc]+)\b)?"
_WORD = r"pages?|seite|p[aá]gina|strona|sida"
# "3." and "3)" are numbers of sections and items
_ALONE = re.compile(
    rf"[\s(\[<*~-]*(?![\divxlc]+[.)])(?P<word>(?:{_WORD}|pg|p|s)\b\W*)?(?:\w{{1,2}}-)?{_NUMBER}{_TOTAL}[\s)\]>*~.-]*"
)
_NAMED = re.compile(rf"\b(?P<word>{_WORD})\W*{_NUMBER}{_TOTAL}")
# by a mere space a number belongs to the words beside it, as in "Lot 12" and "5 January"
_APART = re.compile(r"(\t|\s*[|•·–—]\s*|\s-\s)")


class PageNumber(NamedTuple):
    """What may be one.

    Attributes:
        rest: the row without it.
        size: font size.
        named: whether it follows a word such as "page".
        lone: whether the row holds nothing else.
    """

    rest: str
    value: int
    size: float
    named: bool
    lone: bool


def row_text(row: Row) -> str:
    """The words of a row, the same for the same words wherever they part."""
    return _cells(row).replace("\t", " ")


def page_numbers(row: Row) -> list[PageNumber]:
    """The numbers of the row that may be the page's, none where it is a row of many numbers."""
    cells = _cells(row)
    if len(cells) > _MAX_CHARS:
        return []
    matches = list(islice(_matches(cells), 2 * _MAX_NUMBERS))
    found: dict[str, PageNumber] = {}
    for match in matches:
        before, after, text = cells[: match.start("number")], cells[match.end("number") :], match["number"]
        value = int(text) if text.isdigit() else _ROMAN.get(text)
        if value is not None:
            rest = f"{before}#{after}".replace("\t", " ")
            lone = match.re is _ALONE and not any(map(str.isalnum, cells[: match.start()] + cells[match.end() :]))
            found[rest] = PageNumber(rest, value, row[before.count("\t")].size, bool(match["word"]), lone)
    return list(found.values()) if len(found) <= _MAX_NUMBERS else []


def _cells(row: Row) -> str:
    return "\t".join(" ".join(segment.text.split()) for segment in row).casefold()


def _matches(cells: str) -> Iterator[re.Match[str]]:
    yield from _NAMED.finditer(cells)
    start = 0
    for part in _APART.split(cells):
        if found := _ALONE.fullmatch(cells, start, start + len(part)):
            yield found
        start += len(part)
