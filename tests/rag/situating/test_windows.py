"""Windows over chunks: whole chunks, within the budget, as much context on both sides as can be had."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.situating.windows import context_windows

SIZES = st.lists(st.integers(0, 30), max_size=60)


@given(SIZES, st.integers(1, 80))
def test_every_chunk_is_in_its_window_and_no_window_of_several_is_over_budget(sizes: list[int], budget: int) -> None:
    windows = context_windows(sizes, budget)
    assert len(windows) == len(sizes)
    for i, (first, last) in enumerate(windows):
        assert first <= i < last
        assert last - first == 1 or sum(sizes[first:last]) <= budget
    assert windows == sorted(windows)


@given(SIZES, st.integers(1, 80))
def test_a_document_that_fits_is_one_window(sizes: list[int], budget: int) -> None:
    if sum(sizes) <= budget:
        assert set(context_windows(sizes, budget)) <= {(0, len(sizes))}


@given(st.lists(st.integers(1, 5), min_size=1, max_size=200), st.integers(40, 80))
def test_chunks_that_are_small_have_context_on_both_sides(sizes: list[int], budget: int) -> None:
    """At least a fifth of the budget, but at the ends of the document."""
    for i, (first, last) in enumerate(context_windows(sizes, budget)):
        assert first == 0 or sum(sizes[first:i]) >= budget / 5 - 5
        assert last == len(sizes) or sum(sizes[i + 1 : last]) >= budget / 5 - 5


@pytest.mark.parametrize(
    ("sizes", "budget", "expected"),
    [
        ([], 10, []),
        ([50], 10, [(0, 1)]),
        ([1, 50, 1], 10, [(0, 1), (1, 2), (2, 3)]),
        ([4, 4], 10, [(0, 2), (0, 2)]),
        # the last window is as full as the others
        ([2, 2, 2, 2, 2, 2], 10, [(0, 5), (0, 5), (0, 5), (1, 6), (1, 6), (1, 6)]),
    ],
)
def test_windows(sizes: list[int], budget: int, expected: list[tuple[int, int]]) -> None:
    assert context_windows(sizes, budget) == expected
