"""How long the latest searches and answers of a process took."""

from collections import deque
from collections.abc import Iterable
from threading import Lock
from typing import Literal, TypeAlias

import numpy as np

Timed: TypeAlias = Literal["search", "answer"]
"""A search, those of answers included; an answer from the question to its last word."""

KEPT = 1_000
"""Of each kind; older ones are forgotten."""


class Latencies:
    """Milliseconds of the latest searches and answers; used by several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[Timed, deque[float]] = {"search": deque(maxlen=KEPT), "answer": deque(maxlen=KEPT)}

    def record(self, kind: Timed, ms: float) -> None:
        """Add one that was completed."""
        with self._lock:
            self._kept[kind].append(ms)

    def of(self, kind: Timed) -> list[float]:
        """Those that are kept, oldest first."""
        with self._lock:
            return [*self._kept[kind]]


def percentiles(values: Iterable[float], which: Iterable[int] = (50, 95)) -> dict[int, float]:
    """Percentiles of the values; none where there are no values."""
    known = [*values]
    return {p: round(float(np.percentile(known, p)), 3) for p in which} if known else {}
