import io
import time
import zipfile
from collections.abc import Callable

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pptx.chart.data import CategoryChartData
from pptx.chart.xmlwriter import ChartXmlWriter
from pptx.enum.chart import XL_CHART_TYPE

from connectors.parsing.docx import parse
from connectors.parsing.numerals import numeral
from rag.errors import DocumentError
from rag.types import Document, SourceItem

Make = Callable[..., SourceItem]
Check = Callable[[Document], None]

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
ITEM = SourceItem(source="s", key="k.docx", uri="/x/k.docx", fingerprint="f")
NAMESPACES = (
    f'xmlns:w="{W}" xmlns:r="{R}" xmlns:mc="urn:mc" xmlns:m="urn:m" xmlns:dgm="urn:dgm" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
)
PARTS = {"styles": "styles.xml", "numbering": "numbering.xml", "footnotes": "footnotes.xml", "endnotes": "endnotes.xml"}


def package(
    body: str, *, links: dict[str, str] | None = None, extra: str = "", declared: str = "", **parts: str
) -> bytes:
    """A document of a body's XML and the XML in its other parts."""
    out = io.BytesIO()
    known = {name: parts.pop(name) for name in tuple(parts) if name in PARTS}
    relations = "".join(f'<Relationship Id="{n}" Type="{R}/{n}" Target="{PARTS[n]}"/>' for n in known)
    for key, target in (links or {}).items():
        relations += f'<Relationship Id="{key}" Type="{R}/hyperlink" Target="{target}" TargetMode="External"/>'
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(
            "_rels/.rels",
            f'<Relationships><Relationship Id="1" Type="{R}/officeDocument" Target="word/document.xml"/>'
            "</Relationships>",
        )
        file.writestr("word/document.xml", f"{declared}<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>")
        file.writestr("word/_rels/document.xml.rels", f"<Relationships>{relations}{extra}</Relationships>")
        for name, content in known.items():
            file.writestr(f"word/{PARTS[name]}", f"<w:root {NAMESPACES}>{content}</w:root>")
        for name, content in parts.items():
            file.writestr(f"word/{name}", content)
    return out.getvalue()


def shown(body: str, **parts: object) -> str:
    return parse(package(body, **parts), ITEM).text  # type: ignore[arg-type]


