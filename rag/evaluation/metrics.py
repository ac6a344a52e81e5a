"""Retrieval metrics by ir-measures (which asks trec_eval), with bootstrap intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from rag.errors import MissingDependencyError

DEPTH = 100
"""How many passages are retrieved for a query."""
NAMES = {
    "ndcg@10": "nDCG@10",
    **{f"recall@{k}": f"R@{k}" for k in (1, 2, 3, 5, 10, 20, 100)},
    "mrr@10": "RR@10",
    "map@100": "AP@100",
}
"""Our names -> those of ir-measures."""
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over queries, and the middle 95 % of the means of resampled queries."""

    mean: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


def per_query(
    judgements: Mapping[str, Mapping[str, int]], rankings: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, float]]:
    """Every metric of every judged query, as a fraction; 0 where nothing was found.

    Args:
        judgements: query id -> passage id -> grade.
        rankings: query id -> passage ids, best first.

    Raises:
        MissingDependencyError: ir-measures is not installed.
    """
    try:
        import ir_measures
    except ImportError as error:
        raise MissingDependencyError("ir-measures", "eval", "rag eval") from error
    measures = {ir_measures.parse_measure(theirs): ours for ours, theirs in NAMES.items()}
    # ranks as scores, so that ties are ours and not broken by id
    run = {query: {id: float(-rank) for rank, id in enumerate(ids)} for query, ids in rankings.items()}
    found = {query: dict.fromkeys(NAMES, 0.0) for query in judgements}
    for metric in ir_measures.iter_calc(list(measures), {q: dict(j) for q, j in judgements.items()}, run):
        found[metric.query_id][measures[metric.measure]] = float(metric.value)
    return found


def summary(values: Mapping[str, Mapping[str, float]]) -> dict[str, Interval]:
    """Mean of each metric over the queries, with its interval."""
    return {name: interval(np.array([row[name] for row in values.values()])) for name in NAMES}


def interval(values: NDArray[np.float64]) -> Interval:
    """Mean of a sample (n,), and percentiles 2.5 and 97.5 of the means of `RESAMPLES` resamples (a fixed seed)."""
    rng = np.random.default_rng(0)
    means = [values[rng.integers(len(values), size=len(values))].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(*(round(float(v), 6) for v in (values.mean(), low, high)))
