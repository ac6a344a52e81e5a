"""Pictures of text, drawn here, and the engine that reads them."""

import ctypes
import shutil
import struct
import sys
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from types import ModuleType

import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageFont
from pypdfium2 import raw

from connectors.parsing import FormatParser, image, ocr, pdf
from connectors.parsing.options import Options
from rag.errors import DocumentError
from rag.types import Document, SourceItem

Make = Callable[..., SourceItem]
Check = Callable[[Document], None]

needs_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")


def picture(*lines: str, size: tuple[int, int] = (1240, 600), ink: str = "black", paper: str = "white") -> Image.Image:
    """A picture at 150 dots per inch, a line every 60 pixels from 100 from the left."""
    drawn = Image.new("RGB", size, paper)
    font = ImageFont.load_default(size=32)
    for number, line in enumerate(lines):
        ImageDraw.Draw(drawn).text((100, 80 + 60 * number), line, fill=ink, font=font)
    return drawn


def saved(*frames: Image.Image, format: str = "PNG", **how: object) -> bytes:
    out = BytesIO()
    frames[0].save(out, format, dpi=(150, 150), **how)
    return out.getvalue()


def scan(*frames: Image.Image) -> bytes:
    out = BytesIO()
    frames[0].save(out, "PDF", resolution=150, save_all=True, append_images=frames[1:])
    return out.getvalue()


@needs_tesseract
@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF"])
def test_an_image_is_its_text_with_boxes_in_points(make_item: Make, assert_well_formed: Check, format: str) -> None:
    data = saved(picture("The quick brown fox", "jumps over the lazy dog"), format=format)
    document = image.parse(data, make_item(f"scan.{format.lower()}"))
    assert_well_formed(document)
    assert " ".join(document.text.split()) == "The quick brown fox jumps over the lazy dog"
    box = document.elements[0].lines[0]
    if format in ("PNG", "JPEG", "TIFF", "BMP"):
        # 100 and 80 pixels of 150 an inch
        assert (box.left, box.top) == (pytest.approx(48, abs=4), pytest.approx(38.4, abs=8))


@needs_tesseract
def test_white_on_clear_and_on_black_is_read(make_item: Make) -> None:
    dark = picture("White letters on black", ink="white", paper="black")
    clear = Image.new("RGBA", (900, 200), (0, 0, 0, 0))
    ImageDraw.Draw(clear).text((50, 50), "Black on nothing", fill=(0, 0, 0, 255), font=ImageFont.load_default(size=32))
    assert "White letters" in image.parse(saved(dark), make_item("a.png")).text
    assert "Black on nothing" in image.parse(saved(clear), make_item("a.png")).text


@needs_tesseract
def test_the_frames_of_a_tiff_are_pages(make_item: Make, assert_well_formed: Check) -> None:
    frames = [picture(f"This is sheet number {n}") for n in ("one", "two")]
    document = image.parse(saved(*frames, format="TIFF", save_all=True, append_images=frames[1:]), make_item("a.tiff"))
    assert_well_formed(document)
    assert [e.page for e in document.elements] == [1, 2]
    assert document.metadata["pages"] == 2


@needs_tesseract
def test_an_image_without_text_is_empty(make_item: Make) -> None:
    with pytest.raises(DocumentError, match="no text") as error:
        image.parse(saved(picture()), make_item("a.png"))
    assert error.value.kind == "empty"


def _bomb(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@needs_tesseract
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no image",
        saved(picture("cut off"))[:300],
        _bomb(8_000, 8_000),
        _bomb(10_000, 10_000),
        _bomb(65_000, 65_000),
    ],
)
def test_what_is_no_image_or_too_large_is_a_parse_error(make_item: Make, data: bytes) -> None:
    with pytest.raises(DocumentError, match=r"a\.png") as error:
        image.parse(data, make_item("a.png"))
    assert error.value.kind == "parse"


def test_without_the_engine_the_error_holds_the_line_that_installs_it(
    make_item: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DocumentError, match="apt install tesseract-ocr") as error:
        image.parse(saved(picture("text")), make_item("a.png"))
    assert error.value.kind == "dependency"
    with pytest.raises(DocumentError, match="apt install tesseract-ocr") as error:
        pdf.parse(scan(picture("text")), make_item("a.pdf"))
    assert error.value.kind == "empty"


@needs_tesseract
@pytest.mark.parametrize(("language", "match"), [("xyz", "xyz"), ("../x", "list-langs"), ("-psm", "list-langs")])
def test_a_language_that_is_not_there_is_named(make_item: Make, language: str, match: str) -> None:
    with pytest.raises(DocumentError, match=match) as error:
        image.parse(saved(picture("text")), make_item("a.png"), Options(ocr_languages=("eng", language)))
    assert error.value.kind == "dependency"


@needs_tesseract
def test_a_scanned_pdf_is_recognised_with_tables_and_boxes(make_item: Make, assert_well_formed: Check) -> None:
    page = picture("Results of the year are as follows")
    font = ImageFont.load_default(size=32)
    for row, cells in enumerate(
        [("Products", "60,584", "63,355"), ("Services", "21,213", "19,604"), ("Total", "81,797", "82,959")]
    ):
        for x, cell in zip((100, 600, 900), cells, strict=True):
            ImageDraw.Draw(page).text((x, 250 + 60 * row), cell, fill="black", font=font)
    document = pdf.parse(scan(page, picture("The second page")), make_item("scan.pdf"))
    assert_well_formed(document)
    assert "| Services | 21,213 | 19,604 |" in document.text
    assert [e.page for e in document.elements] == [1, 1, 2]
    box = document.elements[0].lines[0]
    assert (box.left, box.top) == (pytest.approx(48, abs=4), pytest.approx(38.4, abs=8))


