"""Why a document was found, or was not: at which stage, at which rank, and by how much it was lost."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from rag.points import AnyOf, Filter
from rag.retrieval.fusion import fuse, order
from rag.retrieval.search import Searcher
from rag.store.records import document_point_id

Stage = Literal["found", "ranked too low", "no candidate", "filtered out", "no text"]


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
        stage: how far its best chunk came: found; ranked behind the hits; brought by no leg; hidden by the filter;
            without any chunk.
        chunk_id, start, end, text: of its best chunk, None and "" without one.
        score, rank: of that chunk among all that was scored.
        needed: score of the last hit.
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


def explain(searcher: Searcher, query: str, document_id: str, *, top_k: int, where: Filter = ()) -> Explanation:
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
    asked = searcher.queries.encode(query, searcher.weights)
    found = scorer.candidates(asked, max(top_k, searcher.candidates), where)
    scores = scorer.score(asked, found, also=own)
    fused = fuse(scores.legs, searcher.weights, scores.best)
    ranked = order(fused, scores.ids)
    brought = {scored.id for hits in found.values() for scored in hits}
    hits = [n for n in ranked if scores.ids[n] in brought][:top_k]
    mine = next(n for n in ranked if scores.ids[n] in set(own))
    last = hits[-1] if hits else None
    visible = searcher.store.count(scorer.chunks, where=(*where, AnyOf("document_id", (document_id,)))) > 0
    stage: Stage = (
        "found" if mine in hits else
        "filtered out" if not visible else
        "ranked too low" if scores.ids[mine] in brought else
        "no candidate"
    )  # fmt: skip
    chunk = searcher.store.retrieve(scorer.chunks, [scores.ids[mine]], fields=("start", "end", "text"))
    payload = chunk[scores.ids[mine]].payload
    needed = None if last is None else round(float(fused[last]), 6)
    shares = {name: fuse({name: values}, searcher.weights, scores.best) for name, values in scores.legs.items()}
    return Explanation(
        query=query,
        document_id=document_id,
        top_k=top_k,
        stage=stage,
        chunk_id=scores.ids[mine],
        start=payload["start"],
        end=payload["end"],
        text=payload["text"],
        score=round(float(fused[mine]), 6),
        rank=int((ranked == mine).argmax()) + 1,
        needed=needed,
        missing=0.0 if stage == "found" or needed is None else round(max(0.0, needed - float(fused[mine])), 6),
        legs={
            name: LegTrace(
                score=round(float(values[mine]), 6),
                share=round(float(shares[name][mine]), 6),
                rank=int((values > values[mine]).sum()) + 1,
                cut=found[name][-1].score if found.get(name) else None,
            )
            for name, values in scores.legs.items()
        },
        last_hit={} if last is None else {name: round(float(share[last]), 6) for name, share in shares.items()},
    )
