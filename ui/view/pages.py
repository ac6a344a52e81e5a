"""Cited pages as pictures: a strip around the quote, which opens to the whole page; the lines are boxed on top."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.types import LineBox
from ui.language import say
from ui.view.html import escape

STRIP_RATIO = 2.4
"""Width by height of a strip: known before there is a picture, so that nothing moves when it comes."""

_MARGIN = 18.0  # points around the cited lines
_MIN_SHARE = 0.55  # of a page's width that a strip shows at least
_PADDING = 2.0  # points beside a line


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page that is cited.

    Attributes:
        width: in points, as is `height`.
        picture: address of its picture.
        lines: cited lines, each with its text.
    """

    number: int
    width: float
    height: float
    picture: str
    lines: Sequence[tuple[LineBox, str]]


def strips(pages: Sequence[Page], title: str, language: str) -> str:
    """The pages, each as a button that opens it (passages.js)."""
    return "".join(_strip(page, title, language) for page in pages)


def unavailable(reason: str, language: str) -> str:
    """One calm line in place of a picture.

    Args:
        reason: kind of a `rag.errors.DocumentError`.
    """
    key = {"read": "gone", "changed": "changed", "encrypted": "encrypted", "page": "changed"}.get(reason, "no_picture")
    return f'<p class="rag-passages-quiet">{say(f"passages.{key}", language)}</p>'


def _strip(page: Page, title: str, language: str) -> str:
    left, top, width = _region(page)
    height = width / STRIP_RATIO
    place = (
        f"inline-size:{_percent(page.width / width)};left:{_percent(-left / width)};top:{_percent(-top / height)};"
        f"aspect-ratio:{page.width:.2f}/{page.height:.2f}"
    )
    boxes = "".join(_box(line, text, page) for line, text in _apart(page.lines))
    name = escape(say("passages.page_of", language, page=page.number, title=title))
    alt = escape(say("passages.page_boxed", language, page=page.number, title=title)) if page.lines else name
    label = escape(say("passages.open_page", language, page=page.number))
    close = escape(say("passages.close", language))
    return (
        f'<button type="button" class="rag-strip" aria-label="{label}" title="{label}" data-name="{name}" '
        f'data-close="{close}"><span class="rag-sheet" style="{place}">'
        f'<img src="{escape(page.picture)}" alt="{alt}" decoding="async" draggable="false">{boxes}</span></button>'
    )


def _region(page: Page) -> tuple[float, float, float]:
    """Left, top and width of what the strip shows, in points: the cited lines, or where they begin."""
    boxes = [line for line, _ in page.lines]
    if not boxes:
        return 0.0, 0.0, page.width
    left, right = min(box.left for box in boxes) - _MARGIN, max(box.right for box in boxes) + _MARGIN
    top, bottom = min(box.top for box in boxes), max(box.bottom for box in boxes)
    width = min(max(right - left, _MIN_SHARE * page.width), page.width)
    height = width / STRIP_RATIO
    left = min(max((left + right - width) / 2, 0.0), page.width - width)
    above = (height - (bottom - top)) / 2 if bottom - top < height - _MARGIN else _MARGIN
    return left, min(max(top - above, 0.0), max(page.height - height, 0.0)), width


def _apart(lines: Sequence[tuple[LineBox, str]]) -> list[tuple[LineBox, str]]:
    """Boxes of lines that stand close meet instead of overlapping."""
    shown: list[tuple[LineBox, str]] = []
    for line, text in lines:
        if shown and shown[-1][0].top < line.top < shown[-1][0].bottom < line.bottom:
            above, words = shown[-1]
            border = (line.top + above.bottom) / 2
            shown[-1], line = (replace(above, bottom=border), words), replace(line, top=border)
        shown.append((line, text))
    return shown


def _box(line: LineBox, text: str, page: Page) -> str:
    left, top = max(line.left - _PADDING, 0.0), max(line.top, 0.0)
    right, bottom = min(line.right + _PADDING, page.width), min(line.bottom, page.height)
    place = (
        f"left:{_percent(left / page.width)};top:{_percent(top / page.height)};"
        f"inline-size:{_percent((right - left) / page.width)};block-size:{_percent((bottom - top) / page.height)}"
    )
    return f'<mark class="rag-line-box" style="{place}"><span>{escape(text)}</span></mark>'


def _percent(share: float) -> str:
    return f"{100 * share:.3f}%"
