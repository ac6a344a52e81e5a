"""One run of one contestant, in a process of its own: `python -m benchmarks.peers.work MODULE TASK`.

It prints one line of JSON, the last line of its output. It is run in two environments and therefore imports nothing
but the standard library and numpy; a contestant's module imports its packages where it uses them, so that a process
that only searches does not wait for a loader.
"""

import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

from benchmarks.peers.texts import Block, synthetic

TOP_K = 10
ASKERS = 50
MAX_TOKENS = 150
"""Size of a chunk, as shipped by this project."""

Search = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What one process does.

    Attributes:
        kind: `ingest` from scratch, `sync` with what is there, `fill` with synthetic chunks, `query` one question
            after the other, `askers` fifty at a time.
        suffix: of the files to read, such as `.md`.
        hybrid: index for search by vectors and BM25 terms instead of by vectors alone.
        questions: JSON file with a list of them.
        words: JSON file with the words of synthetic texts and how often each occurs.
        chunks: how many `fill` writes.
    """

    kind: str
    index: str
    folder: str = ""
    suffix: str = ".md"
    hybrid: bool = False
    overrides: tuple[str, ...] = ()
    questions: str = ""
    words: str = ""
    chunks: int = 0

    def to_json(self) -> str:
        return json.dumps(asdict(self))


class System(Protocol):
    """What a module of a contestant offers."""

    def ingest(self, task: Task) -> int:
        """Make an index of a folder and return how many chunks it has; with `hybrid`, ready for `searcher`."""

    def sync(self, task: Task) -> None:
        """Make an index equal a folder, with whatever the contestant has against doing the same work twice."""

    def fill(self, task: Task, blocks: Iterator[Block]) -> None:
        """Write texts with their vectors into a new index for hybrid search."""

    def searcher(self, task: Task) -> Search:
        """Open an index for hybrid search of `TOP_K` texts."""


def main() -> None:
    """Do the task of the command line and print what was measured."""
    system: System = import_module(f"benchmarks.peers.{sys.argv[1]}")
    task = Task(**json.loads(sys.argv[2]))
    print("\n" + json.dumps(_done(system, task)), flush=True)


def _done(system: System, task: Task) -> dict[str, float]:
    if task.kind == "ingest":
        return {"chunks": system.ingest(task)}
    if task.kind == "sync":
        system.sync(task)
        return {}
    if task.kind == "fill":
        frequencies: dict[str, int] = json.loads(Path(task.words).read_text(encoding="utf-8"))
        system.fill(task, synthetic(frequencies, task.chunks))
        return {"chunks": task.chunks}
    questions: list[str] = json.loads(Path(task.questions).read_text(encoding="utf-8"))
    search = system.searcher(task)
    if task.kind == "query":
        return _one_by_one(search, questions)
    return _at_once(search, questions)


def _one_by_one(search: Search, questions: Sequence[str]) -> dict[str, float]:
    """The first question is the cold start; the others are timed."""
    found = search(questions[0])
    first_answer_at = time.time()
    seconds = [_timed(search, question) for question in questions[1:]]
    return {
        "first_answer_at": first_answer_at,
        "found": len(found),
        "p50_ms": 1000 * percentile(seconds, 50),
        "p95_ms": 1000 * percentile(seconds, 95),
        "p99_ms": 1000 * percentile(seconds, 99),
        "queries_per_s": len(seconds) / sum(seconds),
    }


def _at_once(search: Search, questions: Sequence[str]) -> dict[str, float]:
    """Fifty threads ask what is left of the questions; the first question warms everything up."""
    search(questions[0])
    with ThreadPoolExecutor(ASKERS) as askers:
        started = time.perf_counter()
        seconds = list(askers.map(lambda question: _timed(search, question), questions[1:]))
        total = time.perf_counter() - started
    return {
        "p50_ms": 1000 * percentile(seconds, 50),
        "p95_ms": 1000 * percentile(seconds, 95),
        "total_s": total,
        "queries_per_s": len(seconds) / total,
    }


def _timed(search: Search, question: str) -> float:
    started = time.perf_counter()
    search(question)
    return time.perf_counter() - started


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least so many percent of the values do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


if __name__ == "__main__":
    main()
