import pytest

from rag.answering.facts import names, numbers, values


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
        ("The refund goes to Alice in Oslo.", ["Alice", "Oslo"]),
        ("NASA paid. Nobody else did.", ["NASA"]),
        ("refunds take days", []),
        ("", []),
        ("Das sagt Élodie.", ["Élodie"]),
    ],
)
def test_names_are_capitals_within_a_sentence(text: str, expected: list[str]) -> None:
    assert names(text) == expected
