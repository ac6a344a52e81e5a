"""Tables of a page: which hold data, and their rows with spans filled in."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from connectors.parsing.html.dom import Node, is_hidden
from connectors.parsing.html.inline import line_of
from connectors.parsing.html.numbers import join_numbers
from connectors.parsing.writer import Piece

_MAX_COLUMNS = 10_000
_MAX_SPAN = 1000
"""Of columns and of rows, as HTML has it for columns."""
_REPEATED = 10, 2_000
"""What a table may come to with its spans filled in: times its own size, and characters in any case."""
_MAX_REPEATED_CHARS = 200
"""A longer cell is written once, however many rows or columns it spans."""
_LONG_CELL = 600
"""Characters; a table of such cells lays out a page."""
_SHORT_ROW = 300
"""Characters; a row without a table of its own that is no longer is one line."""
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_STRUCTURE = ("ul", "ol", "dl", "pre", "blockquote", "article", "section", *_HEADINGS)
_ROW_GROUPS = ("thead", "tbody", "tfoot")
_DIGIT = re.compile(r"\d")
_NO_BLANKS = dict.fromkeys(map(ord, " \t\r\n\xa0"))

Row: TypeAlias = list[list[Piece]]


@dataclass(frozen=True, slots=True)
class _Cell:
    content: list[Piece]
    text: str
    columns: int
    rows: int
    header: bool


def is_data(table: Node) -> bool:
    """Rows and columns of data, not the layout of a page or of a message."""
    if table.get("role") in ("presentation", "none"):
        return False
    rows = [_cells(row) for row in _rows(table)]
    cells = [cell for row in rows for cell in row]
    if max(map(len, rows), default=0) < 2:
        return False
    captions = table.findall("caption")[:1]
    if _visible([table]) > _visible([*cells, *captions]):
        return False  # text that stands in no cell would be lost
    if table.find("caption") is not None or any(cell.tag == "th" for cell in cells):
        return 2 * sum(_holds(cell, _HEADINGS) for cell in cells) < len(cells)
    unfit = sum(_holds(cell, _STRUCTURE) or len(cell.text_content()) > _LONG_CELL for cell in cells)
    return len(rows) > 1 and 3 * unfit < len(cells)


def is_line(row: Node) -> bool:
    """A row of a table for layout that reads as one line: `Item 1A.` and `Risk factors`."""
    whole = len(_cells(row)) > 1 and not any(True for _ in row.iterdescendants("table", *_STRUCTURE))
    return whole and len(row.text_content()) <= _SHORT_ROW


def rows_of(table: Node, base: str | None) -> tuple[list[Row], int]:
    """The contents of the cells, and how many of the first rows are its header.

    A cell that spans rows is in each of them, one that spans columns in the first, in a header in each.
    """
    nodes = _rows(table)
    rows = [[_read(cell, base) for cell in _cells(row)] for row in nodes]
    header_rows = _header_rows(nodes, rows)
    return [join_numbers(row) for row in _grid(rows, header_rows)], header_rows


def _holds(cell: Node, blocks: tuple[str, ...]) -> bool:
    """Such blocks, or a table of more than one column."""
    if any(True for _ in cell.iterdescendants(*blocks)):
        return True
    return any(len(_cells(row)) > 1 for table in cell.iterdescendants("table") for row in _rows(table))


def _read(node: Node, base: str | None) -> _Cell:
    content = line_of(node, base)
    text = "".join(text for text, syntax in content if not syntax).strip()
    return _Cell(content, text, _span(node, "colspan"), _span(node, "rowspan"), node.tag == "th")


def _grid(rows: list[list[_Cell]], header_rows: int) -> list[Row]:
    """Rows with spans filled in, as far as they are no bomb."""
    factor, least = _REPEATED
    left = least + factor * sum(len(cell.text) + 1 for row in rows for cell in row)
    grid: list[Row] = []
    hanging: dict[int, tuple[int, _Cell | None]] = {}  # column -> rows that a cell from above goes on for
    for number, row in enumerate(rows):
        line: Row = []
        spanned = sum(cell.columns for cell in row) <= _MAX_COLUMNS
        waiting = [(cell, at) for cell in reversed(row) for at in reversed(range(cell.columns if spanned else 1))]
        following: dict[int, tuple[int, _Cell | None]] = {}
        while left > 0 and (waiting or hanging):
            if len(line) in hanging:
                more, shown = hanging.pop(len(line))
            elif waiting:
                cell, offset = waiting.pop()
                repeated = number < header_rows and len(cell.text) <= _MAX_REPEATED_CHARS
                more, shown = cell.rows, cell if offset == 0 or repeated else None
            else:
                more, shown = 1, None
            if more > 1:
                again = shown and len(shown.text) <= _MAX_REPEATED_CHARS
                following[len(line)] = more - 1, shown if again else None
            line.append(shown.content if shown else [])
            left -= 1 + (len(shown.text) if shown else 0)
        line += [cell.content for cell, offset in reversed(waiting) if offset == 0]
        grid.append(line)
        hanging = following
    return grid


def _header_rows(nodes: list[Node], rows: list[list[_Cell]]) -> int:
    """Rows of the thead, else those of th alone, else a first row of bold words or of words above numbers."""
    head = ["thead" in (node.tag, node.getparent().tag) for node in nodes]
    if any(head):
        return head.index(False) if False in head else 1
    count = 0
    while count < len(rows) and rows[count] and all(cell.header for cell in rows[count]):
        count += 1
    if count or any(cell.header for cell in rows[0]):
        return count if count < len(rows) else 1
    first = [cell for cell in rows[0] if cell.text]
    if len(first) < 2 or len(rows) < 2 or any(_DIGIT.search(cell.text) for cell in first):
        return 0
    bold = all(any(True for _ in cell.iter("b", "strong")) for cell in _cells(nodes[0]) if cell.text_content().strip())
    return int(bold or any(_DIGIT.search(cell.text) for row in rows[1:] for cell in row[1:]))


def _rows(table: Node) -> list[Node]:
    """Its rows, whatever stands around them (old pages have forms there); cells without a row are one of their own."""
    rows: list[Node] = []
    waiting = [*reversed(table)]
    while waiting:
        node = waiting.pop()
        if not isinstance(node.tag, str) or is_hidden(node) or node.tag in ("table", "caption"):
            continue
        if node.tag == "tr" or (node.tag in _ROW_GROUPS and any(child.tag in ("td", "th") for child in node)):
            rows.append(node)
        else:
            waiting += reversed(node)
    return rows


def _cells(row: Node) -> list[Node]:
    cells: list[Node] = []
    waiting = [*reversed(row)]
    while waiting:
        node = waiting.pop()
        if not isinstance(node.tag, str) or is_hidden(node) or node.tag == "table":
            continue
        if node.tag in ("td", "th"):
            cells.append(node)
        else:
            waiting += reversed(node)
    return cells


def _visible(nodes: Iterable[Node]) -> int:
    """Characters but blanks."""
    return sum(len("".join(text for text, _ in line_of(node, None)).translate(_NO_BLANKS)) for node in nodes)


def _span(cell: Node, name: str) -> int:
    value = (cell.get(name) or "1").strip()
    if value == "0" and name == "rowspan":
        return _MAX_SPAN  # to the end of the table
    return min(max(int(value), 1), _MAX_SPAN) if value.isascii() and value.isdecimal() and len(value) < 10 else 1
