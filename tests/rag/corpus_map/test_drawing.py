"""Maps of points whose vectors are given: the same whatever the order, and sound at every edge."""

import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.corpus_map.drawing import by_umap, draw, place
from rag.corpus_map.layout import FEWEST_FOR_UMAP, principal_axes, umap_is_installed
from rag.corpus_map.overlap import overlap, sketch
from rag.corpus_map.reading import Items
from rag.corpus_map.result import MapPoint
from rag.corpus_map.topics import MOST, how_many, name_topics, spherical_kmeans
from rag.results import SearchResult


def unit(rows):
    rows = np.asarray(rows, np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def random_vectors(n, d=16, seed=0):
    return unit(np.random.default_rng(seed).normal(size=(n, d)))


def items(vectors, *, hashes=None, names=None):
    n = len(vectors)
    points = tuple(
        MapPoint(id=f"{i:05}", document_id=f"{i:05}", title=f"T{i}", uri="", source="s", mime="") for i in range(n)
    )
    return Items(
        points=points,
        vectors=vectors,
        hashes=tuple(hashes or (str(i) for i in range(n))),
        names=tuple(names or (f"word{i}" for i in range(n))),
        total=n,
        unplaced=0,
    )


def drawn(vectors, texts=(), **kwargs):
    return draw(items(vectors, **kwargs), "documents", lambda places: {p: sketch(texts[p]) for p in places})


def places(found):
    return np.array([(point.x, point.y) for point in found.points])


def test_an_empty_corpus_has_an_empty_map():
    found = drawn(np.empty((0, 0), np.float32))
    assert (found.points, found.topics, found.duplicates, found.outliers) == ((), (), (), ())
    placed = place(found, SearchResult(query="q", hits=(), timings_ms={}), None).query
    assert (placed.x, placed.y, placed.hits) == (None, None, ())


def test_a_single_document_stands_in_the_middle():
    found = drawn(random_vectors(1))
    assert (found.points[0].x, found.points[0].y) == (0, 0)
    assert [topic.size for topic in found.topics] == [1]
    assert found.similar("00000") == []


@pytest.mark.parametrize("copies", [2, 30, 700])
def test_copies_stand_on_each_other_and_are_one_group(copies):
    found = drawn(np.repeat(random_vectors(1), copies, axis=0), hashes=["same"] * copies)
    assert not places(found).any()
    assert [(len(group.ids), group.overlap) for group in found.duplicates] == [(copies, 1.0)]
    assert found.outliers == ()
    assert [topic.size for topic in found.topics] == [copies]


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 60), st.integers(0, 1000))
def test_a_map_is_bounded_whole_and_drawn_the_same_again(n, seed):
    vectors = random_vectors(n, seed=seed)
    found, again = drawn(vectors), drawn(vectors)
    assert found == again
    assert np.abs(places(found)).max() == pytest.approx(1)
    assert sum(topic.size for topic in found.topics) == n
    assert all(first.size >= second.size for first, second in pairwise(found.topics))
    assert {point.topic for point in found.points} == set(range(len(found.topics)))
    assert 0 < found.kept <= 1


@settings(max_examples=40, deadline=None)
@given(st.integers(3, 60), st.integers(0, 1000), st.randoms(use_true_random=False))
def test_the_axes_do_not_depend_on_the_order_of_the_documents(n, seed, random):
    vectors, order = random_vectors(n, seed=seed), [*range(n)]
    random.shuffle(order)
    first, second = principal_axes(vectors), principal_axes(vectors[order])
    np.testing.assert_allclose(first.project(vectors)[order], second.project(vectors[order]), atol=1e-4)


def test_axes_show_the_directions_in_which_points_differ_most():
    rng = np.random.default_rng(1)
    plane = rng.normal(size=(200, 2)) * [3, 1]
    vectors = np.concatenate([plane, 0.01 * rng.normal(size=(200, 6))], axis=1).astype(np.float32)
    axes = principal_axes(vectors)
    assert axes.kept > 0.99
    shown = axes.project(vectors)
    assert abs(np.corrcoef(shown[:, 0], plane[:, 0])[0, 1]) > 0.99
    assert abs(np.corrcoef(shown[:, 1], plane[:, 1])[0, 1]) > 0.97


def test_groups_that_are_apart_are_topics():
    centres = np.eye(4, 16)
    vectors = unit(np.repeat(centres, 8, axis=0) + 0.05 * random_vectors(32))
    groups = spherical_kmeans(vectors, 4)
    assert [len({*groups[start : start + 8]}) for start in range(0, 32, 8)] == [1] * 4
    assert len({*groups}) == 4


@pytest.mark.parametrize(("points", "topics"), [(1, 1), (4, 1), (8, 2), (50, 5), (5000, MOST)])
def test_the_number_of_topics_grows_with_the_corpus(points, topics):
    assert how_many(points) == topics


def test_topics_are_named_by_what_tells_them_apart():
    texts = [
        "The refund policy",
        "Refunds of the shop",
        "Refunds: how",
        "Holiday policy",
        "Holidays and how to",
        "Holiday",
    ]
    first, second = name_topics([0, 0, 0, 1, 1, 1], texts)
    assert first[0] == "Refunds"
    assert second[0] == "Holiday"
    assert not {"the", "The", "of", "and", "to"} & {*first, *second}