def p(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{text if text.startswith('<') else r(text)}</w:p>"


def r(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def style(key: str, name: str, *, base: str = "", properties: str = "") -> str:
    based = f'<w:basedOn w:val="{base}"/>' if base else ""
    return (
        f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/>{based}'
        f"<w:pPr>{properties}</w:pPr></w:style>"
    )


def styled(key: str) -> str:
    return f'<w:pStyle w:val="{key}"/>'


def listed(number: int, depth: int = 0) -> str:
    return f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>'


def level(at: int, kind: str, pattern: str, *, start: int = 1, more: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{at}"><w:start w:val="{start}"/><w:numFmt w:val="{kind}"/>{more}'
        f'<w:lvlText w:val="{pattern}"/></w:lvl>'
    )


def numbering(*levels: str, overrides: str = "") -> str:
    return (
        f'<w:abstractNum w:abstractNumId="0">{"".join(levels)}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
        f'<w:num w:numId="2"><w:abstractNumId w:val="0"/>{overrides}</w:num>'
    )


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{text if text.startswith('<') else p(text)}</w:tc>"


def table(*rows: str) -> str:
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"


def test_what_python_docx_writes_is_read_back(make_item: Make, assert_well_formed: Check) -> None:
    made = docx.Document()
    made.core_properties.title, made.core_properties.author = "A plan", "Ada"
    made.add_heading("Jam", 0)
    made.add_heading("Fruit", 1)
    made.add_paragraph("Boil it.")
    made.add_paragraph("pears", "List Bullet")
    made.add_paragraph("plums", "List Bullet")
    made.add_paragraph("wash", "List Number")
    made.add_paragraph("cut", "List Number")
    grid = made.add_table(3, 2)
    for at, text in enumerate(["kind", "jars", "pear", "2", "plum", "3"]):
        grid.cell(at // 2, at % 2).text = text
    made.sections[0].header.paragraphs[0].text = "Company confidential"
    made.sections[0].footer.paragraphs[0].text = "Page 1"
    out = io.BytesIO()
    made.save(out)
    document = parse(out.getvalue(), make_item("a/plan.docx"))
    assert_well_formed(document)
    assert document.text == (
        "# Jam\n\n## Fruit\n\nBoil it.\n\n- pears\n- plums\n1. wash\n2. cut\n\n"
        "| kind | jars |\n| --- | --- |\n| pear | 2 |\n| plum | 3 |"
    )
    assert document.title == "Jam"
    assert document.metadata["author"] == "Ada"
    assert [element.kind for element in document.elements][:3] == ["heading", "heading", "paragraph"]
    header = document.elements[-1].header_end
    assert header
    assert document.text[document.elements[-1].start : header].startswith("| kind | jars |")


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        (styled("H2"), "## x"),
        (styled("berschrift3"), "### x"),
        (styled("Corporate"), "## x"),
        (styled("Outlined"), "#### x"),
        ('<w:outlineLvl w:val="0"/>', "# x"),
        (styled("H2") + '<w:outlineLvl w:val="9"/>', "x"),
        (styled("BodyAgain"), "x"),
        (styled("H9"), "###### x"),
        (styled("T"), "# x"),
        (styled("missing"), "x"),
        (styled("Loop"), "x"),
        (styled("Pre"), "```\nx\n```"),
    ],
)
def test_headings_are_found_by_style_outline_and_base_style(properties: str, text: str) -> None:
    styles = "".join(
        [
            style("H2", "heading 2"),
            style("berschrift3", "heading 3"),
            style("Corporate", "Our second", base="H2"),
            style("Outlined", "Abschnitt", properties='<w:outlineLvl w:val="3"/>'),
            style("BodyAgain", "Quiet", base="H2", properties='<w:outlineLvl w:val="9"/>'),
            style("H9", "heading 9"),
            style("T", "Title"),
            style("Loop", "Loop", base="Loop"),
            style("Pre", "HTML Preformatted"),
        ]
    )
    assert shown(p("x", properties), styles=styles) == text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (r("a ") + r("b"), "a b"),
        (r("a") + "<w:r><w:tab/></w:r>" + r("b") + "<w:r><w:br/></w:r>" + r("c"), "a\tb\nc"),
        (r("a") + r("hidden", "<w:vanish/>") + r("b", '<w:vanish w:val="0"/>'), "ab"),
        ("<w:ins>" + r("new") + "</w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del>", "new"),
        ("<w:moveFrom>" + r("x") + "</w:moveFrom><w:moveTo>" + r("x") + "</w:moveTo>", "x"),
        ("<w:sdt><w:sdtContent>" + r("control") + "</w:sdtContent></w:sdt>", "control"),
        ('see <w:hyperlink r:id="web">'.replace("see ", r("see ")) + r("this") + "</w:hyperlink>", None),
        ('<w:hyperlink w:anchor="top">' + r("up") + "</w:hyperlink>", "up"),
        ('<w:hyperlink r:id="bad">' + r("run") + "</w:hyperlink>", "run"),
        (
            '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> HYPERLINK "https://e.org/a"</w:instrText>'
            '</w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>' + r("field")
            + '<w:r><w:fldChar w:fldCharType="end"/></w:r>' + r("."),
            "[field](https://e.org/a).",
        ),
        ('<w:fldSimple w:instr="PAGE">' + r("7") + "</w:fldSimple>", "7"),
        (r("a") + '<w:r><w:sym w:font="Wingdings" w:char="F0E0"/><w:sym w:char="2713"/></w:r>', "a✓"),
        ("<w:r><w:ruby><w:rt>" + r("かん") + "</w:rt><w:rubyBase>" + r("漢") + "</w:rubyBase></w:ruby></w:r>", None),
        (
            "<m:oMath><m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f>"
            "<m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup></m:oMath>",
            "(a+b)/2x^2",
        ),
    ],
)  # fmt: skip
def test_a_paragraph_reads_as_it_is_seen(content: str, text: str | None) -> None:
    links = {"web": "https://e.org/A_(b)", "bad": "javascript:run()"}
    expected = text or ("see [this](https://e.org/A_%28b%29)" if "web" in content else "(かん)漢")
    assert shown(f"<w:p>{content}</w:p>", links=links) == expected


