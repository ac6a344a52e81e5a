import io
from collections.abc import Callable
from typing import Any

import pptx
import pytest
from pptx.util import Inches

from connectors.parsing.pptx import parse
from rag.errors import DocumentError
from rag.types import Document, SourceItem

Check = Callable[[Document], None]
ITEM = SourceItem(source="s", key="k.pptx", uri="/x/k.pptx", fingerprint="f")
TITLE_AND_BODY, TITLE_ONLY, BLANK = 1, 5, 6


class Deck:
    """A presentation, slide by slide."""

    def __init__(self) -> None:
        self.presentation: Any = pptx.Presentation()

    def slide(self, layout: int = BLANK, title: str = "") -> Any:
        slide = self.presentation.slides.add_slide(self.presentation.slide_layouts[layout])
        if title:
            slide.shapes.title.text = title
        return slide

    def save(self) -> bytes:
        out = io.BytesIO()
        self.presentation.save(out)
        return out.getvalue()

    def parsed(self) -> Document:
        return parse(self.save(), ITEM)


def box(shapes: Any, text: str, left: float, top: float) -> Any:
    shape = shapes.add_textbox(Inches(left), Inches(top), Inches(2), Inches(0.5))
    shape.text_frame.text = text
    return shape


def test_slides_are_pages_and_their_titles_headings(assert_well_formed: Check) -> None:
    deck = Deck()
    deck.presentation.core_properties.author = "Ada"
    body = deck.slide(TITLE_AND_BODY, "Jam").placeholders[1].text_frame
    body.text = "pears"
    for text, level in (("green", 1), ("plums", 0)):
        paragraph = body.add_paragraph()
        paragraph.text, paragraph.level = text, level
    box(deck.slide().shapes, "no title", 1, 1)
    deck.slide(TITLE_ONLY, "End")
    document = deck.parsed()
    assert_well_formed(document)
    assert document.text == "# Jam\n\n- pears\n  - green\n- plums\n\nno title\n\n# End"
    assert [element.page for element in document.elements] == [1, 1, 1, 1, 2, 3]
    assert document.metadata["author"] == "Ada"


def test_shapes_are_read_from_top_to_bottom_and_left_to_right_with_groups_opened() -> None:
    deck = Deck()
    shapes = deck.slide(TITLE_ONLY, "Title").shapes
    for text, left, top in (("d", 1, 6), ("c", 5, 3.02), ("b", 1, 3.05)):
        box(shapes, text, left, top)
    group = shapes.add_group_shape()
    box(group.shapes, "e", 1, 6.8)
    box(group.shapes, "f", 4, 6.8)
    assert deck.parsed().text.split() == ["#", "Title", "b", "c", "d", "e", "f"]


def test_tables_keep_their_columns() -> None:
    deck = Deck()
    frame = deck.slide().shapes.add_table(3, 3, 0, 0, Inches(4), Inches(2))
    for at, text in enumerate(["both", "", "c", "1", "2", "3", "x", "y", "z"]):
        frame.table.cell(at // 3, at % 3).text = text
    frame.table.cell(0, 0).merge(frame.table.cell(0, 1))
    document = deck.parsed()
    assert document.text.endswith("| c |\n| --- | --- | --- |\n| 1 | 2 | 3 |\n| x | y | z |")
    assert document.elements[0].header_end == document.text.index("\n| 1")


def test_notes_follow_their_slide_and_links_keep_their_address() -> None:
    deck = Deck()
    slide = deck.slide()
    run = box(slide.shapes, "", 1, 1).text_frame.paragraphs[0].add_run()
    run.text = "here"
    run.hyperlink.address = "https://e.org/"
    slide.notes_slide.notes_text_frame.text = "say hello"
    box(deck.slide().shapes, "next", 1, 1)
    document = deck.parsed()
    assert document.text == "[here](https://e.org/)\n\nNotes: say hello\n\nnext"
    assert [element.page for element in document.elements] == [1, 1, 2]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (Deck().save(), "empty"),
        (b"", "parse"),
        (b"PK\x03\x04 cut", "parse"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
    ],
    ids=["empty", "nothing", "cut", "encrypted"],
)
def test_what_cannot_be_read_says_why(data: bytes, kind: str) -> None:
    with pytest.raises(DocumentError, match=r"^/x/k\.pptx: .+") as raised:
        parse(data, ITEM)
    assert raised.value.kind == kind
