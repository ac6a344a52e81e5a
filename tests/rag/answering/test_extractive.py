from typing import Any

import pytest

from rag.answering import extractive
from rag.answering.extractive import answer_by_quotes

TEA = """# Tea

Tea is popular everywhere. Green tea is brewed at 75 degrees. Black tea is brewed at 95 degrees.

Store tea in a dark place."""


@pytest.fixture
def tools(tools: dict[str, Any]) -> dict[str, Any]:
    """No chunk has stored vectors: every sentence is encoded."""
    return {**tools, "stored": lambda _: {}}


def test_no_evidence_gives_no_quotes(tools: Any) -> None:
    assert answer_by_quotes("Why?", (), max_sentences=3, **tools) == []


def test_headings_alone_give_no_quotes(tools: Any, library: Any) -> None:
    assert answer_by_quotes("tea", (library({"d": "# Tea\n\n---"}).evidence("d"),), max_sentences=3, **tools) == []


def test_the_sentence_that_answers_is_quoted_exactly(tools: Any, library: Any) -> None:
    corpus = library({"d": TEA})
    best, *_ = answer_by_quotes(
        "At what temperature is green tea brewed?", (corpus.evidence("d"),), max_sentences=1, **tools
    )
    assert best.text == "Green tea is brewed at 75 degrees."
    assert corpus.texts["d"][best.start : best.end] == best.text
    assert best.evidence == 1


def test_a_weak_second_sentence_is_not_quoted(tools: Any, library: Any) -> None:
    evidence = (library({"d": "Refunds take 14 days. The moon is far."}).evidence("d"),)
    assert [q.text for q in answer_by_quotes("How long do refunds take?", evidence, max_sentences=3, **tools)] == [
        "Refunds take 14 days."
    ]


def test_the_same_statement_is_quoted_once(tools: Any, library: Any) -> None:
    corpus = library({"d": "Refunds take 14 days. REFUNDS take 14 days.", "e": "Refunds  take 14 days."})
    evidence = (corpus.evidence("d", 1, 0.9), corpus.evidence("e", 2, 0.8))
    (only,) = answer_by_quotes("How long do refunds take?", evidence, max_sentences=3, **tools)
    assert (only.evidence, only.start) == (1, 0)


def test_a_question_in_the_text_is_not_its_own_answer(tools: Any, library: Any) -> None:
    evidence = (library({"d": "How long do refunds take? Fourteen days.\n\nOther things happen."}).evidence("d"),)
    assert answer_by_quotes("How long do refunds take?", evidence, max_sentences=1, **tools)[0].text == "Fourteen days."


def test_a_sentence_that_only_repeats_the_question_is_not_preferred(tools: Any, library: Any) -> None:
    evidence = (library({"d": "Refunds for the team.\n\nThe team gets refunds from Alice."}).evidence("d"),)
    (best,) = answer_by_quotes("refunds for the team", evidence, max_sentences=1, **tools)
    assert "Alice" in best.text


def test_a_line_that_asks_the_question_is_not_its_answer(tools: Any, library: Any) -> None:
    text = 'ask("How long do refunds take in March?")\n\nWe return money within fourteen days.'
    evidence = (library({"d": text}).evidence("d"),)
    (best,) = answer_by_quotes("How long do refunds take in March?", evidence, max_sentences=1, **tools)
    assert "fourteen" in best.text


def test_search_words_may_stand_in_the_answer_as_they_are(tools: Any, library: Any) -> None:
    evidence = (library({"d": "The parental leave policy of 2024 grants ten weeks. Nothing else."}).evidence("d"),)
    (best,) = answer_by_quotes("parental leave policy of 2024", evidence, max_sentences=1, **tools)
    assert "ten weeks" in best.text


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("When did the walrus arrive?", "The walrus arrive on 3 May."),
        ("Who saw the walrus arrive?", "The walrus arrive with Alice."),
    ],
)
def test_the_kind_of_answer_decides_between_equals(tools: Any, library: Any, question: str, expected: str) -> None:
    text = "The walrus arrive with grace.\n\nThe walrus arrive on 3 May.\n\nThe walrus arrive with Alice."
    tools = {**tools, "encoder": Blind()}
    assert (
        answer_by_quotes(question, (library({"d": text}).evidence("d"),), max_sentences=1, **tools)[0].text == expected
    )


def test_a_table_row_answers(tools: Any, library: Any) -> None:
    text = "| Tea | Degrees |\n|---|---|\n| green tea | 75 |\n| black tea | 95 |"
    (best,) = answer_by_quotes("How hot is black tea?", (library({"d": text}).evidence("d"),), max_sentences=1, **tools)
    assert best.text == "black tea | 95"


def test_chinese_is_quoted_by_sentence(tools: Any, library: Any) -> None:
    text = "茶很受欢迎。绿茶用七十五度的水冲泡。红茶用九十五度的水冲泡。"
    (best,) = answer_by_quotes(
        "绿茶用多少度的水冲泡？", (library({"d": text}).evidence("d"),), max_sentences=1, **tools
    )
    assert best.text == "绿茶用七十五度的水冲泡。"


def test_the_encoder_sees_a_bounded_number_of_sentences(tools: Any, library: Any) -> None:
    text = "\n\n".join(f"Sentence number {n} tells nothing." for n in range(500)) + "\n\nThe walrus eats clams."
    before = tools["encoder"].tokens_encoded
    (best,) = answer_by_quotes(
        "What does the walrus eat?", (library({"d": text}).evidence("d"),), max_sentences=1, **tools
    )
    assert best.text == "The walrus eats clams."
    assert tools["encoder"].tokens_encoded - before <= 5 * extractive.MAX_ENCODED + 10


class Blind:
    """An encoder to which all texts mean the same."""

    def encode(self, texts: Any, *, kind: str) -> Any:
        import numpy as np

        return np.ones((len(texts), 1), dtype=np.float32)
