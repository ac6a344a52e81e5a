"""How much of an exact search the vectors' codes find: the engine looks through 8-bit codes and rescores the best."""

from collections.abc import Mapping, Sequence

import numpy as np

from rag import Rag
from rag.legs import LEGS
from rag.points import Leg, Vector

DEPTH, PAGE = 100, 5_000


def print_recall(corpus: Rag, questions: Sequence[str]) -> None:
    """Print the share of the exact best `DEPTH` that each dense leg finds."""
    store, generation = corpus._opened.generation()
    searcher = corpus._opened.searcher()
    asked = [searcher.queries.encode(text, searcher.weights) for text in questions]
    for name in (n for n in searcher.weights if LEGS[n].brings and LEGS[n].query == "dense"):
        queries = np.stack([np.asarray(query[name]) for query in asked if name in query])
        exact = _exact(corpus, LEGS[name].vector, queries)
        shares = []
        for query, best in zip(queries, exact, strict=True):
            (found,) = store.search(generation.chunks, [Leg(vector=LEGS[name].vector, query=query, limit=DEPTH)])
            worst = min(best.values())
            # of several at the cut it makes no difference which are found
            shares.append(sum(s.id in best or s.score >= worst - 1e-6 for s in found) / max(1, len(best)))
        print(f"recall@{DEPTH} of {name:12} {np.mean(shares):.4f}, worst {np.min(shares):.2f}", flush=True)


def _exact(corpus: Rag, vector: str, queries: Vector) -> list[Mapping[str, float]]:
    """The best `DEPTH` of each query by the vectors themselves, read in pages."""
    store, generation = corpus._opened.generation()
    best: list[dict[str, float]] = [{} for _ in queries]
    ids: list[str] = []
    rows: list[Vector] = []

    def take() -> None:
        if not ids:
            return
        starts = np.cumsum([0, *(len(r) for r in rows[:-1])])
        scores = np.maximum.reduceat(np.concatenate(rows) @ queries.T, starts, axis=0)
        for n, of_query in enumerate(best):
            column = scores[:, n]
            top = np.argpartition(-column, min(DEPTH, len(column) - 1))[:DEPTH]
            of_query.update({ids[i]: float(column[i]) for i in top})
            best[n] = dict(sorted(of_query.items(), key=lambda pair: -pair[1])[:DEPTH])
        ids.clear()
        rows.clear()

    for record in store.scroll(generation.chunks, fields=(), vectors=(vector,)):
        if vector in record.vectors:
            ids.append(record.id)
            rows.append(np.atleast_2d(np.asarray(record.vectors[vector], np.float32)))
        if len(ids) == PAGE:
            take()
    take()
    return [*best]
