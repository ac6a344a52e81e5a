"""Currencies, scales and units of numbers, and claims about rows of tables."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.measures import apart, measures_at
from rag.answering.verification.verifier import Verifier

COSTS = (
    "The ticket costs €5 for adults. The budget of the project was 5 million euros in 2020. Delivery takes 5 days. "
    "The tank holds 5 litres. The upload limit is 50 MB. The house has 4 doors and 5 windows. The oven reaches 250 °C."
)
PUMPS = """| Model | Flow (l/min) | Price (EUR) | Warranty |
|---|---|---|---|
| AquaLift 400 | 70 | 349.00 | 3 years |
| AquaLift 600 | 90 | 449.00 | 5 years |
| TurboFlow X1 | 120 | 1,249.50 | 5 years |"""
ANSWERED = "Opened pumps cannot be returned, unless they are defective.\n\nYes, you can pay by card."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", set()),
        ("$5", {"$"}),
        ("US$ 5 million", {"$", "million"}),
        ("5 million dollars", {"$", "million"}),
        ("EUR 5", {"€"}),
        ("5 Mio. Euro", {"€", "million"}),
        ("5 Milliarden", {"billion"}),
        ("5-day", {"day"}),
        ("5 Tage", {"day"}),
        ("5 working days", {"day"}),
        ("5 miles", {"mile"}),
        ("5 °C", {"c"}),
        ("5 C", set()),
        ("5 people a day", set()),
        ("5 l/min", {"l"}),
    ],
)
def test_what_a_number_counts(text: str, expected: set[str]) -> None:
    at = text.index("5")
    assert measures_at(text, at, at + 1) == expected


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_number_never_counts_something_else_than_itself(before: str, behind: str) -> None:
    text = f"{before}5{behind}"
    found = measures_at(text, len(before), len(before) + 1)
    assert not apart(found, found)


@pytest.fixture
def check(library: Any, tools: Any) -> Any:
    def check(text: str, claim: str) -> bool:
        corpus = library({"d": text})
        verifier = Verifier((corpus.evidence("d", 1),), read_text=corpus.read_text, **tools)
        checked = verifier.support(f"{claim} [1]")
        return checked is not None and checked.supported

    return check


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        ("The ticket costs 5 euros for adults.", True),
        ("The ticket costs EUR 5 for adults.", True),
        ("The ticket costs $5 for adults.", False),
        ("The ticket costs 5 dollars for adults.", False),
        ("The budget of the project was €5 million in 2020.", True),
        ("The budget of the project was €5M in 2020.", True),
        ("The budget of the project was 5 billion euros in 2020.", False),
        ("The budget of the project was 5 million dollars in 2020.", False),
        ("The budget of the project was 5 euros in 2020.", False),
        ("Delivery takes five days.", True),
        ("Delivery takes 5 weeks.", False),
        ("The tank holds 5 gallons.", False),
        ("The upload limit is 50 megabytes.", True),
        ("The upload limit is 50 GB.", False),
        ("The house has 5 windows and 4 doors.", True),
        ("The house has 5 doors and 4 windows.", False),
        ("The oven reaches 250 °F.", False),
    ],
)
def test_a_number_of_something_else_is_another_one(check: Any, claim: str, holds: bool) -> None:
    assert check(COSTS, claim) is holds


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        ("AquaLift 400: 349.00", True),
        ("AquaLift 400: 777.00", False),
        ("AquaLift 400: Price 349.00", True),
        ("Model: AquaLift 400; Flow (l/min): 70; Price (EUR): 349.00; Warranty: 3 years", True),
        ("The price of the AquaLift 400 is 349.00 EUR.", True),
        ("The price of the AquaLift 400 is 449.00 EUR.", False),
        ("The price of the AquaLift 400 is 400 EUR.", False),
        ("The flow of the AquaLift 400 is 90.", False),
        ("The warranty of the TurboFlow X1 is 5 years.", True),
        ("The warranty of the TurboFlow X1 is 3 years.", False),
        ("The warranty of the AquaLift 400 is 5 years.", False),
    ],
)
def test_a_row_says_what_stands_below_the_heads_of_its_columns(check: Any, claim: str, holds: bool) -> None:
    assert check(PUMPS, claim) is holds


@pytest.mark.parametrize("agreed", ["Yes.", "No.", "Ja.", "Correct.", "Yes, it is.", "That is correct."])
def test_a_mere_yes_is_backed_by_nothing(check: Any, agreed: str) -> None:
    assert not check(ANSWERED, agreed)


def test_a_yes_before_a_statement_changes_nothing(check: Any) -> None:
    assert check(ANSWERED, "No, opened pumps cannot be returned, unless they are defective.")
    assert not check(ANSWERED, "Yes, opened pumps can be returned.")


def test_a_yes_without_a_marker_states_nothing_by_itself(library: Any, tools: Any) -> None:
    corpus = library({"d": ANSWERED})
    assert Verifier((corpus.evidence("d", 1),), read_text=corpus.read_text, **tools).support("Yes.") is None
