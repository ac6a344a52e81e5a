"""PDF: the text layer as headings, paragraphs, lists and tables with a box for every line; scans by OCR."""

import ctypes
import re
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pypdfium2
from pypdfium2 import raw

from connectors.parsing import ocr
from connectors.parsing.document import clean_title, file_stem
from connectors.parsing.options import Options
from connectors.parsing.pdf import hi_res
from connectors.parsing.pdf.headings import read_outline
from connectors.parsing.pdf.layout import write_pages
from connectors.parsing.pdf.model import Page
from connectors.parsing.pdf.reading import read_page
from rag.errors import DocumentError
from rag.types import Document, SourceItem

MIME = "application/pdf"

_PDFIUM = threading.Lock()
"""PDFium is not thread safe, not even on different documents."""

_MANY = 100  # objects
_STAMP = 200  # characters beside a scan that are not what the page says
_SCANNED = 0.5
_NO_TITLE = re.compile(
    r"(untitled|microsoft \w+ - |document ?\d*$|presentation ?\d*$|powerpoint presentation$|slide ?\d*$|title$|te?mp)"
    r"|.*\.\w{2,5}$",
    re.IGNORECASE,
)


def parse(data: bytes, item: SourceItem, options: Options = Options()) -> Document:  # noqa: B008 - it is frozen
    """The text of all pages in reading order; no element crosses a page.

    Its metadata say how many `pages` there are, which could not be read (`unread_pages`) and which show something but
    have no text (`pages_without_text`), numbered from 1.

    Raises:
        DocumentError: it or all its pages are malformed (`parse`), it needs a password (`encrypted`), no page has text
            (`empty`), or what `options.pdf` asks for is not installed (`dependency`).
    """
    if not data:
        raise DocumentError(f"{item.uri}: the file is empty (0 bytes)", kind="parse")
    with open_pdf(data, item) as pdf:
        title = _title(clean_title(pdf.get_metadata_value("Title")), file_stem(item))
        if options.pdf == "hi_res":
            sizes = [pdf.get_page_size(index) for index in range(len(pdf))]
            return hi_res.parse(data, item, options, sizes=sizes, title=title)
        outline = read_outline(pdf)
        read = _read(pdf, item, options)
    metadata: dict[str, Any] = {"pages": read.count}
    if read.unread:
        metadata["unread_pages"] = read.unread
    if read.without_text:
        metadata["pages_without_text"] = read.without_text
    writer = write_pages(read.pages, outline)
    if writer.empty:
        raise _empty(item, options, read)
    return writer.document(item, data=data, mime=MIME, title=title, metadata=metadata)


@dataclass(slots=True)
class _Read:
    """The pages that have text, and the numbers of those that were not read or show something that is no text."""

    count: int
    pages: list[Page] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    without_text: list[int] = field(default_factory=list)
    failure: str = ""


@contextmanager
def open_pdf(data: bytes, item: SourceItem) -> Iterator[pypdfium2.PdfDocument]:
    """The file in PDFium, which nobody else uses meanwhile.

    Raises:
        DocumentError: it is malformed (`parse`) or needs a password (`encrypted`).
    """
    with _PDFIUM, closing(_opened(data, item)) as pdf:
        yield pdf


def _opened(data: bytes, item: SourceItem) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise DocumentError(f"{item.uri}: needs a password: store it without one", kind="encrypted") from error
        raise DocumentError(f"{item.uri}: not a readable PDF ({error})", kind="parse") from error


def _read(pdf: pypdfium2.PdfDocument, item: SourceItem, options: Options) -> _Read:
    read = _Read(len(pdf))
    recognises = options.pdf == "auto" and ocr.installed()
    for number in range(1, len(pdf) + 1):
        try:
            fill_in(pdf, number)
            page = read_page(pdf, number)
            if _is_picture(pdf, number, page):
                if recognises:
                    page = max(page, _recognised(pdf, number, item, options), key=_characters)
                if _characters(page) < _STAMP:
                    read.without_text.append(number)
        except DocumentError as error:
            if error.kind != "ocr":
                raise
            read.without_text.append(number)
            if page.segments:
                read.pages.append(page)
        except pypdfium2.PdfiumError as error:
            read.unread.append(number)
            read.failure = str(error)
        else:
            read.pages.append(page)
    if read.unread and len(read.unread) == read.count:
        raise DocumentError(f"{item.uri}: none of its {read.count} pages is readable ({read.failure})", kind="parse")
    return read


