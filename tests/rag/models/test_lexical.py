from typing import Literal, TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.models.lexical import Bm25Encoder
from rag.models.words import term_id
from rag.points import SparseVector

Kind: TypeAlias = Literal["query", "chunk", "document"]
KINDS: tuple[Kind, ...] = ("query", "chunk", "document")


def weights(vector: SparseVector) -> dict[int, float]:
    return dict(zip(vector.indices.tolist(), vector.values.tolist(), strict=True))


def test_chunk_weights_are_bm25_by_hand() -> None:
    # 3 words (the stop word does not count), average 100, k1 1.2, b .75: norm = 1.2 (.25 + .75 * 3 / 100) = .327
    (vector,) = Bm25Encoder().encode(["cat the cat dog"], kind="chunk")
    assert weights(vector) == pytest.approx(
        {term_id("cat"): 2 * 2.2 / (2 + 0.327), term_id("dog"): 1 * 2.2 / (1 + 0.327)}, rel=1e-6
    )


def test_document_weights_compare_with_a_longer_average() -> None:
    # 50 words of 800: norm = 2 (.5 + .5 * 50 / 800) = 1.0625
    (vector,) = Bm25Encoder(k1=2, b=0.5).encode(["cat " * 50], kind="document")
    assert weights(vector) == pytest.approx({term_id("cat"): 50 * 3 / 51.0625}, rel=1e-6)


def test_two_characters_of_a_dense_script_are_one_word_long() -> None:
    # 4 characters are 2 words: norm = 1.2 (.25 + .75 * 2 / 100) = .318
    (vector,) = Bm25Encoder().encode(["東京東京"], kind="chunk")
    assert weights(vector)[term_id("京東")] == pytest.approx(2.2 / 1.318, rel=1e-6)
    assert weights(vector)[term_id("東京")] == pytest.approx(2 * 2.2 / 2.318, rel=1e-6)


def test_length_is_not_counted_with_b_zero() -> None:
    encoder = Bm25Encoder(b=0)
    short, long = encoder.encode(["cat", "cat " + "dog " * 500], kind="chunk")
    assert weights(short)[term_id("cat")] == weights(long)[term_id("cat")] == pytest.approx(1)


def test_query_terms_count_once() -> None:
    (vector,) = Bm25Encoder().encode(["Cat cats cat running the"], kind="query")
    assert weights(vector) == pytest.approx({term_id("cat"): 1, term_id("run"): 0.7, term_id("^runni"): 0.3})


def test_score_of_a_question_is_highest_for_the_text_that_answers_it() -> None:
    texts = ["Refunds are paid within 30 days.", "The office has a cat.", "Возврат денег возможен.", "东京的猫很可爱。"]
    encoder = Bm25Encoder()
    chunks = encoder.encode(texts, kind="chunk")
    for text, question in enumerate(["when is my refund paid?", "offices with cats", "как вернуть деньги", "猫"]):
        (query,) = encoder.encode([question], kind="query")
        scores = [query.dot(chunk) for chunk in chunks]
        assert int(np.argmax(scores)) == text
        assert max(scores) > 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["", " \n", "the of and", "?!… — 🙂", "\ud800"])
def test_a_text_without_words_is_an_empty_vector(kind: Kind, text: str) -> None:
    vector, other = Bm25Encoder().encode([text, "cat"], kind=kind)
    assert (len(vector), len(other)) == (0, 1)
    assert vector.indices.dtype == np.uint32
    assert vector.values.dtype == np.float32
    assert Bm25Encoder().encode([], kind=kind) == []


@given(st.text(), st.sampled_from(KINDS), st.floats(0.1, 3), st.floats(0, 1))
@settings(deadline=None, max_examples=100)
def test_any_text_is_a_valid_vector(text: str, kind: Kind, k1: float, b: float) -> None:
    encoder = Bm25Encoder(k1, b)
    (vector,) = encoder.encode([text], kind=kind)
    assert (np.diff(vector.indices.astype(np.int64)) > 0).all()
    assert np.isfinite(vector.values).all()
    assert (vector.values > 0).all()
    bound = 1 if kind == "query" else encoder.max_term_weight
    assert (vector.values <= bound + 1e-6).all()


def test_term_weight_comes_as_near_to_its_bound_as_one_likes() -> None:
    encoder = Bm25Encoder(b=0)
    (vector,) = encoder.encode(["cat " * 10_000], kind="chunk")
    assert encoder.max_term_weight * 0.999 < vector.values[0] <= encoder.max_term_weight
