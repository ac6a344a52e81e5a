import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.chunking.words import split_long_words


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("", 3, ""),
        ("abc def", 3, "abc def"),
        ("abcd", 3, "abc d"),
        ("abcdefg hi", 3, "abc def g hi"),
        ("ab\ncdef", 3, "ab\ncde f"),
        ("ab", 1, "a b"),
        ("한국", 3, "한 국"),  # three letters each, when they are decomposed
        ("éé", 3, "é é"),  # a base and a mark each
        ("ab\u00a0cd", 2, "ab\u00a0cd"),
        ("ab\x0ccd", 3, "ab\x0c cd"),  # tokenizers delete a form feed, it parts no words
    ],
)
def test_long_runs_are_parted_by_spaces(text: str, limit: int, expected: str) -> None:
    assert split_long_words(text, limit) == expected


@given(st.text(max_size=150), st.integers(4, 20))
@settings(deadline=None, max_examples=50)
def test_no_run_is_longer_than_the_limit_and_nothing_but_spaces_is_added(text: str, limit: int) -> None:
    result = split_long_words(text, limit)
    assert all(len(run) <= limit for run in re.findall(r"\S+", result))
    assert result.replace(" ", "") == text.replace(" ", "")
    assert split_long_words(result, limit) == result


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="limit=0"):
        split_long_words("a", 0)
