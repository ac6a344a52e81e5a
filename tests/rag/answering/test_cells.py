"""Claims about rows of tables: the number has to stand in the row and the column that they name."""

from dataclasses import replace
from typing import Any

import pytest

from rag.answering.verification.verifier import Verifier

PUMPS = """| Product | Price |
|---|---|
| AquaLift 300 | 249.00 |
| AquaLift 400 | 349.00 |
| HydroMax 20 | 99.00 |
"""
SIZES = """| Model | Height | Weight | Net price | List price |
|---|---|---|---|---|
| Alpha | 20 | 10 | 300 | 310 |
| Beta | 30 | 15 | 400 | 410 |
"""
YEARS = """| Item | 2020 | 2021 |
|---|---|---|
| Revenue | 20 | 30 |
| Costs | 10 | 15 |
"""
QUARTERS = """| EUR million | Q1 2023 | Q1 2024 | Change |
|---|---|---|---|
| Net sales | 120.5 | 150.2 | 25 % |
| Profit | 12 | 9 | -25 % |
"""
STOCK = """| Warehouse | Item | Units |
|---|---|---|
| Oslo | Pump 12 | 1,200 |
| Bergen | Pump 14 | 300 |
"""
BARE = "| AquaLift 300 | 249.00 |\n| AquaLift 400 | 349.00 |\n"
HOURS = """| Place | Opens | Since |
|---|---|---|
| Library | Tuesday 9-17 | May 1950 |
| Pool | Friday 10-20 | 1962 |
"""


def supported(library: Any, tools: Any, table: str, claim: str, mime: str | None = None) -> bool:
    corpus = library({"d": table})
    evidence = corpus.evidence("d")
    evidence = replace(evidence, mime=mime) if mime else evidence
    checked = Verifier((evidence,), read_text=corpus.read_text, **tools).support(f"{claim} [1]")
    assert checked is not None
    return bool(checked.supported)


@pytest.mark.parametrize(
    ("table", "claim"),
    [
        (PUMPS, "AquaLift 400: 349.00"),
        (PUMPS, "AquaLift 400: Price 349.00"),
        (PUMPS, "- **AquaLift 300**: 249.00"),
        (PUMPS, "AquaLift 400 | 349.00"),
        (PUMPS, "Product: AquaLift 400; Price: 349.00"),
        (PUMPS, "The price of AquaLift 400 is 349.00."),
        (PUMPS, "The price of the product AquaLift 400 is 349."),
        (PUMPS, "The price is 349.00."),
        (PUMPS, "349.00"),
        (PUMPS, "AquaLift 300: price 249.00, and AquaLift 400: price 349.00"),
        (SIZES, "The weight of Alpha is 10."),
        (SIZES, "Alpha has a height of 20 and a weight of 10."),
        (SIZES, "Alpha: height 20, weight 10"),
        (SIZES, "The net price of Beta is 400."),
        (YEARS, "Revenue was 20 in 2020."),
        (YEARS, "Revenue was 20 in 2020 and 30 in 2021."),
        (YEARS, "Revenue rose from 20 in 2020 to 30 in 2021."),
        (YEARS, "In 2021 costs were 15."),
        (QUARTERS, "Net sales were 150.2 million euros in Q1 2024."),
        (QUARTERS, "Net sales rose from 120.5 in Q1 2023 to 150.2 in Q1 2024."),
        (STOCK, "Pump 12: 1200 units"),
        (STOCK, "Pump 12 has 1,200 units in Oslo and Pump 14 has 300 units in Bergen."),
        (BARE, "AquaLift 400: 349.00"),
        (HOURS, "The library opens from 9 to 17."),
        (HOURS, "The library: Tuesday 9-17, since 1950"),
        (HOURS, "Pool: since 1962"),
    ],
)
def test_what_a_row_says_is_supported(library: Any, tools: Any, table: str, claim: str) -> None:
    assert supported(library, tools, table, claim)


@pytest.mark.parametrize(
    ("table", "claim"),
    [
        (PUMPS, "AquaLift 400: 777.00"),
        (PUMPS, "AquaLift 400: 249.00"),
        (PUMPS, "AquaLift 500: 349.00"),
        (PUMPS, "HydroMax 400: 349.00"),
        (PUMPS, "The price is 400."),
        (PUMPS, "Price: 20"),
        (PUMPS, "The price of AquaLift 400 is 400."),
        (PUMPS, "The price of AquaLift 400 is 249.00."),
        (PUMPS, "Product: AquaLift 400; Price: 249.00"),
        (PUMPS, "777.00"),
        (SIZES, "The weight of Alpha is 20."),
        (SIZES, "Alpha has a height of 10 and a weight of 20."),
        (SIZES, "Alpha: height 10, weight 20"),
        (SIZES, "The height of Beta is 15."),
        (SIZES, "The net price of Beta is 410."),
        (SIZES, "The height of Alpha is 30."),
        (YEARS, "Revenue was 20 in 2021."),
        (YEARS, "Revenue was 10 in 2020."),
        (QUARTERS, "Profit was 12 million euros in Q1 2024."),
        (QUARTERS, "Net sales were 150.2 billion euros in Q1 2024."),
        (STOCK, "Pump 14: 14 units"),
        (STOCK, "Pump 12 has 300 units in Oslo and Pump 14 has 1,200 units in Bergen."),
        (BARE, "AquaLift 400: 249.00"),
        (BARE, "AquaLift 400: 400349"),
        (HOURS, "The library opens from 10 to 20."),
    ],
)
def test_what_another_row_or_column_says_is_not(library: Any, tools: Any, table: str, claim: str) -> None:
    assert not supported(library, tools, table, claim)


def test_rows_of_a_file_are_read_with_its_head(library: Any, tools: Any) -> None:
    table = "product,price,stock\nAquaLift 300,249.00,12\nAquaLift 400,349.00,7\n"
    assert supported(library, tools, table, "The price of AquaLift 400 is 349.00.", "text/csv")
    assert supported(library, tools, table, "AquaLift 400: stock 7", "text/csv")
    assert not supported(library, tools, table, "The price of AquaLift 400 is 7.", "text/csv")
    assert not supported(library, tools, table, "AquaLift 400: stock 12", "text/csv")


def test_the_quote_of_a_row_is_the_row(library: Any, tools: Any) -> None:
    corpus = library({"d": PUMPS})
    checked = Verifier((corpus.evidence("d"),), read_text=corpus.read_text, **tools).support(
        "The price of AquaLift 400 is 349.00 [1]."
    )
    assert checked is not None
    assert [(c.quote, c.verified) for c in checked.citations] == [("AquaLift 400 | 349.00", True)]
    wrong = Verifier((corpus.evidence("d"),), read_text=corpus.read_text, **tools).support("The price is 400 [1].")
    assert wrong is not None
    assert wrong.reason == "says 400 where the source says 349"
