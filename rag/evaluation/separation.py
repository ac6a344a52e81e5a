"""How well the best hit's fused score tells a corpus' own questions from foreign ones, which it does not answer.

The measure is the area under the ROC curve: the probability that the best hit of an own question scores higher than
that of a foreign one, equal scores counting half. It is the statistic of Mann and Whitney (1947) over the number of
pairs; 1 is a perfect separation, .5 none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.errors import EvaluationError
from rag.evaluation.beir import read_queries
from rag.evaluation.metrics import RESAMPLES, Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """Own questions against foreign ones.

    Attributes:
        scores: of the foreign questions' best chunks by fusion; 0 where nothing was found.
        auroc: area under the ROC curve, with its interval.
    """

    scores: tuple[float, ...]
    auroc: Interval

    def to_dict(self) -> dict[str, Any]:
        return {"queries": len(self.scores), "auroc": self.auroc.to_dict()}


def separation(own: Sequence[float], foreign: Sequence[float]) -> Separation:
    """Compare the scores of own questions with those of foreign ones; there is at least one of each."""
    return Separation(scores=tuple(foreign), auroc=interval_of_auroc(np.array(own), np.array(foreign)))


def auroc(own: NDArray[np.float64], foreign: NDArray[np.float64]) -> float:
    """Share of the n * m pairs of scores (n,) and (m,) in which the own one is higher, equal ones counting half."""
    ordered = np.sort(foreign)
    below, not_above = np.searchsorted(ordered, own, "left"), np.searchsorted(ordered, own, "right")
    return float((below + not_above).sum() / (2 * len(own) * len(ordered)))


def interval_of_auroc(own: NDArray[np.float64], foreign: NDArray[np.float64]) -> Interval:
    """The area, and percentiles 2.5 and 97.5 of those of resamples of both sides (a fixed seed)."""
    rng = np.random.default_rng(0)
    areas = [auroc(rng.choice(own, len(own)), rng.choice(foreign, len(foreign))) for _ in range(RESAMPLES)]
    low, high = np.percentile(areas, [2.5, 97.5])
    return Interval(*(round(float(value), 6) for value in (auroc(own, foreign), low, high)))


def read_foreign(paths: Sequence[Path]) -> dict[str, list[str]]:
    """Questions by name: of each file, and where its rows have a `metadata.kind`, `file:kind` of each kind.

    The name is the file's without its suffix, or its folder's for the queries of another data set (`queries.jsonl`).

    Raises:
        EvaluationError: a file cannot be read, holds no questions, or has the name of another.
    """
    found: dict[str, list[str]] = {}
    for path in paths:
        stem = path.resolve().parent.name if path.name == "queries.jsonl" else path.stem
        groups: dict[str, list[str]] = {}
        for kind, text in read_queries(path):
            groups.setdefault(f"{stem}:{kind}" if kind else stem, []).append(text)
        if not groups:
            raise EvaluationError(f"--foreign {path}: no questions in it; a line is {{'_id': ..., 'text': ...}}")
        if taken := found.keys() & groups.keys():
            raise EvaluationError(f"--foreign {path}: two files are called {min(taken)!r}; rename one")
        found.update(groups)
    return found
