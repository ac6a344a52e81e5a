"""Numbers of claims: their currency, unit and scale, and what they are said of."""

from typing import Any

import pytest

from rag.answering.verification.verifier import Verifier


def supported(library: Any, tools: Any, source: str, claim: str) -> tuple[bool, str | None]:
    corpus = library({"d": source})
    checked = Verifier((corpus.evidence("d"),), read_text=corpus.read_text, **tools).support(f"{claim} [1]")
    assert checked is not None
    return checked.supported, checked.reason


@pytest.mark.parametrize(
    ("source", "claim"),
    [
        ("The ticket costs $5.", "The ticket costs $5."),
        ("The ticket costs $5.", "The ticket costs 5 dollars."),
        ("The ticket costs 5 EUR.", "The ticket costs €5."),
        ("The ticket costs 5 €.", "The ticket costs 5."),
        ("All prices are in euros. The ticket costs 5.", "The ticket costs 5 euros."),
        ("Revenue was 5 million.", "Revenue was 5,000,000."),
        ("Revenue was 2,500,000 euros.", "Revenue was 2.5 million euros."),
        ("Revenue was $5 million.", "Revenue was $5M."),
        ("Revenue was $5 million.", "Revenue was $5m."),
        ("Der Umsatz lag bei 5 Millionen Euro.", "Der Umsatz lag bei 5 Mio. €."),
        ("The fee is five million crowns.", "The fee is 5 million crowns."),
        ("Revenue was between 5 and 10 million.", "Revenue was between 5 million and 10 million."),
        ("Revenue rose by 5 %.", "Revenue rose by 5 percent."),
        ("Revenue rose between 5 and 10 %.", "Revenue rose between 5 % and 10 %."),
        ("The population was 350,000 in 2020.", "The population was 350 thousand in 2020."),
        ("The pump weighs 5 kg.", "The pump weighs 5 kilograms."),
        ("A 5-hour walk leads there.", "A walk of 5 hours leads there."),
        ("Revenue was 20 and costs 10.", "Revenue was 20 and costs 10."),
        ("Revenue was 20 and costs were 10.", "Costs were 10 and revenue was 20."),
        ("In 2020 the firm had 300 staff, in 2021 it had 400.", "In 2021 the firm had 400, in 2020 it had 300 staff."),
    ],
)
def test_the_same_quantity_is_supported(library: Any, tools: Any, source: str, claim: str) -> None:
    assert supported(library, tools, source, claim) == (True, None)


@pytest.mark.parametrize(
    ("source", "claim"),
    [
        ("The ticket costs $5.", "The ticket costs €5."),
        ("The ticket costs 5 euros.", "The ticket costs 5 dollars."),
        ("The ticket costs €5.", "The ticket costs 5 dollars."),
        ("The ticket costs 5 EUR.", "The ticket costs 5 USD."),
        ("Revenue was 5 million.", "Revenue was 5 billion."),
        ("Revenue was 5 million.", "Revenue was 5 thousand."),
        ("Revenue was 5 million.", "Revenue was 5."),
        ("Revenue was 5.", "Revenue was 5 million."),
        ("Revenue was $5m.", "Revenue was $5bn."),
        ("Revenue was $5 million.", "Revenue was €5 million."),
        ("The fee is five million crowns.", "The fee is five billion crowns."),
        ("Der Umsatz lag bei 5 Millionen Euro.", "Der Umsatz lag bei 5 Milliarden Euro."),
        ("Revenue rose by 5 %.", "Revenue rose by 5."),
        ("Revenue rose by 5.", "Revenue rose by 5 %."),
        ("Revenue rose by 5 %.", "Revenue rose by $5."),
        ("The interest rose by 5 percentage points.", "The interest rose by 5 percent."),
        ("The pump weighs 5 kg.", "The pump weighs 5 pounds."),
        ("The walk takes 5 hours.", "The walk takes 5 minutes."),
        ("Revenue was 20 and costs 10.", "Revenue was 10 and costs 20."),
        ("The revenue was 20 and the costs were 10.", "The revenue was 10 and the costs were 20."),
        ("Revenue was 20 million and costs were 10 million.", "Revenue was 10 million, costs 20 million."),
        ("Oslo has 1 mill, Bergen has 2 and Molde has 3.", "Oslo has 2, Bergen has 3 and Molde has 1."),
        ("In 2020 it had 300 staff, in 2021 it had 400.", "In 2020 it had 400 staff, in 2021 it had 300."),
    ],
)
def test_another_quantity_is_not(library: Any, tools: Any, source: str, claim: str) -> None:
    found, reason = supported(library, tools, source, claim)
    assert not found
    assert reason


@pytest.mark.parametrize(
    ("source", "claim", "reason"),
    [
        ("The ticket costs $5.", "The ticket costs €5.", "says €5 where the source says $5"),
        ("Revenue was 5 million.", "Revenue was 5 billion.", "says 5 billion where the source says 5 million"),
        ("Revenue rose by 5 %.", "Revenue rose by 5.", "says 5 where the source says 5 %"),
        ("Revenue was 20 and costs 10.", "Revenue was 10 and costs 20.", "says 10 where the source says 20"),
    ],
)
def test_both_quantities_are_told(library: Any, tools: Any, source: str, claim: str, reason: str) -> None:
    assert supported(library, tools, source, claim) == (False, reason)


def test_a_table_in_millions_holds_millions(library: Any, tools: Any) -> None:
    table = "| Item | Amount (in millions) |\n|---|---|\n| Revenue | 20 |\n"
    assert supported(library, tools, table, "The amount of revenue was 20 million.")[0]
    assert not supported(library, tools, table, "The amount of revenue was 20 billion.")[0]
