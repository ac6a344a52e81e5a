"""How a search came to its hits, and why a document is not among them."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from rag.candidates import Candidate, LegScore, LegSummary, Trace
from rag.legs import LEGS
from rag.points import AnyOf, Filter
from rag.retrieval.fusion import fuse, order, ranks, shares
from rag.retrieval.rerank import rerank
from rag.retrieval.scoring import Found, Scores
from rag.store.records import document_point_id

if TYPE_CHECKING:
    from rag.retrieval.search import Searcher

Stage = Literal["found", "reranked too low", "ranked too low", "no candidate", "filtered out", "no text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LegTrace:
    """A chunk in one leg.

    Attributes:
        score: exact.
        share: what it adds to the fused score.
        rank: among all that was scored, from 1.
        cut: the lowest score that the leg brought as a candidate; None where the leg brings none.
    """

    score: float
    share: float
    rank: int
    cut: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What became of a document for a query.

    Attributes:
        stage: how far its best chunk came: found; put behind the hits by a stage of reranking; ranked behind them, or
            behind those that are reranked, before; brought by no leg; hidden by the filter; without any chunk.
        chunk_id, start, end, text: of its best chunk, None and "" without one.
        score, rank: of that chunk among all that was scored, by reranking if it came that far.
        needed: score of the last hit, or of the last that was reranked, where it was lost before.
        missing: how much more it would have needed; 0 where it was found.
        legs: that chunk in every leg.
        last_hit: share of each leg in the score of the last hit, to compare with.
    """

    query: str
    document_id: str
    top_k: int
    stage: Stage
    chunk_id: str | None = None
    start: int | None = None
    end: int | None = None
    text: str = ""
    score: float | None = None
    rank: int | None = None
    needed: float | None = None
    missing: float = 0.0
    legs: Mapping[str, LegTrace]
    last_hit: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def trace(found: Found, scores: Scores, weights: Mapping[str, float], hits: Collection[str]) -> Trace:
    """What each leg brought, and what every candidate has in every leg.

    Args:
        found: candidates of each leg that brings some.
        scores: of all candidates in all legs.
        weights: of the legs.
        hits: chunk ids of the hits.
    """
    ids, added = scores.ids, shares(scores.legs, weights, scores.best)
    fused = fuse(scores.legs, weights, scores.best)
    places = {leg: {scored.id: n for n, scored in enumerate(brought, 1)} for leg, brought in found.items()}
    times = Counter(id for brought in places.values() for id in brought)
    leg_ranks = {leg: ranks(values, ids) for leg, values in scores.legs.items()}
    total = sum(float(fused[n]) for n, id in enumerate(ids) if id in hits) or 1.0

    def summary(leg: str) -> LegSummary:
        own = places.get(leg) if LEGS[leg].brings else None
        return LegSummary(
            weight=weights[leg],
            brought=None if own is None else len(own),
            alone=None if own is None else sum(times[id] == 1 for id in own),
            hits=None if own is None else sum(id in own for id in hits),
            lowest=round(found[leg][-1].score, 6) if own else None,
            share=round(sum(float(added[leg][n]) for n, id in enumerate(ids) if id in hits) / total, 6),
        )

    candidates = [
        Candidate(
            rank=rank,
            score=round(float(fused[n]), 6),
            chunk_id=ids[n],
            document_id=scores.documents[n],
            hit=ids[n] in hits,
            legs={
                leg: LegScore(
                    score=round(float(values[n]), 6),
                    share=round(float(added[leg][n]), 6),
                    rank=int(leg_ranks[leg][n]),
                    brought=places.get(leg, {}).get(ids[n]),
                )
                for leg, values in scores.legs.items()
            },
        )
        for rank, n in enumerate(order(fused, ids).tolist(), 1)
    ]
    return Trace(
        stages={"brought": sum(times.values()), "candidates": len(candidates), "hits": len(hits)},
        legs={leg: summary(leg) for leg in scores.legs},
        candidates=tuple(candidates),
    )


def explain(searcher: "Searcher", query: str, document_id: str, *, top_k: int, where: Filter = ()) -> Explanation:
    """Follow a document through a search.

    Args:
        document_id: of a stored document.
        top_k, where: as in the search.
    """
    scorer = searcher.scorer
    point = document_point_id(document_id)
    record = searcher.store.retrieve(scorer.documents, [point], fields=("chunk_ids",)).get(point)
    own: Sequence[str] = record.payload["chunk_ids"] if record else ()
    if not own:
        return Explanation(query=query, document_id=document_id, top_k=top_k, stage="no text", legs={}, last_hit={})
    searched = searcher.corrected(query, where)
    asked = searcher.queries.encode(searched, searcher.weights)
    found = scorer.candidates(asked, max(top_k, searcher.candidates), where)
    scores = scorer.score(asked, found, also=own)
    fused = fuse(scores.legs, searcher.weights, scores.best)
    brought = {scored.id for hits in found.values() for scored in hits}
    places = {id: n for n, id in enumerate(scores.ids)}
    rivals = [id for id in scores.ids if id in brought]
    ranked = rerank(searcher.stages, searched, asked, rivals, fused[[places[id] for id in rivals]], top_k)
    hits = ranked.ids[:top_k]
    by_fusion = [scores.ids[n] for n in order(fused, scores.ids)]
    mine_id = next((id for id in (*ranked.ids, *by_fusion) if id in set(own)), None)
    if mine_id is None:  # its chunks are being written, or were lost
        return Explanation(query=query, document_id=document_id, top_k=top_k, stage="no text", legs={}, last_hit={})
    mine, last = places[mine_id], places[hits[-1]] if hits else None
    reranked = bool(searcher.stages) and mine_id in ranked.ids
    score, rank, needed = float(fused[mine]), by_fusion.index(mine_id) + 1, None
    if reranked or (hits and not searcher.stages):
        needed = float(ranked.scores[len(hits) - 1])
    elif hits:  # lost before the first stage, which took the best by fusion
        needed = min(float(fused[places[id]]) for id in ranked.stages[searcher.stages[0].name])
    if reranked:
        rank = ranked.ids.index(mine_id) + 1
        score = float(ranked.scores[rank - 1])
    visible = searcher.store.count(scorer.chunks, where=(*where, AnyOf("document_id", (document_id,)))) > 0
    stage: Stage = (
        "found" if mine_id in hits else
        "filtered out" if not visible else
        "reranked too low" if reranked else
        "ranked too low" if mine_id in brought else
        "no candidate"
    )  # fmt: skip
    payload = searcher.store.retrieve(scorer.chunks, [mine_id], fields=("start", "end", "text"))[mine_id].payload
    added = shares(scores.legs, searcher.weights, scores.best)
    return Explanation(
        query=query,
        document_id=document_id,
        top_k=top_k,
        stage=stage,
        chunk_id=mine_id,
        start=payload["start"],
        end=payload["end"],
        text=payload["text"],
        score=round(score, 6),
        rank=rank,
        needed=None if needed is None else round(needed, 6),
        missing=0.0 if stage == "found" or needed is None else round(max(0.0, needed - score), 6),
        legs={
            name: LegTrace(
                score=round(float(values[mine]), 6),
                share=round(float(added[name][mine]), 6),
                rank=int((values > values[mine]).sum()) + 1,
                cut=found[name][-1].score if found.get(name) else None,
            )
            for name, values in scores.legs.items()
        },
        last_hit={} if last is None else {name: round(float(share[last]), 6) for name, share in added.items()},
    )
