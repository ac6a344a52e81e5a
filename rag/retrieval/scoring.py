"""Candidates of a query, and the exact score of each in every leg."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rag.legs import LEGS
from rag.points import AnyVector, Filter, HasId, Leg, Scored, SparseVector, Vector
from rag.protocols import Store
from rag.retrieval.terms import TermStatistics
from rag.store.records import document_point_id

OWNERS = 50_000
"""Chunks whose document is kept in memory, at about 300 bytes each: reading it means reading the whole payload."""

Found = Mapping[str, Sequence[Scored]]
"""What each leg that brings candidates found, best first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Scores of n candidates.

    Attributes:
        ids: n chunk ids.
        documents: the document of each.
        legs: leg -> (n,) scores; 0 where a chunk has no such vector.
        best: leg -> the greatest score that the query allows in it, for the legs that are read as a share of that.
        missing: how many chunks were found and are not there any more.
    """

    ids: list[str]
    documents: list[str]
    legs: dict[str, Vector]
    best: dict[str, float]
    missing: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorer:
    """Asks the legs of one generation.

    Attributes:
        chunks, documents: names of the collections.
        statistics: idf of the terms of the legs that others are measured by.
        max_term_weight: of the lexical encoder.
    """

    store: Store
    chunks: str
    documents: str
    statistics: Mapping[str, TermStatistics]
    max_term_weight: float
    _owners: dict[str, str] = field(default_factory=dict, repr=False)

    def idf(self, terms: NDArray[np.uint32]) -> NDArray[np.float32]:
        """Rarity of words (m,) -> (m,), positive; 1 where no leg is about words."""
        for leg in ("lexical", "document_lexical"):
            if leg in self.statistics:
                return self.statistics[leg].idf(terms)
        return np.ones(len(terms), np.float32)

    def candidates(self, asked: Mapping[str, AnyVector], limit: int, where: Filter) -> dict[str, list[Scored]]:
        """The `limit` best chunks of each leg that brings candidates."""
        return self.find({name: query for name, query in asked.items() if LEGS[name].brings}, limit, where)

    def find(self, asked: Mapping[str, AnyVector], limit: int, where: Filter) -> dict[str, list[Scored]]:
        """The `limit` best chunks of each leg that is about chunks."""
        names = [name for name in asked if LEGS[name].collection == "chunks"]
        legs = [Leg(vector=LEGS[name].vector, query=asked[name], limit=limit, where=where) for name in names]
        return dict(zip(names, self.store.search(self.chunks, legs) if legs else [], strict=True))

    def score(self, asked: Mapping[str, AnyVector], found: Found, *, also: Sequence[str] = ()) -> Scores:
        """The exact score of every chunk that any leg found, and of those in `also`, in all legs.

        What a leg did not find it is asked for by id: a score that is missing and taken for 0 would cost more than all
        that fusion gains.
        """
        ids = sorted({*also, *(scored.id for hits in found.values() for scored in hits)})
        by_chunk = self._documents_of(ids)
        wanted = len(ids)
        ids = [id for id in ids if id in by_chunk]  # an ingestion may have replaced one since
        owners = [by_chunk[id] for id in ids]
        asked = {name: query for name, query in asked.items() if name != "ngrams" or found.get("ngrams")}
        legs: dict[str, Vector] = {}
        legs |= self._of_chunks(ids, {n: q for n, q in asked.items() if LEGS[n].collection == "chunks"}, found)
        legs |= self._of_documents(owners, {n: q for n, q in asked.items() if LEGS[n].collection == "documents"})
        return Scores(ids=ids, documents=owners, legs=legs, best=self._best(asked), missing=wanted - len(ids))

    def _documents_of(self, ids: Sequence[str]) -> dict[str, str]:
        """The document of each chunk that is stored. A chunk's id is made from it, so what was read once holds on."""
        known = {id: owner for id in ids if (owner := self._owners.get(id)) is not None}
        stored = self.store.retrieve(self.chunks, [*known], fields=()) if known else {}
        new = [id for id in ids if id not in known]
        records = self.store.retrieve(self.chunks, new, fields=("document_id",)) if new else {}
        read = {id: str(record.payload["document_id"]) for id, record in records.items()}
        if len(self._owners) + len(read) > OWNERS:
            self._owners.clear()
        self._owners.update(read)
        return {id: owner for id, owner in known.items() if id in stored} | read

    def _of_chunks(self, ids: Sequence[str], asked: Mapping[str, AnyVector], found: Found) -> dict[str, Vector]:
        known = {name: {scored.id: scored.score for scored in found.get(name, ())} for name in asked}
        missing = {name: tuple(id for id in ids if id not in known[name]) for name in asked}
        open_ = [name for name in asked if missing[name]]
        # one filter for all legs that miss the same: making one takes as long as scoring by it
        only: dict[tuple[str, ...], Filter] = {lacking: (HasId(lacking),) for lacking in missing.values()}
        legs = [
            Leg(vector=LEGS[n].vector, query=asked[n], limit=len(missing[n]), where=only[missing[n]], ties=False)
            for n in open_
        ]
        for name, answer in zip(open_, self.store.search(self.chunks, legs) if legs else [], strict=True):
            known[name] = dict(answer) | known[name]
        return {name: np.array([known[name].get(id, 0.0) for id in ids], np.float32) for name in asked}

    def _of_documents(self, owners: Sequence[str], asked: Mapping[str, AnyVector]) -> dict[str, Vector]:
        """Scores of the candidates' documents, given to each of their chunks."""
        if not asked or not owners:
            return {name: np.zeros(len(owners), np.float32) for name in asked}
        points = {owner: document_point_id(owner) for owner in set(owners)}
        only = (HasId(tuple(sorted(points.values()))),)
        legs = [Leg(vector=LEGS[n].vector, query=asked[n], limit=len(points), where=only, ties=False) for n in asked]
        scores = {}
        for name, answer in zip(asked, self.store.search(self.documents, legs), strict=True):
            by_point = {scored.id: scored.score for scored in answer}
            scores[name] = np.array([by_point.get(points[owner], 0.0) for owner in owners], np.float32)
        return scores

    def _best(self, asked: Mapping[str, AnyVector]) -> dict[str, float]:
        """(k1 + 1) x sum of the query terms' idf: a text with every term at its greatest weight."""
        best = {}
        for scale in {scale for name in asked if (scale := LEGS[name].scale)}:
            terms = next((query for name, query in asked.items() if LEGS[name].query == LEGS[scale].query), None)
            if isinstance(terms, SparseVector):
                idf = self.statistics[scale].idf(terms.indices)
                best[scale] = self.max_term_weight * float((terms.values * idf).sum())
        return best
