import contextlib
import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.parsing.html import parse, write_html
from connectors.parsing.writer import DocumentWriter
from rag.errors import DocumentError
from rag.types import Document, SourceItem

Make = Callable[..., SourceItem]
Check = Callable[[Document], None]


def shown(html: str, *, boilerplate: bool = False) -> str:
    writer = DocumentWriter()
    write_html(writer, html, base_url="https://example.org/a/", boilerplate=boilerplate)
    return writer.document(
        SourceItem(source="s", key="k.html", uri="u", fingerprint="f"), data=b"", mime="text/html"
    ).text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<h2>One <em>two</em></h2><p>Words.</p>", "## One two\n\nWords."),
        ("<p>a\n  b</p>\n<p> c</p>", "a b\n\nc"),
        ("one<br>two<hr>three", "one\ntwo\n\nthree"),
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", "- a\n  - b\n- c"),
        ("<ol start=3><li>a<li value=7>b<li>c</ol>", "3. a\n7. b\n8. c"),
        ("<ul><li><p>a</p><p>b</p></li></ul>", "- a\n\nb"),
        ("<dl><dt>term<dd>meaning</dl>", "term\n\nmeaning"),
        ("<p>see <a href='../b?x=1'>this <b>page</b></a>.</p>", "see [this page](https://example.org/b?x=1)."),
        ("<a href='#top'>up</a> <a href='javascript:x()'>run</a> <a href='/x'><img></a>", "up run"),
        ("<a href='/w/A_(b)'>x</a>", "[x](https://example.org/w/A_%28b%29)"),
        ("<p>x<img alt='a chart'>y</p>", "x a chart y"),
        ("<pre class='language-py'>def f():\n    1</pre>", "```py\ndef f():\n    1\n```"),
        ("a<script>b</script><style>c</style><p hidden>d</p><p style='display: none'>e</p><!-- f -->g", "ag"),
        ("H<sub>2</sub>O &amp; caf&eacute; &#128512;", "H2O & café \U0001f600"),
        ("<table><tr><th>a<th>b<tr><td>1<td>2</table>", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ("<table><tr><td>layout <p>one</p></td></tr></table>", "layout\n\none"),
        ("<table><tr><td>a|b<td>c<tr><td><p>1</p><p>2</p><td>3</table>", "| a\\|b | c |\n| --- | --- |\n| 1 2 | 3 |"),
        (
            "<table><thead><tr><th colspan=2>both<th>z</thead><tr><td rowspan=2>r<td>1<td>2<tr><td>3<td>4</table>",
            "| both | both | z |\n| --- | --- | --- |\n| r | 1 | 2 |\n| r | 3 | 4 |",
        ),
        (
            "<table><tr><td>Sales<td>$<td>1,234<td><td>(<td>5<td>)<tr><td>Rate<td><td>9<td>%<td><td>7<td>%</table>",
            "| Sales | $1,234 | (5) |\n| --- | --- | --- |\n| Rate | 9% | 7% |",
        ),
        ("", ""),
        ("\x00", ""),
        ("<p>unclosed <b>tags", "unclosed tags"),
        ("10<sup>5</sup> m<sup>-2</sup>, 1<sup>st</sup>, cost<sup>3</sup><sup>[4]</sup>", "10^5 m^-2, 1st, cost^3[4]"),
        ("soft&shy;ware&nbsp;&nbsp;x", "software x"),
        (
            "<a href=/x><h2>Card</h2><p>words</p></a>",
            "## [Card](https://example.org/x)\n\n[words](https://example.org/x)",
        ),
        ("<p>a<a href=/x> b </a>c", "a [b](https://example.org/x) c"),
        ("<base href='https://b.org/d/'><a href=e>x</a>", "[x](https://b.org/d/e)"),
        ("<h2><p>One</p> <button>two</button></h2><button>press</button>", "## One two"),
        ("<h1>a<ul><li>b</ul></h1>", "# a\n\n- b"),
        ("<h1>" + "word " * 200, ("word " * 200).strip()),
        ("<details><summary>more</summary>text</details>", "more\n\ntext"),
        ("<div role=tabpanel hidden>tab</div><span aria-hidden=true>icon</span>", "tab"),
        ("<math alttext='a^2'><mi>a</mi><mn>2</mn></math>", "a^2"),
        ("<math><mi>x</mi><mo>=</mo><mfrac><mn>1</mn><mn>2</mn></mfrac></math>", "x=1/2"),
        ("<math><msup><mn>10</mn><mn>5</mn></msup></math> is more", "10^5 is more"),
        (
            "<math><mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><msqrt><mi>c</mi></msqrt></mfrac></math>",
            "(a+b)/(sqrt(c))",
        ),
        (
            "<math><msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup><mfenced><mi>y</mi><mi>z</mi></mfenced></math>",
            "x_1^2(y,z)",
        ),
        ("<math>" + "<mrow>" * 500 + "<mn>7</mn></math>", "7"),
        ("<figure><img alt='graph'><figcaption>Fig. 1</figcaption></figure>", "graph\n\nFig. 1"),
        ("<svg><title>t</title><text>label</text></svg>", "label"),
        ("<pre><code class='language-c'><div>a</div><div> b</div>c<br>d</code></pre>", "```c\na\n b\nc\nd\n```"),
        ("<table><caption>Tea</caption><tr><td>a<td>b</table>", "Tea\n\n| a | b |\n| --- | --- |"),
        ("<table><tr><td>Item 1.<td><b>Business</b></table>", "Item 1. Business"),
        ("<table><tr><td><h2>Left</h2>x<td>right</table>", "## Left\n\nx\n\nright"),
        ("<table><tr><td>k<td><table><tr><td>v</table><tr><td>l<td>w</table>", "| k | v |\n| --- | --- |\n| l | w |"),
        ("<table><tr><td>x<td><table><tr><th>a<th>b</table></table>", "x\n\n| a | b |\n| --- | --- |"),
        (
            "<table><tr><td rowspan=2>a<td>b<tr><td colspan=3 rowspan=0>c<tr><td>d</table>",
            "| a | b |\n| --- | --- |\n| a | c |\n| d | c |",
        ),
        ("日本<span>語</span> <p>Ж</p>", "日本語\n\nЖ"),
    ],
)
def test_what_a_person_sees_is_what_is_written(html: str, text: str) -> None:
    assert shown(html) == text


