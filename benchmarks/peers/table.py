"""What came of the runs: medians and ratios to this project, each with its spread."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median

from benchmarks.peers.contestants import OURS

UNRATED = ("chunks", "found")
"""Figures that are neither better nor worse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One run of one contestant.

    Attributes:
        figures: what was measured, by name; names end with their unit.
        stopped: why there are no figures, in a few words.
    """

    job: str
    contestant: str
    round: int
    figures: Mapping[str, float] = field(default_factory=dict)
    stopped: str = ""

    def to_json(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A median with the least and the greatest of what it is the median of."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(median=median(values), least=min(values), greatest=max(values))


def ratios(results: Iterable[Result], job: str, figure: str, contestant: str) -> Spread | None:
    """A contestant's figure over ours of the same round, since a machine is rarely as busy in the next one.

    None where no round has both.
    """
    values: dict[tuple[str, int], float] = {
        (result.contestant, result.round): result.figures[figure]
        for result in results
        if result.job == job and figure in result.figures
    }
    pairs = [
        value / values[OURS, number]
        for (name, number), value in values.items()
        if name == contestant and values.get((OURS, number))
    ]
    return Spread.of(pairs) if pairs else None


def table(results: Sequence[Result]) -> str:
    """A section for each job, in it a block for each figure."""
    return "\n\n".join(_section(results, job) for job in dict.fromkeys(result.job for result in results))


def _section(results: Sequence[Result], job: str) -> str:
    of_job = [result for result in results if result.job == job]
    names = list(dict.fromkeys(result.contestant for result in of_job))
    lines = [f"## {job}"]
    for figure in dict.fromkeys(figure for result in of_job for figure in result.figures):
        lines += ["", f"{figure:40}  median   least  greatest    ratio (least - greatest)"]
        for name in names:
            values = [r.figures[figure] for r in of_job if r.contestant == name and figure in r.figures]
            if values:
                ratio = None if figure in UNRATED else ratios(of_job, job, figure, name)
                lines.append(f"    {name:32} {_numbers(Spread.of(values))}{_ratio(ratio)}".rstrip())
    stops = [f"    {r.contestant} in round {r.round + 1}: {r.stopped}" for r in of_job if r.stopped]
    return "\n".join([*lines, *(["", "without a result", *stops] if stops else [])])


def _numbers(spread: Spread) -> str:
    return f"{_number(spread.median):>9} {_number(spread.least):>9} {_number(spread.greatest):>9}"


def _ratio(spread: Spread | None) -> str:
    return "" if spread is None else f" {spread.median:8.2f} ({spread.least:.2f} - {spread.greatest:.2f})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:.3g}"
