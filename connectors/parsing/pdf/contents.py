"""Tables of contents: entries with dots that lead to a page number."""

import re
from collections.abc import Sequence

from connectors.parsing.pdf.model import Table, union
from connectors.parsing.pdf.order import Row
from connectors.parsing.writer import Box

_PAGE_NUMBER = re.compile(r"(?:\d{1,5}|[ivxlcdm]{1,8})$", re.IGNORECASE)
_DOTS = ".…·"
_MIN_DOTS = 4
_MIN_ENTRIES = 2


def contents(rows: Sequence[Row], start: int) -> tuple[Table, int, int] | None:
    """A table of contents: entries with dots that lead to a page number, as entry and page."""
    found: list[list[str]] = []
    boxes: list[Box] = []
    for row in rows[start:]:
        entry = _entry(" ".join(segment.text for segment in row).rstrip())
        if entry is None or not (entry[1] or found):
            break
        found.append(list(entry))
        boxes.append(union(row))
    if len(found) < _MIN_ENTRIES:
        return None
    return Table(found, boxes, 0, []), 0, start + len(found)


def _entry(text: str) -> tuple[str, str] | None:
    if sum(map(text.count, _DOTS)) < _MIN_DOTS:
        return None
    number = _PAGE_NUMBER.search(text)
    dotted = text[: number.start()] if number else text
    entry = dotted.rstrip(_DOTS + " ")
    if not entry or sum(map(dotted[len(entry) :].count, _DOTS)) < _MIN_DOTS:
        return None
    return entry, number[0] if number else ""
