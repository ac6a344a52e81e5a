import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.answering.quotable import plain, quotable, trimmed


def quotes(library: Any, text: str) -> list[str]:
    return [s.text for s in quotable(library({"d": text}).evidence("d"))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One sentence without an end", ["One sentence without an end"]),
        ("One. Two!\nThree.", ["One.", "Two!", "Three."]),
        ("# Heading\n\nText below it.", ["Text below it."]),
        ("Heading\n=======\nText below it.", ["Text below it."]),
        ("- first item\n- second item\n", ["first item", "second item"]),
        ("1. Open it.\n2) Close it.", ["Open it.", "Close it."]),
        ("> A quoted line.", ["A quoted line."]),
        ("| Tea | Degrees |\n|---|---|\n| green | 75 |\n| black | 95 |", ["green | 75", "black | 95"]),
        (
            "Run this:\n```sh\npip install tea\ntea brew\n```\nDone now.",
            ["Run this:", "pip install tea", "tea brew", "Done now."],
        ),
        ("How hot is it?\nIt is 75 degrees hot.", ["It is 75 degrees hot."]),
        ("---\n\n***\n\nText.", ["Text."]),
        ("绿茶用七十五度的水冲泡。红茶用九十五度的水。", ["绿茶用七十五度的水冲泡。", "红茶用九十五度的水。"]),
        ("Title of d\n\nText.", ["Text."]),
    ],
)
def test_sentences_that_can_be_quoted(library: Any, text: str, expected: list[str]) -> None:
    assert quotes(library, text) == expected


def test_headings_and_questions_are_the_context_of_what_follows(library: Any) -> None:
    first, second = quotable(library({"d": "# Green tea\nUse 75 degrees.\n\nHow long? Two minutes."}).evidence("d"))
    assert first.context == "Title of d Green tea"
    assert second.context == "Title of d How long?"


def test_the_head_of_a_table_is_the_context_of_its_rows_and_of_nothing_else(library: Any) -> None:
    text = "| Tea | Degrees |\n|---|---|\n| green | 75 |\n| black | 95 |\n\nServe it hot."
    green, black, serve = quotable(library({"d": text}).evidence("d"))
    assert green.context == black.context == "Title of d Tea Degrees"
    assert serve.context == "Title of d"


@pytest.mark.parametrize(("mime", "comma"), [("text/csv", ","), ("text/tab-separated-values", "\t")])
def test_the_lines_of_a_table_that_is_a_file_are_its_rows(library: Any, mime: str, comma: str) -> None:
    text = "name,phone\nIngrid Holm,555-0101\n\nOla Berg,555-0102".replace(",", comma)
    evidence = replace(library({"d": text}).evidence("d"), mime=mime)
    rows = quotable(evidence)
    assert [row.text for row in rows] == [
        line.replace(",", comma) for line in ("Ingrid Holm,555-0101", "Ola Berg,555-0102")
    ]
    assert {row.context for row in rows} == {"Title of d name phone"}
    assert all(text[row.start : row.end] == row.text for row in rows)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="ab .#|-`\n*>1)?。表", max_size=80).filter(lambda t: t.strip()))
def test_quotes_are_exact_trimmed_disjoint_slices(library: Any, text: str) -> None:
    corpus = library({"d": text})
    if not corpus.chunk_spans("d"):
        return
    end = -1
    for s in quotable(corpus.evidence("d")):
        assert corpus.texts["d"][s.start : s.end] == s.text == s.text.strip()
        assert s.text
        assert s.start >= end
        end = s.end
        assert not s.within or s.within[0] <= s.start < s.end <= s.within[1]


def test_rows_and_items_of_html_are_sentences_of_their_own_and_are_said_without_tags(library: Any) -> None:
    text = "<table>\n<tr>\n <td>Zendesk &amp; tickets\n </td>\n <td>5 years</td>\n</tr>\n<tr><td>Mail</td><td>none</td>"
    text += "</tr>\n</table>\n<ul>\n<li>First <b>item</b></li>\n<li>Second item</li>\n</ul>"
    said = [s.said for s in quotable(library({"d": text}).evidence("d"))]
    assert said == ["Zendesk & tickets | 5 years", "Mail | none", "First item", "Second item"]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("### Why is it hot?\n\nIt boils.", "Why is it hot?"),
        ("**Q: Why is it hot?**\nA: It boils.", "Why is it hot?"),
        ("Frage 3: Warum?\n\nEs kocht.", "Warum?"),
        ("### Heat\n\nIt boils.", ""),
    ],
)
def test_the_question_above_a_sentence(library: Any, text: str, asked: str) -> None:
    assert quotable(library({"d": text}).evidence("d"))[-1].asked == asked


def test_plain_text_has_no_markup() -> None:
    assert plain("**Refunds** take [14 days](https://x.y/z_a) in `snake_case` <b>now</b> | yes") == (
        "Refunds take 14 days in snake_case now yes"
    )


def test_a_term_and_its_definition_are_said_in_a_line(library: Any) -> None:
    text = "Visitor card\n:   Lets a guest in for one day."
    (sentence,) = quotable(library({"d": text}).evidence("d"))
    assert (sentence.text, sentence.said) == (text, "Visitor card: Lets a guest in for one day.")


@pytest.mark.parametrize("unit", ["_", "a_", "[", "[a](", " ", "<a", "*", "|"])
def test_plain_text_takes_linear_time(unit: str) -> None:
    text = f"x{unit * (40_000 // len(unit))}b"
    started = time.process_time()
    plain(text)
    trimmed(text, 0, len(text))
    assert time.process_time() - started < 3
