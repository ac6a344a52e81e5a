"""Workbooks (.xlsx)."""

import io
from collections.abc import Iterator

import openpyxl
from openpyxl.cell.read_only import ReadOnlyCell

from connectors.parsing.office_package import open_package, text_properties
from connectors.parsing.spreadsheet import shown, write_sheet
from connectors.parsing.writer import DocumentWriter
from rag.errors import DocumentError
from rag.types import Document, SourceItem


def parse(data: bytes, item: SourceItem) -> Document:
    """Each sheet's rows as tables under its name; values as they were last computed.

    Raises:
        DocumentError: it is malformed (`parse`), needs a password (`encrypted`), or every sheet is empty (`empty`).
    """
    open_package(data, item)
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # the library raises whatever its XML makes it stumble over
        raise DocumentError(f"{item.uri}: malformed, not a readable workbook ({error})", kind="parse") from error
    writer = DocumentWriter()
    filled = 0
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # what files say of their size is often wrong
        filled += write_sheet(writer, sheet.title, _rows(sheet))
    if not filled:
        raise DocumentError(f"{item.uri}: every sheet of the workbook is empty", kind="empty")
    properties = text_properties(book.properties)
    return writer.document(
        item, data=data, mime=item.mime or "", title=properties.pop("title", ""), metadata=properties
    )


def _rows(sheet: openpyxl.worksheet._read_only.ReadOnlyWorksheet) -> Iterator[dict[int, str]]:
    """The cells of each row that hold something, by their column."""
    # the library would fill a row up to its last cell, and a row has 16,384
    sheet._get_row = lambda cells, *_: [ReadOnlyCell(sheet, **cell) for cell in cells]
    last = 0
    for row in sheet.iter_rows():
        number = next((cell.row for cell in row if cell.row), last + 1)
        if number > last + 1:
            yield {}  # rows that the file leaves out are empty
        last = number
        filled = (cell for cell in row if cell.value is not None)
        texts = {cell.column: shown(cell.value, cell.number_format or "") for cell in filled}
        yield {column: text for column, text in texts.items() if text}
