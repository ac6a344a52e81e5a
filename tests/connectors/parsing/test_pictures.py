"""Pages as pictures: the words of a page are where its line boxes say, and hostile files are one error."""

import io
import zipfile
from collections.abc import Callable, Iterator

import pytest
from langchain_core.documents.base import Blob
from PIL import Image

from connectors.parsing import FormatParser, ocr, pictures
from connectors.parsing.options import Options
from connectors.parsing.workers import WorkerParser
from rag.errors import DocumentError
from rag.types import LineBox, PagePicture, SourceItem

MakePdf = Callable[..., bytes]
Make = Callable[..., SourceItem]

PARSER = FormatParser()


@pytest.fixture(scope="module")
def worker() -> Iterator[WorkerParser]:
    parser = WorkerParser(Options(), workers=1, timeout_s=60, memory_mb=400)
    yield parser
    parser.close()


def opened(picture: PagePicture) -> Image.Image:
    assert picture.mime == pictures.MIME
    return Image.open(io.BytesIO(picture.data), formats=["WEBP"]).convert("L")


def ink(picture: PagePicture) -> LineBox:
    """The box around what is dark, in points."""
    image = opened(picture)
    dark = image.point(lambda value: 255 if value < 128 else 0).getbbox()
    assert dark is not None
    x, y = picture.width / image.width, picture.height / image.height
    return LineBox(start=0, end=0, page=1, left=dark[0] * x, top=dark[1] * y, right=dark[2] * x, bottom=dark[3] * y)


@pytest.mark.parametrize(
    "page",
    ["", "/CropBox [50 50 612 750]", "/Rotate 90", "/Rotate 180", "/Rotate 270", "/MediaBox [0 0 400 900]"],
)
def test_the_words_of_a_page_are_in_their_boxes(make_pdf: MakePdf, make_item: Make, page: str) -> None:
    data, item = make_pdf([[(100, 700, "Hxgjp words")]], page=page), make_item("a.pdf")
    (document,) = PARSER.parse(Blob.from_data(data), item).documents
    (box,) = document.elements[0].lines
    drawn = ink(PARSER.draw(data, item, 1))
    assert box.left - 1 <= drawn.left < drawn.right <= box.right + 1
    assert box.top - 1 <= drawn.top < drawn.bottom <= box.bottom + 1


def test_the_page_that_is_asked_for_is_drawn(make_pdf: MakePdf, make_item: Make) -> None:
    data, item = make_pdf([[(100, 700, "one")], [(100, 100, "two")]]), make_item("a.pdf")
    assert ink(PARSER.draw(data, item, 1)).top < 200
    assert ink(PARSER.draw(data, item, 2)).top > 600
    for page in (0, 3, -1):
        with pytest.raises(DocumentError, match=rf"there is no page {page}, it has 2") as error:
            PARSER.draw(data, item, page)
        assert error.value.kind == "page"


@pytest.mark.parametrize("size", ["0 0 14400 14400", "0 0 1 1", "0 0 3 14400", "0 0 14400 3", "0 0 0 0"])
def test_pages_of_any_size_give_pictures_of_bounded_size(make_pdf: MakePdf, make_item: Make, size: str) -> None:
    picture = PARSER.draw(make_pdf([[]], page=f"/MediaBox [{size}]"), make_item("a.pdf"), 1)
    image = opened(picture)
    assert 0 < image.width <= 1401
    assert image.width * image.height <= 4_100_000


def test_what_is_filled_in_to_a_form_is_drawn(make_pdf: MakePdf, make_item: Make) -> None:
    field = (
        "/AcroForm << /Fields [90 0 R] >> /Pages 2 0 R >>\nendobj\n"
        "90 0 obj\n<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Jane Doe) /F 4 /Rect [150 700 300 720] "
        "/AP << /N 91 0 R >> >>\nendobj\n"
        "91 0 obj\n<< /Type /XObject /Subtype /Form /BBox [0 0 150 20] /Resources << /Font << /F1 3 0 R >> >> "
        "/Length 35 >>\nstream\nBT /F1 12 Tf 2 5 Td (Jane Doe) Tj ET\nendstream"
    )
    data = make_pdf([[]], page="/Annots [90 0 R]").replace(b"/Pages 2 0 R >>", field.encode(), 1)
    assert 150 < ink(PARSER.draw(data, make_item("form.pdf"), 1)).left < 160


def image_file(mode: str, kind: str, **options: object) -> bytes:
    image = Image.new(mode, (600, 300), "white" if mode != "RGBA" else (0, 0, 0, 0))
    image.paste((0,) * len(mode) if mode != "RGBA" else (0, 0, 0, 255), (100, 50, 200, 80))
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(("mode", "kind"), [("RGB", "PNG"), ("RGBA", "PNG"), ("RGB", "JPEG"), ("L", "TIFF")])
def test_an_image_is_its_own_page(make_item: Make, mode: str, kind: str) -> None:
    data = image_file(mode, kind, dpi=(144, 144))
    picture = PARSER.draw(data, make_item(f"a.{kind.lower()}"), 1)
    assert (picture.width, picture.height) == (pytest.approx(300, abs=0.1), pytest.approx(150, abs=0.1))
    drawn = ink(picture)
    assert (drawn.left, drawn.top) == (pytest.approx(50, abs=1), pytest.approx(25, abs=1))
    with pytest.raises(DocumentError, match="no page 2"):
        PARSER.draw(data, make_item(f"a.{kind.lower()}"), 2)


