"""Images: their text by OCR, a page a frame."""

import warnings
from collections.abc import Iterator
from io import BytesIO

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from connectors.parsing import ocr
from connectors.parsing.options import Options
from connectors.parsing.pdf.layout import write_pages
from connectors.parsing.pictures import no_such_page, picture, scale_for
from rag.errors import DocumentError
from rag.types import Document, PagePicture, SourceItem

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF")
_PAGED = ("TIFF",)  # the frames of other formats are moments of one picture
_MAX_PIXELS = 60_000_000  # of a frame
_SMALL = 1500  # pixels, the longer side of what is enlarged: letters of a screenshot are too small for OCR
_DPI = 150.0  # where an image does not say
_DPI_RANGE = (72.0, 1200.0)


def parse(data: bytes, item: SourceItem, options: Options = Options()) -> Document:  # noqa: B008 - it is frozen
    """The text in a picture, its places in points at the picture's own resolution.

    Raises:
        DocumentError: no readable image, or one of more than 60 million pixels (`parse`), no text in it (`empty`), no
            OCR engine (`dependency`) or one that failed (`ocr`).
    """
    if not ocr.installed():
        message = f"{item.uri}: the text of an image needs OCR, and tesseract is not installed: {ocr.INSTALL}"
        raise DocumentError(message, kind="dependency")
    pages = [
        ocr.recognise(frame, item, number=number, languages=options.ocr_languages)
        for number, frame in enumerate(_frames(data, item), 1)
    ]
    writer = write_pages(pages, {})
    if writer.empty:
        raise DocumentError(f"{item.uri}: OCR found no text in it: exclude it", kind="empty")
    metadata = {"pages": len(pages)} if len(pages) > 1 else {}
    return writer.document(item, data=data, mime=f"image/{item.key.rpartition('.')[2].lower()}", metadata=metadata)


def draw(data: bytes, item: SourceItem, page: int) -> PagePicture:
    """A frame in its colours, as large as its text was read.

    Raises:
        DocumentError: as `parse`; or there is no such frame (`page`).
    """
    pages = 0
    for pages, frame in enumerate(_images(data, item), 1):
        if pages == page:
            points = 72 / _dpi(frame)
            upright = _on_white(ImageOps.exif_transpose(frame))
            width, height = upright.size
            scale = min(1.0, scale_for(width, height))
            small = upright.resize((max(1, round(width * scale)), max(1, round(height * scale))))
            return picture(small, width * points, height * points)
    raise no_such_page(item, page, pages)


def _frames(data: bytes, item: SourceItem) -> Iterator[ocr.Image]:
    return map(_grey, _images(data, item))


def _images(data: bytes, item: SourceItem) -> Iterator[Image.Image]:
    try:
        with warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning):
            opened = Image.open(BytesIO(data), formats=_FORMATS)
        with opened as image:
            for number, frame in enumerate(ImageSequence.Iterator(image)):
                if number and image.format not in _PAGED:
                    break
                if frame.width * frame.height > _MAX_PIXELS:
                    raise Image.DecompressionBombError(f"{frame.width} x {frame.height} pixels")
                frame.load()  # what is cut off shows here, not where the frame is used
                yield frame
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        limit = f"an image may have {_MAX_PIXELS} pixels: make it smaller, or exclude it"
        raise DocumentError(f"{item.uri}: too large ({error!s:.100}); {limit}", kind="parse") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        reason = " ".join(str(error).split())
        raise DocumentError(f"{item.uri}: not a readable image ({reason:.200})", kind="parse") from error


def _grey(frame: Image.Image) -> ocr.Image:
    dpi = _dpi(frame)
    grey = _on_white(ImageOps.exif_transpose(frame)).convert("L")
    if max(grey.size) < _SMALL:
        grey, dpi = grey.resize((grey.width * 2, grey.height * 2), Image.Resampling.LANCZOS), dpi * 2
    return ocr.Image(grey.tobytes(), grey.width, grey.height, dpi)


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    shown = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown)


def _dpi(frame: Image.Image) -> float:
    try:
        dpi = float(frame.info["dpi"][0])
    except (KeyError, TypeError, ValueError, ZeroDivisionError, IndexError):
        return _DPI
    return dpi if _DPI_RANGE[0] <= dpi <= _DPI_RANGE[1] else _DPI
