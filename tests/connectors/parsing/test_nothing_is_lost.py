"""Odd files that readers easily drop a part of: what a person sees in them is there, or is said to be missing."""

import io
from typing import Any

import openpyxl
import pytest

from connectors.parsing import FormatParser
from rag.types import Parsed, SourceItem


def read(key: str, data: bytes) -> Parsed:
    return FormatParser().read(data, None, SourceItem(source="s", key=key, uri=f"/x/{key}", fingerprint=""))


@pytest.mark.parametrize(
    ("key", "data", "text"),
    [
        (
            "form.html",
            b"<table><tr><th>N</th><th>A</th></tr><form><tr><td>Bob</td><td>3</td></tr></form></table>",
            "| N | A |\n| --- | --- |\n| Bob | 3 |",
        ),
        (
            "rows.html",
            b"<table><thead><th>N</th><th>A</th></thead><tbody><td>Bob</td><td>3</td></tbody></table>",
            "| N | A |\n| --- | --- |\n| Bob | 3 |",
        ),
        (
            "loose.html",
            b"<table><tr><th>N</th><th>A</th></tr>loose<tr><td>Bob</td><td>3</td></tr><p>more</p></table>",
            "N A\n\nloose\n\nBob 3\n\nmore",
        ),
        (
            "beside.html",
            b"<main><p>" + b"Words of the page. " * 9 + b"</p></main><div><h2>Terms</h2><p>"
            b"Other words here. " * 4 + b"</p></div>",
            None,
        ),
        (
            "table.rst",
            b"T\n=\n\n====  ===\nName  Age\n====  ===\nBobbington 3\n====  ===\n",
            "# T\n\n```\n====  ===\nName  Age\n====  ===\nBobbington 3\n====  ===\n```",
        ),
        ("title.rst", b"- item\n\n  Title\n  =====\n\n  text\n", "- item\n\nTitle\n\ntext"),
        (
            "boundary.eml",
            b"Subject: S\nFrom: a@b.c\nContent-Type: multipart/mixed\n\nThe body.\n",
            "# S\n\nFrom: a@b.c\n\nThe body.",
        ),
        ("mark.eml", b"\xef\xbb\xbf\r\nSubject: S\n\nThe body.\n", "# S\n\nThe body."),
        (
            "font.rtf",
            rb"{\rtf1\ansi\deff0{\fonttbl{\f0\fnil\fcharset204 Arial;}}\'cf\'f0\plain \'cf\par}",
            "ПрП",
        ),
    ],
)
def test_what_a_person_sees_is_there(key: str, data: bytes, text: str | None) -> None:
    (document,) = read(key, data).documents
    if text is None:
        assert "## Terms" in document.text
        assert "Other words here." in document.text
    else:
        assert document.text == text


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (6.02e-23, "General", "6.02e-23"),
        (0.1 + 0.2, "General", "0.3"),
        (123.456789, "0.00%", "12345.6789%"),
        (12345.67, "0%", "1234567%"),
        (0.5, "0.0%_);(0.0%)", "50%"),
        (-0.5, '0%;-0%;"-"', "-50%"),
        (12345678901234, "General", "12345678901234"),
    ],
)
def test_numbers_of_a_workbook_are_those_that_are_shown(value: Any, number_format: str, shown: str) -> None:
    (document,) = read("k.xlsx", workbook([["Name", "Value"], ["x", value]], number_format)).documents
    assert document.text.endswith(f"| x | {shown} |")


def test_years_name_columns_of_a_workbook() -> None:
    (document,) = read("k.xlsx", workbook([["Item", 2021, 2022], ["Sales", 10, 20], ["Costs", 5, 6]])).documents
    table = document.elements[-1]
    assert table.header_end is not None
    assert document.text[table.start : table.header_end].startswith("| Item | 2021 | 2022 |")
    (document,) = read("k.xlsx", workbook([["a", 2021], ["b", 2022], ["c", 2023]])).documents
    assert document.elements[-1].header_end is None, "a column of years has no header"


def workbook(rows: list[list[Any]], number_format: str = "General") -> bytes:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in rows:
        sheet.append(row)
    sheet.cell(len(rows), len(rows[-1])).number_format = number_format
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_notes_on_a_page_are_part_of_it() -> None:
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    drawn = b"BT /F 12 Tf 5 10 Td (Note words) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Annots[4 0 R]>>",
        b"<</Type/Annot/Subtype/FreeText/Rect[20 100 200 130]/Contents(Note words)/AP<</N 5 0 R>>>>",
        b"<</Type/XObject/Subtype/Form/BBox[0 0 180 30]/Resources<</Font<</F 6 0 R>>>>/Length %d>>stream\n%s\nendstream"
        % (len(drawn), drawn),
        font,
    ]
    data = b"%PDF-1.4\n" + b"".join(b"%d 0 obj%sendobj\n" % (n, body) for n, body in enumerate(objects, 1))
    data += b"trailer<</Root 1 0 R>>\n%%EOF"
    assert read("note.pdf", data).documents[0].text == "Note words"


def test_code_without_its_suffix_is_read_by_its_media_type() -> None:
    item = SourceItem(source="s", key="script", uri="/x/script", fingerprint="", mime="text/x-python")
    (document,) = FormatParser().read(b"def f():\n    return 1\n", None, item).documents
    assert [e.kind for e in document.elements] == ["heading", "code"]
