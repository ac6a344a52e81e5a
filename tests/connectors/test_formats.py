import subprocess
import sys
from collections.abc import Callable

import pytest
from langchain_core.documents.base import Blob

from connectors.parsing import FormatParser
from connectors.parsing.formats import FORMATS, Format, format_of_mime, format_of_name
from rag.errors import DocumentError
from rag.types import Document, SourceItem

Make = Callable[..., SourceItem]


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.mime)
def test_every_format_has_a_parser_and_its_own_suffixes(
    make_item: Make, make_pdf: Callable[..., bytes], known: Format
) -> None:
    data = make_pdf([[(72, 720, "Words.")]]) if known.mime == "application/pdf" else b"Words."
    for suffix in known.suffixes:
        assert format_of_name(f"A.B{suffix.upper()}") is known
        document = FormatParser().parse(Blob.from_data(data), make_item(f"a{suffix}", mime=known.mime))
        assert (document.text, document.mime, document.size) == ("Words.", known.mime, len(data))


@pytest.mark.parametrize(
    ("key", "mime", "blob_mime", "expected"),
    [
        ("a.txt", "text/markdown; charset=utf-8", None, "heading"),
        ("a", None, "text/markdown", "heading"),
        ("a.md", None, None, "heading"),
        ("a.md", "application/octet-stream", None, "heading"),
        ("a.md", "text/plain", None, "paragraph"),
    ],
)
def test_the_media_type_decides_before_the_suffix(
    make_item: Make, key: str, mime: str | None, blob_mime: str | None, expected: str
) -> None:
    document = FormatParser().parse(Blob.from_data(b"# T", mime_type=blob_mime), make_item(key, mime=mime))
    assert [e.kind for e in document.elements] == [expected]


def test_an_unknown_format_names_the_known_ones(make_item: Make) -> None:
    with pytest.raises(DocumentError, match=r"image/png.*\.md") as error:
        FormatParser().parse(Blob.from_data(b"x"), make_item("a.png", mime="image/png"))
    assert error.value.kind == "format"
    assert format_of_mime("image/png") is None


def test_whatever_a_parser_raises_concerns_its_document_alone(make_item: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def recurse(data: bytes, item: SourceItem) -> Document:
        return recurse(data, item)

    monkeypatch.setattr("connectors.parsing.text.parse", recurse)
    with pytest.raises(DocumentError, match="RecursionError") as error:
        FormatParser().parse(Blob.from_data(b"x"), make_item("a.txt"))
    assert error.value.kind == "parse"


def test_parsers_are_imported_when_they_are_needed() -> None:
    code = "import sys, connectors.files, connectors.parsing; print({'pypdfium2', 'markdown_it'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
