"""Claims about rows of tables, and about numbers of something else."""

from typing import Any

import pytest

COSTS = (
    "The ticket costs €5 for adults. The budget of the project was 5 million euros in 2020. Delivery takes 5 days. "
    "The tank holds 5 litres. The upload limit is 50 MB. The house has 4 doors and 5 windows. The oven reaches 250 °C."
)
PUMPS = """| Model | Flow (l/min) | Price (EUR) | Warranty |
|---|---|---|---|
| AquaLift 400 | 70 | 349.00 | 3 years |
| AquaLift 600 | 90 | 449.00 | 5 years |
| TurboFlow X1 | 120 | 1,249.50 | 5 years |"""


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
