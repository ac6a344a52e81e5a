"""Which blocks are headings and of what level: by font, and by the document's outline."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

import pypdfium2

from connectors.parsing.pdf.blocks import Block

Style: TypeAlias = tuple[float, int, bool]
"""Font size in half points, emphasis, whether it is all capitals."""

_LARGE = 1.14  # times the size of the text
_MAX_LINES = 4
_MAX_CHARS = 200
_MAX_BOLD_CHARS = 150
_MAX_ITALIC_CHARS = 80
_OWN_LEVEL = 3  # headings
_FEW_STYLES = 5
_MAX_OUTLINE = 10_000
_OTHERS = re.compile(r"[\W_]+")
_CAPTION = re.compile(r"(?:table|figure|fig\.?|example|listing|chart)\s+[\dA-Z][\w.-]*[.:]?\s", re.IGNORECASE)
_NAMED = re.compile(
    r"(?:item|note|part|chapter|appendix|annex|schedule)\s+(?:\d{1,3}[A-Z]?|[IVX]{1,5}|[A-Z])\s*[.:\u2013\u2014-]\s*\w",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    r"(?:(?:item|note|part|chapter|section|article|appendix)\s+)?[\dIVX]+[A-Z]?(?:\.\d+)*\.?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Headings:
    """What a document's headings look like.

    Attributes:
        size: of its text.
        emphasis: of most of its text.
        outline: level by title, in letters and digits alone.
        levels: by style.
    """

    size: float
    emphasis: int
    outline: Mapping[str, int]
    levels: Mapping[Style, int]

    def level(self, block: Block) -> int | None:
        """1 to 6, None for what is no heading."""
        if level := _named(block, self.outline):
            return level
        return self.levels.get(_style(block)) if _looks_like_one(block, self.size, self.emphasis) else None


def read_outline(pdf: pypdfium2.PdfDocument) -> dict[str, int]:
    """The level of each bookmark's title."""
    outline: dict[str, int] = {}
    try:
        for bookmark in islice(pdf.get_toc(max_depth=6), _MAX_OUTLINE):
            if letters := _letters(bookmark.get_title()):
                outline.setdefault(letters, min(bookmark.level + 1, 6))
    except pypdfium2.PdfiumError:
        return outline
    return outline


def find_headings(blocks: Iterable[Block], outline: Mapping[str, int]) -> Headings:
    """Styles from the largest down; where the outline names headings of a style its level is theirs."""
    blocks = list(blocks)
    sizes: Counter[float] = Counter()
    weights: Counter[int] = Counter()
    for block in blocks:
        for line in block.lines:
            sizes[round(line.size * 2) / 2] += len(line.text)
            weights[line.emphasis] += len(line.text)
    size = max(sizes, key=lambda s: (sizes[s], -s), default=0.0)
    emphasis = max(weights, key=lambda w: weights[w], default=0)
    named: dict[Style, Counter[int]] = {}
    styles: Counter[Style] = Counter()
    for block in blocks:
        level = _named(block, outline)
        if level or _looks_like_one(block, size, emphasis):
            styles[_style(block)] += 1
        if level:
            named.setdefault(_style(block), Counter())[level] += 1
    levels = _ranked(styles)
    levels |= {style: counted.most_common(1)[0][0] for style, counted in named.items()}
    return Headings(size, emphasis, outline, levels)


def _ranked(styles: Counter[Style]) -> dict[Style, int]:
    """Levels from the largest style down; what turns up once or twice, as on a cover, takes no level of its own."""
    levels: dict[Style, int] = {}
    level = 1
    for style in sorted(styles, key=lambda s: (s[0], s[2], s[1]), reverse=True):
        levels[style] = min(level, 6)
        if styles[style] >= _OWN_LEVEL or len(styles) <= _FEW_STYLES:
            level += 1
    return levels


def _looks_like_one(block: Block, size: float, emphasis: int) -> bool:
    if len(block.lines) > _MAX_LINES:
        return False
    line, text = block.lines[0], _titled(block)
    if len(text) > _MAX_CHARS or sum(map(str.isalpha, text)) < 2:
        return False
    if block.number == "" or text.endswith((",", ";", "-")) or text[:1].islower():
        return False
    if line.size >= _LARGE * size:
        return not text.endswith(".") or len(text) < 60
    if (
        _NAMED.match(text)
        and len(block.lines) <= 2
        and len(text) <= _MAX_BOLD_CHARS
        and text[-1].isalpha() | (text[-1] in ")”")
    ):
        return True
    if line.emphasis <= emphasis or line.size < 0.9 * size or text.endswith(":") or _CAPTION.match(text):
        return False
    if len(text) > (_MAX_BOLD_CHARS if line.emphasis == 2 else _MAX_ITALIC_CHARS):
        return False
    return not text.endswith(".") or _NUMBERED.fullmatch(text) is not None


def _style(block: Block) -> Style:
    line = block.lines[0]
    return round(line.size * 2) / 2, line.emphasis, block.text.isupper()


def _titled(block: Block) -> str:
    return f"{block.number} {block.text}" if block.number else block.text


def _named(block: Block, outline: Mapping[str, int]) -> int | None:
    if not outline or len(block.lines) > _MAX_LINES:
        return None
    return outline.get(_letters(_titled(block)))


def _letters(text: str) -> str:
    return _OTHERS.sub("", text.casefold())
