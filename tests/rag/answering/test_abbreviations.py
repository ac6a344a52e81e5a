import pytest

from rag.answering.abbreviations import same_abbreviated, written_out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sales in Q3 and Q4 of FY2023", "Sales in third quarter and fourth quarter of fiscal year 2023"),
        ("the 1st and the 12th, not the 13th", "the first and the twelfth, not the 13th"),
        ("from 9 a.m. to 5 p.m.", "from 9 am to 5 pm"),
        ("3x as fast, 0x1F, 2×", "3 times as fast, 0x1F, 2 times"),
        ("It was turned off and can be switched on.", "It was disabled and can be enabled."),
        ("Q5 and FYI", "Q5 and FYI"),
        ("", ""),
    ],
)
def test_short_forms_are_written_out(text: str, expected: str) -> None:
    assert written_out(text) == expected


@pytest.mark.parametrize(
    ("words", "others", "same"),
    [
        ("the CEO of Acme", "the Chief Executive Officer of Acme", {"ceo"}),
        ("the Chief Executive Officer", "the CEO and the board", {"chief", "executive", "officer"}),
        ("an application programming interface", "the API", {"application", "programming", "interface"}),
        ("the UN", "united nations", set()),
        ("the UN", "the United Nations", {"un"}),
        ("the CFO", "the Chief Executive Officer", set()),
        ("the WHO", "the World Health Organization", {"who"}),
        ("", "the CEO", set()),
    ],
)
def test_acronyms_are_known_by_their_words(words: str, others: str, same: set[str]) -> None:
    assert same_abbreviated(words, others) == same
