"""PDF by unstructured's layout model: slow, for pages that no rule reads well."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from connectors.parsing.options import Options
from connectors.parsing.unstructured_offline import take_offline
from connectors.parsing.writer import Box, DocumentWriter, Line
from rag.errors import DocumentError
from rag.types import Document, SourceItem

_INSTALL = "pip install 'situated-rag[pdf]'"


def parse(
    data: bytes, item: SourceItem, options: Options, *, sizes: Sequence[tuple[float, float]], title: str
) -> Document:
    """The PDF as the layout model sees it.

    Args:
        sizes: width and height of each page in points.

    Raises:
        DocumentError: the package or the model's files are not there (`dependency`), or it holds no text (`empty`).
    """
    writer = DocumentWriter()
    for element in _elements(data, item, options):
        _write(writer, element, sizes)
    if writer.empty:
        raise DocumentError(f"{item.uri}: the layout model found no text on its {len(sizes)} pages", kind="empty")
    metadata = {"pages": len(sizes)}
    return writer.document(item, data=data, mime="application/pdf", title=title, metadata=metadata)


def _elements(data: bytes, item: SourceItem, options: Options) -> list[Any]:
    try:
        take_offline()
        from unstructured.partition.pdf import partition_pdf
    except ImportError as error:
        reason = f"parsing.pdf: hi_res needs the package {error.name!r}, which is not installed"
        raise DocumentError(f"{item.uri}: {reason}: {_INSTALL}", kind="dependency") from error
    try:
        elements: list[Any] = partition_pdf(
            file=BytesIO(data),
            strategy="hi_res",
            infer_table_structure=True,
            languages=list(options.ocr_languages),
        )
    except OSError as error:
        # what the hub raises when a file is neither here nor may be fetched
        reason = " ".join(str(error).split())
        raise DocumentError(
            f"{item.uri}: the files of the layout model are not on this machine ({reason:.200}): fetch them once with "
            "unstructured's own command, or set parsing.pdf to auto",
            kind="dependency",
        ) from error
    return elements


def _write(writer: DocumentWriter, element: Any, sizes: Sequence[tuple[float, float]]) -> None:
    page = element.metadata.page_number
    box = _box(element, sizes)
    lines = [Line(" ".join(element.text.split()), box)]
    match element.category:
        case "Title":
            writer.heading(lines, (element.metadata.category_depth or 0) + 1, page=page)
        case "ListItem":
            writer.item(lines, depth=element.metadata.category_depth or 0, page=page)
        case "Table" if rows := _rows(element.metadata.text_as_html or ""):
            writer.table(rows, boxes=[box] * len(rows), page=page)
        case "PageNumber":
            return
        case _:
            writer.paragraph(lines, page=page)


def _box(element: Any, sizes: Sequence[tuple[float, float]]) -> Box | None:
    """Points of the page; the model's coordinates are pixels of its own picture of the page."""
    coordinates, page = element.metadata.coordinates, element.metadata.page_number
    if coordinates is None or not coordinates.points or not page or page > len(sizes):
        return None
    xs, ys = zip(*coordinates.points, strict=True)
    width, height = sizes[page - 1]
    right, down = width / coordinates.system.width, height / coordinates.system.height
    return min(xs) * right, min(ys) * down, max(xs) * right, max(ys) * down


def _rows(table: str) -> list[list[str]]:
    from lxml import html

    if not table.strip():
        return []
    return [
        [" ".join(cell.text_content().split()) for cell in row.iterfind("./*")]
        for row in html.fragment_fromstring(table, create_parent="div").iter("tr")
    ]
