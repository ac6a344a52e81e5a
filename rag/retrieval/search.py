"""Search: candidates from every leg, each scored exactly in all of them, fused on a fixed scale."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rag.answering.abstention import Calibration
from rag.legs import LEGS
from rag.points import Filter
from rag.protocols import Store
from rag.results import Hit, SearchResult
from rag.retrieval.fusion import fuse, ranks
from rag.retrieval.pool import Pool
from rag.retrieval.queries import QueryEncoder
from rag.retrieval.rerank import Ranked, Stage, rerank
from rag.retrieval.scoring import Scorer
from rag.retrieval.spelling import Spelling
from rag.retrieval.trace import trace as trace_of
from rag.store.records import lines_of

SHOWN = (
    *("document_id", "uri", "title", "mime", "headings", "pages", "start", "end"),
    *("ordinal", "text", "situation", "metadata", "lines"),
)

TRIES = 3
"""How often is looked where an ingestion replaces what was found: the new text is there before the old one goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Searcher:
    """Searches one generation of a corpus.

    Attributes:
        built: all legs that there are vectors for.
        weights: of the legs that are asked.
        candidates: how many chunks each leg brings.
        stages: score the best of them again.
        calibration: fused score -> probability that the corpus covers the question; None where nothing is known about
            the scores of these weights and this model.
        spelling: corrects queries; None searches for them as they are written.
    """

    queries: QueryEncoder
    scorer: Scorer
    built: tuple[str, ...]
    weights: Mapping[str, float]
    candidates: int
    stages: Sequence[Stage]
    calibration: Calibration | None
    spelling: Spelling | None = None

    @property
    def store(self) -> Store:
        return self.scorer.store

    def corrected(self, query: str, where: Filter) -> str:
        """The query as it is searched for."""
        return self.spelling.correct(query, where) if self.spelling else query

    def search(self, query: str, *, top_k: int, where: Filter = (), trace: bool = False) -> SearchResult:
        """The `top_k` best chunks that meet the filter.

        Args:
            trace: also say how it came to them.

        Raises:
            ValueError: `top_k` is below 1.
        """
        if top_k < 1:
            raise ValueError(f"top_k is {top_k}; it is at least 1")
        clock = _Clock()
        searched = self.corrected(query, where)
        asked = self.queries.encode(searched, self.weights)
        clock.lap("encode")
        limit = max(top_k, self.candidates)
        for tries in range(1, TRIES + 1):
            found = self.scorer.candidates(asked, limit, where)
            clock.lap("candidates")
            if not any(found.values()) and not trace:
                break
            scores = self.scorer.score(asked, found)
            pool = Pool(query=query, searched=searched, limit=limit, asked=asked, found=found, scores=scores)
            result = self._rank(pool, top_k, trace, clock)
            replaced = scores.missing or len(result.hits) < min(top_k, len(scores.ids))
            if tries == TRIES or not replaced:
                return result
        return SearchResult(
            query=query,
            hits=(),
            timings_ms=clock.laps(),
            read=_reads(asked),
            corrected=None if searched == query else searched,
        )

    def gather(self, query: str, *, limit: int, where: Filter = ()) -> tuple[Pool, dict[str, float]]:
        """What all legs that are built find, whatever they weigh, to be ranked by `rank`; and the time that it took.

        Args:
            limit: most chunks that each leg brings.
        """
        clock = _Clock()
        searched = self.corrected(query, where)
        asked = self.queries.encode(searched, dict.fromkeys(self.built, 1.0))
        clock.lap("encode")
        found = self.scorer.candidates(asked, limit, where)
        clock.lap("candidates")
        scores = self.scorer.score(asked, found)
        clock.lap("score")
        records = self.store.retrieve(self.scorer.chunks, scores.ids, fields=SHOWN)
        clock.lap("payload")
        pool = Pool(
            query=query,
            searched=searched,
            limit=limit,
            asked=asked,
            found=found,
            scores=scores,
            records=records,
        )
        return pool, clock.laps()

    def rank(self, pool: Pool, *, top_k: int, trace: bool = False) -> SearchResult:
        """The hits among what was found already.

        Args:
            pool: found with the legs that have a weight, each bringing as many candidates as a search would ask for.
            trace: as in `search`.
        """
        return self._rank(pool, top_k, trace, _Clock())

    def _rank(self, pool: Pool, top_k: int, trace: bool, clock: "_Clock") -> SearchResult:
        found, scores = pool.found, pool.scores
        fused = fuse(scores.legs, self.weights, scores.best)
        clock.lap("score")
        ranked = rerank(self.stages, pool.searched, pool.asked, scores.ids, fused, top_k)
        if self.stages:
            clock.lap("rerank")
        hits = self._hits(pool, ranked, top_k)
        clock.lap("payload")
        best, read = float(fused.max()) if hits else 0.0, _reads(pool.asked)
        covered: dict[str, Any] = {}
        if hits and self.calibration:
            curve = self.calibration.read if read else self.calibration.unread
            covered = {"coverage": curve.probability(best), "threshold": curve.threshold}
        traced = trace_of(found, scores, self.weights, {hit.chunk_id for hit in hits}) if trace else None
        return SearchResult(
            query=pool.query,
            hits=hits,
            timings_ms=clock.laps(),
            trace=traced,
            fused=round(best, 6),
            read=read,
            corrected=None if pool.searched == pool.query else pool.searched,
            **covered,
        )

    def legs(self, query: str, *, limit: int, where: Filter = ()) -> dict[str, list[tuple[str, int]]]:
        """What each leg that is about chunks finds alone: document id and ordinal of its chunks, best first.

        Args:
            limit: most chunks of a leg.
        """
        found = self.scorer.find(self.queries.encode(self.corrected(query, where), self.weights), limit, where)
        ids = sorted({scored.id for hits in found.values() for scored in hits})
        records = self.store.retrieve(self.scorer.chunks, ids, fields=("document_id", "ordinal"))
        places = {id: (record.payload["document_id"], record.payload["ordinal"]) for id, record in records.items()}
        return {leg: [places[scored.id] for scored in hits if scored.id in places] for leg, hits in found.items()}

    def _hits(self, pool: Pool, ranked: Ranked, top_k: int) -> tuple[Hit, ...]:
        scores, records = pool.scores, pool.records
        if not records:
            records = self.store.retrieve(self.scorer.chunks, ranked.ids[:top_k], fields=SHOWN)
        places = {id: n for n, id in enumerate(scores.ids)}
        leg_ranks = {name: ranks(values, scores.ids) for name, values in scores.legs.items()}
        stage_ranks = {name: _ranks_by_id(values) for name, values in ranked.stages.items()}
        hits: list[Hit] = []
        for id, score in zip(ranked.ids[:top_k], ranked.scores.tolist(), strict=False):
            if id not in records:
                continue
            n, payload = places[id], records[id].payload
            of_legs = {name: round(float(values[n]), 6) for name, values in scores.legs.items()}
            of_stages = {name: round(values[id], 6) for name, values in ranked.stages.items()}
            hits.append(
                Hit(
                    rank=len(hits) + 1,
                    score=round(score, 6),
                    chunk_id=id,
                    document_id=payload["document_id"],
                    uri=payload["uri"],
                    title=payload["title"],
                    headings=tuple(payload["headings"]),
                    page=next(iter(payload["pages"]), None),
                    start=payload["start"],
                    end=payload["end"],
                    text=payload["text"],
                    situation=payload["situation"],
                    metadata=payload["metadata"],
                    scores=of_legs | of_stages,
                    ranks={name: int(values[n]) for name, values in leg_ranks.items()}
                    | {name: values[id] for name, values in stage_ranks.items()},
                    ordinal=payload["ordinal"],
                    mime=payload["mime"],
                    lines=lines_of(payload),
                )
            )
        return tuple(hits)


def _reads(asked: Collection[str]) -> bool:
    """Whether a question that asks these legs is one that the encoder reads."""
    return any(LEGS[leg].query == "dense" for leg in asked)


def _ranks_by_id(scores: Mapping[str, float]) -> dict[str, int]:
    ids = [*scores]
    found = ranks(np.array([*scores.values()], np.float32), ids)
    return dict(zip(ids, found.tolist(), strict=True))


class _Clock:
    """Milliseconds between laps."""

    def __init__(self) -> None:
        self._started = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self._laps[name] = round(self._laps.get(name, 0.0) + 1000 * (now - self._last), 3)
        self._last = now

    def laps(self) -> dict[str, float]:
        return {**self._laps, "total": round(1000 * (time.perf_counter() - self._started), 3)}
