"""Which terms stand in which texts, against numpy's own answer."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.matching import holds
from rag.points import SparseVector

TERMS = st.lists(st.integers(0, 30), unique=True)


@given(TERMS, st.lists(TERMS, max_size=5))
def test_holds_is_membership(terms: list[int], texts: list[list[int]]) -> None:
    asked = np.array(terms, np.uint32)
    vectors = [SparseVector(np.array(text, np.uint32), np.ones(len(text), np.float32)) for text in texts]
    found = holds(asked, vectors)
    assert found.shape == (len(texts), len(terms))
    for row, vector in zip(found, vectors, strict=True):
        assert row.tolist() == np.isin(asked, vector.indices).tolist()
