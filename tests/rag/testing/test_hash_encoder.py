import numpy as np

from rag.protocols import Encoder
from rag.testing import HashEncoder


def test_rows_are_unit_vectors_in_order_of_the_texts() -> None:
    encoder: Encoder = HashEncoder(32)
    rows = encoder.encode(["a b", "c", "", "日本"], kind="document")
    assert (rows.shape, rows.dtype.name) == ((4, 32), "float32")
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert np.array_equal(rows[1:2], encoder.encode(["c"], kind="query"))
    assert encoder.encode([], kind="query").shape == (0, 32)


def test_texts_that_share_words_are_more_similar() -> None:
    encoder = HashEncoder()
    query, near, far = encoder.encode(
        ["Refunds take days", "refunds take ten days", "a walk in the park"], kind="query"
    )
    assert query @ near > 0.7 > 0.4 > query @ far


def test_vectors_are_the_same_everywhere() -> None:
    (row,) = HashEncoder(4).encode(["refund"], kind="query")
    assert np.allclose(row, [0.923747, -0.05373, 0.226061, -0.304468], atol=1e-5)
    assert np.array_equal(row, HashEncoder(4).encode(["REFUND!"], kind="document")[0])


def test_tokens_are_counted_and_never_cut() -> None:
    encoder = HashEncoder()
    encoder.encode(["one two", "three"], kind="document")
    encoder.encode(["x " * 10_000], kind="document")
    assert (encoder.tokens_encoded, encoder.tokens_truncated, encoder.tokens_unknown) == (10_003, 0, 0)
