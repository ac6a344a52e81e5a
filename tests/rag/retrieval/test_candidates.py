"""Candidates and filters lose nothing: searching equals scoring every chunk."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.legs import LEGS
from rag.models.languages import Languages
from rag.models.lexical import Bm25Encoder
from rag.points import Point, SparseVector
from rag.retrieval.queries import QueryEncoder
from rag.retrieval.scoring import Scorer
from rag.retrieval.search import Searcher
from rag.retrieval.terms import term_statistics
from rag.settings import Weights
from rag.store.records import document_point_id
from rag.store.schema import chunks_schema, documents_schema
from rag.testing import ExactStore, HashEncoder
from rag.types import stable_id

WORDS = (
    *("boat", "lake", "river", "stone", "green", "tea", "press", "coffee", "minute"),
    *("degree", "sail", "wind", "storm", "harbour", "cup", "leaf", "water", "salt"),
)
PAYLOAD: dict[str, Any] = {
    **dict.fromkeys(("uri", "title", "mime", "situation"), ""),
    **{name: [] for name in ("headings", "pages", "lines")},
    "start": 0,
    "end": 1,
    "metadata": {},
}
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join), min_size=1, max_size=220)


def searcher_of(texts: list[str], candidates: int) -> Searcher:
    """Three chunks a document, every leg that English has, no engine."""
    store, encoder, lexical = ExactStore(), HashEncoder(), Bm25Encoder()
    store.create(chunks_schema("c", encoder.dimension, {}))
    store.create(documents_schema("d", encoder.dimension, {}))
    raw = encoder.encode(texts, kind="document")
    words = lexical.encode(texts, kind="chunk")
    bigrams = lexical.encode(texts, kind="chunk", unit="bigrams")
    titles = lexical.encode([WORDS[n % len(WORDS)] for n in range(len(texts))], kind="headings")
    points, documents = [], []
    for n, text in enumerate(texts):
        owner = f"s:{n // 3}"
        vectors = {"situated": raw[n], "sentences": encoder.encode(text.split()[:4], kind="document")}
        vectors["late_interaction"] = encoder.encode(text.split(), kind="document")
        terms: dict[str, SparseVector] = {"lexical": words[n], "bigrams": bigrams[n], "headings": titles[n]}
        payload = {**PAYLOAD, "document_id": owner, "ordinal": n, "text": text}
        points.append(Point(id=stable_id(str(n)), vectors={**vectors, **terms}, payload=payload))
    for start in range(0, len(texts), 3):
        (whole,) = lexical.encode([" ".join(texts[start : start + 3])], kind="document")
        mean = raw[start : start + 3].sum(axis=0)
        vectors = {"mean": np.asarray(mean / np.linalg.norm(mean), np.float32), "lexical": whole}
        documents.append(Point(id=document_point_id(f"s:{start // 3}"), vectors=vectors, payload={}))
    store.upsert("c", points)
    store.upsert("d", documents)
    scorer = Scorer(
        store=store,
        chunks="c",
        documents="d",
        statistics=term_statistics(store, "c", "d", LEGS),
        max_term_weight=lexical.max_term_weight,
    )
    queries = QueryEncoder(encoder=lambda: encoder, lexical=lexical, languages=Languages(None), idf=scorer.idf)
    weights = Weights().asked()
    return Searcher(
        queries=queries,
        scorer=scorer,
        built=tuple(weights),
        weights=weights,
        candidates=candidates,
        stages=(),
        calibration=None,
    )


@settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS, st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join))
def test_a_hundred_candidates_a_leg_find_what_scoring_everything_finds(texts: list[str], query: str) -> None:
    """Legs that only score (headings, bigrams, documents) cannot lift what no other leg brings to the first ten."""
    some = searcher_of(texts, 100)
    every = replace(some, candidates=len(texts) + 1)
    found, exact = some.search(query, top_k=10), every.search(query, top_k=10)
    assert [hit.score for hit in found] == pytest.approx([hit.score for hit in exact], abs=0.02)
    assert found[0].score == pytest.approx(exact[0].score, abs=1e-6)
    for hit in found:  # the candidates of a hit make no difference to its score
        same = [other for other in exact if other.chunk_id == hit.chunk_id]
        assert not same or same[0].scores == pytest.approx(hit.scores, abs=1e-6)