def test_the_text_layer_alone_leaves_scans_unread(make_item: Make) -> None:
    with pytest.raises(DocumentError, match=r"parsing\.pdf") as error:
        pdf.parse(scan(picture("text")), make_item("a.pdf"), Options(pdf="text"))
    assert error.value.kind == "empty"


def stamped(data: bytes, words: str) -> bytes:
    """The PDF with words in small print at the bottom of its first page."""
    with pypdfium2.PdfDocument(data) as document:
        page = document[0]
        stamp = raw.FPDFPageObj_NewTextObj(document.raw, b"Helvetica", 10.0)
        wide = ctypes.create_string_buffer((words + "\0").encode("utf-16-le"))
        raw.FPDFText_SetText(stamp, ctypes.cast(wide, raw.FPDF_WIDESTRING))
        raw.FPDFPageObj_Transform(stamp, 1, 0, 0, 1, 40, 20)
        raw.FPDFPage_InsertObject(page.raw, stamp)
        raw.FPDFPage_GenerateContent(page.raw)
        out = BytesIO()
        document.save(out)
        return out.getvalue()


@needs_tesseract
def test_a_scan_is_recognised_under_a_stamp(make_item: Make, assert_well_formed: Check) -> None:
    data = stamped(scan(picture("The quick brown fox", "jumps over the lazy dog")), "Received by fax")
    document = pdf.parse(data, make_item("fax.pdf"))
    assert_well_formed(document)
    assert "jumps over the lazy dog" in " ".join(document.text.split())
    unread = pdf.parse(data, make_item("fax.pdf"), Options(pdf="text"))
    assert unread.text == "Received by fax"
    assert unread.metadata["pages_without_text"] == [1]
    parsed = FormatParser(Options(pdf="text")).read(data, None, make_item("fax.pdf"))
    assert [skip.reason for skip in parsed.skipped] == ["pages that show pictures whose text is not recognised: 1"]


def test_pages_without_text_are_named_where_others_have_some(
    make_item: Make, make_pdf: Callable[..., bytes], assert_well_formed: Check
) -> None:
    with pypdfium2.PdfDocument(make_pdf([[(72, 720, "A page of text.")]])) as document:
        with pypdfium2.PdfDocument(scan(picture("A picture of text"))) as scanned:
            document.import_pages(scanned)
        out = BytesIO()
        document.save(out)
    read = pdf.parse(out.getvalue(), make_item("a.pdf"), Options(pdf="text"))
    assert_well_formed(read)
    assert read.text == "A page of text."
    assert read.metadata["pages_without_text"] == [2]


@pytest.mark.parametrize(("width", "height"), [(612, 792), (14_400, 14_400), (10, 1_000_000), (0, 0)])
def test_a_page_is_drawn_in_a_bounded_number_of_pixels(width: float, height: float) -> None:
    dpi = ocr.resolution(width, height)
    assert 0 < dpi <= 250
    assert width * height * (dpi / 72) ** 2 <= 31_000_000


def test_the_layout_model_says_what_it_lacks(make_item: Make, make_pdf: Callable[..., bytes]) -> None:
    with pytest.raises(DocumentError, match=r"situated-rag\[pdf\]|layout model") as error:
        pdf.parse(make_pdf([[(72, 720, "Text")]]), make_item("a.pdf"), Options(pdf="hi_res"))
    assert error.value.kind == "dependency"


def test_elements_of_the_layout_model_keep_kind_page_and_place(
    make_item: Make, make_pdf: Callable[..., bytes], assert_well_formed: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model is not here; what it gives is."""
    from unstructured.documents import elements as kinds
    from unstructured.documents.coordinates import PixelSpace

    places = {
        "coordinates": ((200, 100), (200, 150), (850, 150), (850, 100)),
        "coordinate_system": PixelSpace(1700, 2200),
    }
    at = kinds.ElementMetadata(page_number=1)
    table = "<table><tr><th>Name</th><th>Sum</th></tr><tr><td>A</td><td>1</td></tr></table>"
    given = [
        kinds.Title("A  title", metadata=at, **places),
        kinds.NarrativeText("A paragraph.", metadata=at, **places),
        kinds.ListItem("An item", metadata=at, **places),
        kinds.Table("Name Sum A 1", metadata=kinds.ElementMetadata(page_number=1, text_as_html=table), **places),
        kinds.PageNumber("7", metadata=at, **places),
    ]
    model = ModuleType("unstructured.partition.pdf")
    monkeypatch.setattr(model, "partition_pdf", lambda **_: given, raising=False)
    monkeypatch.setitem(sys.modules, "unstructured.partition.pdf", model)
    data = make_pdf([[(72, 720, "Text")]], title="Name of it")
    document = pdf.parse(data, make_item("a.pdf"), Options(pdf="hi_res"))
    assert_well_formed(document)
    assert [e.kind for e in document.elements] == ["heading", "paragraph", "list_item", "table"]
    assert document.text.startswith(
        "# A title\n\nA paragraph.\n\n- An item\n\n| Name | Sum |\n| --- | --- |\n| A | 1 |"
    )
    box = document.elements[0].lines[0]
    assert (box.left, box.top, box.right, box.bottom) == (72, 36, 306, 54)
