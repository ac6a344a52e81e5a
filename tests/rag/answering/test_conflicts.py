"""Documents that say two different numbers of the same."""

from dataclasses import replace
from typing import Any

import pytest

from rag.answering.answerer import answer
from rag.answering.conflicts import differences
from rag.results import AnswerSentence, Citation

OLD = "The daily allowance for travel in Norway is 60 euros."
NEW = "The daily allowance for travel in Norway is 75 euros."
QUESTION = "What is the daily allowance for travel in Norway?"


def cited(evidence: Any, text: str) -> AnswerSentence:
    start = evidence.start + evidence.text.index(text)
    citation = Citation(
        evidence=evidence.number, chunk_id="c", document_id=evidence.document_id, uri="", title="", page=None,
        start=start, end=start + len(text), quote=text, verified=True,
    )  # fmt: skip
    return AnswerSentence(text=text, supported=True, citations=(citation,))


def said(library: Any, tools: Any, one: str, other: str, question: str = QUESTION, **titles: str) -> str | None:
    corpus = library({"d": one, "e": other})
    evidence = [replace(corpus.evidence(id, n), title=titles.get(id, "")) for n, id in ((1, "d"), (2, "e"))]
    found = differences(question, [cited(evidence[0], one)], evidence, lexical=tools["lexical"], idf=tools["idf"])
    return found.text if found else None


def test_another_number_of_the_same_is_told_with_both_sources(library: Any, tools: Any) -> None:
    assert said(library, tools, OLD, NEW) == f"The sources differ: “{OLD[:-1]}” [1], “{NEW[:-1]}” [2]."


@pytest.mark.parametrize(
    "other",
    [
        OLD,
        "The daily allowance for travel in Norway is 60.0 euros.",
        "The daily allowance for travel in Sweden by car or by train is 75 euros.",
        "The daily allowance for travel in Norway is paid within 75 days.",
        "The daily allowance for travel in Norway is generous.",
        "Norway has 75 euros.",
    ],
)
def test_what_is_about_something_else_is_no_difference(library: Any, tools: Any, other: str) -> None:
    assert said(library, tools, OLD, other) is None


def test_numbers_that_say_what_it_is_about_are_no_difference(library: Any, tools: Any) -> None:
    one, other = "In 2019 the revenue of the group was 5 million.", "In 2020 the revenue of the group was 6 million."
    assert said(library, tools, one, other) is None
    assert said(library, tools, one, "In 2019 the revenue of the group was 6 million.")


def test_a_question_may_choose_between_the_documents(library: Any, tools: Any) -> None:
    titles = {"d": "Policy 2023", "e": "Policy 2025"}
    assert said(library, tools, OLD, NEW, **titles)
    assert said(library, tools, OLD, NEW, "What was the allowance by the policy of 2023?", **titles) is None


def test_a_word_of_a_title_alone_chooses_no_document(library: Any, tools: Any) -> None:
    titles = {"d": "Travel policy", "e": "Expense policy"}
    assert said(library, tools, OLD, NEW, **titles)
    assert said(library, tools, OLD, NEW, "What is the allowance by the travel policy?", **titles) is None
    assert said(library, tools, OLD, NEW, "What is the allowance in Norway?", d="Norway", e="Sweden") is None
    assert said(library, tools, OLD, NEW, "What is it in Norway, and in Sweden?", d="Norway", e="Sweden")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("is allowed", "is not allowed"),
        ("is allowed", "is forbidden"),
        ("is always allowed", "is never allowed"),
    ],
)
def test_what_one_source_says_and_another_denies_is_told(library: Any, tools: Any, one: str, other: str) -> None:
    one, other = (f"Smoking {words} in the courtyard behind the northern gate." for words in (one, other))
    assert said(library, tools, one, other)
    assert said(library, tools, other, one)
    assert said(library, tools, one, one) is None


def test_numbers_of_names_are_no_difference(library: Any, tools: Any) -> None:
    rest = "is equipped with a projector and a whiteboard."
    assert said(library, tools, f"Room 4 {rest}", f"Room 7 {rest}") is None
    assert said(library, tools, f"The station 4 {rest}", f"The station 7 {rest}") is None


def test_one_document_that_says_both_is_left_to_the_reader(library: Any, tools: Any) -> None:
    corpus = library({"d": f"{OLD}\n\n{NEW}"})
    evidence = (corpus.evidence("d"),)
    found = differences(QUESTION, [cited(evidence[0], OLD)], evidence, lexical=tools["lexical"], idf=tools["idf"])
    assert found is None


def test_an_answer_by_quotes_shows_both_and_says_that_they_differ(library: Any, quoting: Any) -> None:
    corpus = library({"d": OLD, "e": NEW})
    result = corpus.result(corpus.hit("d", 0, 0.9), corpus.hit("e", 0, 0.9), query=QUESTION)
    found = answer(QUESTION, result, answerer=quoting(corpus))
    assert {c.evidence for s in found.sentences for c in s.citations} == {1, 2}
    assert str(found.notice).startswith("The sources differ: ")
