from collections.abc import Callable

import pytest

from connectors.parsing.text import parse
from rag.types import Document, SourceItem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\t\n", []),
        ("one", ["one"]),
        ("one\nline\n\n\n  two \n", ["one\nline", "two"]),
        ("a\n \t \nb", ["a", "b"]),
        ("page one\fpage two", ["page one\npage two"]),
        ("# no heading\n\n*no* list", ["# no heading", "*no* list"]),
    ],
)
def test_paragraphs_stand_between_blank_lines(
    make_item: Callable[..., SourceItem], assert_well_formed: Callable[[Document], None], text: str, expected: list[str]
) -> None:
    document = parse(text.encode("utf-16"), make_item("Deep/My notes.v2.txt", metadata={"team": "a"}, acl=("x",)))
    assert_well_formed(document)
    assert [document.text[e.start : e.end] for e in document.elements] == expected
    assert (document.title, document.markup) == ("My notes.v2", ())
    assert (document.id, document.metadata, document.acl) == ("docs:Deep/My notes.v2.txt", {"team": "a"}, ("x",))
