"""Rows and cells of tables, each with its place in the text."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from connectors.parsing import delimited
from ui.view.html import Span

_PIPE = re.compile(r"(?<!\\)\|")


class Cells(NamedTuple):
    """The cells of a row; `doubled` are positions of signs that stand twice and mean one."""

    spans: tuple[Span, ...]
    doubled: tuple[int, ...] = ()


def pipes(text: str, start: int, end: int) -> Cells:
    """The cells of a row of a Markdown table."""
    borders = [match.start() for match in _PIPE.finditer(text, start, end)]
    lead = bool(borders) and not text[start : borders[0]].strip()
    trail = len(borders) > lead and not text[borders[-1] + 1 : end].strip()
    edges = [borders.pop(0) if lead else start - 1, *borders]
    edges += [] if trail else [end]
    return Cells(tuple(_stripped(text, low + 1, high) for low, high in pairwise(edges)))


@lru_cache(maxsize=4)
def layout(text: str, mime: str) -> delimited.Layout:
    """How a delimited file is laid out."""
    return delimited.layout(text, tabs=mime == "text/tab-separated-values")


def fields(text: str, start: int, end: int, delimiter: str) -> Cells:
    """The cells of a record of a delimited file."""
    cells: list[Span] = []
    doubled: list[int] = []
    at = start
    while at <= end:
        content = at + len(text[at:end]) - len(text[at:end].lstrip(" "))
        close = _closing(text, content + 1, end) if text[content : min(content + 1, end)] == '"' else None
        if close is not None and text[close + 1 : end].lstrip(" \t")[:1] in ("", delimiter):
            cells.append((content + 1, close))
            doubled += _doubled(text, content + 1, close)
            border = text.find(delimiter, close, end)
        else:
            border = text.find(delimiter, at, end)
            cells.append(_stripped(text, at, end if border < 0 else border))
        if border < 0:
            break
        at = border + 1
    return Cells(tuple(cells), tuple(doubled))


def _closing(text: str, start: int, end: int) -> int | None:
    """The quote that ends a cell."""
    while (at := text.find('"', start, end)) >= 0:
        if text[at + 1 : at + 2] != '"' or at + 1 >= end:
            return at
        start = at + 2
    return None


def _doubled(text: str, start: int, end: int) -> Iterator[int]:
    while (at := text.find('""', start, end)) >= 0:
        yield at
        start = at + 2


def _stripped(text: str, start: int, end: int) -> Span:
    piece = text[start:end]
    low = start + len(piece) - len(piece.lstrip())
    return low, max(low, start + len(piece.rstrip()))
