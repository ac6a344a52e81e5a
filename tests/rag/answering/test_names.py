import pytest

from rag.answering.names import capitalises_nouns, names, recurring_names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The refund goes to Alice in Oslo.", ["Alice", "Oslo"]),
        ("NASA paid. Nobody else did.", ["NASA"]),
        ("refunds take days", []),
        ("", []),
        ("Das sagt Élodie.", ["Élodie"]),
    ],
)
def test_names_are_capitals_within_a_sentence(text: str, expected: list[str]) -> None:
    assert names(text) == expected


def test_days_and_months_are_no_names() -> None:
    assert names("It is on Monday in March, says Mrs Moen.") == ["Mrs", "Moen"]


@pytest.mark.parametrize(
    ("texts", "known"),
    [
        (["The bank is Nordvik.", "Nordvik pays."], {"nordvik"}),
        (["Nordvik pays.", "Nordvik's head leaves."], {"nordvik"}),
        (["Books are lent.", "Books are read.", "No books."], set()),
        (["The end.", "The start."], set()),
        ([], set()),
    ],
)
def test_a_word_that_begins_sentences_is_a_name_where_it_recurs(texts: list[str], known: set[str]) -> None:
    assert recurring_names(texts) == known
    assert names("Nordvik pays.", known) == (["Nordvik"] if known else [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Die Überstunden müssen von der Leitung genehmigt werden, und der Betriebsrat ist zu fragen.", True),
        ("Erik Sandvik and Olav Moen met Clara Voss of the Liberal Union in Bergen.", False),
        ("", False),
    ],
)
def test_capitals_make_no_names_in_german(text: str, expected: bool) -> None:
    assert capitalises_nouns(text) == expected