def test_the_words_of_a_single_topic_are_the_frequent_ones():
    assert name_topics([0, 0, 0], ["The rules", "rules of the house", "rules"])[0][0] == "rules"


def test_a_topic_without_words_has_no_name():
    assert name_topics([0, 1, 1], ["2024", "the", "?!"]) == [(), ()]
    assert name_topics([0, 1, 1], ["When", "How pay", "how"]) == [(), ("pay",)]


WORDS = [f"word{i}" for i in range(400)]


@pytest.mark.parametrize("changed", [0, 1, 20, 80])
def test_overlap_counts_the_runs_that_two_texts_share(changed):
    other = [f"other{n}" if n % 5 == 2 and n < 5 * changed else word for n, word in enumerate(WORDS)]
    same = 396 - 5 * changed if changed < 80 else 0  # each of these words is in five runs, of which no two are shared
    expected = same / (2 * 396 - same)
    assert overlap(sketch(" ".join(WORDS)), sketch(" ".join(other))) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("text", ["", "  ", "?!", "one", "一二三", "two words"])
def test_overlap_of_short_texts(text):
    has_words = any(character.isalnum() for character in text)
    assert overlap(sketch(text), sketch(text)) == float(has_words)


def test_overlap_of_long_texts_is_estimated():
    first = [f"w{n}" for n in range(12_000)]
    second = [*first[:6_000], *(f"v{n}" for n in range(6_000))]
    assert overlap(sketch(" ".join(first)), sketch(" ".join(second))) == pytest.approx(1 / 3, abs=0.05)


def test_texts_without_blanks_are_compared_by_their_characters():
    first = "返金は荷物が届いてから十四日以内に行われます。"
    assert overlap(sketch(first), sketch(first.replace("十四", "二十"))) > 0.4
    assert overlap(sketch(first), sketch("休暇の申請は人事部に提出してください。")) == 0


def test_near_duplicates_are_alike_in_vector_and_words():
    base = random_vectors(12, seed=3)
    vectors = unit([*base, base[0] + 0.01 * base[1], base[2] + 0.01 * base[1]])
    texts = [f"text number {n} " + " ".join(f"w{n}-{i}" for i in range(40)) for n in range(12)]
    texts += [texts[0] + " and more", "the same subject in quite other words than those of the second text"]
    found = drawn(vectors, texts)
    assert [group.ids for group in found.duplicates] == [("00000", "00012")]
    assert 0.8 < found.duplicates[0].overlap < 1


def test_what_is_like_no_other_is_an_outlier():
    vectors = unit([*(np.eye(1, 16)[0] + 0.3 * random_vectors(40, seed=5)), -np.eye(1, 16)[0]])
    found = drawn(vectors, [""] * 41)
    assert found.outliers[0].id == "00040"
    assert found.outliers[0].similarity < 0
    assert len(found.outliers) < 5


def test_similar_points_are_the_nearest_without_itself():
    vectors = random_vectors(30, seed=7)
    found = drawn(vectors)
    near = found.similar("00003", 4)
    cosines = vectors @ vectors[3]
    assert [point.id for point, _ in near] == [f"{n:05}" for n in np.argsort(-cosines)[1:5]]
    assert near[0][1] == pytest.approx(float(np.sort(cosines)[-2]), abs=1e-5)
    assert found.similar("nowhere") == []


def test_a_query_like_a_document_is_placed_where_that_stands():
    vectors = random_vectors(30, seed=7)
    found = drawn(vectors)
    placed = place(found, SearchResult(query="q", hits=(), timings_ms={}), vectors[5]).query
    assert placed.how == "projected"
    assert (placed.x, placed.y) == pytest.approx((found.points[5].x, found.points[5].y), abs=1e-4)


def test_5000_points_are_drawn_in_seconds():
    centres = random_vectors(40, 384)
    vectors = unit(np.repeat(centres, 125, axis=0) + 0.5 * random_vectors(5000, 384, seed=2))
    started = time.process_time()
    found = drawn(vectors, ["some text"] * 5000)
    assert len(found.points) == 5000
    assert time.process_time() - started < 20


@pytest.mark.skipif(not umap_is_installed(), reason="umap-learn is not installed")
def test_umap_keeps_groups_together(monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")  # so few points are laid out sooner than the compiler has started
    vectors = unit(np.repeat(np.eye(2, 16), 8, axis=0) + 0.1 * random_vectors(16))
    found = by_umap(drawn(vectors, [""] * 16))
    assert (found.layout, found.kept) == ("umap", None)
    where = places(found)
    assert np.abs(where).max() == pytest.approx(1)
    middles = where[:8].mean(axis=0), where[8:].mean(axis=0)
    within = max(np.linalg.norm(where[8 * n : 8 * n + 8] - middles[n], axis=1).max() for n in range(2))
    assert np.linalg.norm(middles[0] - middles[1]) > within
    placed = place(found, SearchResult(query="q", hits=(), timings_ms={}), vectors[3]).query
    assert placed.how == "neighbours"
    assert np.linalg.norm(np.array([placed.x, placed.y]) - middles[0]) <= within


def test_too_few_points_for_neighbourhoods_stay_where_they_are():
    found = drawn(random_vectors(FEWEST_FOR_UMAP - 1))
    assert by_umap(found) is found
