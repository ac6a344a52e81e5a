from collections.abc import Callable

import pytest

from connectors.parsing.rtf import parse
from rag.errors import DocumentError
from rag.types import Document, SourceItem

Check = Callable[[Document], None]
ITEM = SourceItem(source="s", key="k.rtf", uri="/x/k.rtf", fingerprint="f")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (rb"{\rtf1\ansi {\b one} two\par three}", "one two\n\nthree"),
        (rb"{\rtf1\ansi\ansicpg1252 caf\'e9 \u8364?}", "café €"),
        (rb"{\rtf1\ansi\ansicpg1251 \'cf\'f0\par}", "Пр"),
        (rb"{\rtf1{\info{\title T}}{\*\generator G;}{\fonttbl{\f0 Arial;}}body}", "body"),
        (rb'{\rtf1 see {\field{\*\fldinst HYPERLINK "http://e.org"}{\fldrslt this}}}', "see this"),
        (rb"{\rtf1 a{\pict 00ff00ff}b}", "ab"),
    ],
)
def test_the_text_without_its_control_words(data: bytes, text: str, assert_well_formed: Check) -> None:
    document = parse(data, ITEM)
    assert_well_formed(document)
    assert document.text == text


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"", "parse"), (b"plain text", "parse"), (rb"{\rtf1}", "empty"), (b"{\\rtf1 " + b"{" * 100_000, "empty")],
)
def test_what_cannot_be_read_says_why(data: bytes, kind: str) -> None:
    with pytest.raises(DocumentError, match=r"^/x/k\.rtf: .+") as raised:
        parse(data, ITEM)
    assert raised.value.kind == kind
