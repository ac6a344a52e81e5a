"""What workbooks of all ages share: sheets of rows -> headings and tables."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from connectors.parsing.writer import DocumentWriter

MAX_CELLS = 5_000_000
"""Of a sheet, the empty ones left out."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_MAX_HEADER = 4
"""Rows of a header; a table with more rows of words before its first number has one."""


def write_sheet(writer: DocumentWriter, name: str, rows: Iterable[Sequence[str]]) -> int:
    """The sheet's name as a heading, and a table for each block of rows without an empty one between them.

    Returns:
        How many cells hold something.

    Raises:
        ValueError: more cells than any workbook that people read.
    """
    blocks: list[list[Sequence[str]]] = [[]]
    filled = 0
    for row in rows:
        cells = sum(map(bool, row))
        filled += cells
        if filled > MAX_CELLS:
            raise ValueError(f"more than {MAX_CELLS:,} cells in sheet {name!r}")
        if not cells:
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


def _write_block(writer: DocumentWriter, rows: list[Sequence[str]]) -> None:
    """Lone cells above a table are its title; rows of names above the first numbers are its header."""
    first = next((n for n, row in enumerate(rows) if sum(map(bool, row)) > 1), len(rows))
    for row in rows[:first]:
        writer.paragraph(next(cell for cell in row if cell))
    table = rows[first:]
    header = next((n for n, row in enumerate(table) if _has_numbers(row)), 1)
    if header == 0 and _names_years(table):
        header = 1
    writer.table([list(row) for row in table], header_rows=header if header <= _MAX_HEADER else 1)


def _is_header(row: Sequence[str]) -> bool:
    return sum(map(bool, row)) > 1 and not _has_numbers(row)


def _names_years(table: Sequence[Sequence[str]]) -> bool:
    """The first row's numbers are years, and those below them are not."""
    if len(table) < 2:
        return False
    columns = [n for n, cell in enumerate(table[0]) if cell and _is_number(cell)]
    below = [row[n] for row in table[1:] for n in columns if n < len(row) and row[n]]
    years = all(_YEAR.fullmatch(table[0][n]) for n in columns)
    return years and 2 * sum(bool(_YEAR.fullmatch(cell)) for cell in below) <= len(below)


def _has_numbers(row: Sequence[str]) -> bool:
    return any(_is_number(cell) for cell in row if cell)


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).replace(",", "").removesuffix("%").isdigit()


def _digits(value: float, significant: int) -> str:
    """Without what floating point adds at the end, and without an exponent where people write none."""
    text = f"{value:.{significant}g}"
    return text if "e" not in text or abs(value) < 1e-6 else f"{value:.0f}"


def shown(value: Any, number_format: str = "") -> str:
    """A cell's value as a person reads it: ISO dates, whole numbers without a fraction, percent where it is one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
    if isinstance(value, int | float):
        if "%" in number_format.partition(";")[0]:
            return f"{_digits(value * 100, 12)}%"
        return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else _digits(value, 15)
    return " ".join(str(value).split())
