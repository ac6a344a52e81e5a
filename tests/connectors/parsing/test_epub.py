import io
import zipfile
from collections.abc import Callable

import pytest

from connectors.parsing.epub import parse
from rag.errors import DocumentError
from rag.types import Document, SourceItem

Make = Callable[..., SourceItem]
Check = Callable[[Document], None]

CONTAINER = """<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>
<dc:title>The Book of Tea</dc:title><dc:creator>Ann Bo</dc:creator><dc:creator>Cy Do</dc:creator>
<dc:language>en-GB</dc:language><dc:date>1906</dc:date></metadata><manifest>
<item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="one" href="text/one%20a.xhtml" media-type="application/xhtml+xml"/>
<item id="two" href="two.xhtml" media-type="application/xhtml+xml"/>
<item id="gone" href="gone.xhtml" media-type="application/xhtml+xml"/>
<item id="pic" href="cover.jpg" media-type="image/jpeg"/></manifest>
<spine><itemref idref="pic"/><itemref idref="n"/><itemref idref="two"/><itemref idref="one"/><itemref idref="gone"/>
<itemref idref="two"/><itemref idref="nothing"/></spine></package>"""
ONE = """<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>
<a id="x"/><h1>One</h1><p>Caf\u00e9&nbsp;words, <a href="two.xhtml#n1">a note</a>, <a href="https://x.org/">site</a>.</p>
<nav><p>kept in books</p></nav></body></html>"""
TWO = "<html><body><h2>Two</h2><ul><li>item<li>other"
MEMBERS = {
    "META-INF/container.xml": CONTAINER,
    "OPS/book.opf": PACKAGE,
    "OPS/text/one a.xhtml": ONE,
    "OPS/two.xhtml": TWO,
    "OPS/nav.xhtml": "<p>contents</p>",
    "OPS/cover.jpg": "x",
}
TEXT = "## Two\n\n- item\n- other\n\n# One\n\nCafé words, a note, [site](https://x.org/).\n\nkept in books"


def epub(**changes: str | None) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mimetype", "application/epub+zip")
        for name, content in {**MEMBERS, **changes}.items():
            if content is not None:
                file.writestr(name, content)
    return data.getvalue()


def encryption(algorithm: str) -> dict[str, str]:
    return {
        "META-INF/encryption.xml": '<encryption xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData>'
        f'<enc:EncryptionMethod Algorithm="{algorithm}"/></enc:EncryptedData></encryption>'
    }


def test_chapters_come_in_the_order_of_the_spine_each_once(make_item: Make, assert_well_formed: Check) -> None:
    document = parse(epub(), make_item("tea.epub"))
    assert_well_formed(document)
    assert document.text == TEXT
    assert (document.title, document.language) == ("The Book of Tea", "en")
    assert document.metadata == {"author": "Ann Bo, Cy Do", "date": "1906", "missing_chapters": ["gone.xhtml"]}


def test_a_book_without_container_is_found_by_its_package_document(make_item: Make) -> None:
    assert parse(epub(**{"META-INF/container.xml": None}), make_item("tea.epub")).text == TEXT


def test_obfuscated_fonts_are_no_protection(make_item: Make) -> None:
    assert parse(epub(**encryption("http://www.idpf.org/2008/embedding")), make_item("tea.epub")).text == TEXT


def corrupted() -> bytes:
    data = bytearray(epub())
    at = data.index(b"OPS/two.xhtml") + 20
    data[at : at + 8] = b"\xff" * 8
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (epub(**encryption("http://www.w3.org/2001/04/xmlenc#aes256-cbc")), "encrypted"),
        (b"", "parse"),
        (b"no zip", "parse"),
        (epub()[:-40], "parse"),
        (corrupted(), "parse"),
        (epub(**{"OPS/book.opf": None}), "parse"),
        (epub(**{"OPS/book.opf": "<package><spine>"}), "parse"),
        (epub(**{"OPS/two.xhtml": None, "OPS/text/one a.xhtml": "<p> </p>"}), "empty"),
        (epub(**{"OPS/two.xhtml": "<div>" * 5_000 + "x"}), "parse"),
    ],
    ids=["drm", "nothing", "text", "cut", "corrupt", "no package", "malformed", "blank", "deep"],
)
def test_what_cannot_be_read_says_why(make_item: Make, data: bytes, kind: str) -> None:
    with pytest.raises(DocumentError, match=r"^/x/tea.epub: [^\n]+$") as error:
        parse(data, make_item("tea.epub"))
    assert error.value.kind == kind


def test_a_bomb_is_refused_before_it_is_unpacked(make_item: Make) -> None:
    data = epub(**{"OPS/two.xhtml": "0" * 1_000_000})
    small, huge = (1_000_000).to_bytes(4, "little"), (600_000_000).to_bytes(4, "little")
    with pytest.raises(DocumentError, match="600") as error:
        parse(data.replace(small, huge), make_item("tea.epub"))
    assert error.value.kind == "archive"
