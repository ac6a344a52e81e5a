import re
import time
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.parsing.markdown import parse
from rag.types import Document, SourceItem

Check = Callable[[Document], None]
Make = Callable[..., SourceItem]


@pytest.fixture(scope="session")
def read(make_item: Make, assert_well_formed: Check) -> Callable[..., Document]:
    def read(text: str, key: str = "folder/notes.md", **values: object) -> Document:
        document = parse(text.encode(), make_item(key, **values))
        assert_well_formed(document)
        return document

    return read


Read = Callable[..., Document]


def outline(document: Document) -> list[tuple[str, str]]:
    return [(e.kind, document.plain(e.start, e.end).strip()) for e in document.elements]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# One\n\nText.", [("heading", "One"), ("paragraph", "Text.")]),
        ("## Two ##\n", [("heading", "Two")]),
        ("C#\n", [("paragraph", "C#")]),
        ("# About C#\n", [("heading", "About C#")]),
        ("## Goals {#the-goals}\n", [("heading", "Goals")]),
        ("Title\n=====\nbody", [("heading", "Title"), ("paragraph", "body")]),
        ("- a\n- b\n  - c\n", [("list_item", "a"), ("list_item", "b"), ("list_item", "c")]),
        ("- - a\n-\n", [("list_item", "a"), ("paragraph", "")]),
        ("- a\n\n  more of a\n", [("list_item", "a"), ("paragraph", "more of a")]),
        ("1. one\n2. two", [("list_item", "1. one"), ("list_item", "2. two")]),
        ("> said\n> - item", [("paragraph", "said"), ("list_item", "item")]),
        ("a\n\n***\n\nb", [("paragraph", "a"), ("paragraph", ""), ("paragraph", "b")]),
        ("```py\nx = '*a*'\n```\n", [("code", "x = '*a*'")]),
        ("```\nnot closed\n", [("code", "not closed")]),
        ("> ```\n> x\n> ```", [("code", "x")]),
        ("    <b>indented</b>", [("code", "<b>indented</b>")]),
        ("| a | b |\n|---|:-:|\n| c | d |", [("table", "a  b \n\n c  d")]),
        ("a|b\n-|-\nc|d", [("table", "a|b\n\nc|d")]),
        ("<p>x<br>y</p>\n", [("paragraph", "x>y")]),
        ("<!-- hidden -->\n<div class='a'>shown</div>", [("paragraph", ""), ("paragraph", "shown")]),
        ("<script>\nvar x\n</script>\n", [("paragraph", "")]),
        ("see [docs][1]\n\n[1]: http://x.y 'T'", [("paragraph", "see docs"), ("paragraph", "")]),
        ("[^1]: A footnote.", [("paragraph", "[^1]: A footnote.")]),
        ("tab\there", [("paragraph", "tab\there")]),
        ("a\r\n\r\nb\r\n", [("paragraph", "a"), ("paragraph", "b")]),
    ],
)
def test_structure_and_words(read: Read, text: str, expected: list[tuple[str, str]]) -> None:
    assert outline(read(text)) == expected


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("*a* **b** ***c*** _d_ __e__ ~~f~~", "a b c d e f"),
        ("snake_case and 2 * 3 * 4 and **open", "snake_case and 2 * 3 * 4 and **open"),
        ("foo**bar**", "foobar"),
        ("[a *b*](http://x.y/z_(1)) ![c](<d e> 'f')", "a b c"),
        ("[kept](not a target) array[0][1] [ ] open", "[kept](not a target) array[0][1] [ ] open"),
        ("``a`b`` and `*c*` and `open", "a`b and *c* and `open"),
        (r"\*not\* a\_b C:\dir", r"*not* a_b C:\dir"),
        ("<https://x.y> <your-name> a <b>c</b> 1 < 2 <b or c> <hr>", "https://x.y> <your-name> a c 1 < 2 <b or c> "),
        ("a <!-- b --> c <!-- open", "a  c <!-- open"),
        ("日本語の**強調**です", "日本語の強調です"),
    ],
)
def test_inline_syntax_is_left_out_of_the_words(read: Read, text: str, plain: str) -> None:
    document = read(text)
    assert document.text == text
    assert document.plain(0, len(text)) == plain


WORD = st.from_regex(r"[A-Za-z0-9äé日]{1,8}", fullmatch=True)
SHAPE = st.sampled_from(
    ["{}", "*{}*", "**{}**", "`{}`", "[{}](http://example.org/x)", "a <{}", "<b>{}</b>", "{}>", "({})"]
)
SIGNS = ["*", "**", "_", "`", "[", "]", "(", ")", "<", ">", "|", "~~", "\\", "!", "&", "](", "#", "-", "a <b"]
PIECE = st.one_of(st.tuples(SHAPE, WORD), st.tuples(st.sampled_from(SIGNS), st.just("")))


