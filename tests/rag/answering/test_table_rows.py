"""Rows of tables in answers: each cell with the head of its column, wherever the head stands."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.quotable import quotable
from rag.answering.table_rows import head_above, labelled, labelled_cells


def said(row: str, head: str, *, file: bool) -> str | None:
    cells = labelled_cells(row, head, file=file)
    return None if cells is None else labelled(cells)


TABLE = "| Tea | Degrees |\n|:--|--:|\n| green | 75 |\n| black | 95 |\n"


@pytest.mark.parametrize(
    ("row", "head", "expected"),
    [
        ("| green | 75 |", "| Tea | Degrees |", "Tea: green; Degrees: 75"),
        ("  | green | 75 |  ", "| Tea | Degrees", "Tea: green; Degrees: 75"),
        ("| green |  |", "| Tea | Degrees |", "Tea: green"),
        ("| Sales | 90 | 88 |", "|  | 2023 | 2022 |", "Sales; 2023: 90; 2022: 88"),
        (r"| a \| b | c \| |", "| x | y |", "x: a | b; y: c |"),
        ("| green | 75 | hot |", "| Tea | Degrees |", None),
        ("| green |", "| Tea |", None),
        ("|  |  |", "| Tea | Degrees |", ""),
        ("| green | 75 |", "", "green; 75"),
        ("green", "", None),
    ],
)
def test_a_row_with_bars(row: str, head: str, expected: str | None) -> None:
    assert said(row, head, file=False) == expected


@pytest.mark.parametrize(
    ("row", "head", "expected"),
    [
        ('"plums, dried",7.00\n', "item,price\n", "item: plums, dried; price: 7.00"),
        ("pears;3,10", "item;price", "item: pears; price: 3,10"),
        ("pears\t3.10", "item\tprice", "item: pears; price: 3.10"),
        ('"goes on', "item,price", None),
        ("one", "item", None),
        ("", "item,price", None),
    ],
)
def test_a_row_of_a_file(row: str, head: str, expected: str | None) -> None:
    assert said(row, head, file=True) == expected


@given(st.text(max_size=60), st.text(max_size=60), st.booleans())
def test_any_two_lines_can_be_tried(row: str, head: str, file: bool) -> None:
    found = said(row, head, file=file)
    assert found is None or isinstance(found, str)


def test_the_head_is_found_above_a_passage_that_begins_within_a_table() -> None:
    text = f"{TABLE}\nText.\n\nIntroduced here:\n| A | B |\n|---|---|\n" + "| 1 | 2 |\n" * 3 + "\nEnd | of it.\n"
    heads = {n: head_above(text, n, file=False) for n in range(len(text)) if n == 0 or text[n - 1] == "\n"}
    found = [(text[n:].partition("\n")[0], head) for n, head in heads.items() if head]
    assert (
        found
        == [
            ("|:--|--:|", ""),
            ("| green | 75 |", "| Tea | Degrees |"),
            ("| black | 95 |", "| Tea | Degrees |"),
            *[("| 1 | 2 |", "| A | B |")] * 3,
        ][1:]
    )


def test_the_head_of_a_file_is_its_first_line() -> None:
    assert head_above("a,b\n1,2\n3,4", 8, file=True) == "a,b"
    assert head_above("a,b\n1,2", 0, file=True) == ""


def test_an_answer_says_the_heads_and_cites_the_row(library: Any) -> None:
    evidence = library({"d": TABLE}).evidence("d")
    green, black = quotable(evidence)
    assert (green.said, green.text) == ("Tea: green; Degrees: 75", "green | 75")
    at = TABLE.index("| black")
    cut = replace(evidence, text=TABLE[at:], start=evidence.start + at, table_head="| Tea | Degrees |")
    (alone,) = quotable(cut)
    assert (alone.said, alone.text, alone.context) == (black.said, black.text, black.context)
    assert [s.said for s in quotable(library({"d": "No table.\n\n`a | b`"}).evidence("d"))] == ["No table.", "`a | b`"]