def test_header_rows_end_where_the_data_begins() -> None:
    writer = DocumentWriter()
    html = "<table><thead><tr><td>a<td>b<tr><td>c<td>d</thead><tr><td>1<td>2</table>"
    write_html(writer, html, base_url=None, boilerplate=False)
    document = writer.document(SourceItem(source="s", key="k", uri="u", fingerprint="f"), data=b"", mime="x/y")
    (table,) = document.elements
    assert document.text[table.start : table.header_end].splitlines()[-1] == "| c | d |"


PAGE = """<html lang="de-CH"><head><title>Tee | Seite</title><meta name="description" content="Alles &uuml;ber Tee.">
<meta name=author content="A. B."><link rel=canonical href="https://example.org/tee"></head><body>
<header><a href=/>Home</a> <a href=/x>Shop</a></header>
<nav><ul><li><a href=/1>Eins</a><li><a href=/2>Zwei</a></ul></nav>
<main><h1>Tee</h1><p>Gruener Tee wird bei 75 Grad aufgegossen, und zwar zwei Minuten lang, nicht mehr und nicht
weniger, sonst wird er bitter und niemand mag ihn mehr trinken.</p><header><p>Kopf des Artikels</p></header></main>
<aside>Werbung</aside><div class="cookie-banner">Wir verwenden Cookies</div><footer>Impressum</footer></body></html>"""


def test_what_is_there_for_navigation_is_left_out(make_item: Make, assert_well_formed: Check) -> None:
    document = parse(PAGE.encode(), make_item("tee.html"))
    assert_well_formed(document)
    assert document.text.startswith("# Tee\n\nGruener Tee")
    assert "Kopf des Artikels" in document.text
    for word in ("Home", "Eins", "Werbung", "Cookies", "Impressum"):
        assert word not in document.text
    assert (document.title, document.language) == ("Tee | Seite", "de")
    assert document.metadata == {
        "description": "Alles über Tee.",
        "author": "A. B.",
        "canonical": "https://example.org/tee",
    }


def test_a_page_of_nothing_but_navigation_is_kept() -> None:
    links = "".join(f"<li><a href=/{n}>Section {n}</a>" for n in range(20))
    assert "Section 7" in shown(f"<body><nav><ul>{links}</ul></nav></body>", boilerplate=True)


