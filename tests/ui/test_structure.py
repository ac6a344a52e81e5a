"""Passages as they are meant to be read: every mark covers its quote, and nothing of a document becomes markup."""

import csv
import io
import time
from html.parser import HTMLParser

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from connectors.parsing.code import parse as parse_code
from connectors.parsing.delimited import parse as parse_csv
from connectors.parsing.markdown import parse as parse_markdown
from connectors.parsing.writer import DocumentWriter
from rag.types import Document, SourceItem
from ui.view import structure
from ui.view.structure import Passage, kind_of, structured

TAGS = {"p", "mark", "a", "s", "strong", "em", "code", "br", "hr", "ul", "ol", "li", "blockquote", "pre", "span", "div"}
TAGS |= {"table", "thead", "tbody", "tr", "th", "td"}
ATTRIBUTES = {"class", "role", "aria-level", "href", "target", "rel", "tabindex", "colspan", "start", "data-line"}
VOID = ("br", "hr", "img")
HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(1)> \" ' & &lt; [go](javascript:alert(1)) "
    '![x](http://evil.example/x.png) [y](data:text/html,x) <http://evil.example> [z](https://x/"onclick="y) {{value}}'
)
WORDS = st.text("abcdefg äö*_`~[]()!<>&\"'#-+|\\:.", min_size=1, max_size=25)
SIMPLE = st.lists(st.sampled_from(["tea", "is", "hot", "Ünï", "x.", "cups,", "don't"]), min_size=1, max_size=6)
FORMS = ["{}", "**{}**", "a *{}* b", "`{}`", "[{}](https://x.org/a)", "***{}*** c", "{} **bold *both* x**", "~~{}~~"]
FORMS += [r"\*{}\*", "[{}][ref]", "![{}](/a.png)"]
INLINE = st.builds(str.format, st.sampled_from(FORMS), SIMPLE.map(" ".join))


