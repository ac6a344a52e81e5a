"""`rag eval compare`: whether two settings differ on the same queries, or one is only lucky."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rag.evaluation.metrics import Interval, interval
from rag.evaluation.retrieval import RetrievalReport

SHUFFLES = 10_000
"""Of the randomisation test."""
SHOWN = 10
"""Queries that differ most, in either direction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A metric under two settings.

    Attributes:
        first, second: its means.
        difference: second - first, with the bootstrap's interval of paired differences.
        p: probability of a difference this large if it made none which settings a query was asked with (Fisher's
            randomisation test, two-sided).
        wins, losses, ties: queries on which the second is better, worse, the same.
    """

    first: float
    second: float
    difference: Interval
    p: float
    wins: int
    losses: int
    ties: int

    def to_dict(self) -> dict[str, Any]:
        names = ("first", "second", "p", "wins", "losses", "ties")
        return {**{name: getattr(self, name) for name in names}, "difference": self.difference.to_dict()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two settings on one data set.

    Attributes:
        names: what the two are called.
        metrics: metric -> how it differs.
        by: the metric that queries are ordered by.
        queries: query id, text, value of the first and of the second; the largest gain first, the largest loss last.
        latency_ms, bytes_per_chunk: of the first and of the second.
    """

    dataset: str
    names: tuple[str, str]
    by: str
    metrics: Mapping[str, Difference]
    queries: tuple[tuple[str, str, float, float], ...]
    latency_ms: tuple[float, float]
    bytes_per_chunk: tuple[float, float]

    def to_dict(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "names": list(self.names),
            "by": self.by,
            "metrics": {name: found.to_dict() for name, found in self.metrics.items()},
            "queries": [dict(zip(("query", "text", *self.names), row, strict=True)) for row in self.most()],
            "latency_ms": list(self.latency_ms),
            "bytes_per_chunk": list(self.bytes_per_chunk),
        }

    def most(self) -> list[tuple[str, str, float, float]]:
        """The queries that differ most: gains, then losses, those that are the same left out."""
        changed = [row for row in self.queries if row[2] != row[3]]
        return changed if len(changed) <= 2 * SHOWN else [*changed[:SHOWN], *changed[-SHOWN:]]


def compare(
    first: RetrievalReport, second: RetrievalReport, *, names: tuple[str, str], queries: Mapping[str, str], by: str
) -> Comparison:
    """Pair the two reports' queries.

    Args:
        first, second: of the same data set.
        names: what to call them.
        queries: query id -> text.
        by: metric that the queries are ordered by.
    """
    ids = sorted(first.per_query)
    columns = {
        name: tuple(np.array([report.per_query[id][name] for id in ids]) for report in (first, second))
        for name in first.metrics
    }
    gains = columns[by][1] - columns[by][0]
    order = np.lexsort((np.arange(len(ids)), -gains))
    return Comparison(
        dataset=first.dataset,
        names=names,
        by=by,
        metrics={name: difference(*pair) for name, pair in columns.items()},
        queries=tuple((ids[n], queries[ids[n]], float(columns[by][0][n]), float(columns[by][1][n])) for n in order),
        latency_ms=(first.latency_ms["p50"], second.latency_ms["p50"]),
        bytes_per_chunk=(first.bytes_per_chunk, second.bytes_per_chunk),
    )


def difference(first: Any, second: Any) -> Difference:
    """How two paired samples (n,) differ."""
    gains = np.round(np.asarray(second, float) - np.asarray(first, float), 12)
    rng = np.random.default_rng(0)
    observed, as_large = abs(gains.mean()), 0
    for _ in range(SHUFFLES // 100):
        signs = rng.integers(0, 2, size=(100, len(gains))) * 2 - 1
        as_large += int((np.abs((signs * gains).mean(axis=1)) >= observed - 1e-12).sum())
    return Difference(
        first=round(float(np.mean(first)), 6),
        second=round(float(np.mean(second)), 6),
        difference=interval(gains),
        p=round((as_large + 1) / (SHUFFLES + 1), 4),
        wins=int((gains > 0).sum()),
        losses=int((gains < 0).sum()),
        ties=int((gains == 0).sum()),
    )