def m(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def e(*texts: str) -> str:
    return "".join(f"<m:e>{text if text.startswith('<') else m(text)}</m:e>" for text in texts)


def math(name: str, content: str, **properties: str) -> str:
    signs = "".join(f'<m:{key} m:val="{value}"/>' for key, value in properties.items())
    return f"<m:{name}><m:{name}Pr>{signs}<m:ctrlPr/></m:{name}Pr><!-- c -->{content}</m:{name}>"


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (math("d", e("a+b")), "(a+b)"),
        (math("d", e("0,1"), begChr="[", endChr="]"), "[0,1]"),
        (math("d", e("x"), begChr="|", endChr="|"), "|x|"),
        (math("d", e("A", "B")), "(A|B)"),
        (math("d", e("a", "b"), begChr="{", sepChr=",", endChr="}"), "{a, b}"),
        (math("d", e(math("eqArr", e("x+y=1", "x-y=2"))), begChr="{", endChr=""), "{x+y=1; x-y=2"),
        (math("d", e(math("d", e("x"), begChr="[", endChr="]"))), "([x])"),
        (math("m", f"<m:mr>{e('1', '0')}</m:mr><m:mr>{e('0', '1')}</m:mr>"), "1 0; 0 1"),
        (math("func", f"<m:fName>{m('sin')}</m:fName>{e('x')}"), "sin x"),
        (math("func", f"<m:fName>{math('limLow', e('lim') + '<m:lim>' + m('n→∞') + '</m:lim>')}</m:fName>{e('a')}"),
         "lim_(n→∞) a"),
        (math("limUpp", e("=") + f"<m:lim>{m('by 2')}</m:lim>"), "=^(by 2)"),
        (math("acc", e("x"), chr="\u0302"), "x\u0302"),
        (math("acc", e("x")), "x\u0302"),
        (math("acc", e("a+b"), chr="\u20d7"), "(a+b)\u20d7"),
        (math("acc", e("x"), chr="^"), "x"),
        (math("bar", e("x"), pos="top"), "x\u0305"),
        (math("nary", f"<m:sub>{m('i=1')}</m:sub><m:sup>{m('n')}</m:sup>{e('i')}", chr="∑"), "∑_(i=1)^n i"),
        (math("nary", "<m:sub/><m:sup/>" + e(math("nary", "<m:sub/><m:sup/>" + e("x"), chr="∑"))), "∫ ∑ x"),
        (math("sPre", f"<m:sub>{m('6')}</m:sub><m:sup>{m('14')}</m:sup>{e('C')}"), "_6^14 C"),
        (math("rad", f"<m:deg>{m('3')}</m:deg>{e('x')}") + math("rad", "<m:deg/>" + e("y")), "root(3, x)sqrt(y)"),
    ],
)  # fmt: skip
def test_formulas_keep_their_meaning(formula: str, text: str) -> None:
    assert shown(f"<w:p><m:oMath>{formula}</m:oMath></w:p>") == text


def test_formulas_of_one_block_are_parted() -> None:
    assert shown(
        f"<w:p><m:oMathPara><m:oMath>{m('x=1')}</m:oMath><m:oMath>{m('y=2')}</m:oMath></m:oMathPara></w:p>"
    ) == ("x=1; y=2")


def test_the_time_of_a_formula_does_not_double_with_each_level() -> None:
    formula = m("x")
    for _ in range(30):
        formula = math("d", e(math("f", f"<m:num>{formula}</m:num><m:den>{m('2')}</m:den>")))
    started = time.perf_counter()
    text = shown(f"<w:p><m:oMath>{formula}</m:oMath></w:p>")
    assert time.perf_counter() - started < 5
    assert text.count("/2)") == 30


