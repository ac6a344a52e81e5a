"""What is read of a text that is marked up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.view.plain import plain
from ui.view.structure import MAX_BLOCK


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", ""),
        ("Words.", "Words."),
        ("## Set *up*\n\nInstall `it`\nnow.\n\nThen go.", "Set up · Install it now. Then go."),
        ("1. one\n2. two\n   - three\n\n> four", "one · two · three · four"),
        ("see [the page](https://example.org/a_(b)) and ![a cat](cat.png)", "see the page and a cat"),
        ("see [the page][1]\n\n[1]: https://example.org", "see the page"),
        ("| a | b |\n|---|---|\n| c\\|d |  |", "a · b c|d"),
        ("```python\nx = a * b * c\n```", "x = a * b * c"),
        ("one\n\n---\n\ntwo", "one · two"),
        ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
        ("東京。\n\n京都", "東京。 京都"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("2 ** 3 ** 4", "2 ** 3 ** 4"),
        ("**a** " * MAX_BLOCK, ("**a** " * MAX_BLOCK).strip()),
    ],
)
def test_only_words_are_left_of_markdown(written: str, read: str) -> None:
    assert plain(written, "text/markdown") == read


@pytest.mark.parametrize("mime", ["text/plain", "text/x-python", "text/csv", "", "application/x-nobody-knows"])
def test_what_is_not_marked_up_stays_as_it_is(mime: str) -> None:
    assert plain("# **a**\n\n[b](c)", mime) == "# **a**\n\n[b](c)"


def test_of_what_our_parsers_write_links_and_headings_are_taken_away() -> None:
    """Their paragraphs are no Markdown: a star is a star."""
    assert plain("# A\n\n2 *b* [c](d)", "text/html") == "A · 2 *b* c"


@given(st.text(alphabet="ab #*_`[]()|-\n>!1.\\", max_size=200), st.sampled_from(["text/markdown", "text/html"]))
def test_no_word_is_made_up_and_no_letter_changes_its_place(text: str, mime: str) -> None:
    left = iter(text)
    assert all(sign in left for sign in plain(text, mime) if not sign.isspace() and sign != "·")
