"""What a claim may share all of its words with and still not be said by."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.tokens import tokens
from rag.answering.verification.alignment import Source
from rag.answering.verification.entailment import Comparison, statements
from rag.answering.verification.objection import ABSENT

BRIDGE = "The Meridian bridge was designed by Clara Voss and built by the firm Hartmann & Sons."
PASSAGE = (
    "The alpine swift is larger than the common swift.",
    "It breeds under roofs; the common swift sleeps in flight.",
    "Books are lent for four weeks.",
    "Films are lent for one week and cannot be renewed.",
    "Nordvik Bank bought Saltfjord Savings for 2.3 billion crowns.",
    "Restores are rehearsed by the platform team, and the security team receives the report.",
    "Frederick Banting and Charles Best isolated insulin in 1921.",
    "The dough rests before the salt is added.",
    "Orders were unaffected, although the plant in Oslo was damaged.",
    BRIDGE,
)


def objection(claim: str, row: int) -> tuple[str, bool] | None:
    source = Source(
        text=PASSAGE[row],
        before=PASSAGE[:row][::-1],
        context="Notes",
        subjects=frozenset(tokens(text)[0].key for text in PASSAGE),
    )
    found = Comparison(PASSAGE).objection(claim, [source])
    return (found.why.text, found.contrary) if found else None


@pytest.mark.parametrize(
    ("claim", "row"),
    [
        ("Books are lent for 4 weeks.", 2),
        ("A film is lent for a week.", 3),
        ("There is no renewal of films.", 3),
        ("Saltfjord Savings was bought by Nordvik Bank.", 4),
        ("The platform team rehearses restores.", 5),
        ("In 1921 Best and Banting isolated insulin.", 6),
        ("Charles Best isolated insulin in 1921, together with Frederick Banting.", 6),
        ("The salt is added after the dough rests.", 7),
        ("Orders were not affected.", 8),
        ("Clara Voss designed the bridge.", 9),
        ("Hartmann & Sons built it.", 9),
    ],
)
def test_nothing_speaks_against_what_the_source_says(claim: str, row: int) -> None:
    assert objection(claim, row) is None


@pytest.mark.parametrize(
    ("claim", "row", "reason"),
    [
        ("Books are lent for six weeks.", 2, "says 6 where the source says 4"),
        ("Films can be renewed.", 3, "says what the source denies"),
        ("Films are lent for four weeks.", 3, "says 4 where the source says 1"),
        ("Films are lent for four weeks.", 2, "says of Films what the source says of Books"),
        ("Saltfjord Savings bought Nordvik Bank.", 4, "says of Saltfjord what the source says of Nordvik"),
        ("Nordvik Bank sold Saltfjord Savings.", 4, "says the opposite of what the source says"),
        ("Restores are rehearsed by the security team.", 5, None),
        ("James Collip and Charles Best isolated insulin in 1921.", 6, "names Collip where the source names Banting"),
        ("The salt is added before the dough rests.", 7, "says it the other way round than the source"),
        ("Orders were affected.", 8, "says what the source denies"),
        ("The bridge was built by Clara Voss.", 9, None),
    ],
)
def test_what_speaks_against_a_claim_is_said(claim: str, row: int, reason: str | None) -> None:
    found = objection(claim, row)
    assert found is not None
    assert found[1]
    assert reason is None or found[0] == reason


def test_a_source_about_something_else_does_not_speak_of_it() -> None:
    assert objection("Walruses eat clams.", 2) == (ABSENT.why.text, False)


@pytest.mark.parametrize(
    ("claim", "parts"),
    [
        ("The Aurora sails on Tuesdays and the Borealis on Fridays.", 2),
        ("Banting and Best isolated insulin.", 1),
        ("Books are lent for four weeks; films are lent for one week.", 2),
        ("It is so.", 1),
        ("", 1),
    ],
)
def test_a_claim_is_parted_where_both_sides_state_something(claim: str, parts: int) -> None:
    assert len(statements(claim)) == parts


@pytest.mark.parametrize("unit", ["the red fox ran and ", "Xavier and Yolanda and ", " ", "; "])
def test_a_claim_is_taken_apart_in_linear_time(unit: str) -> None:
    claim = f"It said {unit * (30_000 // len(unit))}tea is hot"
    started = time.process_time()
    parts = statements(claim)
    assert time.process_time() - started < 5
    assert sum(map(len, parts)) <= len(claim)


WORDS = [
    *("In", "the", "of", "May", "March", "no", "not", "than", "by", "before", "is", "it", "and", "or", "Room", "Oslo"),
    *("5", "5,000", "$3", "%", "million", ",", ";", "|", "`x`", "4", "swift", "不", "—", "(", "who", "second", "from"),
]


@given(st.lists(st.sampled_from([*WORDS, *PASSAGE[1].split()]), max_size=8), st.integers(0, len(PASSAGE) - 1))
def test_a_claim_of_any_words_is_compared(words: list[str], row: int) -> None:
    found = objection(" ".join(words), row)
    assert found is None or found[0]