BEGIN, SEPARATE, END = (f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end"))


def code(text: str) -> str:
    return f"<w:r><w:instrText>{text}</w:instrText></w:r>"


MERGED = BEGIN + code("MERGEFIELD gender") + SEPARATE + r("female") + END


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (r("Hello ") + BEGIN + code("IF ") + MERGED + code(' = "female" "Dear Madam"') + SEPARATE + r("Dear Madam")
         + END + r(", thank you."), "Hello Dear Madam, thank you."),
        (BEGIN + code("IF ") + BEGIN + code("IF ") + MERGED + SEPARATE + r("deep") + END + SEPARATE + r("result") + END,
         "result"),
        (r("a") + BEGIN + code("SET x ") + MERGED + END + r("b"), "ab"),
        (BEGIN + code("IF") + SEPARATE + r("for ") + MERGED + END, "for female"),
        (r("a ") + BEGIN + r("never ended"), "a never ended"),
        (BEGIN * 25 + MERGED + r(" stays"), "female stays"),
        (r("a") + BEGIN + code("PAGE") + SEPARATE.replace("<w:r>", "<w:r><w:rPr><w:vanish/></w:rPr>") + r("7") + END,
         "a7"),
        (r("Name") + '<w:r><w:ptab w:relativeTo="margin" w:alignment="right"/></w:r>' + r("Total"), "Name\tTotal"),
    ],
    ids=["if", "deeper", "no result", "in a result", "broken", "too deep", "hidden", "tab"],
)  # fmt: skip
def test_the_code_of_a_field_is_not_shown(content: str, text: str) -> None:
    assert shown(f"<w:p>{content}</w:p>") == text


def test_a_field_over_several_paragraphs_shows_its_result() -> None:
    body = f"<w:p>{r('a ') + BEGIN + code('IF')}</w:p><w:p>{MERGED + SEPARATE + r('b')}</w:p><w:p>{r('c') + END}</w:p>"
    assert shown(body) == "a\n\nb\n\nc"


def test_lists_count_as_word_does() -> None:
    levels = [level(0, "decimal", "%1."), level(1, "lowerLetter", "%2)"), level(2, "bullet", "•")]
    levels.append(level(3, "decimal", "%1.%4", more="<w:isLgl/>"))
    overrides = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>'
    order = [(1, 0), (1, 1), (1, 1), (1, 0), (1, 1), (1, 2), (1, 3), (2, 0), (2, 0), (1, 0)]
    text = shown("".join(p("x", listed(*at)) for at in order), numbering=numbering(*levels, overrides=overrides))
    assert text.split("\n") == [
        "1. x", "  a) x", "  b) x", "2. x", "  a) x", "    - x", "      2.1 x", "1. x", "2. x", "3. x",
    ]  # fmt: skip


def test_headings_show_their_numbers_and_styles_may_number() -> None:
    styles = "".join(
        style(f"H{n}", f"heading {n}", properties='<w:numPr><w:numId w:val="1"/></w:numPr>') for n in (1, 2)
    )
    levels = [
        level(n, "decimal", pattern, more=f'<w:pStyle w:val="H{n + 1}"/>') for n, pattern in enumerate(("%1", "%1.%2"))
    ]
    body = "".join(p(text, styled(key)) for key, text in (("H1", "a"), ("H2", "b"), ("H2", "c"), ("H1", "d")))
    body += p("e", styled("H2") + listed(0))
    assert shown(body, styles=styles, numbering=numbering(*levels)) == "# 1 a\n\n## 1.1 b\n\n## 1.2 c\n\n# 2 d\n\n## e"


@pytest.mark.parametrize(
    ("count", "kind", "text"),
    [(4, "lowerRoman", "iv"), (1994, "upperRoman", "MCMXCIV"), (27, "lowerLetter", "aa"), (7, "decimalZero", "07"),
     (0, "upperRoman", "0"), (5000, "lowerRoman", "5000"), (10**8, "lowerLetter", "100000000"),
     (3, "chineseCounting", "3")],
)  # fmt: skip
def test_numbers_are_formatted(count: int, kind: str, text: str) -> None:
    assert numeral(count, kind) == text


