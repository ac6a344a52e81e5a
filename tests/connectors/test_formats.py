"""What holds for every format."""

import subprocess
import sys
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents.base import Blob

from connectors.parsing import FormatParser
from connectors.parsing.formats import FORMATS, Format, format_of_mime, format_of_name
from rag.errors import DocumentError
from rag.types import Document, Parsed, SourceItem
from tests.connectors.format_samples import SAMPLES, UNWRITABLE, WORD

Make = Callable[..., SourceItem]
Check = Callable[[Document], None]

FORMAT_IDS = [known.name for known in FORMATS]


def read(data: bytes, item: SourceItem) -> Parsed:
    return FormatParser().parse(Blob.from_data(data), item)


def suffix_of(known: Format) -> str | None:
    return next((suffix for suffix in known.suffixes if suffix in SAMPLES), None)


@pytest.mark.parametrize("known", FORMATS, ids=FORMAT_IDS)
def test_every_format_is_found_by_its_suffixes_and_media_type(known: Format) -> None:
    for suffix in known.suffixes:
        assert format_of_name(f"A.B{suffix.upper()}") is known
        assert format_of_mime(known.mime_of(f"a{suffix}")) is known
    assert suffix_of(known) or set(known.suffixes) & UNWRITABLE, "a sample, or a reason why there is none"


@pytest.mark.parametrize("suffix", SAMPLES)
def test_every_format_gives_its_words_once(make_item: Make, assert_well_formed: Check, suffix: str) -> None:
    data = SAMPLES[suffix]()
    parsed = read(data, make_item(f"a{suffix}"))
    assert (parsed.failed, parsed.skipped) == ((), ())
    for document in parsed.documents:
        assert_well_formed(document)
    plain = " ".join(document.plain(0, len(document.text)) for document in parsed.documents)
    assert plain.casefold().count(WORD.casefold()) == (2 if suffix == ".rs" else 1)
    if suffix not in (".zip", ".mbox"):
        (document,) = parsed.documents
        known = format_of_name(f"a{suffix}")
        assert known
        assert format_of_mime(document.mime) is known
        assert document.size == len(data)


HOSTILE = [
    b"",
    b"\x00",
    b"\xff\xfe",
    b"   \n",
    b"\x89PNG\r\n\x1a\n",
    b"PK\x03\x04",
    b"%PDF-1.4",
    b"\xd0\xcf\x11\xe0" * 200,
]


@pytest.mark.parametrize("known", FORMATS, ids=FORMAT_IDS)
@pytest.mark.parametrize("data", [*HOSTILE, "ᚠ🙂 \u202e".encode() * 50], ids=range(9))
def test_no_format_falls_over_what_it_is_not(
    make_item: Make, assert_well_formed: Check, known: Format, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        parsed = read(data, make_item(f"a{known.suffixes[0]}"))
    except DocumentError as error:
        found = str(error)
        assert_readable(found)
    else:
        for document in parsed.documents:
            assert_well_formed(document)


def assert_readable(message: str) -> None:
    assert "\n" not in message
    assert len(message) < 600


@pytest.mark.parametrize(
    "suffix", [".html", ".rst", ".org", ".csv", ".json", ".xml", ".eml", ".py", ".rtf", ".txt", ".md"]
)
@settings(deadline=None, max_examples=30)
@given(text=st.text(max_size=300))
def test_any_text_is_well_formed_in_every_text_format(
    make_item: Make, assert_well_formed: Check, suffix: str, text: str
) -> None:
    try:
        parsed = read(text.encode("utf-8", "surrogatepass"), make_item(f"a{suffix}"))
    except DocumentError as error:
        assert_readable(str(error))
    else:
        for document in parsed.documents:
            assert_well_formed(document)


@cache
def sample(suffix: str) -> bytes:
    """One file of a kind: some have the time in them, and hypothesis wants the same at each try."""
    return SAMPLES[suffix]()


@pytest.mark.parametrize("suffix", [".docx", ".pptx", ".xlsx", ".odt", ".epub", ".zip", ".png"])
@settings(deadline=None, max_examples=15)
@given(data=st.data())
def test_damaged_files_fail_or_are_well_formed(
    make_item: Make, assert_well_formed: Check, suffix: str, data: st.DataObject
) -> None:
    whole = bytearray(sample(suffix))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        parsed = read(bytes(whole[: data.draw(st.integers(1, len(whole)))]), make_item(f"a{suffix}"))
    except DocumentError as error:
        assert_readable(str(error))
    else:
        for document in parsed.documents:
            assert_well_formed(document)


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
    blob = Blob.from_data(b"# T", mime_type=blob_mime)
    (document,) = FormatParser().parse(blob, make_item(key, mime=mime)).documents
    assert [e.kind for e in document.elements] == [expected]


def test_an_unknown_format_names_the_known_ones(make_item: Make) -> None:
    with pytest.raises(DocumentError, match=r"video/mp4.*\.md") as error:
        read(b"x", make_item("a.mp4", mime="video/mp4"))
    assert error.value.kind == "format"
    assert format_of_mime("video/mp4") is None


def test_whatever_a_parser_raises_concerns_its_document_alone(make_item: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def recurse(data: bytes, item: SourceItem) -> Document:
        return recurse(data, item)

    monkeypatch.setattr("connectors.parsing.text.parse", recurse)
    with pytest.raises(DocumentError, match="RecursionError") as error:
        read(b"x", make_item("a.txt"))
    assert error.value.kind == "parse"


def test_a_package_that_is_missing_is_named_with_the_line_that_installs_it(
    make_item: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tree_sitter", None)
    monkeypatch.delitem(sys.modules, "connectors.parsing.code", raising=False)
    with pytest.raises(DocumentError, match=r"pip install 'situated-rag\[code\]'") as error:
        read(b"x = 1", make_item("a.py"))
    assert error.value.kind == "dependency"


def test_parsers_are_imported_when_they_are_needed() -> None:
    heavy = {"pypdfium2", "markdown_it", "lxml", "docx", "unstructured", "langchain_core"}
    code = f"import sys, connectors.parsing; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_an_error_names_its_file_also_where_the_part_that_fails_does_not_know_it() -> None:
    item = SourceItem(source="s", key="deep.html", uri="/x/deep.html", fingerprint="")
    with pytest.raises(DocumentError, match=r"^/x/deep\.html: .*nested") as raised:
        FormatParser().read(b"<div>" * 20_000 + b"text", None, item)
    assert raised.value.kind == "parse"
