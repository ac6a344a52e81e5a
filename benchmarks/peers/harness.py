"""The peers benchmark: stages the documents, lets the contestants take turns, prints the table."""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.peers.bm25 import write_cache
from benchmarks.peers.contestants import JOBS, PEERS, Contestant, taking_part
from benchmarks.peers.runs import Runner, StoppedError
from benchmarks.peers.table import Result, table
from benchmarks.peers.texts import frequencies, questions
from benchmarks.peers.work import Task
from benchmarks.processes import allocated_bytes

SOURCES = {"markdown": ("handbook/content", ".md"), "pdf": ("sec10q/pdf", ".pdf")}
QUESTIONS = 200
CHANGED = 100
"""Every so manieth file changes: 1 %."""
LIMIT_S = 600
"""Seconds that filling an index with synthetic chunks may take, and asking it."""

Figures = dict[str, float]


def add_options(parser: argparse.ArgumentParser) -> None:
    """What can be chosen on the command line."""
    parser.add_argument("--venv", type=Path, default=Path(".peers"), help="the peers' environment (default: .peers)")
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=list(JOBS), metavar="JOB", help=", ".join(JOBS))
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS), metavar="PEER", help=", ".join(PEERS))
    parser.add_argument("--rounds", type=int, default=3, help="how often everybody has a turn (default: 3)")
    parser.add_argument("--sample", type=int, help="only the first so many files, for a quick look")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000], help="chunks of `synthetic`"
    )
    parser.add_argument("--runs", type=Path, help="file to add a line of JSON to for every run")


