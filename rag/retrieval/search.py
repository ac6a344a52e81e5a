"""Search: candidates from every leg, each scored exactly in all of them, fused on a fixed scale."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.points import AnyVector, Filter, HasId, Leg, SparseVector, Vector
from rag.protocols import Encoder, LexicalEncoder, Store
from rag.results import Hit, SearchResult
from rag.retrieval.fusion import fuse, order, ranks
from rag.retrieval.terms import TermStatistics, sparse_scores
from rag.settings import Retrieval
from rag.store.records import document_point_id, lines_of

SHOWN = (
    *("document_id", "uri", "title", "mime", "headings", "pages", "start", "end"),
    *("ordinal", "text", "situation", "metadata", "lines"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Searcher:
    """Searches one generation of a corpus.

    Attributes:
        chunks, documents: names of the collections.
        encoder: loads the encoder at its first call; not called where no dense leg has a weight.
        terms: idf of the chunks' terms.
        calibrate: fused score -> probability that the corpus covers the question; None where nothing is known about
            the scores of these weights and this model.
    """

    store: Store
    chunks: str
    documents: str
    encoder: Callable[[], Encoder]
    lexical: LexicalEncoder
    terms: TermStatistics
    settings: Retrieval
    calibrate: Callable[[float], float] | None

    def search(self, query: str, *, top_k: int, where: Filter = ()) -> SearchResult:
        """The `top_k` best chunks that meet the filter.

        Raises:
            ValueError: `top_k` is below 1.
        """
        if top_k < 1:
            raise ValueError(f"top_k is {top_k}; it is at least 1")
        clock = _Clock()
        weights = {name: weight for name, weight in self.settings.weights.model_dump().items() if weight > 0}
        dense, terms = self._encode(query, weights)
        clock.lap("encode")
        legs = self._legs(dense, terms, weights, max(top_k, self.settings.candidates), where)
        found = self.store.search(self.chunks, legs) if legs else []
        ids = sorted({scored.id for hits in found for scored in hits})
        clock.lap("candidates")
        if not ids:
            return SearchResult(query=query, hits=(), timings_ms=clock.laps())
        ids, scores, best = self._score(ids, dense, terms, weights)
        fused = fuse(scores, weights, best)
        clock.lap("score")
        hits = self._hits(ids, scores, fused, top_k)
        clock.lap("payload")
        coverage = self.calibrate(hits[0].score) if hits and self.calibrate else None
        return SearchResult(query=query, hits=hits, timings_ms=clock.laps(), coverage=coverage)

    def legs(self, query: str, *, limit: int, where: Filter = ()) -> dict[str, list[tuple[str, int]]]:
        """What each leg that brings candidates finds alone: document id and ordinal of its chunks, best first.

        Args:
            limit: most chunks of a leg.
        """
        weights = {name: weight for name, weight in self.settings.weights.model_dump().items() if weight > 0}
        asked = self._legs(*self._encode(query, weights), weights, limit, where)
        found = self.store.search(self.chunks, asked) if asked else []
        ids = sorted({scored.id for hits in found for scored in hits})
        records = self.store.retrieve(self.chunks, ids, fields=("document_id", "ordinal"))
        places = {id: (record.payload["document_id"], record.payload["ordinal"]) for id, record in records.items()}
        ranked = zip(asked, found, strict=True)
        return {leg.vector: [places[scored.id] for scored in hits if scored.id in places] for leg, hits in ranked}

    def _encode(self, query: str, weights: Mapping[str, float]) -> tuple[Vector | None, SparseVector]:
        """The dense query (d,), None where no dense leg counts or the query is blank, and the query's terms."""
        dense = None
        if weights.keys() & {"raw", "situated", "document"} and query.strip():
            dense = self.encoder().encode([query], kind="query")[0]
        (terms,) = self.lexical.encode([query], kind="query")
        return dense, terms

    def _legs(
        self, dense: Vector | None, terms: SparseVector, weights: Mapping[str, float], limit: int, where: Filter
    ) -> list[Leg]:
        legs = []
        if dense is not None:
            names = [name for name in ("raw", "situated") if name in weights]
            legs += [Leg(vector=name, query=dense, limit=limit, where=where) for name in names]
        if len(terms) and "lexical" in weights:
            legs.append(Leg(vector="lexical", query=terms, limit=limit, where=where))
        return legs

    def _score(
        self, ids: Sequence[str], dense: Vector | None, terms: SparseVector, weights: Mapping[str, float]
    ) -> tuple[list[str], dict[str, Vector], float]:
        """The candidates still stored, their exact scores (n,) in every leg, the best possible lexical score."""
        wanted = [name for name in ("raw", "situated") if name in weights and dense is not None]
        sparse = ["lexical"] if "lexical" in weights else []
        records = self.store.retrieve(self.chunks, ids, fields=("document_id",), vectors=[*wanted, *sparse])
        ids = [id for id in ids if id in records]  # an ingestion may have replaced one since
        scores: dict[str, Vector] = {}
        for name in wanted:
            rows = np.stack([np.asarray(records[id].vectors[name], np.float32) for id in ids])
            scores[name] = rows @ np.asarray(dense, np.float32)
        idf = self.terms.idf(terms.indices)
        if sparse:
            weighted = SparseVector(terms.indices, terms.values * idf)
            scores["lexical"] = sparse_scores(weighted, [_sparse(records[id].vectors.get("lexical")) for id in ids])
        owners = [records[id].payload["document_id"] for id in ids]
        scores |= self._document_scores(owners, dense, terms, weights)
        best = self.lexical.max_term_weight * float((terms.values * idf).sum())
        return ids, scores, best

    def _document_scores(
        self, owners: Sequence[str], dense: Vector | None, terms: SparseVector, weights: Mapping[str, float]
    ) -> dict[str, Vector]:
        """Scores of the candidates' documents, given to each of their chunks; the engine scores only those."""
        points = {owner: document_point_id(owner) for owner in set(owners)}
        only = (HasId(tuple(sorted(points.values()))),)
        asked: dict[str, Leg] = {}
        if dense is not None and "document" in weights:
            asked["document"] = Leg(vector="mean", query=dense, limit=len(points), where=only)
        if len(terms) and "document_lexical" in weights:
            asked["document_lexical"] = Leg(vector="lexical", query=terms, limit=len(points), where=only)
        answers = self.store.search(self.documents, list(asked.values())) if asked else []
        scores = {}
        for name, found in zip(asked, answers, strict=True):
            by_point = {scored.id: scored.score for scored in found}
            scores[name] = np.array([by_point.get(points[owner], 0.0) for owner in owners], np.float32)
        return scores

    def _hits(self, ids: Sequence[str], scores: Mapping[str, Vector], fused: Vector, top_k: int) -> tuple[Hit, ...]:
        chosen = order(fused, ids)[:top_k]
        leg_ranks = {name: ranks(values, ids) for name, values in scores.items()}
        records = self.store.retrieve(self.chunks, [ids[n] for n in chosen], fields=SHOWN)
        hits: list[Hit] = []
        for n in (n for n in chosen if ids[n] in records):
            payload = records[ids[n]].payload
            hits.append(
                Hit(
                    rank=len(hits) + 1,
                    score=round(float(fused[n]), 6),
                    chunk_id=ids[n],
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
                    scores={name: round(float(values[n]), 6) for name, values in scores.items()},
                    ranks={name: int(values[n]) for name, values in leg_ranks.items()},
                    ordinal=payload["ordinal"],
                    mime=payload["mime"],
                    lines=lines_of(payload),
                )
            )
        return tuple(hits)


class _Clock:
    """Milliseconds between laps."""

    def __init__(self) -> None:
        self._started = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self._laps[name] = round(1000 * (now - self._last), 3)
        self._last = now

    def laps(self) -> dict[str, float]:
        return {**self._laps, "total": round(1000 * (time.perf_counter() - self._started), 3)}


def _sparse(vector: AnyVector | None) -> SparseVector | None:
    return vector if isinstance(vector, SparseVector) else None