ARTICLE = "<p>" + "Green tea is steeped for two minutes. " * 5 + "</p>"
LINKS = "<ul>" + "".join(f"<li><a href=/{n}>Entry {n}</a>" for n in range(8)) + "</ul>"


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        (f"{LINKS}{ARTICLE}", True),  # a list of links may be what the page is for
        (f"<header>{LINKS}</header>{ARTICLE}", False),
        (f"<div class=main-menu>{LINKS}</div>{ARTICLE}", False),
        (f"<main>{ARTICLE}<h2>See also</h2>{LINKS}</main>", True),
        (f"{LINKS}<main>{ARTICLE}</main>", False),
        (f"<article>{ARTICLE}<footer>{LINKS}</footer></article>", False),
        (f"<article>{ARTICLE}<aside>Entry 7</aside></article>", True),
        (f"<div role=navigation>Entry 7</div>{ARTICLE}", False),
        (f"<div id=cookie-consent-banner>Entry 7</div>{ARTICLE}", False),
        (f"<section id=cookies><h2>Cookies</h2>Entry 7</section>{ARTICLE}", True),
        (f"<div class=navigation-page>Entry 7 {ARTICLE}</div>", True),
        (f"<nav>Entry 7 {ARTICLE}</nav>short", True),
        (f"<article>{ARTICLE * 2}</article><article>Entry 7 {ARTICLE}</article>", True),
        (f"<main>{ARTICLE}</main><div>Entry 7</div>", False),
    ],
)
def test_what_might_be_content_is_kept(html: str, kept: bool) -> None:
    text = shown(html, boilerplate=True)
    assert ("Entry 7" in text) == kept
    assert "short" in text or "two minutes" in text


def test_the_title_above_the_main_content_opens_it() -> None:
    html = f"<header><a href=/>Home</a><h1>Tea</h1></header><main>{ARTICLE}</main>"
    assert shown(html, boilerplate=True).startswith("# Tea\n\nGreen tea")


def test_a_short_article_among_much_navigation_stands_alone() -> None:
    html = f"<nav>{LINKS * 20}</nav><p>Closed today.</p><footer>{LINKS * 20}</footer>"
    assert shown(html, boilerplate=True) == "Closed today."


def test_formatting_that_is_never_closed_loses_nothing() -> None:
    assert len(shown("<table>" + "<tr><td><font><b>x" * 3_000).split("x")) == 3_001


def test_a_page_too_deep_to_be_read_whole_is_refused(make_item: Make) -> None:
    with pytest.raises(DocumentError, match=r"^/x/a.html: [^\n]+$") as error:
        parse(b"<div>" * 5_000 + b"x", make_item("a.html"))
    assert error.value.kind == "parse"


def test_relative_links_of_what_has_no_address_may_be_left_out() -> None:
    writer = DocumentWriter()
    write_html(writer, "<a href=b.html>x</a> <a href=https://y.org>z</a>", base_url="", boilerplate=False)
    item = SourceItem(source="s", key="k", uri="u", fingerprint="f")
    assert writer.document(item, data=b"", mime="x/y").text == "x [z](https://y.org)"


