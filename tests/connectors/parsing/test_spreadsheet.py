import datetime
import io
import struct
import time
import zipfile
from collections.abc import Callable, Sequence

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.parsing import xls, xlsx
from rag.errors import DocumentError
from rag.types import Document, SourceItem

Check = Callable[[Document], None]
ITEM = SourceItem(source="s", key="k.xlsx", uri="/x/k.xlsx", fingerprint="f")


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def workbook(*rows: Sequence[object], **formats: str) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for place, number_format in formats.items():
        sheet[place].number_format = number_format
    return saved(book)


def shown(*rows: Sequence[object], **formats: str) -> str:
    return xlsx.parse(workbook(*rows, **formats), ITEM).text.removeprefix("# Sheet\n\n")


def edited(data: bytes, part: str, old: str, new: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            content = before.read(name)
            if name == part:
                assert old.encode() in content
                content = content.replace(old.encode(), new.encode())
            after.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (3.0, "General", "3"),
        (0.1, "General", "0.1"),
        (0.125, "0.0%", "12.5%"),
        (datetime.date(2024, 2, 3), "DD.MM.YY", "2024-02-03"),
        (datetime.datetime(2024, 2, 3, 4, 5), "YYYY-MM-DD HH:MM", "2024-02-03 04:05"),
        (datetime.datetime(2024, 2, 3, 4, 5, 6), "YYYY-MM-DD HH:MM:SS", "2024-02-03 04:05:06"),
        (datetime.time(9, 5), "HH:MM", "09:05"),
        (datetime.time(9, 5, 7), "HH:MM:SS", "09:05:07"),
        (1234, "00000", "01234"),
        (-1234, "00000", "-01234"),
        (5.5, "000.00", "005.50"),
        (7, '"INV-"0000', "INV-0007"),
        (7, r"\I\N\V\-0000", "INV-0007"),
        (7, '00" a;b"', "07 a;b"),
        (5.125, '0.0" kg"', "5.125 kg"),
        (5, '0.0"%"', "5.0%"),
        (1234.5, '"$"#,##0.00', "$1234.50"),
        (-1234.5, '"$"#,##0.00', "-$1234.50"),
        (1234.5, r"#,##0.00\ [$€-407]", "1234.50 €"),
        (1234.5, '_-* #,##0.00\\ "€"_-;-* #,##0.00\\ "€"_-', "1234.50 €"),
        (-1234.5, '"$"#,##0.00;("$"#,##0.00)', "-1234.5"),
        (12.5, "0.00", "12.5"),
        (1234, "#,##0", "1234"),
        (5000, "#,##00,", "5000"),
        (5, "[>100]000;0", "5"),
        (5551234, "000-0000", "5551234"),
        (5, '000"cut', "5"),
        (5, "0" * 256, "5"),
        (0.000000123, "000", "1.23e-07"),
        (True, "General", "TRUE"),
        ("two\nlines", "General", "two lines"),
        ("a|b", "General", "a\\|b"),
        ("日本", "General", "日本"),
    ],
)
def test_values_are_written_as_they_are_read(value: object, number_format: str, text: str) -> None:
    assert shown(["name", "x"], ["a", value], B2=number_format).endswith(f"| a | {text} |")


def test_sheets_are_headings_and_empty_rows_part_tables(assert_well_formed: Check) -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "Jars"
    for row in (["kind", "jars"], ["pear", 2], [], ["Note"], [], [None, "year", "sum"], [None, 2024, 7]):
        first.append(row)
    book.create_sheet("Nothing")
    book.create_sheet("Lids").append(["one lid"])
    document = xlsx.parse(saved(book), ITEM)
    assert_well_formed(document)
    assert document.text == (
        "# Jars\n\n| kind | jars |\n| --- | --- |\n| pear | 2 |\n\nNote\n\n| year | sum |\n| --- | --- |\n| 2024 | 7 |"
        "\n\n# Lids\n\none lid"
    )
    assert [element.header_end is not None for element in document.elements if element.kind == "table"] == [True, True]


def test_a_merged_cell_is_written_once() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["both", None, "c"])
    sheet.append(["a", "b", "c"])
    sheet.append([1, 2, 3])
    sheet.merge_cells("A1:B1")
    assert xlsx.parse(saved(book), ITEM).text.count("both") == 1


def test_a_wrong_size_in_the_file_loses_nothing() -> None:
    data = workbook(["a", "b"], ["c", "d"])
    data = edited(data, "xl/worksheets/sheet1.xml", 'ref="A1:B2"', 'ref="A1"')
    assert xlsx.parse(data, ITEM).text.endswith("| a | b |\n| --- | --- |\n| c | d |")