def run(options: argparse.Namespace) -> int:
    """Run the chosen jobs and print the table; 1 where something that they need is not there."""
    python = options.venv / "bin" / "python"
    if options.peers and not python.is_file():
        print(f"no {python}; see docs/benchmarks.md#peers for how to make the peers' environment", file=sys.stderr)
        return 1
    missing = [path for path, _ in SOURCES.values() if not (options.data / path).is_dir()]
    if missing:
        print(f"{', '.join(missing)} is not in {options.data}; see docs/benchmarks.md", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        if options.peers:
            write_cache(work / "models", options.venv)
        (work / "logs").mkdir()
        runner = Runner(python=python.absolute(), models=work / "models", logs=work / "logs")
        bench = Bench(work=work, runner=runner, options=options)
        for job in options.jobs:
            bench.run(job)
        print(table(bench.results))
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One run of the benchmark.

    Attributes:
        work: folder for documents and indexes, empty at first.
        results: of all runs so far.
    """

    work: Path
    runner: Runner
    options: argparse.Namespace
    results: list[Result] = field(default_factory=list)

    def run(self, job: str) -> None:
        """Do one job in all rounds."""
        if job in SOURCES:
            self._turns(job, lambda contestant, number: self._ingest(job, contestant, number))
        elif job == "again":
            self._turns(job, self._again)
        elif job == "synthetic":
            for size in self.options.sizes:
                self._turns(f"synthetic {size:,}", self._filling(size), of="synthetic")
        else:
            self._turns(job, lambda contestant, _: self._asked(job, contestant))

    def _turns(self, label: str, do: Callable[[Contestant, int], Figures], *, of: str = "") -> None:
        for contestant, number in turns(taking_part(of or label, tuple(self.options.peers)), self.options.rounds):
            self._note(label, contestant, number, partial(do, contestant, number))

    def _note(self, job: str, contestant: Contestant, number: int, do: Callable[[], Figures]) -> None:
        try:
            result = Result(job=job, contestant=contestant.name, round=number, figures=do())
        except StoppedError as error:
            result = Result(job=job, contestant=contestant.name, round=number, stopped=str(error))
        self.results.append(result)
        print(result.to_json(), file=sys.stderr, flush=True)
        if self.options.runs:
            with self.options.runs.open("a", encoding="utf-8") as file:
                file.write(result.to_json() + "\n")

    def _ingest(self, job: str, contestant: Contestant, number: int) -> Figures:
        index = self.work / f"{job}-{contestant.module}-{number}"
        figures = self.runner.run(contestant, self._task("ingest", contestant, index, source=job))
        written = allocated_bytes(index)
        shutil.rmtree(index)
        return {**figures, "index_mb": written / 1e6, "index_bytes_a_chunk": written / max(1, figures["chunks"])}

    def _again(self, contestant: Contestant, number: int) -> Figures:
        """The index and the files stay for the next round, in which the same files change once more."""
        folder, index = self.work / f"again-{contestant.module}-files", self.work / f"again-{contestant.module}"
        first: Figures = {}
        if not folder.is_dir():
            shutil.copytree(self._folder("markdown"), folder)
        task = self._task("sync", contestant, index, folder=folder)
        if not index.is_dir():
            first = _prefixed("first", self.runner.run(contestant, task))
        unchanged = self.runner.run(contestant, task)
        for path in sorted(folder.rglob("*.md"))[::CHANGED]:
            path.write_text(path.read_text(encoding="utf-8") + f"\nChanged in round {number}.\n", encoding="utf-8")
        changed = self.runner.run(contestant, task)
        return {**first, **_prefixed("unchanged", unchanged), **_prefixed("changed", changed)}

    def _asked(self, kind: str, contestant: Contestant) -> Figures:
        """Questions on the handbook; the index for hybrid search is built once for both jobs and all rounds."""
        index = self.work / f"hybrid-{contestant.module}"
        if not index.is_dir():
            task = self._task("ingest", contestant, index, hybrid=True)
            self._note("index for query and askers", contestant, 0, lambda: self.runner.run(contestant, task))
        return _asking(self.runner.run(contestant, self._task(kind, contestant, index)))

    def _filling(self, size: int) -> Callable[[Contestant, int], Figures]:
        return lambda contestant, _: self._filled(contestant, size)

    def _filled(self, contestant: Contestant, size: int) -> Figures:
        index = self.work / f"synthetic-{contestant.module}-{size}"
        if not index.is_dir():
            task = self._task("fill", contestant, index, chunks=size)
            self._note(f"index of {size:,}", contestant, 0, partial(self.runner.run, contestant, task, limit_s=LIMIT_S))
        if not any(r.contestant == contestant.name and r.figures for r in self._of(f"index of {size:,}")):
            raise StoppedError("no index")
        return _asking(self.runner.run(contestant, self._task("query", contestant, index), limit_s=LIMIT_S))

    def _of(self, job: str) -> Iterator[Result]:
        return (result for result in self.results if result.job == job)

    def _task(
        self,
        kind: str,
        contestant: Contestant,
        index: Path,
        *,
        source: str = "markdown",
        folder: Path | None = None,
        hybrid: bool = False,
        chunks: int = 0,
    ) -> Task:
        documents = folder or self._folder(source)
        return Task(
            kind=kind,
            index=str(index),
            folder=str(documents),
            suffix=SOURCES[source][1],
            hybrid=hybrid,
            overrides=contestant.overrides,
            questions=str(self._json("questions.json", lambda paths: questions(paths, QUESTIONS + 1))),
            words=str(self._json("words.json", frequencies)),
            chunks=chunks,
        )

    def _json(self, name: str, make: Callable[[Sequence[Path]], object]) -> Path:
        path = self.work / name
        if not path.is_file():
            path.write_text(json.dumps(make(sorted(self._folder("markdown").rglob("*.md")))), encoding="utf-8")
        return path

    def _folder(self, source: str) -> Path:
        """The files of one kind and nothing else, so that everybody reads the same ones."""
        path, suffix = SOURCES[source]
        folder = self.work / source
        if not folder.is_dir():
            origin = self.options.data / path
            for file in sorted(origin.rglob(f"*{suffix}"))[: self.options.sample]:
                copy = folder / file.relative_to(origin)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, copy)
        return folder


def turns(contestants: Sequence[Contestant], rounds: int) -> Iterator[tuple[Contestant, int]]:
    """Everybody once, then everybody again, so that what else the machine does happens to all."""
    return ((contestant, number) for number in range(rounds) for contestant in contestants)


def _prefixed(what: str, figures: Figures) -> Figures:
    return {f"{what}_{name}": figures[name] for name in ("seconds", "cpu_seconds", "peak_mb")}


def _asking(figures: Figures) -> Figures:
    """How long a process ran that asked many questions says nothing by itself."""
    return {name: value for name, value in figures.items() if name != "seconds"}
