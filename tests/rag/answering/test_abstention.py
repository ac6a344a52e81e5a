from dataclasses import replace
from typing import Any

import pytest

from rag.answering.abstention import SHIPPED, Calibration, Curve, decide


@pytest.mark.parametrize("curve", [SHIPPED.read, SHIPPED.unread])
def test_coverage_is_a_probability_that_grows_with_the_score(curve: Curve) -> None:
    values = [curve.probability(score) for score in (-1e9, -1.0, 0.0, 0.3, 0.5, 1.0, 1e9)]
    assert values == sorted(values)
    assert values[0] >= 0
    assert values[-1] <= 1
    assert curve.probability(-curve.b / curve.a) == pytest.approx(0.5)


def test_a_calibration_is_read_back_as_it_was_kept() -> None:
    fitted = Calibration(read=Curve(1.5, -0.25, 0.875), unread=SHIPPED.unread)
    assert Calibration.from_dict(fitted.to_dict()) == fitted


def test_the_settings_threshold_comes_before_the_fitted_one(library: Any) -> None:
    corpus = library({"d": "Text."})
    found = replace(corpus.result(corpus.hit("d", 0), coverage=0.6), threshold=0.7)
    assert "needed 0.70" in str(decide(found, None))
    assert decide(found, 0.6) is None
    assert decide(replace(found, threshold=0.6), None) is None
    assert decide(replace(found, threshold=0.6), 0.65)


@pytest.mark.parametrize(("probability", "abstains"), [(0.07, True), (0.499, True), (0.5, False), (1.0, False)])
def test_weak_coverage_is_a_reason(library: Any, probability: float, abstains: bool) -> None:
    corpus = library({"d": "Text."})
    reason = decide(corpus.result(corpus.hit("d", 0), coverage=probability), 0.5)
    assert (reason is not None) == abstains
    if reason:
        assert f"{probability:.2f}" in reason.text
        assert "0.50" in reason.text


def test_no_hits_are_a_reason_even_where_no_confidence_is_needed(library: Any) -> None:
    assert decide(library({}).result(coverage=1.0), 0.0)
