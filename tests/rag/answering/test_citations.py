from typing import Any

import pytest

from rag.answering.citations import cite

TEA = """Green tea is brewed at 75 degrees. Black tea is brewed at 95 degrees.

The tea house was founded by Ingrid Holm in 1,998 days. Its yearly turnover is 1,234,500 crowns, up 5 %."""


@pytest.fixture
def corpus(library: Any) -> Any:
    return library({"tea": TEA})


def test_a_quote_is_verified_against_the_text_as_it_is_stored_now(corpus: Any) -> None:
    evidence = corpus.evidence("tea")
    before = cite(evidence, 0, 34, corpus.read_text)
    assert (before.quote, before.verified, before.page) == ("Green tea is brewed at 75 degrees.", True, 1)
    corpus.texts["tea"] = TEA.replace("75", "80")
    after = cite(evidence, 0, 34, corpus.read_text)
    assert (after.quote, after.verified) == (before.quote, False)


def test_a_quote_of_a_document_that_is_gone_is_not_verified(corpus: Any) -> None:
    evidence = corpus.evidence("tea")
    corpus.texts.clear()
    assert not cite(evidence, 0, 34, corpus.read_text).verified


def test_a_citation_has_the_page_and_chunk_of_its_first_character(corpus: Any) -> None:
    start = TEA.index("Its yearly")
    citation = cite(corpus.evidence("tea"), start, start + 10, corpus.read_text)
    assert (citation.page, citation.chunk_id) == (2, "tea#1")


@pytest.mark.parametrize("span", [(0, 0), (5, 3), (-1, 4), (0, 10_000)])
def test_a_span_outside_of_the_evidence_is_an_error(corpus: Any, span: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="evidence 1"):
        cite(corpus.evidence("tea"), *span, corpus.read_text)
