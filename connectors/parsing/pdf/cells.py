"""The cells of a row, before it is known whether it is one of a table."""

import re
from dataclasses import dataclass
from itertools import pairwise

from connectors.parsing.pdf.model import Segment, union
from connectors.parsing.pdf.order import Row
from connectors.parsing.writer import Box

_PREFIX = re.compile(r"[$€£¥₩₹(]|\(?[$€£¥₩₹]\s?\(?|US\$")
_SUFFIX = re.compile(r"[)%*†‡]{1,3}|\)\s?%|pts?\.?")
_SPACED_SIGN = re.compile(r"(?<=[$€£¥₩₹])\s+(?=[\d(.])|(?<=\()\s+(?=[\d$.])|(?<=\d)\s+(?=[)%])|(?<=\))\s+(?=%)")
_SIGNS = "$€£¥₩₹()%"
_NUMBER = re.compile(r"[$€£¥₩₹(+\-–−]*\s?\d[\d.,'\s]*[)%]*\s?(?:[*†‡]|\(\d+\))?|[—–-]+\s?%?|\*|N/?[AM]|NM|n/m")
_YEAR = re.compile(r"(?:19|20)\d\d")
MARKER = re.compile(
    r"[•◦▪‣●○■□➢✓❖·\u2013\u2014*-]|[\uf000-\uf0ff]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]|\d{1,2}(?:\.\d{1,2})+\.?|o|r"
    r"|(?:item|note|part|chapter|section|article|table|figure|example|listing|exhibit)\s+[\w.-]{1,8}[.:]?",
    re.IGNORECASE,
)

_WORD_GAP = 1.5  # heights of a line, between words of a line that is set to its full width
_SENTENCE = 50  # characters


@dataclass(frozen=True, slots=True)
class Cell:
    """A text between two edges."""

    text: str
    left: float
    right: float


@dataclass(slots=True)
class Line:
    """A row on the page, its cells by column."""

    cells: list[Cell]
    top: float
    bottom: float
    box: Box

    @property
    def height(self) -> float:
        return self.bottom - self.top


def read_line(row: Row) -> Line:
    """The cells of a row, signs beside a number in its cell."""
    if len(row) == 1:
        text, left, top, right, bottom, *_ = row[0]
        return Line([Cell(_close(text), left, right)], top, bottom, (left, top, right, bottom))
    cells: list[Cell] = []
    prefix: Segment | None = None
    for segment in row:
        text, left = segment.text, segment.left
        if prefix is not None:
            text, left, prefix = prefix.text + text, prefix.left, None
        if _PREFIX.fullmatch(text) and segment is not row[-1]:
            prefix = segment._replace(text=text, left=left)
            continue
        if cells and _SUFFIX.fullmatch(text) and cells[-1].text[-1:].isdigit() | (cells[-1].text[-1:] in ")—-–"):
            cells[-1] = Cell(cells[-1].text + text, cells[-1].left, segment.right)
        else:
            cells.append(Cell(_close(text), left, segment.right))
    box = union(row)
    return Line(cells, box[1], box[3], box)


def _close(text: str) -> str:
    """Signs close to their number."""
    signed = text[0] in _SIGNS or text[-1] in _SIGNS
    return _SPACED_SIGN.sub("", text) if signed and " " in text else text


def is_tabular(line: Line) -> bool:
    """Several cells, and not only the marker of a list or a heading and its words, or a line set wide."""
    gaps = [b.left - a.right for a, b in pairwise(line.cells)]
    if gaps and max(gaps) < _WORD_GAP * line.height:
        text = "".join(cell.text for cell in line.cells)
        if len(text) > _SENTENCE and sum(map(str.isalpha, text)) > 0.75 * len(text):
            return False
    return len(line.cells) > 2 or (len(line.cells) == 2 and not MARKER.fullmatch(line.cells[0].text))


def has_numbers(line: Line) -> bool:
    """Whether a cell but the first holds a number that is no year."""
    return any(is_number(cell.text) and not _YEAR.fullmatch(cell.text) for cell in line.cells[1:])


def is_number(text: str) -> bool:
    """Whether a cell holds nothing but a number, or a dash or sign in the place of one."""
    return len(text) < 40 and _NUMBER.fullmatch(text) is not None
