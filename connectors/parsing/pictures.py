"""Pages as pictures, for formats whose lines have places on them."""

import math
from collections.abc import Callable
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING

from connectors.parsing.formats import Format
from rag.errors import DocumentError
from rag.types import PagePicture, SourceItem

if TYPE_CHECKING:
    from PIL import Image

MIME = "image/webp"

_WIDTH = 1400  # pixels: sharp where a page fills a laptop's screen
_MAX_SIDE = 8000  # a WebP may have 16,383
_MAX_PIXELS = 4_000_000  # a letter page has 2.5 million
_QUALITY = 80

_DRAWN = {"PDF": "connectors.parsing.pdf.drawing:draw", "Image": "connectors.parsing.image:draw"}


def draw(data: bytes, item: SourceItem, format: Format, page: int) -> PagePicture:
    """A page, from 1, as a picture.

    Raises:
        DocumentError: there is no such page (`page`), the format has no pages to draw (`format`), or it cannot be read.
    """
    if format.name not in _DRAWN:
        raise DocumentError(f"{item.uri}: {format.name} files have no pages to draw", kind="format")
    module, _, name = _DRAWN[format.name].partition(":")
    function: Callable[[bytes, SourceItem, int], PagePicture] = getattr(import_module(module), name)
    try:
        return function(data, item, page)
    except (DocumentError, MemoryError):
        raise
    # input is hostile and libraries are other people's: whatever they raise concerns this page alone
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise DocumentError(f"{item.uri}: page {page} cannot be drawn ({reason:.300})", kind="parse") from error


def no_such_page(item: SourceItem, page: int, pages: int) -> DocumentError:
    return DocumentError(f"{item.uri}: there is no page {page}, it has {pages}", kind="page")


def scale_for(width: float, height: float) -> float:
    """Pixels of the picture for each unit of a page of this size."""
    longest = max(width, height, 1.0)
    return min(_WIDTH / max(width, 1.0), _MAX_SIDE / longest, math.sqrt(_MAX_PIXELS / max(width * height, 1.0)))


def picture(image: "Image.Image", width: float, height: float) -> PagePicture:
    """An image as the picture of a page of this size in points."""
    buffer = BytesIO()
    image.convert("RGB").save(buffer, "WEBP", quality=_QUALITY, method=2)
    return PagePicture(data=buffer.getvalue(), mime=MIME, width=width, height=height)
