from typing import Any

import pytest

from rag.answering.abstention import UNREAD_A, UNREAD_B, A, B, coverage, decide


@pytest.mark.parametrize(("read", "even"), [(True, -B / A), (False, -UNREAD_B / UNREAD_A)])
def test_coverage_is_a_probability_that_grows_with_the_score(read: bool, even: float) -> None:
    values = [coverage(score, read=read) for score in (-1e9, -1.0, 0.0, 0.3, 0.5, 1.0, 1e9)]
    assert values == sorted(values)
    assert values[0] >= 0
    assert values[-1] <= 1
    assert coverage(even, read=read) == pytest.approx(0.5)


@pytest.mark.parametrize(("probability", "abstains"), [(0.07, True), (0.499, True), (0.5, False), (1.0, False)])
def test_weak_coverage_is_a_reason(library: Any, probability: float, abstains: bool) -> None:
    corpus = library({"d": "Text."})
    reason = decide(corpus.result(corpus.hit("d", 0), coverage=probability), 0.5)
    assert (reason is not None) == abstains
    if reason:
        assert f"{probability:.2f}" in reason
        assert "0.50" in reason


def test_no_hits_are_a_reason_even_where_no_confidence_is_needed(library: Any) -> None:
    assert decide(library({}).result(coverage=1.0), 0.0)
