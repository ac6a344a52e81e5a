import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.fusion import fuse, order, ranks

WEIGHTS = {"raw": 0.25, "situated": 0.25, "lexical": 0.5, "document": 0.1, "document_lexical": 0.2}


def test_score_by_hand() -> None:
    legs = {
        "raw": np.array([0.8, -0.4], np.float32),
        "situated": np.array([0.6, 0.2], np.float32),
        "lexical": np.array([5.0, 10.0], np.float32),
        "document": np.array([0.5, 0.5], np.float32),
        "document_lexical": np.array([0.0, 4.0], np.float32),
    }
    expected = [0.25 * 0.8 + 0.25 * 0.6 + 0.5 * 0.25 + 0.05, 0.05 + 0.5 * 0.5 + 0.05 + 0.2 * 0.5]
    np.testing.assert_allclose(
        fuse(legs, WEIGHTS, best={"lexical": 20.0, "document_lexical": 8.0}), expected, rtol=1e-6
    )


def test_query_without_words_counts_the_dense_legs_only() -> None:
    legs = {"raw": np.array([0.8], np.float32), "lexical": np.array([0.0], np.float32)}
    assert fuse(legs, WEIGHTS, best={"lexical": 0.0}).tolist() == pytest.approx([0.2])


def test_no_candidates_give_no_scores() -> None:
    assert fuse({}, WEIGHTS, best={"lexical": 1.0}).shape == (0,)
    assert fuse({"raw": np.empty(0, np.float32)}, WEIGHTS, best={"lexical": 1.0}).shape == (0,)


def test_equal_scores_are_ordered_by_id_and_noise_in_the_seventh_digit_is_equal() -> None:
    scores = np.array([0.5, 0.5 + 2e-8, 0.9], np.float32)
    assert order(scores, ["b", "a", "c"]).tolist() == [2, 1, 0]
    assert ranks(scores, ["b", "a", "c"]).tolist() == [3, 2, 1]


def test_one_candidate_has_rank_one() -> None:
    assert ranks(np.array([-1.0], np.float32), ["x"]).tolist() == [1]


def test_a_score_that_is_no_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="b is not a number"):
        order(np.array([0.1, np.nan], np.float32), ["a", "b"])


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=30), st.randoms())
def test_order_does_not_depend_on_the_order_of_the_candidates(values: list[float], random: object) -> None:
    ids = [f"id{n:03}" for n in range(len(values))]
    pairs = list(zip(values, ids, strict=True))
    random.shuffle(pairs)  # type: ignore[attr-defined]
    shuffled = [pairs[n][1] for n in order(np.array([v for v, _ in pairs], np.float32), [i for _, i in pairs])]
    assert shuffled == [ids[n] for n in order(np.array(values, np.float32), ids)]


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.001, 1))
def test_a_better_leg_never_lowers_the_score(low: float, other: float, gain: float) -> None:
    def score(value: float) -> float:
        legs = {"raw": np.array([value], np.float32), "lexical": np.array([other], np.float32)}
        return float(fuse(legs, WEIGHTS, best={"lexical": 1.0})[0])

    assert score(low + gain) >= score(low)
