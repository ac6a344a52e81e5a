"""A page of a PDF as a picture."""

from contextlib import closing

from connectors.parsing.pdf import fill_in, open_pdf
from connectors.parsing.pictures import no_such_page, picture, scale_for
from rag.types import PagePicture, SourceItem


def draw(data: bytes, item: SourceItem, page: int) -> PagePicture:
    """The page as it is shown, forms filled in; lines have their places on this picture.

    Raises:
        DocumentError: it is malformed (`parse`), needs a password (`encrypted`), or has no such page (`page`).
    """
    with open_pdf(data, item) as pdf:
        if not 1 <= page <= len(pdf):
            raise no_such_page(item, page, len(pdf))
        fill_in(pdf, page)
        with closing(pdf[page - 1]) as shown:
            left, bottom, right, top = shown.get_bbox()
            width, height = right - left, top - bottom
            if shown.get_rotation() % 180:
                width, height = height, width
            with closing(shown.render(scale=scale_for(width, height), may_draw_forms=False)) as bitmap:
                return picture(bitmap.to_pil(), width, height)
