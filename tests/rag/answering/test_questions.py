"""What kind of answer a question asks for."""

import pytest

from rag.answering.questions import asks_whether, parts


@pytest.mark.parametrize(
    ("question", "whether"),
    [
        ("Is smoking allowed?", True),
        ("and are pets allowed?", True),
        ("Isn't it closed?", True),
        ("Can't I return it?", True),
        ("¿Do they?", True),
        ("Darf man hier rauchen?", True),
        ("Gibt es einen Keller?", True),
        ("Who is allowed?", False),
        ("What is allowed?", False),
        ("Is what I read true?", False),
        ("isle of man", False),
        ("Wer darf rauchen?", False),
        ("", False),
    ],
)
def test_questions_that_yes_or_no_would_answer(question: str, whether: bool) -> None:
    assert asks_whether(question) == whether


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("When was it founded and where is it?", ["When was it founded?", "where is it?"]),
        ("Who, and why, and when, and how?", ["Who?", "why?", "when, and how?"]),
        ("Wer hat es gebaut und wann?", ["Wer hat es gebaut?", "wann?"]),
        ("What do cats and dogs eat?", ["What do cats and dogs eat?"]),
        ("research and development", ["research and development"]),
        ("and where is it?", ["and where is it?"]),
        ("", [""]),
    ],
)
def test_the_parts_of_a_question(question: str, expected: list[str]) -> None:
    assert parts(question) == expected
