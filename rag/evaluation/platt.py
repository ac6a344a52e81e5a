"""Scores of two groups of questions -> a calibrated probability, and the threshold for a risk."""

import math
from collections.abc import Sequence

import numpy as np

from rag.answering.abstention import Curve
from rag.errors import EvaluationError

FEWEST = 20
"""Scores of either group below which nothing is fitted."""
_STEPS = 100
_TOLERANCE = 1e-10
_PARTS = 10**9
"""A threshold is a whole number of these parts of one: few enough digits to be read as it was written anywhere."""


def fit(own: Sequence[float], foreign: Sequence[float], risk: float) -> Curve:
    """The logistic curve of greatest likelihood, each group counting a half.

    Platt's scaling (Probabilistic Outputs for Support Vector Machines, 1999) with his smoothed targets, (n + 1) /
    (n + 2) and 1 / (m + 2), so that groups that do not overlap have a finite slope; by Newton's method. The threshold
    is the least probability at which at most that share of foreign questions is answered: the ceil((m + 1)(1 - risk))
    smallest of their m scores lies below it, which for new questions like them holds the risk on average (split
    conformal prediction, Vovk et al. 2005).

    Args:
        own, foreign: fused scores of the best hits.
        risk: share of foreign questions that may be answered, between 0 and 1.

    Raises:
        EvaluationError: fewer than `FEWEST` of either, no more foreign scores than the risk needs, or own questions
            do not score higher than foreign ones.
    """
    n, m = len(own), len(foreign)
    if min(n, m) < FEWEST:
        raise EvaluationError(f"{n} answerable and {m} unanswerable questions: at least {FEWEST} of each are needed")
    rank = math.ceil((m + 1) * (1 - risk))
    if rank > m:
        raise EvaluationError(f"risk {risk:g}: {m} unanswerable questions cannot show it; {math.ceil(1 / risk)} can")
    scores = np.array([*own, *foreign], np.float64)
    targets = np.repeat([(n + 1) / (n + 2), 1 / (m + 2)], [n, m])
    weights = np.repeat([0.5 / n, 0.5 / m], [n, m])
    features = np.stack([scores, np.ones_like(scores)], axis=1)
    found = np.zeros(2)
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(features @ found, -500, 500)))
        gradient = features.T @ (weights * (p - targets))
        curvature = (features * (weights * p * (1 - p))[:, None]).T @ features + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        step *= min(1.0, 10 / max(1e-12, float(np.abs(step).max())))  # a full step may overshoot where p is flat
        found -= step
        if float(np.abs(step).max()) < _TOLERANCE:
            break
    a, b = (round(float(value), 6) for value in found)
    if a <= 0:
        raise EvaluationError(
            "answerable questions do not score higher than unanswerable ones: nothing to tell them by"
        )
    edge = Curve(a, b).probability(sorted(foreign)[rank - 1])
    return Curve(a, b, threshold=min(1.0, (math.floor(edge * _PARTS) + 1) / _PARTS))
