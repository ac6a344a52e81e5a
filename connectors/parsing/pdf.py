"""PDF: the text layer with a box for every line."""

import re
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import pypdfium2
from pypdfium2 import raw

from connectors.parsing.document import build, clean_title, file_stem
from connectors.parsing.normalise import canonical
from rag.errors import DocumentError
from rag.types import Document, Element, LineBox, SourceItem

_PDFIUM = threading.Lock()
"""PDFium is not thread safe, not even on different documents."""

_HYPHEN = "\x02"  # what PDFium gives for a hyphen that breaks a word at the end of a line
_PARAGRAPH_GAP = 0.4  # of a line, beyond which a new paragraph starts
_BOX_STEP = 8  # characters
_BREAK = re.compile(rf"\r\n?|\n|{_HYPHEN}")
_NO_TITLE = re.compile(
    r"(untitled|microsoft \w+ - |document ?\d*$|presentation ?\d*$|powerpoint presentation$|slide ?\d*$|title$|te?mp)"
    r"|.*\.\w{2,5}$",
    re.IGNORECASE,
)

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in points from the page's top left corner."""


@dataclass(frozen=True, slots=True)
class _Line:
    """Canonical text without white space at its ends; `broken` where its last word goes on in the next line."""

    text: str
    page: int
    box: Box
    broken: bool


def parse(data: bytes, item: SourceItem) -> Document:
    """The text of all pages, two line ends between paragraphs and pages; no element crosses a page.

    Raises:
        DocumentError: it is malformed (`parse`), needs a password (`encrypted`), or no page has text (`empty`).
    """
    if not data:
        raise DocumentError(f"{item.uri}: the file is empty (0 bytes)", kind="parse")
    with _PDFIUM, closing(_open(data, item)) as pdf:
        own_title = clean_title(pdf.get_metadata_value("Title"))
        paragraphs = [p for number in range(1, len(pdf) + 1) for p in _paragraphs(_page_lines(pdf, number, item))]
    if not paragraphs:
        raise DocumentError(
            f"{item.uri}: no text layer on any of its pages: recognise its text (OCR) first, or exclude it",
            kind="empty",
        )
    text, elements = _joined(paragraphs)
    return build(
        item,
        data=data,
        mime="application/pdf",
        text=text,
        elements=elements,
        title=_title(own_title, file_stem(item)),
    )


def _open(data: bytes, item: SourceItem) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise DocumentError(f"{item.uri}: needs a password: store it without one", kind="encrypted") from error
        raise DocumentError(f"{item.uri}: not a readable PDF ({error})", kind="parse") from error


def _page_lines(pdf: pypdfium2.PdfDocument, number: int, item: SourceItem) -> list[_Line]:
    try:
        with closing(pdf[number - 1]) as page, closing(page.get_textpage()) as text_page:
            return list(_lines(text_page, _transform(page), number))
    except pypdfium2.PdfiumError as error:
        raise DocumentError(
            f"{item.uri}: page {number} of {len(pdf)} is not readable ({error})", kind="parse"
        ) from error


def _lines(text_page: pypdfium2.PdfTextPage, transform: Callable[[Box], Box], page: int) -> Iterator[_Line]:
    """Lines as PDFium breaks them, in the order of the page's content.

    A character's index is that of `GetUnicode`; `GetText`, faster by half, leaves some out and shifts the rest.
    """
    handle, count = text_page.raw, text_page.count_chars()
    characters = "".join(map(chr, map(partial(raw.FPDFText_GetUnicode, handle), range(count))))
    at = 0
    for match in [*_BREAK.finditer(characters), None]:
        end = match.start() if match else count
        text = canonical(_paired(characters[at:end])).strip()
        # a line feed cannot be in a line; canonical() makes one of a form feed
        text = " ".join(text.split("\n"))
        if text and (box := _box(handle, at, end - at)):
            yield _Line(text, page, transform(box), broken=match is not None and match[0] == _HYPHEN)
        at = match.end() if match else count


def _paired(text: str) -> str:
    """UTF-16 pairs, as PDFium gives them where characters have 16 bits, as one character."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _box(handle: Any, start: int, count: int) -> Box | None:
    """Box of some characters of a line in the page's own coordinates; None where they have none.

    The first and last character and every eighth between them: asking for each costs more than reading the page, and
    so do rectangles of runs where every letter was placed alone. The loose box has the font's height, not a letter's.
    """
    rectangle = raw.FS_RECTF()
    boxes = []
    for index in {*range(start, start + count, _BOX_STEP), start + count - 1}:
        if raw.FPDFText_GetLooseCharBox(handle, index, rectangle):
            box = rectangle.left, rectangle.top, rectangle.right, rectangle.bottom
            if box[0] < box[2]:
                boxes.append(box)
    if not boxes:
        return None
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), max(tops), max(rights), min(bottoms)


def _transform(page: pypdfium2.PdfPage) -> Callable[[Box], Box]:
    """From the page's own coordinates (y upwards) to points from the top left corner of the page as it is shown."""
    left, bottom, right, top = page.get_bbox()
    rotation = page.get_rotation()

    def turned(x: float, y: float) -> tuple[float, float]:
        match rotation:
            case 90:
                return y - bottom, x - left
            case 180:
                return right - x, y - bottom
            case 270:
                return top - y, right - x
        return x - left, top - y

    def transform(box: Box) -> Box:
        (x1, y1), (x2, y2) = turned(box[0], box[1]), turned(box[2], box[3])
        return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)

    return transform


def _paragraphs(lines: list[_Line]) -> Iterator[list[_Line]]:
    """Lines of one page that follow each other closely downwards."""
    if not lines:
        return
    gap = _PARAGRAPH_GAP * median(line.box[3] - line.box[1] for line in lines)
    paragraph = [lines[0]]
    for line in lines[1:]:
        last = paragraph[-1]
        below = line.box[1] - last.box[3]
        side_by_side = line.box[1] < last.box[3] and last.box[1] < line.box[3]
        if last.broken or side_by_side or 0 <= below <= gap:
            paragraph.append(line)
        else:
            yield paragraph
            paragraph = [line]
    yield paragraph


def _joined(paragraphs: list[list[_Line]]) -> tuple[str, list[Element]]:
    """The text and its elements; a word that a line end broke is whole again."""
    parts: list[str] = []
    elements: list[Element] = []
    at = 0

    def append(text: str) -> None:
        nonlocal at
        parts.append(text)
        at += len(text)

    for paragraph in paragraphs:
        if elements:
            append("\n\n")
        start, boxes = at, []
        for line, following in zip(paragraph, [*paragraph[1:], None], strict=True):
            line_start = at
            mends = line.broken and following is not None and _composes_nothing(line.text, following.text)
            append(line.text if mends or not line.broken else line.text + "-")
            left, top, right, bottom = line.box
            boxes.append(
                LineBox(start=line_start, end=at, page=line.page, left=left, top=top, right=right, bottom=bottom)
            )
            if following is not None and not mends:
                append("\n")
        page = paragraph[0].page
        elements.append(Element(kind="paragraph", start=start, end=at, page=page, lines=tuple(boxes)))
    return "".join(parts), elements


def _composes_nothing(left: str, right: str) -> bool:
    return unicodedata.is_normalized("NFC", left[-1] + right[:1])


def _title(own: str, stem: str) -> str:
    """The title in the file's metadata with the file name, which often tells look-alike reports apart."""
    if sum(c.isalpha() for c in own) < 3 or _NO_TITLE.match(own):
        return stem
    return own if _letters(stem) in _letters(own) else f"{own} ({stem})"


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