@pytest.mark.parametrize(
    ("html", "rows"),
    [
        ("<tr><td>Year<td>Sales<tr><td>2023<td>5", 1),
        ("<tr><td><b>Name</b><td><b>Town</b><tr><td>Ann<td>Bern", 1),
        ("<tr><td>Name<td>Ann<tr><td>Town<td>Bern", 0),
        ("<tr><th>Name<td>Ann<tr><th>Town<td>Bern", 0),
        ("<tr><th>Name<th>Town<tr><th>Ann<td>Bern", 1),
    ],
)
def test_first_rows_are_headers_only_if_they_look_like_it(html: str, rows: int) -> None:
    writer = DocumentWriter()
    write_html(writer, f"<table>{html}</table>", base_url=None, boilerplate=False)
    document = writer.document(SourceItem(source="s", key="k", uri="u", fingerprint="f"), data=b"", mime="x/y")
    (table,) = document.elements
    assert (table.header_end is not None) == bool(rows)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("<p>Das kostet 5 € – „für Übung“</p>".encode("cp1252"), "Das kostet 5 € – „für Übung“"),
        ('<meta charset="iso-8859-1"><p>’</p>'.encode("cp1252"), "’"),
        ('<meta charset="utf-8"><p>Ж</p>'.encode(), "Ж"),
        ('<?xml version="1.0" encoding="koi8-r"?><p>Жук</p>'.encode("koi8-r"), "Жук"),
        ("<p>Ж</p>".encode("utf-16"), "Ж"),
        (b'<meta charset="nonsense"><p>x</p>', "x"),
        (b'<meta charset="utf-8"><p>caf\xe9 cr\xe8me</p>', "café crème"),
        ('<meta charset="iso-8859-1"><p>Übung</p>'.encode(), "Übung"),
        ('<meta charset="iso-2022-jp"><p>日本語</p>'.encode("iso-2022-jp"), "日本語"),
        (b'<meta charset="utf-16"><p>plain</p>', "plain"),
        (b'<meta http-equiv=content-type content="text/html; charset=shift_jis"><p>' + "茶".encode("cp932"), "茶"),
        (b"<p>a</p>" + b" " * 100 + b"<!-- \x00 -->", "a"),
    ],
)
def test_encodings_are_those_that_are_declared_if_they_fit(make_item: Make, data: bytes, text: str) -> None:
    assert parse(data, make_item("a.html")).text == text


@pytest.mark.parametrize("html", ["", "<html></html>", "<script>x</script>", "<p> </p>", "<!-- only -->"])
def test_a_page_without_visible_text_is_empty(make_item: Make, html: str) -> None:
    with pytest.raises(DocumentError) as error:
        parse(html.encode(), make_item("a.html"))
    assert error.value.kind == "empty"


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 100_000 + "x",
        "<ul><li>" * 50_000 + "x",
        "<table><tr><td>" * 20_000 + "x",
        "<a href='" + "x" * 3_000_000 + "'>y</a>",
        "&" * 1_000_000,
        "<p>" * 50_000 + "x",
        "<table><tr>" + "<td colspan=100 rowspan=100>x" * 3_000 + "</table>",
        ("<table><tr><th colspan=1000 rowspan=0>" + "y" * 150 + "<th>a" + "<tr>" * 60 + "<td>1</table>") * 300,
        "<p>" + " " * 2_000_000 + "x",
        "<p class='" + "cookie_" * 300_000 + "'>x</p>" + "y" * 100,
        "<a href=x>y</a> " * 10_000,
        "<h1>" * 10_000 + "<p>x",
    ],
    ids=[
        "div",
        "list",
        "table",
        "attribute",
        "entities",
        "paragraphs",
        "spans",
        "tables",
        "blanks",
        "class",
        "links",
        "headings",
    ],
)
def test_hostile_pages_end_soon(make_item: Make, html: str) -> None:
    started = time.monotonic()
    with contextlib.suppress(DocumentError, ValueError):
        parse(html.encode(), make_item("a.html"))
    assert time.monotonic() - started < 10


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from([*"abc <>&;'\"/=\n", "<p>", "<table>", "<td>", "<li>", "<a href=x>", "</", "ü", "<h1>"]))
)
def test_any_page_is_well_formed_or_empty(make_item: Make, assert_well_formed: Check, parts: list[str]) -> None:
    try:
        document = parse("".join(parts).encode(), make_item("a.html"))
    except DocumentError as error:
        kind = error.kind
    else:
        kind = "empty"
        assert_well_formed(document)
    assert kind == "empty"


INLINE = ("b", "span", "a href='https://x.org/'", "font", "q", "sub")
BLOCK = ("div", "p", "section", "ul", "ol", "li", "h2", "blockquote", "table", "tr", "td", "dl", "dd", "pre", "article")


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from([*INLINE, *BLOCK]), st.booleans()), max_size=40))
def test_every_word_is_there_once_and_in_order(tags: list[tuple[str, bool]]) -> None:
    """Whatever is nested in whatever; words that a browser moves in front of a table are left out of the order."""
    opened = [
        f"<{tag}> word{n}x </{tag.split()[0]}>" if closed else f"<{tag}> word{n}x "
        for n, (tag, closed) in enumerate(tags)
    ]
    found = re.findall(r"word\d+x", shown("".join(opened)))
    assert sorted(found) == sorted(f"word{n}x" for n in range(len(tags)))