def fill_in(pdf: pypdfium2.PdfDocument, number: int) -> None:
    """Make what stands in fields of a form and in notes on the page part of it; elsewhere it is no text to PDFium."""
    with closing(pdf[number - 1]) as page:
        for n in range(min(raw.FPDFPage_GetAnnotCount(page.raw), _MANY)):
            annotation = raw.FPDFPage_GetAnnot(page.raw, n)
            kind = raw.FPDFAnnot_GetSubtype(annotation)
            raw.FPDFPage_CloseAnnot(annotation)
            if kind in (raw.FPDF_ANNOT_WIDGET, raw.FPDF_ANNOT_FREETEXT):
                raw.FPDFPage_Flatten(page.raw, raw.FLAT_NORMALDISPLAY)
                return


def _is_picture(pdf: pypdfium2.PdfDocument, number: int, page: Page) -> bool:
    """Its text, if it has any, is in a picture: beside a scan there may be a stamp, a number or a watermark."""
    if not page.segments:
        return _shows_something(pdf, number)
    return _characters(page) < _STAMP and _pictured(pdf, number) > _SCANNED


def _characters(page: Page) -> int:
    return sum(len(segment.text) for segment in page.segments)


def _pictured(pdf: pypdfium2.PdfDocument, number: int) -> float:
    """Share of the page that its largest picture covers."""
    with closing(pdf[number - 1]) as page:
        width, height = page.get_size()
        sizes = [0.0]
        for n in range(min(raw.FPDFPage_CountObjects(page.raw), _MANY)):
            shape = raw.FPDFPage_GetObject(page.raw, n)
            if raw.FPDFPageObj_GetType(shape) == raw.FPDF_PAGEOBJ_IMAGE:
                left, bottom, right, top = (ctypes.c_float() for _ in range(4))
                if raw.FPDFPageObj_GetBounds(shape, left, bottom, right, top):
                    sizes.append((right.value - left.value) * (top.value - bottom.value))
    return float(max(sizes) / max(width * height, 1.0))


def _shows_something(pdf: pypdfium2.PdfDocument, number: int) -> bool:
    """A picture, or so many lines that they may be letters; not a frame or a rule."""
    with closing(pdf[number - 1]) as page:
        count = raw.FPDFPage_CountObjects(page.raw)
        kinds = {raw.FPDFPageObj_GetType(raw.FPDFPage_GetObject(page.raw, n)) for n in range(min(count, _MANY))}
    return bool(count >= _MANY or kinds - {raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_TEXT})


def _recognised(pdf: pypdfium2.PdfDocument, number: int, item: SourceItem, options: Options) -> Page:
    with closing(pdf[number - 1]) as page:
        dpi = ocr.resolution(*page.get_size())
        with closing(page.render(scale=dpi / 72, grayscale=True, may_draw_forms=False)) as bitmap:
            pixels = b"".join(_pixel_rows(bitmap))
            width, height = bitmap.width, bitmap.height
    return ocr.recognise(ocr.Image(pixels, width, height, dpi), item, number=number, languages=options.ocr_languages)


def _pixel_rows(bitmap: pypdfium2.PdfBitmap) -> Iterator[bytes]:
    buffer = bytes(bitmap.buffer)
    for row in range(bitmap.height):
        yield buffer[row * bitmap.stride : row * bitmap.stride + bitmap.width]


def _empty(item: SourceItem, options: Options, read: _Read) -> DocumentError:
    what = f"{item.uri}: no text on any of its {read.count} pages"
    if not read.without_text:
        return DocumentError(f"{what}, which are blank: exclude it", kind="empty")
    if options.pdf == "text":
        why = "they are pictures: set parsing.pdf to auto to recognise their text (OCR), or exclude it"
    elif not ocr.installed():
        why = f"they are pictures, and there is no OCR engine to recognise their text: {ocr.INSTALL}"
    else:
        why = "OCR found none either: exclude it"
    return DocumentError(f"{what}; {why}", kind="empty")


def _title(own: str, stem: str) -> str:
    """The title in the file's metadata with the file name, which often tells look-alike reports apart."""
    if sum(c.isalpha() for c in own) < 3 or _NO_TITLE.match(own):
        return stem
    return own if _letters(stem) in _letters(own) else f"{own} ({stem})"


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
