import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.parsing.org import parse
from rag.types import Document, SourceItem

Make = Callable[..., SourceItem]
Check = Callable[[Document], None]


@pytest.mark.parametrize(
    ("org", "text"),
    [
        ("", ""),
        ("* A\np\nq\n** TODO [#A] B :x:y:\nr", "# A\n\np\nq\n\n## TODO [#A] B :x:y:\n\nr"),
        ("#+TITLE: T\n* A", "# T\n\n## A"),
        ("*not a heading*", "*not a heading*"),
        ("see [[https://x.org/(a)][the *site*]], [[*A][there]] and [[https://y.org]]",
         "see [the *site*](https://x.org/(a)), there and https://y.org"),
        ("- a\n  more\n  1. b\n     - c\n- [X] d\n- e :: f\nafter",
         "- a\nmore\n  1. b\n    - c\n- [X] d\n- e: f\n\nafter"),
        ("x\n * a\n * b", "x\n\n- a\n- b"),
        ("|a|b|\n|-+-|\n|1|2|", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ("|--|\n|1|2|\n|<l>|<r>|\n|--|", "| 1 | 2 |\n| --- | --- |"),
        ("#+begin_src python -n\n  def f():\n    1\n  ,* no\n#+end_src", "```python\ndef f():\n  1\n* no\n```"),
        ("#+BEGIN_QUOTE\nq\n#+END_QUOTE\n#+begin_comment\nx\n#+end_comment\n# y", "q"),
        ("#+begin_src sh\nnever closed\n* A", "never closed\n\n# A"),
        (": a\n:  b\nc", "```\na\n b\n```\n\nc"),
        ("* A\nDEADLINE: <2024-05-01>\n:PROPERTIES:\n:ID: 7\n:Effort: 2h\n:END:\nx",
         "# A\n\nDEADLINE: <2024-05-01>\n\n- Effort: 2h\n\nx"),
        ("a\n-----\nb", "a\n\nb"),
        ("* 日本\nЖ", "# 日本\n\nЖ"),
    ],
)  # fmt: skip
def test_what_is_written_is_what_is_read(make_item: Make, assert_well_formed: Check, org: str, text: str) -> None:
    document = parse(org.encode(), make_item("a.org"))
    assert_well_formed(document)
    assert document.text == text


def test_keywords_at_the_top_are_metadata(make_item: Make) -> None:
    org = "#+title: On\n#+TITLE: tea\n#+author: Ann\n#+LANGUAGE: de_CH\n#+OPTIONS: toc:nil\n\nx\n* A\n#+author: no"
    document = parse(org.encode(), make_item("a.org"))
    assert (document.title, document.language, document.metadata) == ("On tea", "de", {"author": "Ann"})


def test_without_a_title_the_first_heading_is_it(make_item: Make) -> None:
    assert parse(b"x\n* A\n* B", make_item("a.org")).title == "A"


def test_signs_of_syntax_are_no_words(make_item: Make) -> None:
    document = parse(b"* A *b*\n- [[https://x.org][l]] =c=", make_item("a.org"))
    assert document.plain(0, len(document.text)) == "A b\n\nl c"


@pytest.mark.parametrize(
    "org",
    ["*a " * 50_000, "#+begin_src\n" * 50_000, "#+begin_quote\n" * 50_000, "[[" * 50_000, "|" * 500_000,
     "\n".join(" " * n + "- x" for n in range(1_000)), " " * 1_000_000 + "x", ":a:\n" * 50_000],
    ids=["emphasis", "code", "quotes", "links", "cells", "lists", "blanks", "drawers"],
)  # fmt: skip
def test_hostile_files_end_soon(make_item: Make, org: str) -> None:
    started = time.monotonic()
    parse(org.encode(), make_item("a.org"))
    assert time.monotonic() - started < 10


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.sampled_from(["a", "*", "* ", "- ", "1. ", "|", "|-", "\n", "  ", "#+begin_src x\n", "#+end_src\n", "[[",
                         "][", "]]", ":a:\n", ":END:\n", ": ", "#+title: ", "ü", "~"])
    )
)  # fmt: skip
def test_any_text_is_a_document(make_item: Make, assert_well_formed: Check, parts: list[str]) -> None:
    assert_well_formed(parse("".join(parts).encode(), make_item("a.org")))
