"""Search finds the nearest, with the scores of their definition."""

# ruff: noqa: S101 - assertions are what a contract is made of

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from rag.errors import StoreError
from rag.points import AnyOf, Leg, Scored
from rag.protocols import Store
from rag.testing.exact_store import ExactStore
from rag.testing.store_contract.data import DIMENSION, SCHEMA, point_id, points, terms, unit_vectors
from rag.testing.store_contract.fixtures import StoreFixtures

BAD_LEGS = (
    Leg(vector="tokens", query=unit_vectors(1, 1)[0], limit=5),
    Leg(vector="raw", query=np.ones(3, dtype=np.float32), limit=5),
    Leg(vector="raw", query=np.full(DIMENSION, np.nan, dtype=np.float32), limit=5),
    Leg(vector="raw", query=terms({1: 1.0}), limit=5),
    Leg(vector="lexical", query=unit_vectors(1, 1)[0], limit=5),
    Leg(vector="raw", query=unit_vectors(1, 1)[0], limit=0),
    Leg(vector="sentences", query=np.ones((2, 3), dtype=np.float32), limit=5),
    Leg(vector="sentences", query=np.ones(3, dtype=np.float32), limit=5),
)


def assert_same_ranking(found: Sequence[Scored], exact: Sequence[Scored], tolerance: float = 1e-4) -> None:
    """The same points with the same scores; points whose scores tie at the cut may stand for each other."""
    assert len(found) == len(exact)
    assert np.allclose([s.score for s in found], [s.score for s in exact], atol=tolerance)
    assert list(found) == sorted(found, key=lambda s: (-s.score, s.id))
    if exact:
        cut = exact[-1].score + 2 * tolerance
        assert {s.id for s in exact if s.score > cut} <= {s.id for s in found}


