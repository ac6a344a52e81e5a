"""What a question takes in small and large corpora: time, memory, disk, and what the approximate part of it misses."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.cold import print_cold
from benchmarks.planning import print_plan
from benchmarks.processes import allocated_bytes, measure
from benchmarks.recall import print_recall
from benchmarks.synthetic import Seed, read_seed, write_corpus
from rag import Rag
from rag.build import build_store
from rag.points import AnyVector
from rag.results import SearchResult
from rag.retrieval.search import Searcher
from rag.settings import load_settings

SOURCE = "handbook/content"
SIZES = (1_000, 10_000, 100_000)
QUERIES, WARM = 200, 20
FEWEST = 30
"""Words of a chunk that some are taken from."""
ASKERS, EACH = 50, 4
STAGES = ("encode", "candidates", "score", "payload")
NARROW: dict[str, Any] = {"where": {"team": "billing"}, "principals": ["group1"]}


def add_options(parser: argparse.ArgumentParser) -> None:
    """What can be chosen on the command line."""
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N", default=SIZES, help="corpora of so many chunks")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where the indexes stay and are used again")


def run(options: argparse.Namespace) -> int:
    """Print a table for each size; 1 where the documents that corpora are made of are not there."""
    data, sizes, keep = options.data, options.sizes, options.keep
    source = data / SOURCE
    if not source.is_dir():
        print(f"there is no {SOURCE} in {data}; see docs/benchmarks.md", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as temporary:
        folder = keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        real = real_corpus(folder, source)
        seed: Seed | None = None
        for size in sizes:
            config = _config(folder, f"scale-{size}", folder)
            if not (folder / f"scale-{size}.done").exists():
                seed = seed or _seed(real)
                _write(config, seed, size)
                (folder / f"scale-{size}.done").touch()
            _print_size(config, folder / f"scale-{size}", questions(real), size)
        print_cold(real)
        print_plan(folder)
    return 0


def real_corpus(folder: Path, source: Path) -> Path:
    """The corpus file of the real documents, which are ingested where that was not done yet."""
    config = _config(folder, "handbook", source)
    done = measure([sys.executable, "-m", "rag", "ingest", str(config), "--json"])
    if done.status not in (0, 3):
        raise SystemExit(f"rag ingest {config} ended with status {done.status}")
    return config


def _config(folder: Path, name: str, source: Path) -> Path:
    config = folder / f"{name}.yaml"
    store = {"kind": "edge", "path": str(folder / name)}
    sources = [{"kind": "files", "name": "files", "path": str(source)}]
    config.write_text(json.dumps({"name": name, "sources": sources, "store": store}))
    return config


def _seed(config: Path) -> Seed:
    settings = load_settings(config)
    store = build_store(settings, create=False, wait_s=10)
    try:
        return read_seed(store, settings.name)
    finally:
        store.close()


def _write(config: Path, seed: Seed, size: int) -> None:
    settings = load_settings(config)
    started = time.perf_counter()
    store = build_store(settings, create=True, wait_s=10)
    try:
        write_corpus(store, settings, seed, size)
    finally:
        store.close()
    print(f"{size:,} chunks written in {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)


def questions(config: Path) -> list[str]:
    """Headings, and words in a row, of the real documents: the same at every size."""
    rng = np.random.default_rng(0)
    with Rag.open(config) as corpus:
        chunks = [chunk for _, chunks in corpus.documents().each() for chunk in chunks if chunk.headings]
    chunks = sorted((c for c in chunks if len(c.plain.split()) > FEWEST), key=lambda chunk: chunk.id)
    chosen = [chunks[n] for n in rng.permutation(len(chunks))[: QUERIES + WARM]]
    asked = []
    for n, chunk in enumerate(chosen):
        words = chunk.plain.split()
        start = int(rng.integers(len(words) - FEWEST))
        asked.append(" ".join(words[start : start + int(rng.integers(5, 15))] if n % 2 else chunk.headings[-2:]))
    return asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """Queries that were encoded before, in place of `rag.retrieval.queries.QueryEncoder`."""

    known: Mapping[str, Mapping[str, AnyVector]]

    def encode(self, query: str, _weights: Mapping[str, float]) -> dict[str, AnyVector]:
        return dict(self.known[query])


def _print_size(config: Path, index: Path, questions: Sequence[str], size: int) -> None:
    print(f"\n## {size:,} chunks: {allocated_bytes(index) / size:,.0f} bytes a chunk on disk\n", flush=True)
    started = time.perf_counter()
    with Rag.open(config) as corpus:
        searcher = corpus._opened.searcher()
        corpus.search("a question that loads the encoder")
        print(
            f"opened, and first answer after {time.perf_counter() - started:.1f} s in a process that had loaded torch"
        )
        warm, asked = questions[:WARM], questions[WARM:]
        ways: dict[str, Callable[[str], SearchResult]] = {
            "first questions": corpus.search,
            "with encoder": corpus.search,
            "without encoder": _encoded(searcher, questions),
            "filter and rights": lambda text: corpus.search(text, **NARROW),
        }
        for name, ask in ways.items():
            _forget(searcher)
            for text in warm:
                ask(text)
            _print_times(name, [ask(text).timings_ms for text in asked])
        _forget(searcher)
        _print_askers(corpus, asked)
        print_recall(corpus, asked[:ASKERS])
        print(f"memory (PSS) {_memory() / 1e6:,.0f} MB", flush=True)


def _forget(searcher: Searcher) -> None:
    """Have every question encoded again."""
    kept: Any = searcher.queries._encoded
    kept.cache_clear()


def _encoded(searcher: Searcher, questions: Sequence[str]) -> Callable[[str], SearchResult]:
    known = {text: searcher.queries.encode(text, searcher.weights) for text in questions}
    ready: Any = Encoded(known=known)
    prepared = replace(searcher, queries=ready)
    return lambda text: prepared.search(text, top_k=16)


def _print_times(name: str, timings: Sequence[Mapping[str, float]]) -> None:
    total = np.array([laps["total"] for laps in timings])
    p50, p95, p99 = np.percentile(total, [50, 95, 99])
    stages = ", ".join(f"{stage} {np.median([laps.get(stage, 0) for laps in timings]):.1f}" for stage in STAGES)
    print(
        f"{name:20} p50 {p50:6.1f}  p95 {p95:6.1f}  p99 {p99:6.1f} ms  {1000 / total.mean():5.1f}/s  ({stages})",
        flush=True,
    )


def _print_askers(corpus: Rag, questions: Sequence[str]) -> None:
    """Everyone asks at once, and again when answered."""
    with ThreadPoolExecutor(ASKERS) as pool, _timed() as spent:
        waited = [*pool.map(lambda text: _seconds(lambda: corpus.search(text)), questions[: ASKERS * EACH])]
    p50, p95 = np.percentile(waited, [50, 95])
    print(
        f"{f'{ASKERS} askers':20} p50 {1000 * p50:6.0f}  p95 {1000 * p95:6.0f} ms  {len(waited) / spent[0]:5.1f}/s",
        flush=True,
    )


def _seconds(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


@contextmanager
def _timed() -> Iterator[list[float]]:
    spent: list[float] = []
    started = time.perf_counter()
    yield spent
    spent.append(time.perf_counter() - started)


def _memory() -> int:
    info = psutil.Process().memory_full_info()
    return int(getattr(info, "pss", info.uss))
