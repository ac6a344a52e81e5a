"""Workbooks of Excel 97 to 2003 (.xls)."""

from collections.abc import Iterator
from typing import Any

import xlrd

from connectors.parsing.spreadsheet import shown, write_sheet
from connectors.parsing.writer import DocumentWriter
from rag.errors import DocumentError
from rag.types import Document, SourceItem


def parse(data: bytes, item: SourceItem) -> Document:
    """Each sheet's rows as tables under its name.

    Raises:
        DocumentError: it is malformed (`parse`), needs a password (`encrypted`), or every sheet is empty (`empty`).
    """
    try:
        book = xlrd.open_workbook(file_contents=data, on_demand=True, logfile=_Nowhere(), formatting_info=False)
    except xlrd.XLRDError as error:
        if "encrypted" in str(error).lower():
            raise DocumentError(f"{item.uri}: needs a password: store it without one", kind="encrypted") from error
        raise DocumentError(f"{item.uri}: malformed, not a readable workbook ({error})", kind="parse") from error
    except Exception as error:  # the library stumbles over what it does not expect
        raise DocumentError(f"{item.uri}: malformed, not a readable workbook ({error})", kind="parse") from error
    writer = DocumentWriter()
    filled = sum(write_sheet(writer, sheet.name, _rows(sheet, book.datemode)) for sheet in book.sheets())
    if not filled:
        raise DocumentError(f"{item.uri}: every sheet of the workbook is empty", kind="empty")
    return writer.document(item, data=data, mime=item.mime or "", metadata={})


def _rows(sheet: Any, datemode: int) -> Iterator[list[str]]:
    for number in range(sheet.nrows):
        yield [_cell(cell, datemode) for cell in sheet.row(number)]


def _cell(cell: Any, datemode: int) -> str:
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return shown(xlrd.xldate_as_datetime(cell.value, datemode))
        except (ValueError, OverflowError):
            return shown(cell.value)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return shown(bool(cell.value))
    if cell.ctype in (xlrd.XL_CELL_ERROR, xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
        return ""
    return shown(cell.value)


class _Nowhere:
    """Where the library's warnings go."""

    def write(self, text: str) -> None: ...
