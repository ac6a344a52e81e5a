"""Rows of tables as they are read aloud: each cell after the head of its column."""

import csv
import re
from typing import TypeAlias

TABLES = ("text/csv", "text/tab-separated-values")
"""Media types of documents that are one table."""

_BAR = re.compile(r"(?<!\\)\|")
_DELIMITERS = "\t;,|"
_HEAD = re.compile(r"^[ \t]*\|[^\n]*\n[ \t]*\|(?=[^\n]*-)[ \t:|-]*$", re.MULTILINE)
"""A row, and the rule that makes it the head."""


Cells: TypeAlias = tuple[tuple[str, str], ...]
"""The cells of a row that are not empty, each after the head of its column, or after "" where there is none."""


def labelled_cells(row: str, head: str, *, file: bool) -> Cells | None:
    """The cells of a row with the heads of their columns.

    Args:
        row, head: lines of a table, as they are in the document; `head` is "" where none is known.
        file: the document is the table, such as a CSV file; else lines have bars between the cells.

    Returns:
        None where the two do not have the same number of cells, two or more.
    """
    if not head:
        cells = [] if file else _barred(row)
        heads = [""] * len(cells)
    else:
        cells, heads = (_delimited(row, head), _delimited(head, head)) if file else (_barred(row), _barred(head))
    if len(cells) != len(heads) or len(cells) < 2:
        return None
    return tuple((name, cell) for name, cell in zip(heads, cells, strict=True) if cell)


def labelled(cells: Cells) -> str:
    """`Name: Anna Berg; Phone: 4711` for the cells of a row below `| Name | Phone |`."""
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in cells)


def head_above(text: str, start: int, *, file: bool) -> str:
    """The head of the table in which a passage begins; "" where it begins in none, or with the head itself.

    Args:
        text: of the document.
        start: of the passage, at the beginning of a line.
        file: the document is the table.
    """
    if file:
        return text[: text.find("\n")] if start else ""
    if not text.startswith("|", start):
        return ""
    found = _HEAD.search(text, text.rfind("\n\n", 0, start) + 1, start)
    return found[0].partition("\n")[0] if found else ""


def _barred(line: str) -> list[str]:
    inner = line.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return [cell.strip().replace("\\|", "|") for cell in _BAR.split(inner)]


def _delimited(line: str, head: str) -> list[str]:
    """Cells of a line of a file whose first line is the head: what that one has most of stands between cells."""
    delimiter = max(_DELIMITERS, key=head.count)
    try:
        (cells,) = csv.reader([line.strip("\r\n")], delimiter=delimiter)
    except (csv.Error, ValueError):  # such as a quoted cell that goes on in the next line
        return []
    return [cell.strip() for cell in cells]