def test_a_row_at_the_very_end_takes_little_time() -> None:
    row = '<row r="2"><c r="A2"'
    far = '<row r="1048576"><c r="A1048576"'
    data = edited(workbook(["a"], [1]), "xl/worksheets/sheet1.xml", row, far)
    started = time.perf_counter()
    assert xlsx.parse(data, ITEM).text == "# Sheet\n\na\n\n1"
    assert time.perf_counter() - started < 10


def test_numbers_with_words_around_them_are_numbers_of_a_table() -> None:
    data = workbook(["Item", "Price", "Rest"], ["a", 1], ["b", 2], ["c", 3, 4])
    book = openpyxl.load_workbook(io.BytesIO(data))
    for n in (2, 3, 4):
        book.active[f"B{n}"].number_format = '"$"0.00'
    document = xlsx.parse(saved(book), ITEM)
    assert document.text[: document.elements[-1].header_end].endswith("| Item | Price | Rest |\n| --- | --- | --- |")
    assert "| a | $1.00 |  |" in document.text


def test_the_time_of_a_row_goes_with_its_filled_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = []

    def counted(value: object, number_format: str = "") -> str:
        looked_at.append(value)
        return str(value)

    monkeypatch.setattr(xlsx, "shown", counted)
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for n in range(1, 1001):
        sheet.cell(n, 1, f"a{n}")
        sheet.cell(n, 16384, n)
    started = time.perf_counter()
    document = xlsx.parse(saved(book), ITEM)
    assert time.perf_counter() - started < 10
    assert document.text.startswith("# Sheet\n\n| a1 | 1 |\n| --- | --- |\n| a2 | 2 |\n")
    assert len(looked_at) == 2000


def test_a_column_that_is_empty_between_others_is_left_out() -> None:
    assert shown([None, "a", None, "b"], [None, None, None, "2"]) == "| a | b |\n| --- | --- |\n|  | 2 |"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (workbook(), "empty"),
        (b"", "parse"),
        (b"no workbook", "parse"),
        (edited(workbook(["a"]), "xl/workbook.xml", "<sheets>", "<sheets><"), "parse"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
    ],
    ids=["empty", "nothing", "other", "broken", "encrypted"],
)
def test_a_workbook_that_cannot_be_read_says_why(data: bytes, kind: str) -> None:
    with pytest.raises(DocumentError, match=r"^/x/k\.xlsx: .+") as raised:
        xlsx.parse(data, ITEM)
    assert raised.value.kind == kind


def biff(*cells: tuple[int, int, str | float]) -> bytes:
    """A sheet of Excel 2.1, the oldest that xlrd reads."""
    out = struct.pack("<HHHH", 0x0009, 4, 2, 0x10)
    for row, column, value in cells:
        place = struct.pack("<HH3x", row, column)
        if isinstance(value, str):
            body = place + bytes([len(value)]) + value.encode("cp1252")
            out += struct.pack("<HH", 0x0004, len(body)) + body
        else:
            body = place + struct.pack("<d", value)
            out += struct.pack("<HH", 0x0003, len(body)) + body
    return out + struct.pack("<HH", 0x000A, 0)


def test_an_old_workbook_is_read(assert_well_formed: Check) -> None:
    document = xls.parse(biff((0, 0, "kind"), (0, 1, "jars"), (1, 0, "p\xeache"), (1, 1, 2.0), (3, 0, "end")), ITEM)
    assert_well_formed(document)
    assert document.text.endswith("| kind | jars |\n| --- | --- |\n| pêche | 2 |\n\nend")


@pytest.mark.parametrize(("data", "kind"), [(biff(), "empty"), (b"", "parse"), (b"\xd0\xcf\x11\xe0 cut", "parse")])
def test_an_old_workbook_that_cannot_be_read_says_why(data: bytes, kind: str) -> None:
    with pytest.raises(DocumentError, match=r"^/x/k\.xlsx: .+") as raised:
        xls.parse(data, ITEM)
    assert raised.value.kind == kind


@given(st.lists(st.lists(st.text("ab1é日", max_size=4), min_size=1, max_size=4), min_size=1, max_size=6))
@settings(deadline=None, max_examples=30)
def test_every_cell_is_there_once(rows: list[list[str]]) -> None:
    cells = [cell for row in rows for cell in row if cell]
    data = workbook(*rows)
    if not cells:
        with pytest.raises(DocumentError, match="empty"):
            xlsx.parse(data, ITEM)
        return
    document = xlsx.parse(data, ITEM)
    words = document.text.removeprefix("# Sheet").replace("|", " ").replace("---", " ").split()
    assert sorted(words) == sorted(cells)
