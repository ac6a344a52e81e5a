"""CSV and TSV: the file as it is, a record a row, with its header."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from connectors.parsing.document import build
from connectors.parsing.normalise import canonical, decode
from connectors.parsing.spans import Span, stripped
from rag.types import Document, Element, SourceItem

_TAB = "\t"
_DELIMITERS = (",", ";", _TAB, "|")
_SAMPLE_ROWS = 20
_SAMPLE_CHARS = 64 * 1024
_MAX_TITLE_ROWS = 3
_NUMBER = re.compile(r"[-+(]?[$€£¥]?\s?\d[\d.,:/ -]*[%)]?")
_YEAR_OR_DATE = re.compile(r"(?:19|20)\d\d|\d{1,4}([-/.:])\d{1,2}(?:\1\d{1,4})?")
# the first line with which a spreadsheet is told the delimiter
_NAMED_DELIMITER = re.compile(r"sep=([^\w\"\s]|\t)(?:\n|\Z)", re.IGNORECASE)


def parse(data: bytes, item: SourceItem) -> Document:
    """A table of the file's records; the signs that keep cells apart are syntax. An empty file has no elements.

    A first row that does not look like data is the header, which goes with every chunk of the table; a title above it
    belongs to it. Quotes that are never closed are signs like any other.

    Raises:
        DocumentError: it is no text (`encoding`).
    """
    text = canonical(decode(data))
    tabs = item.key.lower().endswith((".tsv", ".tab"))
    mime = "text/tab-separated-values" if tabs else "text/csv"
    table = layout(text, tabs=tabs)
    if not table.records and not table.markup:
        return build(item, data=data, mime=mime, text=text, elements=())
    header_end = table.records[table.header_rows - 1][1] if table.header_rows else None
    start, end = stripped(text, 0, len(text))
    element = Element(kind="table", start=text.rfind("\n", 0, start) + 1, end=end, header_end=header_end)
    return build(item, data=data, mime=mime, text=text, elements=[element], markup=table.markup)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a delimited file is laid out.

    Attributes:
        records: spans of those that are not blank.
        header_rows: how many of them are the header; 0 where all are.
        markup: spans of signs that stand for nothing.
    """

    delimiter: str
    records: list[Span]
    header_rows: int
    markup: list[Span]


def layout(text: str, *, tabs: bool) -> Layout:
    """The records of a canonical text; no delimiter is guessed where it is known to be the tab."""
    first, end = stripped(text, 0, len(text))
    start = head = text.rfind("\n", 0, first) + 1
    markup: list[Span] = []
    if named := _NAMED_DELIMITER.match(text, start):
        markup.append((start, named.end(1)))
        head = named.end()
    delimiter = named[1] if named else _TAB if tabs else _delimiter(text[head : head + _SAMPLE_CHARS])
    records = [*_rows(text, head, end, _syntax(delimiter), markup)]
    header_rows = _header_rows([_cells(text[low:high], delimiter) for low, high in records[:_SAMPLE_ROWS]])
    return Layout(delimiter, records, header_rows if header_rows < len(records[:_SAMPLE_ROWS]) else 0, markup)


def _delimiter(sample: str) -> str:
    """The sign that cuts most of the first records into the same number of cells, above one, and into most cells."""
    best, delimiter = (0.0, 1), ","
    for candidate in _DELIMITERS:
        rows = islice(_rows(sample, 0, len(sample), _syntax(candidate), []), _SAMPLE_ROWS)
        counts = [len(_cells(sample[low:high], candidate)) for low, high in rows]
        usual = max(set(counts), key=counts.count, default=1)
        score = (counts.count(usual) / len(counts), usual) if usual > 1 else (0.0, 1)
        if score > best:
            best, delimiter = score, candidate
    return delimiter


