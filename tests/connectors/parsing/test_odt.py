import io
import zipfile
from collections.abc import Callable

import pytest

from connectors.parsing.odt import parse
from rag.errors import DocumentError
from rag.types import Document, SourceItem

Check = Callable[[Document], None]
ITEM = SourceItem(source="s", key="k.odt", uri="/x/k.odt", fingerprint="f")
URN = "urn:oasis:names:tc:opendocument:xmlns"
NAMESPACES = (
    f'xmlns:office="{URN}:office:1.0" xmlns:text="{URN}:text:1.0" xmlns:table="{URN}:table:1.0" '
    f'xmlns:style="{URN}:style:1.0" xmlns:draw="{URN}:drawing:1.0" '
    'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/"'
)


def package(body: str, *, declared: str = "", **parts: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(
            "content.xml",
            f"{declared}<office:document-content {NAMESPACES}><office:body><office:text>{body}</office:text>"
            "</office:body></office:document-content>",
        )
        for name, content in parts.items():
            file.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('<text:h text:outline-level="2">Two</text:h><text:p>Words.</text:p>', "## Two\n\nWords."),
        ('<text:h text:outline-level="99">Deep</text:h>', "###### Deep"),
        ("<text:p>a<text:s/>b<text:tab/>c<text:line-break/>d</text:p>", "a b\tc\nd"),
        ("<text:p>x <text:span>y <text:span>z</text:span></text:span></text:p>", "x y z"),
        ('<text:p><text:a xlink:href="https://e.org/">here</text:a></text:p>', "[here](https://e.org/)"),
        ('<text:p><text:a xlink:href="#top">up</text:a></text:p>', "up"),
        (
            "<text:list><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>two</text:p>"
            "</text:list-item></text:list></text:list-item><text:list-item><text:p>three</text:p></text:list-item>"
            "</text:list>",
            "- one\n  - two\n- three",
        ),
        (
            "<table:table><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell>"
            "<text:p>b</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell>"
            "<text:p>1</text:p><text:p>2</text:p></table:table-cell></table:table-row></table:table>",
            "| a | b |\n| --- | --- |\n| 1 2 |  |",
        ),
        (
            "<text:tracked-changes><text:changed-region><text:deletion><text:p>gone</text:p></text:deletion>"
            "</text:changed-region></text:tracked-changes><text:section><text:p>here</text:p></text:section>",
            "here",
        ),
        ("<text:p>日本 Ж</text:p>", "日本 Ж"),
        (
            "<text:p>a<text:note text:note-class='footnote'><text:note-citation>1</text:note-citation><text:note-body>"
            "<text:p>One.</text:p><text:p>Two.</text:p></text:note-body></text:note> b</text:p><text:p>c</text:p>",
            "a[^1] b\n\n[^1]: One.\nTwo.\n\nc",
        ),
        (
            "<text:p>a<draw:frame><draw:text-box><text:p>in a box</text:p></draw:text-box></draw:frame>b</text:p>",
            "ab\n\nin a box",
        ),
        (
            "<table:table><table:table-row><table:table-cell><text:p>a<draw:custom-shape><text:p>shape</text:p>"
            "</draw:custom-shape></text:p></table:table-cell></table:table-row></table:table>",
            "| a |\n| --- |\n\nshape",
        ),
    ],
)
def test_what_a_person_sees_is_what_is_written(body: str, text: str, assert_well_formed: Check) -> None:
    document = parse(package(body), ITEM)
    assert_well_formed(document)
    assert document.text == text


LEVELS = """<office:automatic-styles><text:list-style style:name="L">
<text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/>
<text:list-level-style-number text:level="2" style:num-format="a" style:num-prefix="(" style:num-suffix=")"/>
<text:list-level-style-bullet text:level="3"/></text:list-style></office:automatic-styles>"""
OUTLINE = """<office:styles><text:outline-style><text:outline-level-style text:level="1" style:num-format="I"/>
<text:outline-level-style text:level="2" style:num-format="1" text:display-levels="2"/></text:outline-style>
</office:styles>"""


def entries(*texts: str, inner: str = "", attributes: str = "") -> str:
    items = "".join(f"<text:list-item><text:p>{text}</text:p></text:list-item>" for text in texts)
    nested = f"<text:list-item>{inner}</text:list-item>" if inner else ""
    return f"<text:list {attributes}>{items}{nested}</text:list>"


def test_lists_and_headings_have_the_numbers_that_are_shown() -> None:
    body = (
        "<text:h>One</text:h><text:h text:outline-level='2'>Under</text:h><text:h>Two</text:h>"
        "<text:h text:outline-level='2'>Under</text:h><text:h text:is-list-header='true'>Three</text:h>"
        + entries("a", "b", inner=entries("c", "d", inner=entries("e")), attributes="text:style-name='L'")
        + "<text:p>between</text:p>"
        + entries("f", attributes="text:style-name='L' text:continue-numbering='true'")
        + entries("g", attributes="text:style-name='L'")
        + entries("h", attributes="text:style-name='unknown'")
    )
    styles = f"<office:document-styles {NAMESPACES}>{OUTLINE}{LEVELS}</office:document-styles>"
    text = parse(package(body, **{"styles.xml": styles}), ITEM).text
    assert [line for line in text.split("\n") if line] == [
        *("# I One", "## I.1 Under", "# II Two", "## II.1 Under", "# Three"),
        *("1. a", "2. b", "  (a) c", "  (b) d", "    - e", "between", "3. f", "1. g", "- h"),
    ]


def test_it_says_its_title_author_and_language() -> None:
    meta = (
        f"<office:document-meta {NAMESPACES}><office:meta><dc:title>A  plan</dc:title><dc:creator>Ada</dc:creator>"
        "<dc:language>de-CH</dc:language></office:meta></office:document-meta>"
    )
    document = parse(package("<text:p>x</text:p>", **{"meta.xml": meta}), ITEM)
    assert (document.title, document.metadata, document.language) == ("A plan", {"author": "Ada"}, "de")


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        "<!DOCTYPE d [<!ENTITY a0 'ha'>"
        + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 20}'>" for n in range(1, 12))
        + "<!ENTITY e '&a11;'>]>",
    ],
    ids=["file", "bomb"],
)
def test_entities_read_no_file_and_grow_no_text(declared: str) -> None:
    with pytest.raises(DocumentError) as raised:
        parse(package("<text:p>x&e;y</text:p>", declared=declared), ITEM)
    assert raised.value.kind == "parse"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "parse"),
        (package(""), "empty"),
        (package("<text:p>"), "parse"),
        (package("<text:section>" * 200 + "</text:section>" * 200), "parse"),
        (package("", **{"META-INF/manifest.xml": "<m><encryption-data/></m>"}), "encrypted"),
    ],
    ids=["nothing", "empty", "broken", "deep", "encrypted"],
)
def test_what_cannot_be_read_says_why(data: bytes, kind: str) -> None:
    with pytest.raises(DocumentError) as raised:
        parse(data, ITEM)
    assert raised.value.kind == kind
