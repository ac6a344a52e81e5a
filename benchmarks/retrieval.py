"""What the shipped defaults find: in public sets with judged passages, gold passages and look-alike reports."""

import sys
import tempfile
import time
from itertools import permutations
from pathlib import Path

import numpy as np

from benchmarks.questions import reports_found
from rag import Rag
from rag.evaluation.beir import load_beir
from rag.evaluation.chunking import evaluate_chunking
from rag.evaluation.retrieval import evaluate_retrieval
from rag.settings import load_settings

CONFIG = Path(__file__).parents[1] / "configs/quickstart.yaml"
SETS = {
    "cookbook": ("recall@5", "recall@10", "recall@20", "ndcg@10"),
    "squad2": ("recall@1", "recall@5", "ndcg@10"),
    "limit-small": ("recall@2", "ndcg@10"),
    "xquad/de": ("recall@1", "ndcg@10"),
    "xquad/zh": ("recall@1", "ndcg@10"),
    "xquad/ar": ("recall@1", "ndcg@10"),
    "scifact": ("ndcg@10", "recall@10"),
}
FOREIGN: dict[str, dict[str, int | None]] = {"squad2": {"cookbook": None, "scifact": None}, "scifact": {"squad2": 300}}
"""Data set -> those whose questions it does not answer, and how many of these are asked (None: all judged ones)."""
FALSE_ABSTENTIONS = 0.05
REPORTS, TOP_K = "sec10q/pdf", 10


def run(data: Path) -> int:
    """Print a line a data set as it is measured; 1 where one is missing."""
    missing = [name for name in (*SETS, "chunking", REPORTS) if not (data / name).is_dir()]
    if missing:
        print(f"{', '.join(missing)}: not in {data}; see docs/benchmarks.md", file=sys.stderr)
        return 1
    started = time.perf_counter()
    settings = load_settings(CONFIG)
    told_apart = {}
    for name, metrics in SETS.items():
        foreign = {
            other: [*load_beir(data / other).queries.values()][:limit] for other, limit in FOREIGN.get(name, {}).items()
        }
        report = evaluate_retrieval(settings, load_beir(data / name), foreign=foreign, legs=False)
        values = "  ".join(
            f"{m} {i.mean:.3f} ({i.low:.3f} to {i.high:.3f})" for m in metrics for i in [report.metrics[m]]
        )
        print(f"{name:12} {values}  p50 {report.latency_ms['p50']:.0f} ms", flush=True)
        if report.foreign:
            foreign_scores = [score for against in report.foreign.values() for score in against.scores]
            told_apart[name] = np.array(report.scores), np.array(foreign_scores)
        for other, against in report.foreign.items():
            a, count = against.auroc, len(against.scores)
            print(f"{'':12} AUROC against {count} of {other} {a.mean:.3f} ({a.low:.3f} to {a.high:.3f})", flush=True)
    for fitted, reported in permutations(told_apart, 2):
        threshold = float(np.quantile(told_apart[fitted][0], FALSE_ABSTENTIONS))
        own, other_scores = told_apart[reported]
        abstained, answered = np.mean(own < threshold), np.mean(other_scores >= threshold)
        print(
            f"{'':12} with the threshold at which {FALSE_ABSTENTIONS:.0%} of {fitted}'s own questions are not answered:"
        )
        print(f"{'':12} {reported}: {abstained:.1%} of the own not answered, {answered:.1%} of the foreign answered")
    chunks = evaluate_chunking(settings, data / "chunking")
    means = "  ".join(f"{metric} {i.mean:.3f}" for metric, i in chunks.metrics.items())
    print(f"{'chunking':12} {means}  {chunks.passages} of {chunks.chunks} chunks", flush=True)
    with tempfile.TemporaryDirectory() as index:
        overrides = [f"store.path={index}/index", f"retrieval.top_k={TOP_K}"]
        with Rag.open(data / REPORTS, overrides=overrides) as corpus:
            corpus.ingest()
            found = reports_found(corpus.search, data)
    reports, figures = np.array(found.reports), np.array(found.figures)
    print(
        f"{'sec10q':12} source reports among the first {TOP_K} hits {reports.mean():.3f} of {len(reports)} questions  "
        f"a figure on a hit's page {figures.mean():.3f} of {len(figures)}"
    )
    print(f"\n{time.perf_counter() - started:.0f} s")
    return 0
