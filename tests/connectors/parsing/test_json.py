import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.parsing.json import parse, parse_lines
from rag.errors import DocumentError
from rag.types import Document, SourceItem

Check = Callable[[Document], None]
ITEM = SourceItem(source="s", key="k.json", uri="/x/k.json", fingerprint="f")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b'{"name": "Seals", "wins": 3}', "# Seals\n\n- wins: 3"),
        (
            b'{"a": 1.10, "b": true, "c": null, "d": 12345678901234567890}',
            "- a: 1.10\n- b: true\n- c: null\n- d: 12345678901234567890",
        ),
        (
            b'[{"team": "Seals", "wins": 3}, {"team": "Cats", "wins": 4}]',
            "| team | wins |\n| --- | --- |\n| Seals | 3 |\n| Cats | 4 |",
        ),
        (b'{"tags": ["a", "b"], "in": {"x": {"y": "z"}}}', "- tags: a, b\n- in:\n  - x:\n    - y: z"),
        (b'"alone"', "alone"),
        (b"7", "7"),
        (b"[]", ""),
        (b"{}", ""),
        (b"", ""),
        (b"[1, 2, 3]", "1, 2, 3"),
        (b'{"k": "a", "k": "b"}', "- k: a\n- k (2): b"),
        ('{"ключ": "日本 é"}'.encode("utf-16"), "- ключ: 日本 é"),
        (b'\xef\xbb\xbf{"k": "v"}', "- k: v"),
    ],
)
def test_values_read_as_text(data: bytes, text: str, assert_well_formed: Check) -> None:
    document = parse(data, ITEM)
    assert_well_formed(document)
    assert document.text == text


def test_long_texts_and_large_objects_are_sections() -> None:
    long = "One sentence after the other. " * 20
    value = {"id": 1, "body": long, "more": {f"k{n}": n for n in range(60)}}
    document = parse(json.dumps(value).encode(), ITEM)
    headings = [document.text[e.start : e.end] for e in document.elements if e.kind == "heading"]
    assert headings == ["## body", "## more"]
    assert long.strip() in document.text
    assert "- k59: 59" in document.text


def test_records_are_read_one_after_the_other() -> None:
    data = b'{"team": "Seals", "wins": 3}\n\n{"team": "Cats", "wins": 4}\r\n'
    assert parse_lines(data, ITEM).text == "| team | wins |\n| --- | --- |\n| Seals | 3 |\n| Cats | 4 |"
    records = [b'{"team": "Seals of the north sea", "wins": %d}' % n for n in range(30)]
    assert (
        parse_lines(b"".join(b"\x1e%s\n" % r for r in records), ITEM).text
        == parse_lines(b"\n".join(records), ITEM).text
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"a": 1,\n "b": }', ["line 2, column 7", "not valid JSON"]),
        (b'{"a": 1', ["line 1"]),
        (b'{"a": ' * 200 + b"1" + b"}" * 200, ["nested"]),
        (b"[" * 100_000, ["nested"]),
    ],
    ids=["place", "cut", "deep", "deeper"],
)
def test_what_is_no_json_says_where(data: bytes, words: list[str]) -> None:
    with pytest.raises(DocumentError) as raised:
        parse(data, ITEM)
    assert raised.value.kind == "parse"
    assert all(word in str(raised.value) for word in ["/x/k.json", *words])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.sampled_from("abc дя日"), min_size=1, max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("klm", min_size=1, max_size=3), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_every_text_and_number_is_there(value: Any) -> None:
    shown = " ".join(parse(json.dumps(value).encode(), ITEM).text.split())
    for text in _texts(value):
        assert " ".join(text.split()) in shown


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return [str(value)] if isinstance(value, str | int) and not isinstance(value, bool) else []
