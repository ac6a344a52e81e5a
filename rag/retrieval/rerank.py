"""Stages after fusion: the best candidates are scored again, one pure function sorts them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rag.legs import LEGS
from rag.points import AnyVector, Vector
from rag.protocols import Reranker, Store
from rag.retrieval.fusion import fuse, order
from rag.retrieval.scoring import Scorer


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """Chunks, best first.

    Attributes:
        ids: n chunk ids.
        scores: (n,) falling; of the last stage.
        stages: stage -> chunk id -> its score there; chunks that a stage did not see are not in it.
    """

    ids: list[str]
    scores: Vector
    stages: Mapping[str, Mapping[str, float]]


class Stage(Protocol):
    """Scores candidates again.

    Attributes:
        name: of its scores.
        candidates: how many of the best it takes.
    """

    @property
    def name(self) -> str: ...

    @property
    def candidates(self) -> int: ...

    def score(self, query: str, asked: Mapping[str, AnyVector], ids: Sequence[str], scores: Vector) -> Vector:
        """New scores (n,) of n chunks.

        Args:
            asked: what each leg asked.
            scores: of the stage before, falling.
        """
        ...


def rerank(
    stages: Sequence[Stage], query: str, asked: Mapping[str, AnyVector], ids: Sequence[str], fused: Vector, top_k: int
) -> Ranked:
    """The chunks in the order of the last stage, equal ones by id.

    Args:
        ids: n chunk ids, in any order.
        fused: their scores.
        top_k: least that every stage takes, so that all hits have its score.

    Returns:
        All chunks where there is no stage, else those that the last one took.
    """
    at = order(fused, ids)
    ranked = Ranked(ids=[ids[n] for n in at], scores=fused[at], stages={})
    for stage in stages:
        kept = max(stage.candidates, top_k)
        best, scores = ranked.ids[:kept], ranked.scores[:kept]
        found = np.asarray(stage.score(query, asked, best, scores), np.float32)
        at = order(found, best)
        by_id = dict(zip(best, found.tolist(), strict=True))
        ranked = Ranked(ids=[best[n] for n in at], scores=found[at], stages={**ranked.stages, stage.name: by_id})
    if stages:
        by_id = dict(zip(ids, fused.tolist(), strict=True))
        ranked = Ranked(ids=ranked.ids, scores=ranked.scores, stages={"fused": by_id, **ranked.stages})
    return ranked


@dataclass(frozen=True, slots=True, kw_only=True)
class TextStage:
    """Scores chunks by what they say: the situation line and the text below it.

    Attributes:
        store, chunks: where the texts are.
    """

    name: str
    candidates: int
    reranker: Reranker
    store: Store
    chunks: str

    def score(self, query: str, asked: Mapping[str, AnyVector], ids: Sequence[str], scores: Vector) -> Vector:  # noqa: ARG002
        """See `Stage.score`."""
        found = self.store.retrieve(self.chunks, ids, fields=("situation", "text", "plain"))
        payloads = [found[id].payload if id in found else {} for id in ids]
        texts = [f"{p.get('situation', '')}\n{p.get('plain', p.get('text', ''))}".strip() for p in payloads]
        return self.reranker.score(query, texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """Rocchio (1971): the question's vector moves towards the mean of the first hits', and all dense legs ask again.

    Attributes:
        hits: how many first hits.
        weight: of their unit mean beside the question's own vector.
        weights: of the legs.
    """

    candidates: int
    scorer: Scorer
    weights: Mapping[str, float]
    hits: int
    weight: float
    name: str = "rerank_feedback"

    def score(self, query: str, asked: Mapping[str, AnyVector], ids: Sequence[str], scores: Vector) -> Vector:  # noqa: ARG002
        """See `Stage.score`. A question without a dense vector keeps its scores."""
        dense = [leg for leg in asked if LEGS[leg].query == "dense"]
        stored = self.scorer.store.retrieve(self.scorer.chunks, ids[: self.hits], fields=(), vectors=("raw",))
        first = [np.asarray(r.vectors["raw"], np.float32) for r in stored.values() if "raw" in r.vectors]
        if not dense or not first:
            return scores
        own = np.asarray(asked[dense[0]], np.float32)
        moved = own + self.weight * _unit(np.mean(first, axis=0))
        again = self.scorer.score({**asked, **dict.fromkeys(dense, _unit(moved))}, {}, also=ids)
        found = dict(zip(again.ids, fuse(again.legs, self.weights, again.best).tolist(), strict=True))
        return np.array([found.get(id, score) for id, score in zip(ids, scores.tolist(), strict=True)], np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diversity:
    """Maximal marginal relevance (Carbonell and Goldstein 1998).

    The next hit is that with the greatest relevance x score - (1 - relevance) x cosine to the nearest hit so far, with
    scores spread over 0 to 1. Chunks without a vector are like nothing.
    """

    candidates: int
    store: Store
    chunks: str
    relevance: float
    name: str = "rerank_mmr"

    def score(self, query: str, asked: Mapping[str, AnyVector], ids: Sequence[str], scores: Vector) -> Vector:  # noqa: ARG002
        """See `Stage.score`: the value with which each chunk was chosen, which never rises."""
        if not len(ids):
            return scores
        stored = self.store.retrieve(self.chunks, ids, fields=(), vectors=("raw",))
        known = [
            np.asarray(stored[i].vectors["raw"]) if i in stored and "raw" in stored[i].vectors else None for i in ids
        ]
        width = next((len(v) for v in known if v is not None), 1)
        rows = np.array([np.zeros(width) if v is None else v for v in known])
        low, high = float(scores.min()), float(scores.max())
        relevance = self.relevance * (scores - low) / ((high - low) or 1.0)
        nearest, values = np.zeros(len(ids)), np.full(len(ids), -np.inf)
        open_ = np.ones(len(ids), bool)
        for _ in ids:
            marginal = np.where(open_, relevance - (1 - self.relevance) * nearest, -np.inf)
            chosen = int(marginal.argmax())
            values[chosen], open_[chosen] = marginal[chosen], False
            nearest = np.maximum(nearest, rows @ rows[chosen])
        return np.asarray(values, np.float32)


def _unit(vector: Vector) -> Vector:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)
