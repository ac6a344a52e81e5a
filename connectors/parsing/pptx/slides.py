"""What stands on a slide, in reading order."""

from collections.abc import Iterator, Sequence
from typing import Any

from lxml import etree
from pptx.enum.shapes import PP_PLACEHOLDER

from connectors.parsing.html.dom import Node
from connectors.parsing.office_chart import chart_rows, chart_title, diagram_texts
from connectors.parsing.ooxml import RELATIONSHIP_ID, local
from connectors.parsing.pptx.text import A, cell_pieces, paragraphs, plain
from connectors.parsing.writer import DocumentWriter, Piece

_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_ALTERNATES = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
_PAGE_FURNITURE = (PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.HEADER)
_MAX_REPEATED = 200
"""Characters of a merged cell that is shown again."""
_ROW_SHARE = 20
"""Shapes whose tops are within this part of the slide's height stand in one row."""


class SlideReader:
    """Writes slides; keeps the title of the first that has one."""

    def __init__(self, writer: DocumentWriter, height: int) -> None:
        self.title = ""
        self._writer = writer
        self._row = height // _ROW_SHARE
        self._page = 0

    def read(self, slide: Any, number: int) -> None:
        """Write one slide and its notes."""
        self._page = number
        _choose_alternates(slide.shapes._spTree)
        links = _links(slide.part)
        title = slide.shapes.title
        heading = plain(title._element.txBody) if title is not None and title.has_text_frame else ""
        self._writer.heading(heading, 1, page=number)
        self.title = self.title or heading
        for shape in _in_reading_order(slide.shapes, self._row):
            if title is None or shape._element is not title._element:
                self._shape(shape, slide, links)
        if slide.has_notes_slide:
            self._notes(slide.notes_slide)

    def _shape(self, shape: Any, slide: Any, links: dict[str, str]) -> None:
        if shape.is_placeholder and shape.placeholder_format.type in _PAGE_FURNITURE:
            return
        if shape.has_text_frame:
            self._text(shape._element.txBody, _list_styles(shape, slide), links)
        elif getattr(shape, "has_table", False) and shape.has_table:
            rows = _rows(shape.table, links)
            self._writer.table(rows, header_rows=int(shape.table.first_row), page=self._page)
        elif local(shape._element) == "graphicFrame":
            self._graphic(shape._element, slide.part)

    def _text(self, body: Node, styles: Sequence[Node], links: dict[str, str]) -> None:
        for paragraph in paragraphs(body, styles, links):
            if paragraph.listed:
                self._writer.item(paragraph.pieces, depth=paragraph.depth, number=paragraph.number, page=self._page)
            else:
                self._writer.paragraph(paragraph.pieces, page=self._page)

    def _graphic(self, frame: Node, part: Any) -> None:
        """A chart as the table of its figures, a diagram as the list of its texts."""
        for node in frame.iter("{*}chart", "{*}relIds"):
            key = node.get(RELATIONSHIP_ID if local(node) == "chart" else RELATIONSHIP_ID.replace("}id", "}dm"))
            if key not in part.rels or part.rels[key].is_external:
                continue
            root = etree.fromstring(part.rels[key].target_part.blob, etree.XMLParser(resolve_entities=False))
            if local(node) == "relIds":
                for text in diagram_texts(root):
                    self._writer.item(text, page=self._page)
            else:
                self._writer.paragraph(chart_title(root), page=self._page)
                self._writer.table(chart_rows(root), page=self._page)

    def _notes(self, notes: Any) -> None:
        frame = notes.notes_text_frame
        sign = [("Notes: ", True)]
        for paragraph in paragraphs(frame._element, [], _links(notes.part)) if frame is not None else ():
            self._writer.paragraph([*sign, *paragraph.pieces], page=self._page)
            sign = []


def _rows(table: Any, links: dict[str, str]) -> list[list[list[Piece]]]:
    """The cells. A merged one is shown in each of its places, so that rows can be read alone, and is text in one."""
    cells = [list(row.cells) for row in table.rows]
    rows = [[[] if cell.is_spanned else cell_pieces(cell._tc, links) for cell in row] for row in cells]
    for top, row in enumerate(cells):
        for left, cell in enumerate(row):
            shown = [(text, True) for text, _ in rows[top][left]]
            if not cell.is_merge_origin or sum(len(text) for text, _ in shown) > _MAX_REPEATED:
                continue
            for down in range(top, min(top + cell.span_height, len(rows))):
                for across in range(left, min(left + cell.span_width, len(rows[down]))):
                    rows[down][across] = rows[down][across] or shown
    return rows


def _in_reading_order(shapes: Any, row_height: int) -> Iterator[Any]:
    """The shapes row by row and from left to right, a group's where the group stands."""
    placed = sorted(
        ((shape.top or 0, shape.left or 0, n, shape) for n, shape in enumerate(shapes)), key=lambda s: s[:3]
    )
    rows: list[list[Any]] = []
    top = None
    for shape in placed:
        if top is None or shape[0] - top > row_height:
            rows.append([])
            top = shape[0]
        rows[-1].append(shape)
    for row in rows:
        for *_, shape in sorted(row, key=lambda s: (s[1], s[0], s[2])):
            if local(shape._element) == "grpSp":
                yield from _in_reading_order(shape.shapes, row_height)
            else:
                yield shape


def _choose_alternates(tree: Node) -> None:
    """Put the first of several ways to show a thing in the place of all of them."""
    for alternate in list(tree.iter(_ALTERNATES)):
        parent, chosen = alternate.getparent(), next(iter(alternate), None)
        if parent is not None and local(parent) in ("spTree", "grpSp"):
            for shape in reversed([] if chosen is None else list(chosen)):
                alternate.addnext(shape)
            parent.remove(alternate)


def _list_styles(shape: Any, slide: Any) -> list[Node]:
    """Where a shape's bullets are looked up: its place in the layout, that in the master, the master's styles."""
    layout = slide.slide_layout
    master = layout.slide_master
    found: list[Node] = []
    kind = "other"
    if shape.is_placeholder:
        index, type_ = shape.placeholder_format.idx, shape.placeholder_format.type
        kind = "title" if type_ in (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE) else "body"
        bases = [*(p for p in layout.placeholders if p.placeholder_format.idx == index)][:1]
        main = PP_PLACEHOLDER.TITLE if kind == "title" else PP_PLACEHOLDER.BODY
        bases += [*(p for p in master.placeholders if p.placeholder_format.type == main)][:1]
        found = [style for base in bases for style in base._element.iter(f"{A}lstStyle")]
    styles = master._element.find(f"{_P}txStyles/{_P}{kind}Style")
    return [*found, styles] if styles is not None else found


def _links(part: Any) -> dict[str, str]:
    return {key: relation.target_ref for key, relation in part.rels.items() if relation.is_external}