class Shown(HTMLParser):
    """Checks that elements nest, and collects the text, that of `mark` apart."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text, self.marked, self.marks, self.open = "", "", 0, list[str]()
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.marks += tag == "mark"
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        self.marked += data if "mark" in self.open else ""

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def shown(text: str, mime: str = "text/markdown", *quotes: str, start: int = 0, end: int | None = None) -> Shown:
    marks = [(text.index(quote), text.index(quote) + len(quote)) for quote in quotes]
    end = len(text) if end is None else end
    html = structured(Passage(text=text, mime=mime, start=start, end=end, marks=marks, whole=True))
    assert html is not None
    return Shown(html)


def ink(text: str) -> str:
    return "".join(text.split())


def letters(text: str) -> str:
    return "".join(filter(str.isalpha, text))


def item(key: str) -> SourceItem:
    return SourceItem(source="s", key=key, uri=key, fingerprint="1")


@st.composite
def markdown(draw: st.DrawFn) -> str:
    lines = st.lists(INLINE, min_size=1, max_size=3)
    blocks = {
        "heading": lambda: f"## {draw(INLINE)}",
        "setext": lambda: f"{draw(INLINE)}\n===",
        "paragraph": lambda: "\n".join(draw(lines)),
        "list": lambda: "\n".join(f"{draw(st.sampled_from(['- ', '  - ']))}{line}" for line in ["top", *draw(lines)]),
        "quote": lambda: "\n".join(f"> {line}" for line in draw(lines)),
        "table": lambda: "\n".join(["| A | B |", "| --- | --- |", *(f"| {line} | two |" for line in draw(lines))]),
        "code": lambda: "```py\n" + "\n".join(draw(st.lists(SIMPLE.map(" ".join), min_size=1, max_size=3))) + "\n```",
        "rule": lambda: "---",
    }
    kinds = draw(st.lists(st.sampled_from(sorted(blocks)), min_size=1, max_size=6))
    return "\n\n".join([*(blocks[kind]() for kind in kinds), "[ref]: https://x.org/ref"])


def spans(document: Document) -> st.SearchStrategy[tuple[int, int]]:
    places = st.integers(0, document.text.find("[ref]: ") % (len(document.text) + 1))  # definitions are never cited
    return st.tuples(places, places).map(lambda pair: (min(pair), max(pair)))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_marks_of_markdown_cover_what_the_parser_takes_for_words(data: st.DataObject) -> None:
    document = parse_markdown(data.draw(markdown()).encode(), item("a.md"))
    assume(ink(document.plain(0, len(document.text))))  # two rules at the head are front matter without anything in it
    low, high = data.draw(spans(document))
    html = structured(
        Passage(text=document.text, mime="text/markdown", start=0, end=len(document.text), marks=[(low, high)])
    )
    assert html is not None
    found = Shown(html)
    assert ink(found.marked) == ink(document.plain(low, high))
    assert ink(found.text) == ink(document.plain(0, len(document.text)))


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_a_stretch_shows_its_own_words_and_no_others_but_the_header_of_a_table(data: st.DataObject) -> None:
    document = parse_markdown(data.draw(markdown()).encode(), item("a.md"))
    low, high = data.draw(spans(document))
    html = structured(Passage(text=document.text, mime="text/markdown", start=low, end=high, marks=[(low, high)]))
    assert ink(Shown(html or "").marked) == ink(document.plain(low, high))


@st.composite
def written(draw: st.DrawFn) -> Document:
    writer = DocumentWriter()
    for kind in draw(st.lists(st.sampled_from(["heading", "paragraph", "item", "code", "table"]), max_size=6)):
        if kind == "table":
            writer.table(draw(st.lists(st.lists(WORDS, min_size=1, max_size=3), min_size=1, max_size=3)))
        elif kind == "heading":
            writer.heading(draw(WORDS), draw(st.integers(1, 6)))
        elif kind == "item":
            writer.item(draw(WORDS), depth=draw(st.integers(0, 1)))
        else:
            getattr(writer, kind)("\n".join(draw(st.lists(WORDS, min_size=1, max_size=3))))
    return writer.document(item("a.html"), data=b"", mime="text/html")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_marks_of_what_parsers_write_cover_the_words_of_the_quote(data: st.DataObject) -> None:
    document = data.draw(written())
    low, high = data.draw(spans(document))
    html = structured(
        Passage(text=document.text, mime="text/html", start=0, end=len(document.text), marks=[(low, high)])
    )
    if html is not None:
        # the text of a page is not Markdown, but may look like it: no more than signs are taken for syntax
        assert letters(Shown(html).marked) in (letters(document.plain(low, high)), letters(document.text[low:high]))


@settings(max_examples=60, deadline=None)
@given(
    st.text(
        st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t<>&\"'*_`[]()!#$|~:-+=1.\\"),
        max_size=200,
    ),
    st.tuples(st.integers(-5, 210), st.integers(-5, 210)),
    st.sampled_from(["text/markdown", "text/html", "application/pdf", "text/csv", "text/x-python", "text/plain", ""]),
)
def test_whatever_a_document_holds_gives_harmless_html(text: str, span: tuple[int, int], mime: str) -> None:
    start, end = sorted(max(0, min(len(text), edge)) for edge in span)
    html = structured(Passage(text=text, mime=mime, start=start, end=end, marks=[(start, end)], whole=True))
    if html is None:
        return
    found = Shown(html)
    assert {tag for tag, _ in found.tags} <= TAGS
    assert {name for _, attributes in found.tags for name in attributes} <= ATTRIBUTES
    assert set(found.marked) <= set(text) | {"\n"}


def test_hostile_markup_is_text_and_leads_nowhere() -> None:
    cells = HOSTILE.replace("|", "")
    text = f"# {HOSTILE}\n\n{HOSTILE}\n\n- {HOSTILE}\n\n| {cells} | b |\n|---|---|\n| {cells} | x |\n\n<div>{HOSTILE}"
    for mime in ("text/markdown", "text/html"):
        found = shown(text, mime, HOSTILE)
        assert {tag for tag, _ in found.tags} <= TAGS
        hrefs = {str(link["href"]) for link in found.named("a")}
        assert hrefs <= {'https://x/"onclick="y'}
        assert all(link["rel"] == "noopener noreferrer nofollow" for link in found.named("a"))
        assert found.text.count("<script>alert(1)</script>") == 6


def test_structure_becomes_elements() -> None:
    text = (
        "# Tea\n\nHot *green* **tea** with `milk`, see [more](https://x.org/m).\n\n"
        "3. three\n4. four\n   - inner\n\n> quoted\n\n| a | b |\n|---|---|\n| 1 | x\\|y |\n\n```py\nif x:\n    y\n```\n"
    )
    found = shown(text, "text/markdown", "quoted")
    names = [tag for tag, _ in found.tags]
    for tag in ("em", "strong", "code", "a", "ol", "ul", "blockquote", "table", "pre", "mark"):
        assert tag in names
    assert found.named("ol") == [{"start": "3"}]
    assert found.named("a")[0]["href"] == "https://x.org/m"
    assert found.named("p")[0] == {"class": "rag-heading", "role": "heading", "aria-level": "5"}
    assert "x|y" in found.text
    assert "if x:\n    y" in found.text
    assert "```" not in found.text


def test_a_quote_over_emphasis_and_lines_is_one_mark() -> None:
    found = shown("Tea is **hot\nand** green.", "text/markdown", "is **hot\nand** green")
    assert (found.marks, found.marked) == (1, "is hot\nand green")


def test_a_row_brings_the_header_of_its_table() -> None:
    text = "| Country | Days |\n|---|---|\n" + "".join(f"| land{n} | {n} |\n" for n in range(30))
    start = text.index("| land20")
    found = shown(text, "text/markdown", "land20 | 20", start=start, end=start + 30)
    assert found.text.startswith("CountryDays⋯land20")
    assert "land19" not in found.text
    assert found.marked == "land2020"
    assert [row for row in found.named("tr") if row.get("class") == "rag-cited"] == [{"class": "rag-cited"}]


def test_code_has_its_lines_and_numbers() -> None:
    text = "import x\n\n\ndef tea():\n    cups = 2\n    return cups\n\n\ny = 1\n"
    document = parse_code(text.encode(), item("a.py"))
    start, end = text.index("def"), text.index("\n\n\ny")
    found = shown(document.text, document.mime, "cups = 2\n    return", start=start + 2, end=end)
    lines = [span for span in found.named("span") if "rag-line" in str(span["class"])]
    assert [line["data-line"] for line in lines] == ["4", "5", "6"]
    assert ["rag-cited" in str(line["class"]) for line in lines] == [False, True, True]
    assert found.text == "def tea():\n    cups = 2\n    return cups\n"
    assert found.marked == "cups = 2return"


def test_lines_of_an_unknown_place_have_no_numbers() -> None:
    html = structured(Passage(text="a = 1\nb = 2", mime="text/x-python", start=0, end=11))
    assert html is not None
    assert "data-line" not in html


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.text("ab ,;\"'\n|<é", max_size=8), min_size=2, max_size=3), min_size=1, max_size=5))
def test_the_cells_of_a_file_are_those_that_csv_reads(rows: list[list[str]]) -> None:
    width = len(rows[0])
    rows = [["name", "kind", "note"][:width], *((row + ["x"] * width)[:width] for row in rows)]
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    document = parse_csv(buffer.getvalue().encode(), item("a.csv"))
    found = structured(Passage(text=document.text, mime="text/csv", start=0, end=len(document.text)))
    assert found is not None
    cells: list[str] = []

    class Cells(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag in ("td", "th"):
                cells.append("")

        def handle_data(self, data: str) -> None:
            cells[-1] += data

    Cells().feed(found)
    wanted = [cell for row in csv.reader(io.StringIO(document.text)) for cell in row]
    assert [cell.strip() for cell in cells] == [cell.strip() for cell in wanted]


def test_a_record_of_a_file_is_marked_below_its_header() -> None:
    text = 'name,price\n"Tea, ""green""",4\nMilk,1\n'
    found = shown(text, "text/csv", 'Tea, ""green""",4', start=11, end=len(text))
    assert [tag for tag, _ in found.tags].count("th") == 2
    assert found.marked == 'Tea, "green"4'