@settings(deadline=None, max_examples=100)
@given(st.lists(PIECE, max_size=12))
def test_no_word_of_a_paragraph_is_taken_for_markup(read: Read, pieces: list[tuple[str, str]]) -> None:
    # a word first: a paragraph, whatever follows
    document = read(" ".join(["x", *(shape.format(word) for shape, word in pieces)]))
    words = Counter(word for _, word in pieces if word)
    assert not words - Counter(re.findall(r"[^\W_]+", document.plain(0, len(document.text))))


@settings(deadline=None, max_examples=100)
@given(st.text(alphabet="#>-*_`~|[]()<!= \t\nab1.:\\\r日é\u0301&", max_size=80))
def test_any_text_keeps_the_invariants(read: Read, text: str) -> None:
    read(text)


def test_front_matter_becomes_metadata_under_the_items(read: Read) -> None:
    text = (
        "---\ntitle: The *Guide*\ndate: 2024-05-01\nat: 2024-05-01 10:00:00\ntags: [a, {b: 1}]\nteam: mine\n"
        'n: 1.5\nbig: 99999999999999999999\nbad: .nan\n"q\\"k": v\n3: three\nodd: "\\ud800"\n---\n# Heading\n'
    )
    document = read(text, metadata={"team": "item"})
    assert document.text == "# Heading\n"
    assert document.title == "The *Guide*"
    assert document.metadata == {
        "title": "The *Guide*",
        "date": "2024-05-01",
        "at": "2024-05-01T10:00:00",
        "tags": ["a", {"b": 1}],
        "team": "item",
        "n": 1.5,
        "big": "99999999999999999999",
        "bad": "nan",
        "q'k": "v",
        "3": "three",
        "odd": "�",
    }


@pytest.mark.parametrize(
    "text",
    [
        "---\na: [1\n---\nbody",
        "---\njust words\n---\nbody",
        "---\nnever: closed\n",
        "---\na: 2024-13-45\n---\n",
        "---\na: !!python/object:os.system x\n---\n",
        "---\na: &x {b: 1}\nc: {<<: [*x, *x]}\n---\n",
        "---\na: " + "[" * 200 + "]" * 200 + "\n---\n",
        "---\na: !!timestamp x\n---\n",
        "---\n" + "a: b\n" * 20_000 + "---\n",
        " ---\na: b\n---\n",
    ],
)
def test_broken_front_matter_is_text(read: Read, text: str) -> None:
    document = read(text)
    assert document.text == text
    assert document.metadata == {}


@pytest.mark.parametrize("text", ["", "\n \n", "---\ntitle: T\n---\n", "---\n---", "\ufeff"])
def test_a_file_without_words_is_a_document_without_elements(read: Read, text: str) -> None:
    assert read(text).elements == ()


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("---\ntitle: Named\n---\n# Other", "Named"),
        ("---\ntitle: 2024\n---\n", "2024"),
        ("---\ntitle: ''\n---\n# Other", "Other"),
        ("### Low\n\n# **First** [one](x) &amp;\n two\n\n# Second", "First one &"),
        ("### Low\n\n## Lower number", "Low"),
        ("# \n\nno heading text", "notes"),
        ("no heading", "notes"),
    ],
)
def test_title(read: Read, text: str, title: str) -> None:
    assert read(text).title == title


def test_a_long_title_ends_in_an_ellipsis(read: Read) -> None:
    title = read("# " + "word " * 100).title
    assert len(title) <= 200
    assert title.endswith("word…")


HOSTILE = [
    "[",
    "*",
    "*a ",
    "`",
    "> ",
    "- ",
    "](",
    "[a](",
    "![a](b ",
    "<a ",
    "<!-- ",
    "a**b",
    "_a ",
    "|",
    "[a]: b\n",
    "***a",
    "{#a} ",
]


@pytest.mark.parametrize("piece", [*HOSTILE, "[](((((", "[](<", "*_", "\\", "\t", "~~a", "<script>"])
def test_a_long_run_of_one_piece_takes_bounded_time(make_item: Make, piece: str) -> None:
    text = piece * ((50_000 if "\n" in piece else 200_000) // len(piece))
    started = time.perf_counter()
    parse(text.encode(), make_item())
    assert time.perf_counter() - started < 10  # what is quadratic takes a minute and more


def test_deep_nesting_loses_nothing(read: Read) -> None:
    text = "".join("  " * n + f"- item{n}\n" for n in range(200)) + "\n" + "> " * 300 + "quoted"
    document = read(text)
    plain = document.plain(0, len(text))
    assert re.findall(r"\w+", plain) == [*(f"item{n}" for n in range(200)), "quoted"]
