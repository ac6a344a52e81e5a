"""What workbooks of all ages share: sheets of rows -> headings and tables."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, TypeAlias

from connectors.parsing.writer import DocumentWriter

_Row: TypeAlias = Mapping[int, str]
"""The cells that hold something, by their column: a row may have one at each of its ends."""

MAX_CELLS = 5_000_000
"""Of a sheet, the empty ones left out."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_MAX_FORMAT = 255
"""Characters that Excel allows in a number format."""
_WORDS = r'"([^"]*)"|\\(.)|\[\$([^]-]*)(?:-[^]]*)?\]|[_*].|([-$€£¥ ])'
"""In quotes, one character after a backslash, a currency, a gap as wide as a character, plain signs."""
_FORMAT = re.compile(
    rf"(?P<before>(?:{_WORDS})*)(?:#,##)?(?P<zeros>0+)(?:\.(?P<part>0+))?(?P<after>(?:{_WORDS})*)(?P<more>;|\Z)"
)
_MAX_HEADER = 4
"""Rows of a header; a table with more rows of words before its first number has one."""


def write_sheet(writer: DocumentWriter, name: str, rows: Iterable[Sequence[str] | _Row]) -> int:
    """The sheet's name as a heading, and a table for each block of rows without an empty one between them.

    Args:
        rows: all cells of each, or those that hold something by their column.

    Returns:
        How many cells hold something.

    Raises:
        ValueError: more cells than any workbook that people read.
    """
    blocks: list[list[_Row]] = [[]]
    filled = 0
    for cells in rows:
        row = cells if isinstance(cells, Mapping) else {n: cell for n, cell in enumerate(cells) if cell}
        filled += len(row)
        if filled > MAX_CELLS:
            raise ValueError(f"more than {MAX_CELLS:,} cells in sheet {name!r}")
        if not row:
            blocks += [[]] if blocks[-1] else []
        elif not blocks[-1] and len(blocks) > 1 and _has_numbers(row) and _is_header(blocks[-2][-1]):
            blocks[-2:] = [[*blocks[-2], row]]  # an empty row between a header and its numbers
        else:
            blocks[-1].append(row)
    if not filled:
        return 0
    writer.heading(name, 1)
    for block in blocks:
        _write_block(writer, block)
    return filled


def _write_block(writer: DocumentWriter, rows: list[_Row]) -> None:
    """Lone cells above a table are its title; rows of names above the first numbers are its header."""
    first = next((n for n, row in enumerate(rows) if len(row) > 1), len(rows))
    for row in rows[:first]:
        writer.paragraph(next(iter(row.values())))
    table = rows[first:]
    header = next((n for n, row in enumerate(table) if _has_numbers(row)), 1)
    if header == 0 and _names_years(table):
        header = 1
    columns = sorted({column for row in table for column in row})
    cells = [[row.get(n, "") for n in columns] for row in table]
    writer.table(cells, header_rows=header if header <= _MAX_HEADER else 1)


def _is_header(row: _Row) -> bool:
    return len(row) > 1 and not _has_numbers(row)


def _names_years(table: Sequence[_Row]) -> bool:
    """The first row's numbers are years, and those below them are not."""
    if len(table) < 2:
        return False
    columns = [n for n, cell in table[0].items() if _is_number(cell)]
    below = [row[n] for row in table[1:] for n in columns if n in row]
    years = all(_YEAR.fullmatch(table[0][n]) for n in columns)
    return years and 2 * sum(bool(_YEAR.fullmatch(cell)) for cell in below) <= len(below)


def _has_numbers(row: _Row) -> bool:
    return any(map(_is_number, row.values()))


def _is_number(text: str) -> bool:
    digits = text.lstrip("-").replace(".", "", 1).replace(",", "").removesuffix("%")
    return digits.isdigit() or isinstance(text, _Number)


class _Number(str):
    """A number that is shown with more than digits."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class _Format:
    """A number format: words around at least so many digits before and after the point.

    Attributes:
        positive: others than positive numbers have a format of their own.
    """

    before: str
    whole: int
    part: int
    after: str
    positive: bool


@lru_cache(maxsize=1_000)
def _format(code: str) -> _Format | None:
    """None for a format that shows digits alone, as many as there are, and for those that only Excel understands."""
    match = _FORMAT.match(code) if len(code) <= _MAX_FORMAT else None
    if match is None:
        return None
    before, after = ("".join(map("".join, re.findall(_WORDS, match[name]))) for name in ("before", "after"))
    if len(match["zeros"]) < 2 and not (before + after).strip():
        return None
    return _Format(before, len(match["zeros"]), len(match["part"] or ""), after, bool(match["more"]))


def _formatted(digits: str, style: _Format) -> str:
    """No digit is lost: a reader may ask for more of them than the format shows."""
    number = digits.removeprefix("-")
    whole, _, part = number.partition(".")
    part = part.ljust(style.part, "0")
    text = style.before + whole.zfill(style.whole) + ("." + part if part else "") + style.after
    return _Number(("-" if number != digits else "") + " ".join(text.split()))


def _digits(value: float, significant: int) -> str:
    """Without what floating point adds at the end, and without an exponent where people write none."""
    text = f"{value:.{significant}g}"
    return text if "e" not in text or abs(value) < 1e-6 else f"{value:.0f}"


def shown(value: Any, number_format: str = "") -> str:
    """A cell's value as a person reads it: ISO dates, whole numbers without a fraction, percent where it is one.

    Of number formats, leading zeros and words around the number (`INV-0007`, `$12.50`), with the digits that it has.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        if value.time() == time():
            return value.date().isoformat()
        return value.isoformat(" ", "seconds" if value.second else "minutes")
    if isinstance(value, time):
        return value.isoformat("auto" if value.second or value.microsecond else "minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
    if isinstance(value, int | float):
        digits = str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else _digits(value, 15)
        style = _format(number_format)
        if style and "e" not in digits and (value > 0 or not style.positive):
            return _formatted(digits, style)
        if "%" in number_format.partition(";")[0]:
            return f"{_digits(value * 100, 12)}%"
        return digits
    return " ".join(str(value).split())
