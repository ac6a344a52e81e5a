"""Ask every variant on every data set, and print the tables."""

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.ablation.sizes import PAYLOAD, bytes_per_chunk
from benchmarks.ablation.tasks import FOLDERS, Indexed, Measured, Search, Task, tasks
from benchmarks.ablation.variants import CHUNKING, SITUATING, asking, default, variants
from benchmarks.retrieval import CONFIG
from rag.evaluation.comparison import difference
from rag.legs import LEGS
from rag.results import Hit
from rag.settings import load_settings

SIGNIFICANT = 0.05
WEIGHED = "scifact"
"""Its legs are weighed: the set with the most chunks, where what an index takes for itself counts least."""
EVERY_LEG = [f"retrieval.weights.{leg}=1" for leg in LEGS]
SHIPPED = "the defaults"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A variant on one data set.

    Attributes:
        cells: metric -> the difference it makes to the defaults, as it is shown; theirs are their means.
        milliseconds: processor time of a search without encoding the question, median.
        legs: that are asked.
    """

    variant: str
    task: str
    cells: Mapping[str, str]
    milliseconds: float
    legs: frozenset[str]


def add_options(parser: argparse.ArgumentParser) -> None:
    """`--only NAME`, which may be repeated."""
    parser.add_argument("--only", action="append", metavar="NAME", help="one of the data sets; may be repeated")


def run(options: argparse.Namespace) -> int:
    """Print each figure as it is known, then the tables; 1 where a data set is missing."""
    data: Path = options.data
    known = {task.name: task for task in tasks(data)}
    if unknown := {*(options.only or ())} - known.keys():
        print(f"--only {', '.join(sorted(unknown))}: the data sets are {', '.join(known)}", file=sys.stderr)
        return 1
    if missing := [name for name in FOLDERS if not (data / name).is_dir()]:
        print(f"{', '.join(missing)}: not in {data}; see docs/benchmarks.md", file=sys.stderr)
        return 1
    started = time.perf_counter()
    rows: list[Row] = []
    sizes: dict[str, float] = {}
    for task in known.values():
        if options.only and task.name not in options.only:
            continue
        for row in _ablated(task, sizes):
            print(
                f"{row.task:14}{row.variant:38}{'   '.join(row.cells.values())}   {row.milliseconds:.1f} ms", flush=True
            )
            rows.append(row)
    _print_differences(rows)
    _print_costs(rows, sizes)
    print(f"\n{time.perf_counter() - started:.0f} s")
    return 0


def _ablated(task: Task, sizes: dict[str, float]) -> Iterator[Row]:
    """The defaults, then every variant. `sizes` is filled by the set whose legs are weighed."""
    with task.opened(load_settings(CONFIG, overrides=EVERY_LEG)) as index:
        if task.name == WEIGHED:
            sizes.update(bytes_per_chunk(index.searcher.scorer, index.searcher.queries.encoder().dimension))
        shipped = default(index.searcher)
        whole = {leg: weight for leg, weight in shipped.legs.items() if leg != "late_interaction"}
        for weights in (shipped.legs, whole):
            # encodes the questions, whose vectors are kept: with one of each word, and of the whole alone
            index.measure(asking(index.searcher, weights).search)
        base, milliseconds = _timed(index, shipped.search)
        means = {metric: f"{values.mean():.3f}" for metric, values in base.items()}
        legs = frozenset(shipped.legs)
        yield Row(variant=SHIPPED, task=task.name, cells=means, milliseconds=milliseconds, legs=legs)
        for name, variant in variants(index.searcher, index.chunks):
            values, milliseconds = _timed(index, variant.search)
            legs, cells = frozenset(variant.legs), _cells(base, values)
            yield Row(variant=name, task=task.name, cells=cells, milliseconds=milliseconds, legs=legs)
    for name, overrides in {**SITUATING, **(CHUNKING if task.chunked else {})}.items():
        with task.opened(load_settings(CONFIG, overrides=overrides)) as index:
            search = default(index.searcher).search
            index.measure(search)
            values, milliseconds = _timed(index, search)
        legs, cells = frozenset(shipped.legs), _cells(base, values)
        yield Row(variant=name, task=task.name, cells=cells, milliseconds=milliseconds, legs=legs)


def _timed(index: Indexed, search: Search) -> tuple[Measured, float]:
    """What a way to search finds, and the processor's milliseconds of a search, median."""
    spent = []

    def clocked(query: str, top_k: int) -> Sequence[Hit]:
        began = time.process_time()
        hits = search(query, top_k)
        spent.append(1000 * (time.process_time() - began))
        return hits

    return index.measure(clocked), float(np.median(spent))


def _cells(base: Measured, values: Measured) -> dict[str, str]:
    cells = {}
    for metric, other in values.items():
        found = difference(base[metric], other)
        d = found.difference
        text = f"{d.mean:+.3f} ({d.low:+.3f} to {d.high:+.3f})" if d.low or d.high else "0"
        cells[metric] = (f"**{text}**" if found.p < SIGNIFICANT else text).replace("-", "\N{MINUS SIGN}")
    return cells


def _print_differences(rows: list[Row]) -> None:
    """A table a group of data sets, in Markdown."""
    columns = list(dict.fromkeys((row.task, metric) for row in rows for metric in row.cells))
    cells = {(row.variant, row.task, metric): cell for row in rows for metric, cell in row.cells.items()}
    variants_ = list(dict.fromkeys(row.variant for row in rows))
    for start in range(0, len(columns), 4):
        shown = columns[start : start + 4]
        print("\n| variant | " + " | ".join(f"{task}: {metric}" for task, metric in shown) + " |")
        print("|---|" + "---|" * len(shown))
        for variant in variants_:
            line = [cells.get((variant, task, metric), "") for task, metric in shown]
            if any(line):
                print(f"| {variant} | " + " | ".join(line) + " |")


def _print_costs(rows: list[Row], sizes: Mapping[str, float]) -> None:
    """Milliseconds and bytes of every variant, in Markdown."""
    names = list(dict.fromkeys(row.task for row in rows))
    spent = {(row.variant, row.task): f"{row.milliseconds:.1f}" for row in rows}
    print("\n| variant | bytes a chunk | " + " | ".join(f"{name}, ms" for name in names) + " |")
    print("|---|---|" + "---|" * len(names))
    for variant, legs in {row.variant: row.legs for row in rows}.items():
        # raw is stored in any case: document means and maps are made of it
        taken = sum(sizes.get(name, 0.0) for name in {PAYLOAD, "raw", *legs})
        print(f"| {variant} | {taken:,.0f} | " + " | ".join(spent.get((variant, name), "") for name in names) + " |")
    if sizes:
        print("\nbytes a chunk: " + ", ".join(f"{name} {size:,.0f}" for name, size in sizes.items()))
