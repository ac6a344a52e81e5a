"""The fit against an independent minimiser, and the risk on questions that were not fitted on."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rag.errors import EvaluationError
from rag.evaluation.platt import FEWEST, fit


def loss(a: float, b: float, own: NDArray[np.float64], foreign: NDArray[np.float64]) -> float:
    """Platt's, each group counting a half, as it is written down."""
    high, low = (len(own) + 1) / (len(own) + 2), 1 / (len(foreign) + 2)
    total = 0.0
    for scores, target in ((own, high), (foreign, low)):
        p = 1 / (1 + np.exp(-(a * scores + b)))
        total += float(np.mean(-target * np.log(p) - (1 - target) * np.log(1 - p))) / 2
    return total


def drawn(seed: int, n: int = 200) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    return rng.normal(0.7, 0.15, n), rng.normal(0.3, 0.1, n)


@pytest.mark.parametrize("seed", range(3))
def test_no_neighbour_of_the_fit_is_better(seed: int) -> None:
    own, foreign = drawn(seed)
    curve = fit(own.tolist(), foreign.tolist(), 0.05)
    best = loss(curve.a, curve.b, own, foreign)
    for da, db in ((0.05, 0), (-0.05, 0), (0, 0.05), (0, -0.05), (0.05, -0.02), (-0.05, 0.02)):
        assert loss(curve.a + da, curve.b + db, own, foreign) > best


def test_groups_that_do_not_overlap_have_a_finite_slope() -> None:
    curve = fit([0.8, 0.9] * 15, [0.1, 0.2] * 15, 0.1)
    assert 0 < curve.a < 200
    assert curve.probability(0.8) > 0.9 > 0.1 > curve.probability(0.2)


@given(st.integers(0, 10_000), st.sampled_from([0.02, 0.05, 0.2, 0.5]))
def test_of_the_questions_that_were_fitted_on_at_most_the_risk_is_answered(seed: int, risk: float) -> None:
    own, foreign = drawn(seed, 60)
    curve = fit(own.tolist(), foreign.tolist(), risk)
    answered = sum(curve.probability(score) >= curve.threshold for score in foreign)
    assert answered <= risk * len(foreign)
    assert answered >= math.floor(risk * (len(foreign) + 1)) - 1, "and not far fewer: each one refused costs answers"


def test_the_risk_holds_on_average_for_new_questions() -> None:
    shares = []
    for seed in range(200):
        own, foreign = drawn(seed, 50)
        curve = fit(own.tolist(), foreign.tolist(), 0.1)
        _, new = drawn(seed + 10_000, 50)
        shares.append(np.mean([curve.probability(score) >= curve.threshold for score in new]))
    assert np.mean(shares) == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize(
    ("own", "foreign", "risk", "message"),
    [
        ([0.5] * (FEWEST - 1), [0.1] * 50, 0.05, "at least 20 of each"),
        ([0.5] * 50, [], 0.05, "0 unanswerable"),
        ([0.5] * 50, [0.1] * 30, 0.01, "risk 0.01: 30 unanswerable questions cannot show it; 100 can"),
        ([0.1] * 50, [0.5] * 50, 0.05, "do not score higher"),
    ],
)
def test_what_cannot_be_fitted_is_an_error(own: list[float], foreign: list[float], risk: float, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        fit(own, foreign, risk)
