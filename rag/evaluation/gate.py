"""`rag eval gate`: whether a metric fell below what it was."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import EvaluationError
from rag.evaluation.metrics import NAMES, Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """Metrics against their baseline.

    Attributes:
        checks: metric -> (baseline, measured).
        tolerance: how far below its baseline a metric may lie.
    """

    checks: Mapping[str, tuple[float, float]]
    tolerance: float

    @property
    def fallen(self) -> list[str]:
        """Metrics below their baseline by more than the tolerance."""
        return [name for name, (wanted, found) in self.checks.items() if found < wanted - self.tolerance - 1e-9]

    @property
    def ok(self) -> bool:
        return not self.fallen

    def to_dict(self) -> dict[str, Any]:
        rows = {name: {"baseline": wanted, "measured": found} for name, (wanted, found) in self.checks.items()}
        return {"ok": self.ok, "tolerance": self.tolerance, "metrics": rows, "fallen": self.fallen}


def read_baseline(path: Path) -> dict[str, float]:
    """Metric -> value, from {"recall@5": 0.8, ...} or from what `rag eval retrieval --json` printed.

    Raises:
        EvaluationError: there is no such file, or it holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EvaluationError(f"--baseline {path}: not readable ({error})") from None
    metrics = content.get("metrics", content) if isinstance(content, dict) else None
    if not isinstance(metrics, dict) or not metrics:
        raise EvaluationError(f"--baseline {path}: no metrics in it; it is what `rag eval retrieval --json` prints")
    baseline = {}
    for name, value in metrics.items():
        number = value.get("mean") if isinstance(value, dict) else value
        if name not in NAMES or isinstance(number, bool) or not isinstance(number, int | float):
            raise EvaluationError(f"--baseline {path}: {name!r}: {value!r}; metrics are {', '.join(NAMES)}, as numbers")
        baseline[name] = float(number)
    return baseline


def check(metrics: Mapping[str, Interval], baseline: Mapping[str, float], *, tolerance: float) -> GateReport:
    """Compare the metrics that the baseline names."""
    checks = {name: (wanted, metrics[name].mean) for name, wanted in baseline.items()}
    return GateReport(checks=checks, tolerance=tolerance)