class SearchContract(StoreFixtures):
    """Dense and lexical legs rank like the oracle: exact cosines, exact idf after deletes, ties in order of id."""

    def test_legs_agree_with_the_oracle(self, filled: Store, exact: ExactStore) -> None:
        legs = []
        for n in range(8):
            vector = unit_vectors(8, 50)[n]
            legs += [
                Leg(vector=name, query=vector, limit=limit) for name in ("raw", "situated") for limit in (1, 10, 100)
            ]
            legs.append(Leg(vector="lexical", query=terms({n: 1.0, n + 1: 0.5, 10**9: 3.0}), limit=20))
        legs += [replace(leg, ties=False) for leg in legs]
        for found, expected in zip(filled.search(SCHEMA.name, legs), exact.search(SCHEMA.name, legs), strict=True):
            assert_same_ranking(found, expected)

    def test_a_stored_vector_finds_itself_with_score_one(self, filled: Store) -> None:
        legs = [Leg(vector="raw", query=p.vectors["raw"], limit=1) for p in points(5)]
        for n, (best,) in enumerate(filled.search(SCHEMA.name, legs)):
            assert best.id == point_id(n)
            assert best.score == pytest.approx(1.0, abs=1e-5)

    def test_the_best_of_several_vectors_counts(self, filled: Store, exact: ExactStore) -> None:
        """In 8 bits, hence the tolerance; a point without rows is not found."""
        legs = [
            Leg(vector="sentences", query=unit_vectors(8, 60)[n], limit=limit) for n in range(8) for limit in (5, 99)
        ]
        for found, expected in zip(filled.search(SCHEMA.name, legs), exact.search(SCHEMA.name, legs), strict=True):
            assert_same_ranking(found, expected, tolerance=0.01)
        third = np.asarray(points(48)[4].vectors["sentences"])[2]
        (hits,) = filled.search(SCHEMA.name, [Leg(vector="sentences", query=third, limit=99)])
        assert hits[0].id == point_id(4)
        assert hits[0].score == pytest.approx(1.0, abs=0.01)
        assert {hit.id for hit in hits} == {point_id(n) for n in range(48) if n % 5}

    def test_a_query_of_several_vectors_adds_up_the_best_of_each(self, filled: Store, exact: ExactStore) -> None:
        weighted = unit_vectors(3, 61) * np.array([[0.5], [0.3], [0.2]], dtype=np.float32)
        legs = [Leg(vector="sentences", query=weighted[:n], limit=99) for n in (1, 2, 3)]
        for found, expected in zip(filled.search(SCHEMA.name, legs), exact.search(SCHEMA.name, legs), strict=True):
            assert_same_ranking(found, expected, tolerance=0.01)
        rows = np.asarray(points(48)[4].vectors["sentences"])
        (hits,) = filled.search(SCHEMA.name, legs[-1:])
        by_hand = sum(max(float(query @ row) for row in rows) for query in weighted)
        assert next(h.score for h in hits if h.id == point_id(4)) == pytest.approx(by_hand, abs=0.01)

    def test_scores_are_rounded_and_ties_stand_in_order_of_id(self, store: Store) -> None:
        store.create(SCHEMA)
        same = points(1)[0].vectors["raw"]
        made = [replace(p, vectors={"raw": same, "lexical": terms({7: 1.0})}) for p in points(30)]
        store.upsert(SCHEMA.name, made)
        legs = [Leg(vector="raw", query=same, limit=10), Leg(vector="lexical", query=terms({7: 2.0}), limit=10)]
        for hits in store.search(SCHEMA.name, legs):
            assert [h.id for h in hits] == sorted(p.id for p in made)[:10]
            assert all(h.score == round(h.score, 6) for h in hits)

    def test_lexical_scores_are_the_formula(self, store: Store) -> None:
        store.create(SCHEMA)
        weights: list[dict[int, float]] = [{1: 1.0}, {1: 2.0, 2: 0.5}, {3: 1.0}, {}]
        store.upsert(
            SCHEMA.name,
            [replace(p, vectors={"lexical": terms(w)}) for p, w in zip(points(4), weights, strict=True)],
        )
        (hits,) = store.search(SCHEMA.name, [Leg(vector="lexical", query=terms({1: 1.0, 2: 2.0}), limit=10)])
        idf1, idf2 = math.log((3 - 2 + 0.5) / 2.5 + 1), math.log((3 - 1 + 0.5) / 1.5 + 1)
        expected = {point_id(1): 2 * idf1 + idf2, point_id(0): idf1}
        assert [h.id for h in hits] == [point_id(1), point_id(0)]
        assert all(h.score == pytest.approx(expected[h.id], abs=1e-4) for h in hits)

    @pytest.mark.parametrize("tidy", ["refresh", "compact"])
    def test_idf_is_exact_after_deletes_and_replacements(self, filled: Store, tidy: str) -> None:
        name = SCHEMA.name
        filled.delete(name, [point_id(n) for n in range(0, 30, 2)])
        changed = [replace(p, id=point_id(n)) for n, p in enumerate(points(40, seed=7)) if n % 5 == 1]
        filled.upsert(name, changed)
        getattr(filled, tidy)(name)
        exact = ExactStore()
        exact.create(SCHEMA)
        exact.upsert(name, points(48))
        exact.delete(name, [point_id(n) for n in range(0, 30, 2)])
        exact.upsert(name, changed)
        legs = [Leg(vector="lexical", query=terms({t: 1.0, t + 1: 1.0}), limit=50) for t in range(1, 9)]
        for found, expected in zip(filled.search(name, legs), exact.search(name, legs), strict=True):
            assert_same_ranking(found, expected)

    def test_queries_that_can_find_nothing_find_nothing(self, filled: Store) -> None:
        legs = [
            Leg(vector="lexical", query=terms({}), limit=5),
            Leg(vector="lexical", query=terms({4_000_000_000: 1.0}), limit=5),
            Leg(vector="raw", query=unit_vectors(1, 1)[0], limit=5, where=(AnyOf("acl", ()),)),
        ]
        assert filled.search(SCHEMA.name, legs) == [[], [], []]
        assert filled.search(SCHEMA.name, []) == []

    def test_an_empty_collection_answers(self, store: Store) -> None:
        store.create(SCHEMA)
        legs = [
            Leg(vector="raw", query=unit_vectors(1, 1)[0], limit=5),
            Leg(vector="lexical", query=terms({1: 1.0}), limit=5),
        ]
        assert store.search(SCHEMA.name, legs) == [[], []]
        assert list(store.scroll(SCHEMA.name)) == []
        assert store.count(SCHEMA.name) == 0
        store.upsert(SCHEMA.name, [])
        store.flush(SCHEMA.name)
        store.refresh(SCHEMA.name)
        store.compact(SCHEMA.name)

    def test_a_query_that_does_not_fit_is_refused(self, store: Store) -> None:
        store.create(SCHEMA)
        for leg in BAD_LEGS:
            with pytest.raises(StoreError):
                store.search(SCHEMA.name, [leg])

    def test_a_vector_that_the_collection_does_not_have_is_not_read(self, filled: Store) -> None:
        with pytest.raises(StoreError, match="tokens"):
            filled.retrieve(SCHEMA.name, [point_id(0)], vectors=("tokens",))
        with pytest.raises(StoreError, match="tokens"):
            filled.scroll(SCHEMA.name, vectors=("tokens",))
