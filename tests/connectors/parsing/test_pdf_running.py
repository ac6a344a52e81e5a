"""What pages repeat at their edges goes; figures, dates and results that stand there stay."""

import time
from collections.abc import Callable, Sequence

import pytest

from tests.connectors.parsing.test_pdf_layout import WORDS, Text, prose, read

TOP, BELOW, BOTTOM, IN_TEXT = 750, 735, 30, 560


def pages(y: float, rows: Sequence[str], font: str = "r10") -> list[list[Text]]:
    """A page a row, each with lines of its own; a tab in a row parts two cells."""
    found = []
    for row, word in zip(rows, WORDS, strict=False):
        cells: list[Text] = [(50 + 300 * n, y, cell, font) for n, cell in enumerate(row.split("\t"))]
        found.append([*cells, *prose(50, 690, word, 6)])
    return found


def kept(y: float, rows: Sequence[str], font: str = "r10") -> list[str]:
    """The rows that the text holds, as often as it holds them."""
    lines = [" ".join(line.lstrip("#| ").rstrip("| ").split()) for line in read(pages(y, rows, font)).text.split("\n")]
    wanted = {" ".join(row.split()) for row in rows}
    return [line for line in lines if line in wanted]


YEARS = [str(year) for year in range(2019, 2024)]
COUNTED = [str(number) for number in range(1, 6)]


@pytest.mark.parametrize(
    ("y", "rows", "font"),
    [
        (TOP, [f"Invoice No. {n}" for n in (10234, 10251, 10306, 10390)], "b14"),
        (TOP, [f"Invoice No. {n}" for n in range(101, 105)], "r10"),
        (TOP, [f"Invoice | {n}" for n in range(10251, 10255)], "r10"),
        (TOP, [f"Date: 2024-0{n}-05" for n in range(1, 5)], "r10"),
        (TOP, [f"2024-01-0{n}" for n in range(1, 5)], "r10"),
        (TOP, [f"{n} January 2024" for n in range(1, 5)], "r10"),
        (BOTTOM, [f"Total due: EUR {n}" for n in ("512.00", "1,730.50", "88.20", "940.00")], "r10"),
        (BOTTOM, [f"EUR | {n}.50" for n in range(1, 5)], "r10"),
        (BOTTOM, [f"Reading {n} kWh" for n in (1021, 1377, 1802, 2500)], "r10"),
        (IN_TEXT, [f"The motion passed with {n} votes." for n in (21, 37, 180, 25)], "r10"),
        (IN_TEXT, [f"Hammer price: {n} EUR" for n in (400, 950, 120, 300)], "r10"),
        (TOP, [f"Lot {n}" for n in (12, 15, 21, 22)], "b16"),
        (TOP, [f"Lot {n}" for n in (1, 2, 3, 4)], "r10"),
        (TOP, YEARS, "b20"),
        (TOP, YEARS, "r10"),
        (TOP, [f"Annual report | {year}" for year in YEARS], "r10"),
        (TOP, [f"{n}." for n in COUNTED], "b20"),
        (TOP, [f"{n}." for n in COUNTED], "r10"),
        (TOP, COUNTED, "b20"),
        (BOTTOM, ["7", "31", "12", "33"], "r10"),
        (TOP, ["1, 2", "3, 4", "5, 6"], "r10"),
    ],
)
def test_rows_that_differ_in_figures_are_content(y: float, rows: list[str], font: str) -> None:
    assert kept(y, rows, font) == rows


def test_all_rows_of_the_invoices_of_a_file_are_there() -> None:
    bills = [("10234", "2024-01-05", "512.00"), ("10251", "2024-02-07", "1,730.50"), ("10306", "2024-03-11", "88.20")]
    drawn: list[list[Text]] = [
        [(50, TOP, f"Invoice No. {number}", "b14"), (50, BELOW, f"Date: {date}"), *prose(50, 690, word, 6),
         (50, BOTTOM, f"Total due: EUR {total}")]
        for word, (number, date, total) in zip(WORDS, bills, strict=False)
    ]  # fmt: skip
    text = read(drawn).text
    assert [part in text for bill in bills for part in bill] == [True] * 9


@pytest.mark.parametrize("y", [TOP, BOTTOM, IN_TEXT])
@pytest.mark.parametrize(
    "row",
    [
        lambda n: str(n),
        lambda n: f"- {n} -",
        lambda n: f"[{n}]",
        lambda n: f"F-{n}",
        lambda n: f"Page {n}",
        lambda n: f"Page {n} of 12",
        lambda n: f"{n} / 12",
        lambda n: f"Seite {n} von 12",
        lambda n: f"p. {n + 1200}",
        lambda n: str(n + 4120),
        lambda n: ("ii", "iii", "iv", "v", "vi")[n - 1],
        lambda n: f"Page {('XI', 'XII', 'XIII', 'XIV', 'XV')[n - 1]}",
    ],
)
def test_page_numbers_that_count_go(row: Callable[[int], str], y: float) -> None:
    assert kept(y, [row(n) for n in range(1, 6)]) == []


@pytest.mark.parametrize("y", [TOP, BOTTOM, IN_TEXT])
@pytest.mark.parametrize(
    "row",
    [
        lambda _: "ACME 2023",
        lambda n: f"ACME | Form 10-Q | {n + 4}",
        lambda n: f"{n + 4}\tACME in 2023",
        lambda n: f"ACME report, page {n} of 12, draft",
        lambda n: f"ACME 2023 - {n}",
        lambda n: f"Preface\t{('ix', 'x', 'xi', 'xii', 'xiii')[n - 1]}",
    ],
)
def test_of_a_header_or_footer_the_first_stays(row: Callable[[int], str], y: float) -> None:
    rows = [row(n) for n in range(1, 6)]
    assert kept(y, rows) == [" ".join(rows[0].split())]


def test_left_and_right_pages_have_headers_of_their_own() -> None:
    rows = [f"{n}\tThe book" if n % 2 else f"The chapter\t{n}" for n in range(20, 28)]
    assert kept(TOP, rows) == ["The chapter 20", "21 The book"]


def test_page_numbers_in_the_larger_type_of_an_exhibit_go() -> None:
    small: list[list[Text]] = [
        [(50, 700 - 8 * k, f"{word} {k} in small type", "r7") for k in range(60)] for word in WORDS
    ]
    exhibit: list[list[Text]] = [
        [*prose(50, 700, word, 6), (300, 500, f"-{n}-")] for n, word in enumerate(WORDS[:4], 1)
    ]
    assert "-3-" not in read([*small, *exhibit]).text


def test_a_lone_number_that_stays_the_same_is_there_once() -> None:
    assert kept(TOP, ["2019"] * 4) == ["2019"]


def test_pages_of_nothing_but_the_same_row_leave_it_once() -> None:
    assert read([[(50, TOP, "Draft of 2023")]] * 4).text == "Draft of 2023"


@pytest.mark.parametrize("row", ["| 1 " * 4000, "page 1 " * 4000, "- " * 9000, "page" + "." * 20_000])
def test_hostile_rows_take_time_in_their_length(row: str) -> None:
    start = time.perf_counter()
    assert read([[(50, TOP, row)] for _ in range(3)]).text
    assert time.perf_counter() - start < 6
