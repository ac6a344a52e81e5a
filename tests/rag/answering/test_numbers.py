import pytest

from rag.answering.numbers import Figure, figures, numbers, values


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("1,234", "1234"),
        ("1,234,567", "1 234 567"),
        ("1.234.567", "1,234,567"),
        ("1,234.50", "1234.5"),
        ("5%", "5 percent"),
        ("5 %", "5%"),
        ("3,5", "3.5"),
        ("05", "5"),
        ("75.0", "75"),
        ("12", "twelve"),
        ("10th", "10"),
        ("2.3.1", "version 2.3.1"),
        ("٣", "3"),
        ("5", "May 2024"),
    ],
)
def test_the_same_number_is_recognised_in_other_spellings(claim: str, source: str) -> None:
    (number,) = numbers(claim)
    assert number & values(source)


@pytest.mark.parametrize(
    ("claim", "source"), [("75", "95"), ("14", "140"), ("1,234", "1235"), ("2.3.1", "2.3.2"), ("5", "0.5")]
)
def test_other_numbers_are_not(claim: str, source: str) -> None:
    (number,) = numbers(claim)
    assert not number & values(source)


def test_every_part_of_a_date_and_a_list_is_a_number() -> None:
    assert [sorted(n) for n in numbers("2024-05-01 and 3,14,15 and 2020 2021")] == [
        ["2024"], ["5"], ["1"], ["3"], ["14"], ["15"], ["2020"], ["2021"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("five percent of 1,200 tonnes", [({"1.200", "1200"}, "tonn"), ({"5"}, "percent")]),
        ("for one week", [({"1"}, "week")]),
        ("one of the books", []),
        ("renewed twice", [({"2"}, None)]),
        ("until 31 May", [({"31"}, "may"), ({"5"}, None)]),
        ("They may go. May I go?", []),
        ("on Tuesdays", [({"tuesday"}, None)]),
        ("the A7 near Leeds", []),
        ("drei Wochen", [({"3"}, "wochen")]),
        ("50 %", [({"50"}, "percent")]),
        ("2.3 billion crowns", [({"2300000000"}, "crown")]),
        ("$5m and 5 m", [({"5000000"}, None), ({"5"}, "m")]),
        ("5 to 10 million", [({"5", "5000000"}, None), ({"10000000"}, None)]),
        ("a million and five thousand", [({"5000"}, None), ({"1000000"}, None)]),
        ("", []),
    ],
)
def test_a_statement_makes_numbers_of_something(text: str, expected: list[tuple[set[str], str | None]]) -> None:
    assert figures(text) == [Figure(frozenset(values), unit) for values, unit in expected]


def test_fifty_thousand_is_not_fifty() -> None:
    (number,) = numbers("50,000")
    assert not number & values("50")


def test_five_million_is_not_five() -> None:
    assert values("five million") == {"5000000"}
    assert values("2.3.1 million") == {"2.3.1"}


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("€5", {"eur"}),
        ("5 euros", {"eur"}),
        ("USD 5 million", {"usd"}),
        ("5 pounds", {"gbp", "lb"}),
        ("5 km/h", {"km/h"}),
        ("5 kmx", set()),
        ("5 percentage points", {"points"}),
        ("5 to 10 kg", {"kg"}),
        ("5", set()),
    ],
)
def test_a_number_counts_something(text: str, kinds: set[str]) -> None:
    assert figures(text)[0].kinds == kinds
