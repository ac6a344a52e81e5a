"""idf of query terms, taken from the engine itself: it stays right after deletes."""

import time
from collections.abc import Collection
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from rag.legs import LEGS
from rag.points import Leg, SparseVector
from rag.protocols import Store

KEPT_S = 60.0


def term_statistics(store: Store, chunks: str, documents: str, legs: Collection[str]) -> "dict[str, TermStatistics]":
    """Idf by the leg whose terms it is about, of every leg that others or itself are measured by."""
    names = {"chunks": chunks, "documents": documents}
    scales = sorted({scale for leg in legs if (scale := LEGS[leg].scale)})
    return {s: TermStatistics(store, names[LEGS[s].collection], LEGS[s].vector) for s in scales}


class TermStatistics:
    """idf of terms in one collection's sparse vector, remembered for `KEPT_S` seconds: others may write to a server.

    The engine multiplies the idf into a sparse score and does not return it. A query for one term alone with weight 1
    scores idf x stored weight; that weight is read back, and the quotient is the idf. A term that no point has gets
    the formula's value for n = 0: ln(1 + (N + .5) / .5).
    """

    def __init__(self, store: Store, collection: str, vector: str) -> None:
        self._store, self._collection, self._vector = store, collection, vector
        self._known: dict[int, float | None] = {}
        self._absent: float | None = None
        self._asked = time.monotonic()
        self._lock = Lock()

    def idf(self, terms: NDArray[np.uint32]) -> NDArray[np.float32]:
        """The idf of each term: (m,) -> (m,) float32, all positive."""
        with self._lock:
            known = [self._of_absent() if idf is None else idf for idf in self._of(terms)]
        return np.array(known, np.float32)

    def known(self, terms: NDArray[np.uint32]) -> list[bool]:
        """Whether any point has each of these terms (m,)."""
        with self._lock:
            return [idf is not None for idf in self._of(terms)]

    def _of(self, terms: NDArray[np.uint32]) -> list[float | None]:
        if time.monotonic() - self._asked > KEPT_S:
            self._known.clear()
            self._absent = None
            self._asked = time.monotonic()
        missing = [int(term) for term in terms if int(term) not in self._known]
        if missing:
            self._known.update(self._ask(missing))
        return [self._known[int(term)] for term in terms]

    def _ask(self, terms: list[int]) -> dict[int, float | None]:
        """The idf of each, None of those that no point has."""
        one = np.ones(1, np.float32)
        legs = [
            Leg(vector=self._vector, query=SparseVector(np.array([term], np.uint32), one), limit=1, ties=False)
            for term in terms
        ]
        found = self._store.search(self._collection, legs)
        ids = sorted({hits[0].id for hits in found if hits})
        records = self._store.retrieve(self._collection, ids, fields=(), vectors=(self._vector,))
        known: dict[int, float | None] = {}
        for term, hits in zip(terms, found, strict=True):
            top = records.get(hits[0].id) if hits else None  # it may have been deleted since
            weight = _weight(top.vectors[self._vector], term) if hits and top else 0.0
            known[term] = hits[0].score / weight if weight else None
        return known

    def _of_absent(self) -> float:
        """The idf of a term that no point has; counting all points takes as long as a leg."""
        if self._absent is None:
            self._absent = float(np.log1p((self._store.count(self._collection) + 0.5) / 0.5))
        return self._absent


def _weight(vector: object, term: int) -> float:
    if not isinstance(vector, SparseVector):
        raise TypeError(f"{type(vector).__name__} is no sparse vector")
    at = np.flatnonzero(vector.indices == term)
    return float(vector.values[at[0]]) if len(at) else 0.0