def test_merged_cells_are_written_once_and_later_ones_stay_in_their_column() -> None:
    wide, top, rest = '<w:gridSpan w:val="2"/>', '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    body = table(
        cell("both", wide) + cell("c"),
        cell("r", top) + cell("1") + cell("2"),
        cell("again", rest) + cell("3") + cell("4"),
    )
    assert shown(body) == "| both |  | c |\n| --- | --- | --- |\n| r | 1 | 2 |\n|  | 3 | 4 |"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (table(cell(table(cell("a") + cell("b")) + p("outer")) + cell("z")),
         "| outer | z |\n| --- | --- |\n\n| a | b |\n| --- | --- |"),
        (table(cell(p("head", '<w:outlineLvl w:val="0"/>') + p("boxed"))), "# head\n\nboxed"),
        (table(cell(p("one") + p("two")) + cell("3")), "| one two | 3 |\n| --- | --- |"),
        (table(cell("a") + cell("b")) + "<w:tbl/>", "| a | b |\n| --- | --- |"),
        (table("<w:trPr><w:del/></w:trPr>" + cell("gone") + cell("x"), cell("a") + cell("b")),
         "| a | b |\n| --- | --- |"),
        ("<w:sdt><w:sdtContent>" + table(cell("a") + "<w:sdt><w:sdtContent>" + cell("b") + "</w:sdtContent></w:sdt>")
         + "</w:sdtContent></w:sdt>", "| a | b |\n| --- | --- |"),
        (table("<w:trPr><w:gridBefore w:val='1'/></w:trPr>" + cell("b"), cell("c") + cell("d")),
         "|  | b |\n| --- | --- |\n| c | d |"),
    ],
    ids=["nested", "frame", "paragraphs", "empty", "deleted row", "controls", "indented row"],
)  # fmt: skip
def test_tables_of_all_shapes(body: str, text: str) -> None:
    assert shown(body) == text


def test_all_header_rows_go_with_the_table() -> None:
    head = "<w:trPr><w:tblHeader/></w:trPr>"
    document = parse(
        package(table(head + cell("a") + cell("b"), head + cell("c") + cell("d"), cell("1") + cell("2"))), ITEM
    )
    (found,) = document.elements
    assert found.header_end is not None
    assert document.text[found.header_end :] == "\n| 1 | 2 |"


def test_text_boxes_come_once_and_after_their_paragraph() -> None:
    box = f"<w:txbxContent>{p('boxed')}</w:txbxContent>"
    both = (
        f"<w:r><mc:AlternateContent><mc:Choice><w:drawing>{box}</w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    nested = f"<w:r><w:pict><w:txbxContent>{p(both)}{p('outer')}</w:txbxContent></w:pict></w:r>"
    assert shown(p(r("a") + both) + p("b")) == "a\n\nboxed\n\nb"
    assert shown(p(nested)) == "boxed\n\nouter"


def test_notes_stand_after_the_block_that_refers_to_them() -> None:
    call = '<w:r><w:{0}noteReference w:id="2"/></w:r>'
    notes = f'<w:{{0}}note w:id="0">{p("separator")}</w:{{0}}note><w:{{0}}note w:id="2">{p("{0} note")}</w:{{0}}note>'
    body = p(r("a") + call.format("foot")) + table(cell(p(r("b") + call.format("end"))) + cell("c")) + p("d")
    text = shown(body, footnotes=notes.format("foot"), endnotes=notes.format("end"))
    assert text == "a[^2]\n\n[^2]: foot note\n\n| b[^e2] | c |\n| --- | --- |\n\n[^e2]: end note\n\nd"


def test_a_deleted_paragraph_end_joins_two_paragraphs() -> None:
    assert (
        shown(p("one ", "<w:rPr><w:del/></w:rPr>") + p("two") + p("three", "<w:rPr><w:del/></w:rPr>"))
        == "one two\n\nthree"
    )


def test_diagrams_and_embedded_web_pages_are_text() -> None:
    extra = (
        f'<Relationship Id="d" Type="{R}/diagramData" Target="data.xml"/>'
        f'<Relationship Id="h" Type="{R}/aFChunk" Target="/word/page.html"/>'
    )
    a = "http://schemas.openxmlformats.org/drawingml/2006/main"
    texts = "".join(f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>" for text in ("Plan", "", "Do"))
    data = f'<dataModel xmlns:a="{a}">{texts}</dataModel>'
    body = p('<w:r><w:drawing><dgm:relIds r:dm="d"/></w:drawing></w:r>') + '<w:altChunk r:id="h"/>'
    page = "<html><body><h1>Web</h1><p>page</p></body></html>"
    assert shown(body, extra=extra, **{"data.xml": data, "page.html": page}) == "- Plan\n- Do\n\n# Web\n\npage"


def test_a_chart_is_the_table_of_its_figures() -> None:
    figures = CategoryChartData()
    figures.categories = ["Spring", "Autumn"]
    figures.add_series("Jars", (3, 4.5))
    figures.add_series("Lids", (None, 1e-7))
    xml = ChartXmlWriter(XL_CHART_TYPE.COLUMN_CLUSTERED, figures).xml.split("?>", 1)[1]
    extra = f'<Relationship Id="c" Type="{R}/chart" Target="chart1.xml"/>'
    body = p(r("before") + '<w:r><w:drawing><c:chart xmlns:c="urn:c" r:id="c"/></w:drawing></w:r>')
    rows = "|  | Jars | Lids |\n| --- | --- | --- |\n| Spring | 3 |  |\n| Autumn | 4.5 | 1e-07 |"
    assert shown(body, extra=extra, **{"chart1.xml": xml}) == f"before\n\n{rows}"


def test_documents_in_the_strict_variant_are_read() -> None:
    data = io.BytesIO(package(p("strict", '<w:outlineLvl w:val="1"/>')))
    out = io.BytesIO()
    with zipfile.ZipFile(data) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name).replace(W.encode(), b"http://purl.oclc.org/ooxml/wordprocessingml/main")
            new.writestr(name, content.replace(R.encode(), b"http://purl.oclc.org/ooxml/officeDocument/relationships"))
    assert parse(out.getvalue(), ITEM).text == "## strict"


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
        parse(package(p("x&e;y"), declared=declared), ITEM)
    assert raised.value.kind == "parse"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "parse"),
        (b"PK\x03\x04 cut", "parse"),
        (package(""), "empty"),
        (package(p(" ")), "empty"),
        (package("<w:p><w:broken"), "parse"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
    ],
    ids=["nothing", "cut", "no block", "blank", "broken", "encrypted"],
)
def test_what_cannot_be_read_says_why(data: bytes, kind: str) -> None:
    with pytest.raises(DocumentError, match=r"^/x/k\.docx: .+") as raised:
        parse(data, ITEM)
    assert raised.value.kind == kind
    assert "\n" not in str(raised.value)


