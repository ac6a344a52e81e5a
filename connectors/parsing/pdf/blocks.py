"""Rows of text as paragraphs, list items and candidates for headings."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median

from connectors.parsing.pdf.model import union
from connectors.parsing.pdf.order import Row
from connectors.parsing.writer import Box

_GAP = 0.4  # heights of a line, beyond which a new paragraph starts
_WIDE_GAP = 1.2  # heights of a line: what more than this keeps apart is not one paragraph, however wide its lines stand
_INDENT = 0.8  # heights of a line
_CENTRED = 4.0  # points between the middles of centred lines
_SIZE_STEP = 1.12
_LARGE = 1.14  # times the usual size: a title, whose words may be in several fonts
_FULL = 0.85  # of the region's width, from which a line is full

_BULLET = re.compile(r"(?:[•◦▪▫‣⁃●○■□➢➤✓✔❖◆◇►·∙]|[\uf000-\uf0ff])\s*(?=\S)|[-–—*]\s+(?=\w)")
_ENUMERATOR = re.compile(r"(\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{2,5})[.)]|\d{1,2}(?:\.\d{1,2}){1,3}\.?)\s+(?=\S)")
_LONE_BULLET = re.compile(r"[-–—*o§•◦▪‣●○■□·]|[\uf000-\uf0ff]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_SENTENCE_END = (".", "!", "?", ":", "。", "！", "？", "”", '."')


@dataclass(frozen=True, slots=True)
class TextLine:
    """A row of text without its list sign."""

    text: str
    box: Box
    size: float
    emphasis: int
    broken: bool

    @property
    def height(self) -> float:
        return max(self.box[3] - self.box[1], self.size)


@dataclass(slots=True)
class Block:
    """Lines that belong together.

    Attributes:
        number: of a list item, as it is shown; "" for a bullet, None for what is no item.
    """

    lines: list[TextLine] = field(default_factory=list)
    number: str | None = None

    @property
    def text(self) -> str:
        return " ".join(line.text for line in self.lines)

    @property
    def left(self) -> float:
        return self.lines[0].box[0]


def blocks(rows: Sequence[Row]) -> list[Block]:
    """The rows of one region, grouped."""
    pairs = [_signed(row) for row in rows]
    if not pairs:
        return []
    gap = _usual_gap([line for _, line in pairs])
    right = max(line.box[2] for _, line in pairs)
    large = _LARGE * median(line.size for _, line in pairs)
    found: list[Block] = []
    for number, line in pairs:
        if found and not _starts(found[-1], number, line, gap, right, large):
            found[-1].lines.append(replace(line, text=f"{number} {line.text}") if number else line)
        else:
            found.append(Block([line], number))
    return found


def _signed(row: Row) -> tuple[str | None, TextLine]:
    """The list sign of a row, and its text without it."""
    if len(row) > 1 and _RIGHT_TO_LEFT.search(row[0].text) and _RIGHT_TO_LEFT.search(row[-1].text):
        row = row[::-1]
    text = " ".join(segment.text for segment in row)
    number: str | None = None
    if len(row) > 1 and _LONE_BULLET.fullmatch(row[0].text):
        number, text = "", text[len(row[0].text) :].lstrip()
    elif match := _BULLET.match(text):
        number, text = "", text[match.end() :]
    elif match := _ENUMERATOR.match(text):
        number, text = match[1], text[match.end() :]
    size = max(row, key=lambda s: len(s.text)).size
    return number, TextLine(text, union(row), size, min(s.emphasis for s in row), row[-1].broken)


def _usual_gap(lines: Sequence[TextLine]) -> float:
    """Between the lines of a paragraph, in heights of a line; more than 0.4 where lines stand far apart."""
    width = max(line.box[2] for line in lines) - min(line.box[0] for line in lines)
    gaps = [
        (below.box[1] - line.box[3]) / max(line.height, 1)
        for line, below in pairwise(lines)
        if line.box[2] - line.box[0] > _FULL * width
    ]
    usual = median(gaps) * 1.25 if len(gaps) >= 4 else 0.0
    return min(max(_GAP, usual), _WIDE_GAP)


def _starts(block: Block, number: str | None, line: TextLine, gap: float, right: float, large: float) -> bool:
    """Whether a line starts a new block."""
    last = block.lines[-1]
    height = max(min(line.height, last.height), 1.0)
    if last.broken and line.box[1] - last.box[3] < 2 * height:
        return False
    if line.box[1] - last.box[3] > gap * height:
        return True
    short = last.box[2] < right - 0.25 * (right - block.left)
    if number is not None and (short or not _goes_on(block, number, last)):
        return True
    if not last.size / _SIZE_STEP <= line.size <= last.size * _SIZE_STEP and len(line.text) > 3:
        return True
    if (
        line.emphasis != last.emphasis
        and line.size < large
        and len(line.text) > 3
        and (short or 2 in (line.emphasis, last.emphasis))
    ):
        return True
    middles = (line.box[0] + line.box[2]) / 2, (last.box[0] + last.box[2]) / 2
    if abs(middles[0] - middles[1]) < _CENTRED:
        return False
    if last.text.endswith(_SENTENCE_END) and line.text[:1].isupper() and short:
        return True
    return _indented(block, line, last, height)


def _goes_on(block: Block, number: str, last: TextLine) -> bool:
    """A number at the start of a line within a sentence (`12. of the month ...`) starts no item."""
    return number != "" and block.number is None and not last.text.endswith(_SENTENCE_END) and last.emphasis < 2


def _indented(block: Block, line: TextLine, last: TextLine, height: float) -> bool:
    step = line.box[0] - last.box[0]
    if line.text[:1].islower():
        return False
    if block.number is not None and len(block.lines) == 1:
        # the text of an item may hang, but not stand left of its sign
        return step < -_INDENT * height
    if step > _INDENT * height:
        return True
    return step < -_INDENT * height and len(block.lines) > 1
