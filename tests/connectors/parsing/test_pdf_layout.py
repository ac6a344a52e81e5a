"""Structure from places and fonts: pages are drawn here, line by line."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import TypeAlias

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.parsing.pdf import parse
from rag.types import Document, SourceItem

Text: TypeAlias = tuple[float, float, str] | tuple[float, float, str, str]
"""x and y from the bottom left corner, the text, and `b` for bold or `i` for italics with a font size behind it."""
Check = Callable[[Document], None]

FONTS = {"r": "Helvetica", "b": "Helvetica-Bold", "i": "Helvetica-Oblique", "c": "Courier"}
ITEM = SourceItem(source="docs", key="a.pdf", uri="/x/a.pdf", fingerprint="1")

WORDS = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo", "lima"]


def draw(
    pages: Sequence[Sequence[Text]],
    *,
    outline: Sequence[tuple[str, int]] = (),
    page: str = "",
    matrix: str = "1 0 0 1",
    broken: Sequence[int] = (),
) -> bytes:
    """A PDF of 612 x 792 points. `outline` has (title, page from 0), `broken` pages (from 0) that are no pages."""
    objects = {1: "<< /Type /Catalog /Pages 2 0 R /Outlines 9 0 R >>"}
    numbers = [100 + 2 * n for n in range(len(pages))]
    objects[2] = f"<< /Type /Pages /Count {len(pages)} /Kids [{' '.join(f'{n} 0 R' for n in numbers)}] >>"
    for number, name in enumerate(FONTS.values(), 3):
        objects[number] = f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>"
    fonts = " ".join(f"/{key} {number} 0 R" for number, key in enumerate(FONTS, 3))
    marks = [10 + n for n in range(len(outline))]
    if marks:
        objects[9] = f"<< /Type /Outlines /First {marks[0]} 0 R /Last {marks[-1]} 0 R /Count {len(marks)} >>"
    for mark, (title, at) in zip(marks, outline, strict=True):
        after = f"/Next {mark + 1} 0 R" if mark + 1 in marks else ""
        objects[mark] = f"<< /Title ({title}) /Parent 9 0 R /Dest [{numbers[at]} 0 R /Fit] {after} >>"
    for index, (number, texts) in enumerate(zip(numbers, pages, strict=True)):
        objects[number] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] {page} /Contents {number + 1} 0 R "
            f"/Resources << /Font << {fonts} >> >> >>"
        )
        if index in broken:
            objects[number] = "42"
        stream = "\n".join(_shown(text, matrix) for text in texts)
        objects[number + 1] = f"<< /Length {len(stream.encode('cp1252'))} >>\nstream\n{stream}\nendstream"
    out, places = bytearray(b"%PDF-1.4\n"), {}
    for number, body in sorted(objects.items()):
        places[number] = len(out)
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("cp1252")
    start = len(out)
    for number, place in places.items():
        out += b"%s%d 1\n%010d 00000 n \n" % (b"" if number > 1 else b"xref\n", number, place)
    return bytes(out + f"trailer << /Size {max(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode())


def _shown(text: Text, matrix: str) -> str:
    x, y, content = text[:3]
    font = text[3] if len(text) > 3 else "r10"
    escaped = content.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"BT /{font[0]} {font[1:]} Tf {matrix} {x} {y} Tm ({escaped}) Tj ET"


def read(pages: Sequence[Sequence[Text]], **how: object) -> Document:
    return parse(draw(pages, **how), ITEM)  # type: ignore[arg-type]


def kinds(document: Document) -> list[tuple[str, str]]:
    return [(e.kind, document.text[e.start : e.end]) for e in document.elements]


def prose(x: float, top: float, word: str, lines: int) -> list[Text]:
    return [(x, top - 12 * n, f"{word} {n} goes on and on with more of the same") for n in range(lines)]


def test_columns_are_read_one_after_the_other_below_what_spans_them(assert_well_formed: Check) -> None:
    left, right = prose(50, 700, "left", 12), prose(320, 700, "right", 12)
    title: list[Text] = [(50, 750, "A title that spans the two columns of this page below it", "b18")]
    document = read([[*title, *left, *right]])
    assert_well_formed(document)
    words = document.text.split()
    assert [words[i + 1] for i, w in enumerate(words) if w == "left"] == [str(n) for n in range(12)]
    assert document.text.index("left 11") < document.text.index("right 0")
    assert document.elements[0].kind == "heading"


def test_rows_of_a_table_of_words_are_not_columns() -> None:
    rows = [
        [(50, 700 - 30 * n, f"Wide name number {n}"), (320, 700 - 30 * n, f"What is said about {n}")] for n in range(8)
    ]
    document = read([[text for row in rows for text in row]])
    (table,) = document.elements
    assert table.kind == "table"
    assert "| Wide name number 3 | What is said about 3 |" in document.text


def test_content_in_any_order_is_read_from_the_top() -> None:
    assert read([prose(50, 700, "line", 10)[::-1]]).text == read([prose(50, 700, "line", 10)]).text


FIGURES: list[Text] = [
    (300, 740, "Three Months Ended", "b8"),
    (300, 728, "July 1,", "b8"), (400, 728, "June 25,", "b8"),
    (300, 718, "2023", "b8"), (400, 718, "2022", "b8"),
    (50, 700, "Net sales:"),
    (60, 688, "Products"), (300, 688, "$"), (320, 688, "60,584"), (400, 688, "$"), (420, 688, "63,355"),
    (60, 676, "Services"), (320, 676, "21,213"), (420, 676, "19,604"),
    (60, 664, "Other income, net of"),
    (60, 653, "what it cost"), (320, 653, "(265"), (345, 653, ")"), (420, 653, "\u2014"),
    (60, 641, "Gross margin"), (320, 641, "44.5"), (345, 641, "%"), (420, 641, "43.3"), (445, 641, "%"),
]  # fmt: skip


def test_a_financial_table_without_lines(assert_well_formed: Check) -> None:
    document = read([[*FIGURES, (50, 600, "A sentence below the table that is no part of it.")]])
    assert_well_formed(document)
    table, paragraph = document.elements
    assert (table.kind, paragraph.kind) == ("table", "paragraph")
    assert document.text[table.start : table.end].split("\n") == [
        "|  | Three Months Ended |  |",
        "| --- | --- | --- |",
        "|  | July 1, 2023 | June 25, 2022 |",
        "| Net sales: |  |  |",
        "| Products | $60,584 | $63,355 |",
        "| Services | 21,213 | 19,604 |",
        "| Other income, net of what it cost | (265) | \u2014 |",
        "| Gross margin | 44.5% | 43.3% |",
    ]
    assert document.text[table.start : table.header_end].endswith("June 25, 2022 |")
    services = next(line for line in table.lines if "Services" in document.text[line.start : line.end])
    assert (services.left, services.right) == (pytest.approx(60, abs=2), pytest.approx(450, abs=4))
    assert services.top < 792 - 676 < services.bottom + 1


def test_a_second_table_with_the_same_header_is_another() -> None:
    again = [(x, y - 150, *rest) for x, y, *rest in FIGURES]
    document = read([[*FIGURES, (50, 620, "Cash flows were as follows:"), *again]])  # type: ignore[list-item]
    assert [e.kind for e in document.elements] == ["table", "paragraph", "table"]


def test_a_wrapped_cell_is_one_cell() -> None:
    rows: list[Text] = [(50, 700, "Name", "b10"), (150, 700, "Type", "b10"), (250, 700, "What it says", "b10")]
    for n, top in enumerate((680, 640, 600)):
        rows += [
            (50, top, f"FIELD_{n}"),
            (150, top, "CHAR"),
            (250, top, "The first line of it"),
            (250, top - 11, "Another line"),
        ]
    document = read([rows])
    assert document.text.count("| The first line of it Another line |") == 3


def test_a_table_of_contents_has_entries_and_pages() -> None:
    entries: list[Text] = [(50, 700 - 14 * n, f"Chapter {n}" + " ." * 30 + f" {n * 7}") for n in range(1, 5)]
    document = read([entries])
    (table,) = document.elements
    assert document.text.split("\n")[0] == "| Chapter 1 | 7 |"
    assert table.header_end is None


def test_headings_by_size_weight_and_outline() -> None:
    texts: list[Text] = [
        (50, 750, "The Great Title", "b20"),
        (50, 700, "A chapter", "b14"),
        *prose(50, 680, "one", 3),
        (50, 620, "Run of the mill", "b10"),
        *prose(50, 600, "two", 3),
        (50, 540, "Named by a bookmark only"),
        *prose(50, 510, "three", 3),
        (50, 460, "A chapter further on", "b14"),
        *prose(50, 440, "four", 3),
        (50, 400, "A whole bold sentence, which ends as a sentence does.", "b10"),
    ]
    document = read([texts], outline=[("Named by a bookmark only", 0)])
    found = [(e.level, document.text[e.start : e.end].lstrip("# ")) for e in document.elements if e.kind == "heading"]
    assert [text for _, text in found] == [
        "The Great Title", "A chapter", "Run of the mill", "Named by a bookmark only", "A chapter further on",
    ]  # fmt: skip
    levels = {text: level or 0 for level, text in found}
    assert levels["The Great Title"] < levels["A chapter"] == levels["A chapter further on"] < levels["Run of the mill"]
    assert levels["Named by a bookmark only"] == 1


def test_list_items_with_their_signs_and_depth(assert_well_formed: Check) -> None:
    texts: list[Text] = [
        (50, 700, "There are several things:"),
        (60, 680, "\u2022 the first of them, which is so long that it goes"), (68, 668, "on in the next line"),
        (80, 656, "\u2022 a deeper one"),
        (60, 644, "\u2022 the second"),
        (60, 624, "1. one"), (60, 612, "2. two"), (60, 600, "(c) three"),
    ]  # fmt: skip
    document = read([texts])
    assert_well_formed(document)
    assert document.text.split("\n") == [
        "There are several things:", "",
        "- the first of them, which is so long that it goes", "on in the next line", "  - a deeper one", "- the second",
        "1. one", "2. two", "(c) three",
    ]  # fmt: skip


def test_a_number_at_the_start_of_a_line_stays_in_its_sentence() -> None:
    texts: list[Text] = [
        (50, 700, "The meeting was held on the day before the one of January"),
        (50, 688, "12. It was long."),
    ]
    assert read([texts]).text == "The meeting was held on the day before the one of January\n12. It was long."


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["many recent frame-", "works agree"], "many recent frameworks agree"),
        (["a vaccine for COVID-", "19 was found"], "a vaccine for COVID-19 was found"),
        (["well-known facts are the most well-", "known ones"], "well-known facts are the most well-known ones"),
        (["it ends with a dash -", "and goes on"], "it ends with a dash -\nand goes on"),
        (["its last word is bro-"], "its last word is bro-"),
    ],
)
def test_hyphens_at_line_ends(lines: list[str], text: str) -> None:
    assert read([[(50, 700 - 12 * n, line) for n, line in enumerate(lines)]]).text == text


def report(pages: int) -> list[list[Text]]:
    return [
        [(50, 770, "ACME annual report"), (500, 770, "Confidential"), (300, 20, f"Page {n} of {pages}"),
         (50, 700, f"What page {WORDS[n]} says."), (50, 688, f"It says {WORDS[n + 1]}.")]
        for n in range(1, pages + 1)
    ]  # fmt: skip


def test_running_headers_stay_once_and_page_numbers_go(assert_well_formed: Check) -> None:
    document = read(report(9))
    assert_well_formed(document)
    assert document.text.count("ACME annual report") == document.text.count("Confidential") == 1
    assert "Page" not in document.text
    assert document.text.count("It says") == 9
    assert document.metadata["pages"] == 9


@pytest.mark.parametrize("pages", [1, 2])
def test_nothing_is_dropped_from_a_document_of_one_or_two_pages(pages: int) -> None:
    text = read(report(pages)).text
    assert text.count("ACME annual report") == text.count("Page ") == pages


def test_a_title_that_later_pages_repeat_is_a_heading_of_the_first() -> None:
    first: list[Text] = [(50, 760, "The state of things", "b20"), *prose(50, 700, "first", 4)]
    later = [[(50, 760, "The state of things"), *prose(50, 700, f"page {n}", 4)] for n in range(5)]
    document = read([first, *later])
    assert kinds(document)[0] == ("heading", "# The state of things")
    assert document.text.count("The state of things") == 1


def test_footers_that_follow_short_pages_are_found_by_their_page_number() -> None:
    pages = [[*prose(50, 700, f"page {n}", n + 2), (50, 600 - 40 * n, f"ACME | Q3 | {n}")] for n in range(1, 7)]
    text = read(pages).text
    assert text.count("ACME | Q3 |") == 1


def test_page_numbers_of_pages_far_apart_are_found_by_counting() -> None:
    pages: list[list[Text]] = [[(50, 700, f"All about {word}.")] for word in WORDS]
    for index in (0, 4, 9):
        pages[index].append((300, 30, str(index + 5)))
    pages[6].append((300, 60, "2019"))
    assert [word for word in read(pages).text.split() if word.isdigit()] == ["2019"]


def test_the_header_of_a_table_that_goes_on_over_pages_is_kept() -> None:
    pages = [[(x, y - 40, *rest) for x, y, *rest in FIGURES] for _ in range(4)]
    assert read(pages).text.count("Three Months Ended") == 4  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("matrix", "place"),
    [
        ("0 1 -1 0", lambda n: (100 + 14 * n, 100)),
        ("-1 0 0 -1", lambda n: (500, 100 + 14 * n)),
        ("0 -1 1 0", lambda n: (500 - 14 * n, 700)),
    ],
)
def test_a_page_whose_text_is_turned_is_read_along_its_lines(
    matrix: str, place: Callable[[int], tuple[float, float]], assert_well_formed: Check
) -> None:
    lines = [f"Line {n} of the turned page" for n in range(4)]
    document = read([[(*place(n), line) for n, line in enumerate(lines)]], matrix=matrix)
    assert_well_formed(document)
    assert document.text == "\n".join(lines)
    box = document.elements[0].lines[0]
    x, y = place(0)
    # the box is where the text is shown, not where it would be
    assert box.left - 14 < x < box.right + 14
    assert box.top - 14 < 792 - y < box.bottom + 14
    assert (box.bottom - box.top > box.right - box.left) == (matrix != "-1 0 0 -1")


def test_a_stamp_along_the_margin_stays_out_of_the_lines() -> None:
    stamp = "BT /r 14 Tf 0 1 -1 0 30 640 Tm (arXiv 1234 [cs.CL]) Tj ET\n"
    texts = prose(80, 700, "line", 8)
    document = parse(_with(texts, stamp), ITEM)
    assert [text for _, text in kinds(document)][1:] == ["arXiv 1234 [cs.CL]"]
    assert "arXiv" not in kinds(document)[0][1]


def test_headers_that_stand_above_narrow_columns_are_the_header_of_the_table(assert_well_formed: Check) -> None:
    names = ["Reader", "Writer", "Owner"]
    standing = "".join(f"BT /r 10 Tf 0 1 -1 0 {308 + 40 * n} 640 Tm ({name}) Tj ET\n" for n, name in enumerate(names))
    texts: list[Text] = [(50, 640, "What they may do")]
    for row, action in enumerate(("Look at pages", "Change pages", "Drop pages", "Give rights away")):
        texts += [(50, 620 - 14 * row, action), *((302 + 40 * n, 620 - 14 * row, "X") for n in range(row % 3, 3))]
    document = parse(_with(texts, standing), ITEM)
    assert_well_formed(document)
    assert [e.kind for e in document.elements] == ["table"]
    assert document.text.split("\n")[:3] == [
        "| What they may do | Reader | Writer | Owner |",
        "| --- | --- | --- | --- |",
        "| Look at pages | X | X | X |",
    ]


def test_rows_of_fixed_width_are_code_with_their_indentation(assert_well_formed: Check) -> None:
    lines = ["def add(a, b):", "    total = a + b   # both", "    return total"]
    code: list[Text] = [
        (50 + 6 * (len(line) - len(line.lstrip())), 600 - 12 * n, line.lstrip(), "c10") for n, line in enumerate(lines)
    ]
    document = read([[*prose(50, 700, "before", 4), *code, *prose(50, 540, "after", 4)]])
    assert_well_formed(document)
    assert [e.kind for e in document.elements] == ["paragraph", "code", "paragraph"]
    block = document.elements[1]
    assert document.text[block.start : block.end] == "```\n" + "\n".join(lines) + "\n```"
    assert [line.top < 792 - 600 + 12 * n < line.bottom for n, line in enumerate(block.lines)] == [True] * 3


def test_what_is_typed_throughout_is_prose() -> None:
    texts: list[Text] = [(50, 700 - 12 * n, f"Line {n} of a letter that somebody typed", "c10") for n in range(6)]
    assert [e.kind for e in read([texts]).elements] == ["paragraph"]


def _with(texts: Sequence[Text], stream: str) -> bytes:
    """A page with a stream of its own before its texts; PDFium mends the wrong places and lengths that this leaves."""
    data = draw([texts]).decode("cp1252")
    length = len("\n".join(_shown(text, "1 0 0 1") for text in texts))
    data = data.replace(f"/Length {length}", f"/Length {length + len(stream)}").replace(
        "stream\n", "stream\n" + stream, 1
    )
    return data.encode("cp1252")


def test_one_unreadable_page_does_not_take_the_others_along() -> None:
    document = read(report(5), broken=[2])
    assert document.metadata["unread_pages"] == [3]
    assert {e.page for e in document.elements} == {1, 2, 4, 5}


def _overprinted(one: tuple[int, int, str, str], other: tuple[int, int, str, str]) -> bool:
    """One may be printed over the other: pdfium takes the same letter at almost the same place for a shadow."""
    (left, right), sizes = sorted([one, other]), [int(font[1:]) for *_, font in (one, other)]
    width = len(left[2]) * int(left[3][1:])
    return abs(left[1] - right[1]) < max(sizes) / 4 and right[0] - left[0] < width


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.integers(-50, 650), st.integers(-50, 830),
            st.text("ab1.$()-\u2022 ", min_size=1, max_size=12), st.sampled_from(["r10", "b14", "i8", "r1", "r90"]),
        ),
        max_size=25,
    )
)  # fmt: skip
@example(texts=[(0, 0, "1", "r90"), (69, 0, "1", "r90")])
def test_every_character_is_there_once_wherever_it_stands(
    assert_well_formed: Check, texts: list[tuple[int, int, str, str]]
) -> None:
    words = [(x, y, f"w{n} {text} e{n}", font) for n, (x, y, text, font) in enumerate(texts)]
    document = read([[(50, 400, "always"), *words]])
    assert_well_formed(document)
    letters = Counter(c for c in "always" + "".join(text for _, _, text, _ in words) if c.isalnum())
    found = Counter(c for c in document.text if c.isalnum())
    if any(_overprinted(one, other) for one, other in combinations([(50, 400, "always", "r10"), *words], 2)):
        assert found <= letters
    else:
        assert found == letters


@pytest.mark.parametrize(
    "pages",
    [
        [[] for _ in range(3000)] + [[(50, 700, "at last")]],
        [[(n % 600, 780 - n // 20, "x", "r1") for n in range(12_000)]],
        [[(5 + 9 * (n % 60), 780 - 6 * (n // 60), "12", "r4") for n in range(7000)]],
        [[(50, 700 - n % 3, "same place") for n in range(5000)]],
        [[(50, 700, ". " * 20_000)]],
        [[(50, 700, "a" * 60_000 + "-")]],
        [[(50 + 400 * (n % 2) + n * 31 % 97, 900 - n // 2 * 11, "no one") for n in range(6000)]],
        [[(50, 900 - 11 * n, f"entry {n} . . . . . . {'7' * (n % 9 == 0)}") for n in range(3000)]],
    ],
)
def test_hostile_pages_take_time_in_their_length(pages: list[list[Text]]) -> None:
    start = time.perf_counter()
    assert read(pages).elements
    assert time.perf_counter() - start < 6