def test_a_package_that_says_it_unpacks_to_gigabytes_is_not_unpacked() -> None:
    data = bytearray(package(p("x")))
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (3_000_000_000).to_bytes(4, "little")
    with pytest.raises(DocumentError, match=r"3,000,0\d\d,\d{3} bytes") as raised:
        parse(bytes(data), ITEM)
    assert raised.value.kind == "archive"


@pytest.mark.parametrize(
    "body",
    [
        p("x" * 1_000_000),
        "".join(p("x") for _ in range(5_000)),
        p("".join(r("x") for _ in range(10_000))),
        p("".join('<w:r><w:fldChar w:fldCharType="begin"/></w:r>' for _ in range(20_000)) + r("x")) + p("y") * 2_000,
        table(cell("x", '<w:gridSpan w:val="999999999"/>') + cell("y")),
        p("x", listed(1, 99999999)),
        table(*["".join(cell("x") for _ in range(60))] * 50),
    ],
    ids=["long", "many", "runs", "fields", "span", "depth", "table"],
)
def test_large_and_hostile_documents_take_little_time(body: str, assert_well_formed: Check) -> None:
    data = package(body)
    started = time.perf_counter()
    document = parse(data, ITEM)
    assert time.perf_counter() - started < 5
    assert_well_formed(document)


@given(
    st.lists(st.text(st.characters(blacklist_categories=["Cc", "Cs"], max_codepoint=0x2FFF), min_size=1), min_size=1)
)
@settings(deadline=None, max_examples=25)
def test_every_word_that_python_docx_writes_is_there(texts: list[str]) -> None:
    made = docx.Document()
    for text in texts:
        made.add_paragraph(text)
    out = io.BytesIO()
    made.save(out)
    try:
        found = parse(out.getvalue(), ITEM).text
    except DocumentError as error:
        assert error.kind == "empty"  # noqa: PT017 - then there must be nothing to find
        found = ""
    from connectors.parsing.normalise import canonical

    expected = " ".join(canonical(" \n ".join(texts)).replace("\u034f", "").split())
    assert "".join(found.replace("\u034f", "").split()) == "".join(expected.split())
