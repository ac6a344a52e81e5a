import threading
from collections.abc import Callable

import pytest

from connectors.parsing.pdf import parse
from rag.errors import DocumentError
from rag.types import Document, SourceItem

MakePdf = Callable[..., bytes]
Make = Callable[..., SourceItem]
Check = Callable[[Document], None]

PAGES = [
    [(72, 720, "The first line of the"), (72, 706, "first paragraph."), (72, 660, "A second paragraph.")],
    [],
    [(72, 720, "The last page: café, 4711 \\(crowns\\).")],
]


def test_pages_paragraphs_and_lines(make_pdf: MakePdf, make_item: Make, assert_well_formed: Check) -> None:
    document = parse(make_pdf(PAGES), make_item("2023 Q3 X.pdf"))
    assert_well_formed(document)
    first, last = (
        "The first line of the\nfirst paragraph.\n\nA second paragraph.",
        "The last page: café, 4711 (crowns).",
    )
    assert document.text == f"{first}\n\n{last}"
    assert [e.page for e in document.elements] == [1, 1, 3]
    lines = [line for e in document.elements for line in e.lines]
    assert [document.text[line.start : line.end] for line in lines] == [*first.replace("\n\n", "\n").split("\n"), last]
    for line, (x, y, _) in zip(lines, [*PAGES[0], *PAGES[2]], strict=True):
        assert abs(line.left - x) < 3
        # the baseline, from the top, lies within the box
        assert line.top < 792 - y < line.bottom + 1
        assert 8 < line.bottom - line.top < 18
    assert lines[0].right - lines[0].left == pytest.approx(105, abs=10)


@pytest.mark.parametrize(
    ("page", "left", "top"),
    [
        ("", 100, 92),
        ("/CropBox [50 50 612 750]", 50, 50),
        ("/Rotate 90", 700, 100),
        ("/Rotate 180", 512, 700),
        ("/Rotate 270", 92, 512),
    ],
)
def test_boxes_start_at_the_corner_of_the_page_as_it_is_shown(
    make_pdf: MakePdf, make_item: Make, page: str, left: int, top: int
) -> None:
    document = parse(make_pdf([[(100, 700, "I")]], page=page), make_item("a.pdf"))
    (line,) = document.elements[0].lines
    middle = (line.left + line.right) / 2, (line.top + line.bottom) / 2
    assert middle == (pytest.approx(left, abs=8), pytest.approx(top, abs=8))


def test_a_word_broken_at_the_end_of_a_line_is_whole_again(
    make_pdf: MakePdf, make_item: Make, assert_well_formed: Check
) -> None:
    document = parse(make_pdf([[(72, 720, "many recent frame-"), (72, 706, "works agree")]]), make_item("a.pdf"))
    assert_well_formed(document)
    assert document.text == "many recent frameworks agree"
    assert [(line.start, line.end) for line in document.elements[0].lines] == [(0, 17), (17, 28)]


@pytest.mark.parametrize(
    ("own", "title"),
    [
        ("", "2023 Q3 X"),
        ("0000320193-23-000077", "2023 Q3 X"),
        ("Untitled document", "2023 Q3 X"),
        ("Microsoft Word - draft", "2023 Q3 X"),
        ("report_final.docx", "2023 Q3 X"),
        ("Quarterly   report für Käufer", "Quarterly report für Käufer (2023 Q3 X)"),
        ("Report 2023-Q3 of X: 2023 Q3 x", "Report 2023-Q3 of X: 2023 Q3 x"),
    ],
)
def test_the_title_holds_the_file_name(make_pdf: MakePdf, make_item: Make, own: str, title: str) -> None:
    assert parse(make_pdf(PAGES, title=own), make_item("a/2023 Q3 X.pdf")).title == title


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("parse", b""),
        ("parse", b"%PDF-1.7\n" + bytes(range(256)) * 20),
        ("parse", b"not a PDF at all"),
    ],
)
def test_what_is_no_pdf_is_a_parse_error(make_item: Make, kind: str, data: bytes) -> None:
    with pytest.raises(DocumentError, match=r"a\.pdf") as error:
        parse(data, make_item("a.pdf"))
    assert error.value.kind == kind


def test_a_pdf_without_text_is_empty(make_pdf: MakePdf, make_item: Make) -> None:
    with pytest.raises(DocumentError, match="blank") as error:
        parse(make_pdf([[], []]), make_item("a.pdf"))
    assert error.value.kind == "empty"


def test_a_password_is_named_as_the_reason(make_pdf: MakePdf, make_item: Make) -> None:
    digest = "00" * 32
    encrypt = (
        f"/Encrypt << /Filter /Standard /V 1 /R 2 /O <{digest}> /U <{digest}> /P -4 >> /ID [<{digest}> <{digest}>]"
    )
    with pytest.raises(DocumentError, match="password") as error:
        parse(make_pdf(PAGES, extra=encrypt), make_item("a.pdf"))
    assert error.value.kind == "encrypted"


def test_threads_read_side_by_side(make_pdf: MakePdf, make_item: Make) -> None:
    data, texts = make_pdf(PAGES * 5), []
    threads = [threading.Thread(target=lambda: texts.append(parse(data, make_item("a.pdf")).text)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(texts) == 8
    assert len(set(texts)) == 1


def test_what_is_filled_in_to_a_form_is_text(make_pdf: MakePdf, make_item: Make, assert_well_formed: Check) -> None:
    field = (
        "/AcroForm << /Fields [90 0 R] >> /Pages 2 0 R >>\nendobj\n"
        "90 0 obj\n<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Jane Doe) /F 4 /Rect [150 700 300 720] "
        "/AP << /N 91 0 R >> >>\nendobj\n"
        "91 0 obj\n<< /Type /XObject /Subtype /Form /BBox [0 0 150 20] /Resources << /Font << /F1 3 0 R >> >> "
        "/Length 35 >>\nstream\nBT /F1 12 Tf 2 5 Td (Jane Doe) Tj ET\nendstream"
    )
    data = make_pdf([[(72, 705, "Name:")]], page="/Annots [90 0 R]")
    document = parse(data.replace(b"/Pages 2 0 R >>", field.encode(), 1), make_item("form.pdf"))
    assert_well_formed(document)
    assert document.text == "Name: Jane Doe"
