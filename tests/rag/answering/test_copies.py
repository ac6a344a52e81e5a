"""Claims that repeat a sentence with one word changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.tokens import tokens
from rag.answering.verification.alignment import Source
from rag.answering.verification.entailment import Comparison

TEXTS = (
    "The Walloons and the Huguenots settled in Canterbury, where their weavers had looms.",
    "In July the new British command took the fort from the French.",
    "The Company repurchased shares for 3 billion dollars, as Apple had announced in May.",
    "Complexity theory addresses computational problems, not particular instances of Turing.",
    "Bjelk tells Turing that the plan was never ratified by the assembly of the colonies.",
    "No later than Friday the report of the Norman council has to be sent to Warsaw.",
)


def objection(claim: str, row: int) -> str | None:
    source = Source(
        text=TEXTS[row],
        before=TEXTS[:row][::-1],
        context="Apple's report",
        subjects=frozenset(tokens(text)[0].key for text in TEXTS),
    )
    found = Comparison(TEXTS).objection(claim, [source])
    return found.why.text if found else None


@pytest.mark.parametrize(
    ("claim", "row", "why"),
    [
        ("The French and the Huguenots settled in Canterbury, where their weavers had looms.", 0, "names French"),
        ("In July the new French command took the fort.", 1, "names French where the source names British"),
        ("In July the new Canterbury command took the fort from the French.", 1, "names Canterbury"),
        ("The plan was ratified by the assembly of the colonies.", 4, "says what the source denies"),
        ("Complexity theory addresses computational problems, not never particular instances of Turing.", 3, "denies"),
        ("The report of the Warsaw council has to be sent to Warsaw.", 5, "names Warsaw where the source names Norman"),
    ],
)
def test_one_word_changed_in_a_copy_says_something_else(claim: str, row: int, why: str) -> None:
    assert why in (objection(claim, row) or "")


@pytest.mark.parametrize(
    ("claim", "row"),
    [
        ("Apple repurchased shares for 3 billion dollars.", 2),
        ("The Walloons and Huguenots settled in Canterbury.", 0),
        ("Their weavers had looms in Canterbury.", 0),
        ("The new British command took the fort in July.", 1),
        ("The plan was never ratified by the colonies' assembly.", 4),
        ("The report of the Normans' council has to be sent to Warsaw no later than Friday.", 5),
        ("The report of the NORMAN council has to be sent to Warsaw by Friday.", 5),
    ],
)
def test_other_words_for_the_same_are_no_change(claim: str, row: int) -> None:
    assert objection(claim, row) is None


@given(st.sampled_from(TEXTS), st.data())
def test_a_part_of_a_sentence_is_never_changed(text: str, data: st.DataObject) -> None:
    words = text.split()
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    why = objection(" ".join(words[start:end]), TEXTS.index(text))
    assert why is None or not why.startswith("names")