@dataclass(frozen=True, slots=True)
class _Syntax:
    """The patterns of one delimiter."""

    bare: re.Pattern[str]
    """A cell without quotes around it."""
    quoted: re.Pattern[str]
    """A cell from its quote on; group 1 is there where it is closed as it should be."""
    needless: re.Pattern[str]
    """Delimiters that keep no words apart: of a run all but the first (group 1), that too beside a blank or nothing."""


def _syntax(delimiter: str) -> _Syntax:
    sign = re.escape(delimiter)
    needless = rf"{sign}(?:(?<![^\s]{sign}){sign}*|{sign}*(?=\s|\Z)|({sign}+))" if delimiter != _TAB else r"(?!)"
    return _Syntax(
        re.compile(f"[^{sign}\n]*+"),
        re.compile(rf' *+"([^"]*+(?:""[^"]*+)*+)(?:("[ \t]*+)(?=[{sign}\n]|\Z))?'),
        re.compile(needless),
    )


def _rows(text: str, start: int, end: int, syntax: _Syntax, markup: list[Span]) -> Iterator[Span]:
    """Spans of the records that are not blank; `markup` gets the quotes and delimiters that stand for nothing.

    A record goes on over line ends within quotes.
    """
    patience = 2 * (end - start)  # what may be read in vain after quotes that are never closed
    at = start
    while at < end:
        quote = text.find('"', at, end) if patience > 0 else -1
        lines_end = max(at, text.rfind("\n", at, quote) + 1) if quote >= 0 else end
        markup += _borders(text, at, lines_end, syntax)
        yield from _lines(text, at, lines_end)
        at = low = gap = lines_end
        while at < end:
            cell = syntax.quoted.match(text, at, end)
            if cell and cell[2]:
                if gap < at - 1:  # one delimiter between quotes keeps cells apart
                    markup += _borders(text, gap, at, syntax)
                markup += _quotes(text, *cell.span(1))
                at = gap = cell.end()
            else:
                patience -= cell.end() - at if cell else 0
                at = bare.end() if (bare := syntax.bare.match(text, at, end)) else at
            if at >= end or text[at] == "\n":
                break
            at += 1
        if low < at:
            markup += _borders(text, gap, at, syntax)
            yield low, at
        at += 1


def _borders(text: str, start: int, end: int, syntax: _Syntax) -> list[Span]:
    # one more, that what stands beside the last is seen
    found = syntax.needless.finditer(text, start, min(end + 1, len(text)))
    return [match.span(1) if match[1] else match.span() for match in found]


def _quotes(text: str, start: int, end: int) -> list[Span]:
    """The quotes around a cell, and one of each two in it."""
    spans = [(start - 1, start), (end, end + 1)]
    while (start := text.find('""', start, end)) >= 0:
        spans.append((start, start + 1))
        start += 2
    return spans


def _lines(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end:
        newline = text.find("\n", start, end)
        stop = newline if newline >= 0 else end
        if text[start:stop].strip():
            yield start, stop
        start = stop + 1


def _cells(record: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([record], delimiter=delimiter, skipinitialspace=delimiter != _TAB), [])
    except csv.Error:
        return record.split(delimiter)


def _header_rows(rows: Sequence[Sequence[str]]) -> int:
    """Rows of the header: titles, and the first row with several cells if it names things; 0 where it is data."""
    stripped_rows = [[cell.strip() for cell in row] for row in rows]
    wide = next((n for n, row in enumerate(stripped_rows) if sum(map(bool, row)) > 1), 0)
    names = stripped_rows[wide] if rows else []
    filled = [name for name in names if name]
    if wide > _MAX_TITLE_ROWS or (len(filled) > 1 and len(set(filled)) * 2 <= len(filled)):
        return 0
    for column, name in enumerate(names):
        if _NUMBER.fullmatch(name):
            below = [row[column] for row in stripped_rows[wide + 1 :] if column < len(row)]
            # years and dates name columns of figures
            if not _YEAR_OR_DATE.fullmatch(name) or 2 * sum(
                bool(_YEAR_OR_DATE.fullmatch(cell)) for cell in below
            ) > len(below):
                return 0
    return wide + 1
