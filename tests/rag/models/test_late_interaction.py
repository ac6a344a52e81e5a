"""Words with their context, compared one by one."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.models.late_interaction import DIMENSION, maxsim, weighted, word_spans, word_vectors

RANDOM = np.random.default_rng(7)
PINNED = [0.13004653, -0.12473625, -0.14626816, -0.1384817]


def words_of(text: str) -> list[str]:
    return [text[start:end] for start, end in word_spans(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("The cat is on THE mat.", ["cat", "mat"]),
        ("10-Q of get_user_name()", ["10", "Q", "get_user_name"]),
        ("Fährt über", ["Fährt", "über"]),
        ("東京都は", ["東京", "都は"]),
        ("\u2014 ?! \U0001f375", []),
        ("x" * 45, ["x" * 20, "x" * 20, "x" * 5]),
    ],
)
def test_words_are_those_that_are_no_stop_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@given(st.text(max_size=200))
def test_spans_are_in_order_and_apart(text: str) -> None:
    spans = word_spans(text)
    assert all(start < end for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_projected_cosines_are_about_those_of_the_states() -> None:
    states = RANDOM.standard_normal((60, 384)) + 2 * RANDOM.standard_normal((6, 384)).repeat(10, axis=0)
    unit = states / np.linalg.norm(states, axis=1, keepdims=True)
    rows = word_vectors(unit.astype(np.float32))
    assert rows.shape == (60, DIMENSION)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(60), abs=1e-5)
    error = np.abs(rows @ rows.T - unit @ unit.T)
    assert error.mean() < 0.1
    assert error.max() < 0.6


def test_the_projection_is_always_the_same() -> None:
    """Stored vectors of other machines and versions must compare with a question of today."""
    row = word_vectors(np.eye(384, dtype=np.float32)[:1])[0]
    assert row[:4] == pytest.approx(PINNED, abs=1e-5)


def test_vectors_of_small_models_stay_as_they_are() -> None:
    rows = word_vectors(3 * np.eye(8, dtype=np.float32))
    assert rows == pytest.approx(np.eye(8))


def test_words_without_tokens_stay_zero() -> None:
    assert not word_vectors(np.zeros((2, 384), np.float32)).any()
    assert word_vectors(np.zeros((0, 384), np.float32)).shape == (0, DIMENSION)


def test_the_score_is_the_weighted_mean_of_the_best_cosines() -> None:
    text = np.eye(4, dtype=np.float32)[:2]
    question = np.array([[1, 0, 0, 0], [0, 0.6, 0.8, 0]], np.float32)
    asked = weighted(question, np.array([3.0, 1.0], np.float32))
    assert maxsim(asked, text) == pytest.approx(0.75 * 1 + 0.25 * 0.6)
    assert maxsim(weighted(text, np.ones(2, np.float32)), text) == pytest.approx(1)


def test_nothing_to_compare_is_zero() -> None:
    rows = np.eye(2, dtype=np.float32)
    assert maxsim(rows[:0], rows) == maxsim(rows, rows[:0]) == 0
    assert not weighted(rows, np.zeros(2, np.float32)).any()