@pytest.mark.parametrize("mime", ["text/plain", "text/x-log", "", "application/x-unknown"])
def test_what_has_no_structure_is_left_to_be_shown_as_text(mime: str) -> None:
    assert structured(Passage(text="# no heading", mime=mime, start=0, end=12)) is None


@pytest.mark.parametrize(
    "text", ["*a **b " * 30_000, "`" * 200_000, "[" * 200_000, ">" * 200_000, '"' * 200_000, "|`x`|*y*|\n" * 20_000]
)
@pytest.mark.parametrize("mime", ["text/markdown", "text/csv", "application/pdf"])
def test_no_text_takes_long(text: str, mime: str) -> None:
    started = time.process_time()
    structured(Passage(text=text[: structure.MAX_CHARS], mime=mime, start=1000, end=13_000, marks=[(1005, 1200)]))
    assert time.process_time() - started < 8, "seconds of CPU; half a second where nothing else runs"


def test_a_quote_that_would_be_lost_and_a_text_too_long_are_left_to_be_shown_as_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "Words.\n\n[ref]: https://x.org 'Title'\n"
    low = text.index("[ref]")
    assert structured(Passage(text=text, mime="text/markdown", start=0, end=len(text), marks=[(low, low + 9)])) is None
    assert structured(Passage(text=text, mime="text/markdown", start=0, end=len(text), marks=[(0, 5)])) is not None
    monkeypatch.setattr(structure, "MAX_BLOCK", 5)
    assert structured(Passage(text=text, mime="text/markdown", start=0, end=len(text), marks=[(0, 5)])) is None
    monkeypatch.setattr(structure, "MAX_BLOCK", 500)
    monkeypatch.setattr(structure, "MAX_CHARS", 5)
    assert structured(Passage(text=text, mime="text/markdown", start=0, end=len(text), marks=[(0, 5)])) is None


@pytest.mark.parametrize(
    ("mime", "kind"),
    [
        ("text/markdown", "markdown"),
        ("text/html", "written"),
        ("application/epub+zip", "written"),
        ("application/json", "written"),
        ("application/pdf", "pages"),
        ("image/png", "pages"),
        ("text/csv", "grid"),
        ("text/x-go", "code"),
        ("text/plain", "text"),
        ("", "text"),
        ("application/x-unknown", "text"),
    ],
)
def test_every_format_has_its_way_of_being_read(mime: str, kind: str) -> None:
    assert kind_of(mime) == kind