def test_the_text_of_an_image_is_where_its_boxes_are(make_item: Make) -> None:
    if not ocr.installed():
        pytest.skip("tesseract is not installed")
    from PIL import ImageDraw, ImageFont

    image = Image.new("L", (900, 300), 255)
    ImageDraw.Draw(image).text((200, 120), "Refunds take fourteen days", fill=0, font=ImageFont.load_default(40))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    (document,) = PARSER.parse(Blob.from_data(buffer.getvalue()), make_item("a.png")).documents
    (box,) = document.elements[0].lines
    drawn = ink(PARSER.draw(buffer.getvalue(), make_item("a.png"), 1))
    assert box.left == pytest.approx(drawn.left, abs=4)
    assert box.right == pytest.approx(drawn.right, abs=4)
    assert box.top < drawn.top < drawn.bottom < box.bottom


@pytest.mark.parametrize(
    ("key", "data", "kind"),
    [
        ("a.pdf", b"", "parse"),
        ("a.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 20, "parse"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(99), "parse"),
        ("a.md", b"# Words", "format"),
        ("a.unknown", b"words", "format"),
    ],
)
def test_what_cannot_be_drawn_is_one_error(
    worker: WorkerParser, make_item: Make, key: str, data: bytes, kind: str
) -> None:
    with pytest.raises(DocumentError, match=key) as error:
        worker.draw(data, make_item(key), 1)
    assert error.value.kind == kind


def test_a_password_is_named_as_the_reason(worker: WorkerParser, make_pdf: MakePdf, make_item: Make) -> None:
    digest = "00" * 32
    extra = f"/Encrypt << /Filter /Standard /V 1 /R 2 /O <{digest}> /U <{digest}> /P -4 >> /ID [<{digest}> <{digest}>]"
    with pytest.raises(DocumentError, match="password") as error:
        worker.draw(make_pdf([[]], extra=extra), make_item("a.pdf"), 1)
    assert error.value.kind == "encrypted"


def test_a_page_that_takes_too_long_is_given_up_and_the_next_one_drawn(make_pdf: MakePdf, make_item: Make) -> None:
    # each form draws the next one fifty times
    form = "/Type /XObject /Subtype /Form /BBox [0 0 612 792]"
    bodies = ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Count 1 /Kids [3 0 R] >>"]
    resources = "/Resources << /XObject << /X 5 0 R >> >>"
    bodies += [f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R {resources} >>"]
    bodies += ["<< /Length 5 >>\nstream\n/X Do\nendstream"]
    for number in range(6, 13):
        resources = f"/Resources << /XObject << /X {number} 0 R >> >>"
        bodies += [f"<< {form} {resources} /Length 300 >>\nstream\n{'/X Do ' * 50}\nendstream"]
    bodies += [f"<< {form} /Length 16 >>\nstream\n0 0 600 700 re f\nendstream"]
    objects = "".join(f"{number} 0 obj\n{body}\nendobj\n" for number, body in enumerate(bodies, 1))
    endless = f"%PDF-1.4\n{objects}trailer << /Size 14 /Root 1 0 R >>\n%%EOF\n".encode()
    # the faster the machine, the more memory it takes until then
    worker = WorkerParser(Options(), workers=1, timeout_s=3, memory_mb=8_000)
    try:
        with pytest.raises(DocumentError) as error:
            worker.draw(endless, make_item("a.pdf"), 1)
        assert error.value.kind == "timeout"
        assert opened(worker.draw(make_pdf([[(72, 700, "fine")]]), make_item("b.pdf"), 1)).width
    finally:
        worker.close()


def test_a_worker_draws_what_the_parser_draws(worker: WorkerParser, make_pdf: MakePdf, make_item: Make) -> None:
    data = make_pdf([[(72, 700, "Words.")]])
    assert worker.draw(data, make_item("a.pdf"), 1) == PARSER.draw(data, make_item("a.pdf"), 1)


def archive(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, data in members.items():
            file.writestr(name.replace("__", "/"), data)
    return buffer.getvalue()


def test_a_member_is_taken_out_of_its_containers(worker: WorkerParser, make_item: Make) -> None:
    inner = archive(**{"deep.md": b'{"error": 1}', "twice.md": b"one"})
    item, data = make_item("a.zip"), archive(**{"docs__inner.zip": inner, "b.md": b"# B"})
    assert worker.member(data, item, "docs:a.zip!/b.md") == b"# B"
    assert worker.member(data, item, "docs:a.zip!/docs/inner.zip!/deep.md") == b'{"error": 1}'
    for gone in ("docs:a.zip!/c.md", "docs:a.zip!/b.md!/x", "docs:other.zip!/b.md"):
        with pytest.raises(DocumentError, match="any more") as error:
            worker.member(data, item, gone)
        assert error.value.kind == "read"


def test_members_are_named_as_they_were_when_they_were_read(make_item: Make) -> None:
    data = archive(**{"a.md": b"# A", "sub__a.md": b"# Sub"})
    item = make_item("x.zip")
    documents = PARSER.parse(Blob.from_data(data), item).documents
    assert [PARSER.member(data, item, document.id).decode() for document in documents] == [d.text for d in documents]
