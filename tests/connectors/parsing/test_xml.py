import time
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.parsing.xml import parse
from rag.errors import DocumentError
from rag.types import Document, SourceItem

Make = Callable[..., SourceItem]
Check = Callable[[Document], None]

FEED = """<rss version="2.0"><channel><title>Tea news</title><link>https://x.org/</link>
<item><title>Green</title><description>
&lt;p&gt;Steep at &lt;b&gt;75&lt;/b&gt;.&lt;/p&gt;&lt;p&gt;Wait.&lt;/p&gt;</description>
<pubDate>1 Jan</pubDate></item><item><title>Black</title><description>Boil.</description></item></channel></rss>"""
BOOK = """<!DOCTYPE book SYSTEM "http://x/y.dtd" [<!ENTITY pot "TeaPot">]><book xml:lang="de-CH"><title>On &pot;</title>
<chapter id="c"><title>One</title><para>Some <emphasis>mixed</emphasis> words &mdash; here.</para>
<itemizedlist><listitem><para>x</para></listitem></itemizedlist><programlisting>a = 1
  b</programlisting><sect1><title>Deeper</title><para>P</para></sect1></chapter></book>"""


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        (
            "<world><country><name>A</name><capital>B</capital></country><country><name>C</name></country></world>",
            "# world\n\n| name | capital |\n| --- | --- |\n| A | B |\n| C |  |",
        ),
        (
            "<t><row Id='1' name='Ann'/><row Id='2' name='Bo'/></t>",
            "# t\n\n| Id | name |\n| --- | --- |\n| 1 | Ann |\n| 2 | Bo |",
        ),
        (
            "<order id='7' state='open'><customer><name>Ann</name><city>Bern</city></customer><total>5</total></order>",
            "# order\n\n- id: 7\n- state: open\n\n## customer: Ann\n\n- city: Bern\n- total: 5",
        ),
        (
            FEED,
            "# rss\n\n## channel: Tea news\n\n- link: https://x.org/\n\n### item: Green\n\nSteep at 75.\n\nWait.\n\n"
            "- pubDate: 1 Jan\n\n### item: Black\n\nBoil.",
        ),
        (BOOK, "# On TeaPot\n\n## One\n\nSome mixed words — here.\n\nx\n\n```\na = 1\n  b\n```\n\n### Deeper\n\nP"),
        (
            "<inv><item id='INV-1' total='5'/><item id='INV-2' total='7'/></inv>",
            "# inv\n\n| id | total |\n| --- | --- |\n| INV-1 | 5 |\n| INV-2 | 7 |",
        ),
        (
            "<s version='3'><item sku='A1' price='5'>Widget</item><app version='2.1'>X</app><entry>Y</entry></s>",
            "# s\n\n- item: Widget, sku A1, price 5\n- app: X, version 2.1\n\nY",
        ),
        ("<feed><title type='text'>T</title><summary type='text'>S</summary></feed>", "# feed: T\n\nS"),
        ("<n><a>one <b>two</b> three</a></n>", "# n\n\n- a: one two three"),
        ("<m>lead<s><title>T</title><x>1</x></s>tail</m>", "# m\n\nlead\n\n## s: T\n\n- x: 1\n\ntail"),
        ("<!-- c --><a>\n <b><![CDATA[1 < 2]]></b><c/></a>", "# a\n\n- b: 1 < 2"),
        ("<x:a xmlns:x='urn:y'><x:first_name>Ж</x:first_name></x:a>", "# a\n\n- first name: Ж"),
        ("<html><body><h1>T</h1><p>w</p></body></html>", "# T\n\nw"),
        (
            "<?xml version='1.0'?><!DOCTYPE html><html xmlns='http://www.w3.org/1999/xhtml'><p>a&nbsp;b</p></html>",
            "a b",
        ),
    ],
    ids=[
        "records",
        "rows",
        "sections",
        "feed",
        "book",
        "ids",
        "prices",
        "types",
        "mixed",
        "text between",
        "cdata",
        "names",
        "html",
        "xhtml",
    ],
)
def test_xml_reads_like_what_it_holds(make_item: Make, assert_well_formed: Check, xml: str, text: str) -> None:
    document = parse(xml.encode(), make_item("a.xml"))
    assert_well_formed(document)
    assert document.text == text


def test_title_and_language_are_those_of_the_document(make_item: Make) -> None:
    document = parse(BOOK.replace("&mdash;", "—").encode("utf-16"), make_item("a.xml"))
    assert (document.title, document.language) == ("On TeaPot", "de")


def bomb() -> str:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return f'<!DOCTYPE a [<!ENTITY e0 "lol">{entities}]><a>&e11;</a>'


@pytest.mark.parametrize(
    ("xml", "kind"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("<a/>", "empty"),
        ("<a><b>", "parse"),
        ("plain text", "parse"),
        ("<a>" * 5_000, "parse"),
        (bomb(), "parse"),
        (f"<!DOCTYPE a [<!ENTITY e '{'y' * 100_000}'>]><a>{'&e;' * 100_000}</a>", "parse"),
    ],
    ids=["nothing", "blank", "no text", "cut", "text", "deep", "bomb", "quadratic bomb"],
)
def test_what_cannot_be_read_says_why(make_item: Make, xml: str, kind: str) -> None:
    started = time.monotonic()
    with pytest.raises(DocumentError, match=r"^/x/a.xml: [^\n]+$") as error:
        parse(xml.encode(), make_item("a.xml"))
    assert error.value.kind == kind
    assert time.monotonic() - started < 5


def test_no_other_file_is_read(make_item: Make, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("password")
    for declared in (f'<!ENTITY e SYSTEM "{secret.as_uri()}">', f'<!ENTITY % e SYSTEM "{secret.as_uri()}">%e;'):
        try:
            text = parse(f"<!DOCTYPE a [{declared}]><a><b>x&e;</b></a>".encode(), make_item("a.xml")).text
        except DocumentError as error:
            text = str(error)
        assert "password" not in text


@pytest.mark.parametrize(
    "xml",
    [
        "<a>" * 250 + "<b>x</b>" * 20_000 + "</a>" * 250,
        "<a>" + "<r><x>1</x><y>2</y></r>" * 20_000 + "</a>",
        "<a>"
        + "".join(f"t<b{n}>" for n in range(200))
        + "y " * 50_000
        + "".join(f"</b{n}>" for n in range(199, -1, -1))
        + "</a>",
    ],
    ids=["deep", "records", "mixed"],
)
def test_large_files_end_soon(make_item: Make, assert_well_formed: Check, xml: str) -> None:
    started = time.monotonic()
    assert_well_formed(parse(xml.encode(), make_item("a.xml")))
    assert time.monotonic() - started < 10
