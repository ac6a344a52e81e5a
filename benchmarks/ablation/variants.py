"""What is compared with the defaults: on the same index, or on one that is made otherwise."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.ablation.tasks import Search
from rag.evaluation.metrics import DEPTH
from rag.results import Hit
from rag.retrieval.search import Searcher
from rag.retrieval.stages import stages_for
from rag.settings import Weights
from rag.settings.reranking import DiversityRerank, FeedbackRerank, Rerank

DEFAULT = Weights().asked()
WEIGHTS: dict[str, dict[str, float]] = {
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
"""All that are not named weigh nothing."""
CANDIDATES = (50, 200)
EVERYTHING = 1_000
"""Chunks of a corpus up to which all of them are scored, to compare with."""
STAGES: dict[str, Rerank] = {
    "feedback from 3 hits": FeedbackRerank(kind="feedback", candidates=DEPTH),
    "mmr": DiversityRerank(kind="mmr", candidates=DEPTH),
}
SITUATING = {
    "situating: none": ("situating=none",),
    "situating: headings, late": ("situating=[headings, late]",),
}
CHUNKING = {
    "chunking: sentences": ("chunking.kind=sentences",),
    "chunking: fixed": ("chunking.kind=fixed",),
    "chunking: fixed, overlap 30": ("chunking.kind=fixed", "chunking.overlap=30"),
    "chunking: topic": ("chunking.kind=topic",),
}
"""Settings that are set otherwise for an index of its own."""
RRF_K = 60

Fusion = Callable[[Sequence[Hit]], np.ndarray]
"""All candidates of a query -> a score each (n,)."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Another way to search the index of the defaults.

    Attributes:
        legs: whose vectors it needs.
    """

    search: Search
    legs: Mapping[str, float]


def default(searcher: Searcher) -> Variant:
    """What is shipped."""
    return asking(searcher, DEFAULT)


def asking(searcher: Searcher, weights: Mapping[str, float]) -> Variant:
    """The searcher with these weights."""
    return Variant(_search(replace(searcher, weights=weights)), weights)


def variants(searcher: Searcher, chunks: int) -> Iterator[tuple[str, Variant]]:
    """By name, in the table's order.

    Args:
        searcher: of an index with all legs.
        chunks: how many the index has.
    """
    shipped = replace(searcher, weights=DEFAULT)
    for name, weights in WEIGHTS.items():
        yield name, asking(searcher, weights)
    for candidates in CANDIDATES:
        yield f"{candidates} candidates a leg", Variant(_search(replace(shipped, candidates=candidates)), DEFAULT)
    if chunks <= EVERYTHING:
        yield "all scored", Variant(_search(replace(shipped, candidates=chunks)), DEFAULT)
    for name, settings in STAGES.items():
        stages = stages_for([settings], scorer=searcher.scorer, queries=searcher.queries, weights=DEFAULT)
        yield name, Variant(_search(replace(shipped, stages=stages)), DEFAULT)
    for name, fusion in FUSIONS.items():
        yield name, Variant(_fused(shipped, fusion), DEFAULT)


def _search(searcher: Searcher) -> Search:
    return lambda query, top_k: searcher.search(query, top_k=top_k).hits


def _fused(searcher: Searcher, fusion: Fusion) -> Search:
    """All candidates, ordered by another fusion of the same legs."""

    def search(query: str, top_k: int) -> list[Hit]:
        hits = searcher.search(query, top_k=EVERYTHING).hits
        return [hits[n] for n in np.argsort(-fusion(hits), kind="stable")[:top_k]]

    return search


def _by_rank(hits: Sequence[Hit], weights: Mapping[str, float] = DEFAULT) -> np.ndarray:
    """Reciprocal rank fusion (Cormack et al. 2009, doi:10.1145/1571941.1572114), each leg with its weight.

    What a leg gives 0 it did not find.
    """

    def score(hit: Hit) -> float:
        return sum(w / (RRF_K + hit.ranks[leg]) for leg, w in weights.items() if hit.scores.get(leg, 0.0) > 0)

    return np.array([score(hit) for hit in hits])


def _by_rank_alike(hits: Sequence[Hit]) -> np.ndarray:
    """Reciprocal rank fusion as it was published: all legs weigh the same."""
    return _by_rank(hits, dict.fromkeys(DEFAULT, 1.0))


def _by_range(hits: Sequence[Hit]) -> np.ndarray:
    """The legs with their weights, each from 0 for its least to 1 for its best candidate of the query."""
    fused = np.zeros(len(hits))
    for leg, weight in DEFAULT.items():
        values = np.array([hit.scores.get(leg, 0.0) for hit in hits])
        spread = float(np.ptp(values)) if len(hits) else 0.0
        fused += weight * (values - values.min()) / spread if spread else 0.0
    return fused


FUSIONS: dict[str, Fusion] = {
    "fused by rank, all legs alike (RRF)": _by_rank_alike,
    "fused by rank, with the weights": _by_rank,
    "fused by range (min-max)": _by_range,
}
