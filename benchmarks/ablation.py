"""What each leg, weight, number of candidates and stage is worth: variants on the same index and queries, paired."""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.retrieval import CONFIG
from rag.evaluation.beir import Dataset, load_beir
from rag.evaluation.comparison import difference
from rag.evaluation.metrics import DEPTH, per_query
from rag.evaluation.retrieval import PassageCorpus, indexed, placed_in
from rag.legs import LEGS
from rag.results import Hit
from rag.retrieval.search import Searcher
from rag.retrieval.stages import stages_for
from rag.settings import Weights, load_settings
from rag.settings.reranking import DiversityRerank, FeedbackRerank, Rerank

SETS = ("cookbook", "squad2", "limit-small", "xquad/de", "scifact")
METRIC = "ndcg@10"
QUERIES = 400
"""Of each set, evenly spread: every variant asks them all."""

DEFAULT = Weights().asked()
VARIANTS: dict[str, dict[str, float]] = {
    **{f"without {leg}": {k: v for k, v in DEFAULT.items() if k != leg} for leg in DEFAULT},
    "raw for situated": {"raw" if leg == "situated" else leg: weight for leg, weight in DEFAULT.items()},
    "with raw": {**DEFAULT, "raw": 0.25},
    "words alone": {"lexical": 1.0},
    "raw vector alone": {"raw": 1.0},
    "situated alone": {"situated": 1.0},
    "sentences alone": {"sentences": 1.0},
    "late interaction alone": {"lexical": 1e-9, "late_interaction": 1.0},
    "twice the late interaction": {**DEFAULT, "late_interaction": 0.4},
    "half of the words": {**DEFAULT, "lexical": 0.25},
    "twice the words": {**DEFAULT, "lexical": 1.0},
    "twice the bigrams": {**DEFAULT, "bigrams": 0.4},
    "twice the headings": {**DEFAULT, "headings": 0.4},
    "twice the document words": {**DEFAULT, "document_lexical": 0.6},
}

CANDIDATES = (50, 200)
EVERYTHING = 1_000
"""Passages of a set up to which all of them are scored, to compare with."""
STAGES: dict[str, Rerank] = {
    "feedback from 3 hits": FeedbackRerank(kind="feedback", candidates=DEPTH),
    "mmr": DiversityRerank(kind="mmr", candidates=DEPTH),
}

Fusion = Callable[[Sequence[Hit]], np.ndarray]
"""All candidates of a query -> a score each (n,)."""
RRF_K = 60


def _by_rank(hits: Sequence[Hit]) -> np.ndarray:
    """Reciprocal rank fusion (Cormack et al. 2009, doi:10.1145/1571941.1572114), each leg with its weight.

    What a leg gives 0 it did not find.
    """

    def score(hit: Hit) -> float:
        return sum(w / (RRF_K + hit.ranks[leg]) for leg, w in DEFAULT.items() if hit.scores.get(leg, 0.0) > 0)

    return np.array([score(hit) for hit in hits])


def _by_range(hits: Sequence[Hit]) -> np.ndarray:
    """The legs with their weights, each from 0 for its least to 1 for its best candidate of the query."""
    fused = np.zeros(len(hits))
    for leg, weight in DEFAULT.items():
        values = np.array([hit.scores.get(leg, 0.0) for hit in hits])
        spread = float(np.ptp(values)) if len(hits) else 0.0
        fused += weight * (values - values.min()) / spread if spread else 0.0
    return fused


FUSIONS: dict[str, Fusion] = {"fused by rank (RRF)": _by_rank, "fused by range (min-max)": _by_range}


def run(data: Path) -> int:
    """Print a table a data set: the difference that each variant makes, its interval, milliseconds a query."""
    missing = [name for name in SETS if not (data / name).is_dir()]
    if missing:
        print(f"{', '.join(missing)}: not in {data}; see docs/benchmarks.md", file=sys.stderr)
        return 1
    started = time.perf_counter()
    for name in SETS:
        dataset = _sampled(load_beir(data / name))
        with tempfile.TemporaryDirectory() as folder:
            every = Weights.model_validate(dict.fromkeys(LEGS, 1.0))
            settings = load_settings(CONFIG)
            retrieval = settings.retrieval.model_copy(update={"weights": every})
            changed = settings.model_copy(update={"retrieval": retrieval})
            with indexed(placed_in(Path(folder), changed), dataset) as corpus:
                _print_table(corpus, dataset)
    print(f"{time.perf_counter() - started:.0f} s")
    return 0


def _variants(searcher: Searcher, passages: int) -> dict[str, Searcher]:
    """The searcher with other weights, candidates and stages.

    Args:
        passages: how many the set has.
    """
    found = {name: replace(searcher, weights=weights) for name, weights in VARIANTS.items()}
    default = replace(searcher, weights=DEFAULT)
    found |= {f"{n} candidates a leg": replace(default, candidates=n) for n in CANDIDATES}
    if passages <= EVERYTHING:
        found["all scored"] = replace(default, candidates=passages)
    for name, settings in STAGES.items():
        stages = stages_for([settings], scorer=searcher.scorer, queries=searcher.queries, weights=DEFAULT)
        found[name] = replace(default, stages=stages)
    return found


def _print_table(corpus: PassageCorpus, dataset: Dataset) -> None:
    base, milliseconds = _asked(corpus, replace(corpus.searcher, weights=DEFAULT), dataset)
    print(f"\n## {dataset.name}: {METRIC} {base.mean():.3f}, {len(base)} queries, {milliseconds:.0f} ms a query\n")
    searchers = _variants(corpus.searcher, len(dataset.passages))
    variants = [(name, searcher, None) for name, searcher in searchers.items()]
    default = replace(corpus.searcher, weights=DEFAULT)
    for variant, searcher, fusion in [*variants, *((name, default, fusion) for name, fusion in FUSIONS.items())]:
        values, milliseconds = _asked(corpus, searcher, dataset, fusion)
        d = difference(base, values)
        print(
            f"{variant:26}{d.difference.mean:+.3f} ({d.difference.low:+.3f} to {d.difference.high:+.3f})  p {d.p:.3f}  "
            f"{milliseconds:.0f} ms",
            flush=True,
        )


def _asked(
    corpus: PassageCorpus, searcher: Searcher, dataset: Dataset, fusion: Fusion | None = None
) -> tuple[np.ndarray, float]:
    """The metric of every query, and the median time of a search.

    Args:
        fusion: in place of the fixed scale, over all candidates.
    """
    ranking, spent = {}, []
    for id, query in dataset.queries.items():
        result = searcher.search(query, top_k=DEPTH if fusion is None else EVERYTHING)
        hits = list(result)
        if fusion is not None:
            scores = fusion(hits)
            hits = [hits[n] for n in np.argsort(-scores, kind="stable")]
        ranking[id] = [corpus.source.passage_id(hit.document_id, hit.ordinal) for hit in hits[:DEPTH]]
        spent.append(result.timings_ms["total"])
    found = per_query(dataset.judgements, ranking)
    return np.array([found[id][METRIC] for id in dataset.queries]), float(np.median(spent))


def _sampled(dataset: Dataset) -> Dataset:
    step = max(1, len(dataset.queries) // QUERIES)
    ids = sorted(dataset.queries)[::step]
    return replace(
        dataset,
        queries={id: dataset.queries[id] for id in ids},
        judgements={id: dataset.judgements[id] for id in ids},
    )
