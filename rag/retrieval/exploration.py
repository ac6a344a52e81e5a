"""A query whose hits can be ranked again: with other weights and numbers of candidates, with or without stages."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rag.points import Filter
from rag.results import SearchResult
from rag.retrieval.pool import Pool, narrow
from rag.retrieval.rerank import Feedback, Stage
from rag.retrieval.search import Searcher
from rag.retrieval.stages import stages_for
from rag.settings import Retrieval


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploration:
    """What was found for one query, to be ranked with other settings.

    Attributes:
        settings: those that the searcher was made with.
        timings_ms: of the search that found the candidates.
    """

    searcher: Searcher
    settings: Retrieval
    pool: Pool
    timings_ms: Mapping[str, float]

    @property
    def legs(self) -> tuple[str, ...]:
        """The legs that can be weighed: all that are built."""
        return self.searcher.built

    @property
    def candidates(self) -> int:
        """The most candidates a leg, and the most hits, that can be ranked."""
        return self.pool.limit

    def rank(self, settings: Retrieval) -> SearchResult:
        """What a search with these settings finds, with its trace; asks neither encoder nor store, but for stages.

        Raises:
            ValueError: more candidates or hits than there can be.
        """
        searcher = tuned(self.searcher, settings, now=self.settings)
        pool = narrow(self.pool, searcher.weights, max(settings.top_k, settings.candidates))
        return searcher.rank(pool, top_k=settings.top_k, trace=True)


def explore(searcher: Searcher, settings: Retrieval, query: str, *, candidates: int, where: Filter = ()) -> Exploration:
    """Find what can be ranked with other settings.

    Args:
        settings: those that the searcher was made with.
        candidates: the most candidates a leg, and the most hits, that are to be ranked.
    """
    pool, timings = searcher.gather(query, limit=candidates, where=where)
    return Exploration(searcher=searcher, settings=settings, pool=pool, timings_ms=timings)


def tuned(searcher: Searcher, settings: Retrieval, *, now: Retrieval) -> Searcher:
    """The searcher with other settings. Legs that are not built stay out; stages that stay the same stay loaded.

    Args:
        now: the settings that it was made with.
    """
    weights = {leg: weight for leg, weight in settings.weights.asked().items() if leg in searcher.built}
    stages: list[Stage]
    if settings.rerank == now.rerank:
        stages = [replace(s, weights=weights) if isinstance(s, Feedback) else s for s in searcher.stages]
    else:
        stages = stages_for(settings.rerank, scorer=searcher.scorer, queries=searcher.queries, weights=weights)
    return replace(
        searcher,
        weights=weights,
        candidates=settings.candidates,
        stages=stages,
        calibration=searcher.calibration if weights == searcher.weights else None,
        spelling=searcher.spelling if settings.spelling else None,
    )
