"""Whether a graph over a leg's vectors pays: its building and its searches beside the flat scan of 8-bit codes."""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID

import numpy as np
import qdrant_edge as qe

from benchmarks.scale import SOURCE, questions, real_corpus
from benchmarks.synthetic import TURN_CHUNK
from rag import Rag
from rag.points import Vector
from rag.store.edge_conversion import FLAT, QUANTIZED, RESCORED, SEGMENTS

SIZES = (10_000, 100_000)
NAME = "situated"
GRAPH = qe.HnswIndexConfig(m=16, ef_construct=100, full_scan_threshold=100)
"""Qdrant's defaults, but for when it is used: always."""
WAYS = {"flat": FLAT, "graph": GRAPH}
EFS = (None, 256)
"""Candidates of a search in the graph: the engine's default, and what finds more."""
DEPTH, BATCH, ROUNDS = 100, 500, 3


def add_options(parser: argparse.ArgumentParser) -> None:
    """What can be chosen on the command line."""
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N", default=SIZES, help="so many vectors")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where the handbook's index stays and is used again")


def run(options: argparse.Namespace) -> int:
    """Print a table for each size; 1 where the documents whose vectors are taken are not there."""
    source = options.data / SOURCE
    if not source.is_dir():
        print(f"there is no {SOURCE} in {options.data}; see docs/benchmarks.md", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        real = real_corpus(folder, source)
        asked = questions(real)
        with Rag.open(real) as corpus:
            store, generation = corpus._opened.generation()
            records = store.scroll(generation.chunks, fields=(), vectors=(NAME,))
            own = np.stack([np.asarray(r.vectors[NAME], np.float32) for r in records if NAME in r.vectors])
            searcher = corpus._opened.searcher()
            queries = np.stack([np.asarray(searcher.queries.encode(q, searcher.weights)[NAME]) for q in asked])
        for size in options.sizes:
            with tempfile.TemporaryDirectory() as shards:
                _print_size(Path(shards), _copies(own, size), queries)
    return 0


def _copies(own: Vector, size: int) -> Vector:
    """The vectors, and again turned a little, until there are so many."""
    rng = np.random.default_rng(0)
    rows = np.resize(own, (size, own.shape[1]))
    rows[len(own) :] += rng.standard_normal(rows[len(own) :].shape, np.float32) * (TURN_CHUNK / own.shape[1] ** 0.5)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def _print_size(folder: Path, rows: Vector, queries: Vector) -> None:
    print(f"\n## {len(rows):,} vectors of `{NAME}`, {len(queries)} questions, the best {DEPTH}\n")
    exact = np.sort(queries @ rows.T, axis=1)[:, -DEPTH]
    shards: dict[str, qe.EdgeShard] = {}
    for name, config in WAYS.items():
        shards[name], seconds = _built(folder / name, rows, config)
        print(f"{name:5} compacted in {seconds:.1f} s", flush=True)
    times: dict[str, list[float]] = {}
    found: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for name, shard in shards.items():
            for ef in EFS if name == "graph" else (None,):
                label = f"{name}, ef {ef}" if ef else name
                laps, shares = _searched(shard, rows, queries, exact, ef)
                times.setdefault(label, []).extend(laps)
                found[label] = shares
    for label, laps in times.items():
        p50, p95 = np.percentile(laps, [50, 95])
        shares = found[label]
        print(f"{label:14} p50 {p50:6.2f}  p95 {p95:6.2f} ms  recall {np.mean(shares):.3f}, worst {min(shares):.2f}")
    for shard in shards.values():
        shard.close()


def _built(path: Path, rows: Vector, graph: qe.HnswIndexConfig) -> tuple[qe.EdgeShard, float]:
    """A shard with these vectors, and the seconds that its index took."""
    path.mkdir()
    params = qe.EdgeVectorParams(
        size=rows.shape[1],
        distance=qe.Distance.Dot,
        memory=qe.Memory.Cold,
        hnsw_config=graph,
        quantization_config=QUANTIZED,
    )
    optimizers = qe.EdgeOptimizersConfig(indexing_threshold=1_000, max_segment_size=SEGMENTS.max_segment_size)
    shard = qe.EdgeShard.create(
        str(path), qe.EdgeConfig(vectors={NAME: params}, hnsw_config=graph, optimizers=optimizers)
    )
    for start in range(0, len(rows), BATCH):
        points = [qe.Point(UUID(int=start + n), {NAME: row}, {}) for n, row in enumerate(rows[start : start + BATCH])]
        shard.update(qe.UpdateOperation.upsert_points(points))
    shard.flush()
    started = time.perf_counter()
    shard.optimize()
    return shard, time.perf_counter() - started


def _searched(
    shard: qe.EdgeShard, rows: Vector, queries: Vector, exact: Vector, ef: int | None
) -> tuple[list[float], list[float]]:
    """Milliseconds of each search, and the share of the best that it found; of equals it makes no difference which."""
    laps, shares = [], []
    params = RESCORED if ef is None else qe.SearchParams(hnsw_ef=ef, quantization=RESCORED.quantization)
    for query, least in zip(queries, exact, strict=True):
        request = qe.QueryRequest(limit=DEPTH, query=qe.Query.Nearest(query, using=NAME), params=params)
        started = time.perf_counter()
        hits = shard.query(request)
        laps.append(1000 * (time.perf_counter() - started))
        scores = rows[[UUID(str(hit.id)).int for hit in hits]] @ query
        shares.append(float((scores >= least - 1e-6).sum()) / DEPTH)
    return laps, shares
