"""The blocks of a Word document, in the order of the text."""

from collections.abc import Iterator

from connectors.parsing.docx.inline import Inline, InlineReader, note_mark
from connectors.parsing.docx.numbering import Numbering
from connectors.parsing.docx.styles import Styles, W, flag, value
from connectors.parsing.html.dom import Node
from connectors.parsing.office_chart import chart_rows, chart_title, diagram_texts
from connectors.parsing.ooxml import RELATIONSHIP_ID, Package, local
from connectors.parsing.writer import DocumentWriter, Piece

_GROUPS = frozenset(["sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag", "AlternateContent", "Choice"])
_NOTES = {"footnote": "footnotes", "endnote": "endnotes"}
_MAX_SPAN = 100
"""Columns that one cell may take; Word's tables have 63."""


class BodyReader:
    """Writes blocks; what floats or stands elsewhere (text boxes, notes) comes right after the block that holds it."""

    def __init__(self, writer: DocumentWriter, package: Package, path: str) -> None:
        self.title = ""
        self._writer, self._package = writer, package
        self._relations = package.relations(path)
        self._styles = Styles(package.related(path, "styles"))
        self._numbering = Numbering(package.related(path, "numbering"), self._styles)
        self._inline = InlineReader(self._relations)
        self._notes = {
            (kind, note.get(f"{W}id") or ""): note
            for kind, part in _NOTES.items()
            for note in _children(package.related(path, part))
        }
        self._carried: list[Piece] = []
        self._code: list[str] = []

    def read(self, parent: Node) -> None:
        """Write the blocks of a body, a note or a text box."""
        for block in _blocks(parent):
            name = local(block)
            if name == "p":
                self._paragraph(block)
            elif name == "tbl":
                self._table(block)
            elif name == "altChunk":
                self._foreign(block)
        self._flush_code()
        if self._carried:
            pieces, self._carried = self._carried, []
            self._writer.paragraph(pieces)

    def _paragraph(self, node: Node) -> None:
        properties = node.find(f"{W}pPr")
        found = self._inline.read(node)
        pieces = [*self._carried, *found.pieces]
        self._carried = []
        if properties is not None and properties.find(f"{W}rPr/{W}del") is not None:
            self._carried = pieces  # its end was deleted: it goes on in the next paragraph
        elif _has_text(pieces):
            self._write(pieces, properties)
        self._aside(found)

    def _write(self, pieces: list[Piece], properties: Node | None) -> None:
        style = self._styles.of(properties)
        if style.code:
            self._code.append("".join(text for text, syntax in pieces if not syntax))
            return
        self._flush_code()
        level = self._styles.level(properties)
        label = self._numbering.label(properties)
        number = label.number if label else ""
        if level is not None:
            if style.title and not self.title:
                self.title = "".join(text for text, syntax in pieces if not syntax)
            below = bool(self.title) and not style.title  # the document's title stands above its headings
            self._writer.heading([(f"{number} " if number else "", False), *pieces], level + below)
        elif label and label.shown:
            self._writer.item(pieces, depth=label.depth, number=number)
        else:
            self._writer.paragraph(pieces)

    def _table(self, node: Node) -> None:
        self._flush_code()
        rows: list[list[list[Piece]]] = []
        asides = Inline()
        inner: list[Node] = []
        header = 0
        boxed = _only_cell(node)
        if boxed is not None:
            self.read(boxed)  # a frame around text
            return
        for row in _rows(node):
            properties = row.find(f"{W}trPr")
            header += header == len(rows) and flag(properties, "tblHeader")
            cells: list[list[Piece]] = [[] for _ in range(_span(value(properties, "gridBefore"), 0))]
            for cell in _cells(row):
                cells.append(self._cell(cell, asides, inner))
                cells += [[] for _ in range(_span(value(cell.find(f"{W}tcPr"), "gridSpan"), 1) - 1)]
            rows.append(cells)
        self._writer.table(rows, header_rows=max(header, 1))
        self._aside(asides)
        for table in inner:
            self._table(table)

    def _cell(self, cell: Node, asides: Inline, inner: list[Node]) -> list[Piece]:
        properties = cell.find(f"{W}tcPr")
        merge = None if properties is None else properties.find(f"{W}vMerge")
        if merge is not None and merge.get(f"{W}val") != "restart":
            return []
        pieces: list[Piece] = []
        for block in _blocks(cell):
            if local(block) == "tbl":
                inner.append(block)
            elif local(block) == "p":
                found = self._inline.read(block)
                label = self._numbering.label(block.find(f"{W}pPr")) if _has_text(found.pieces) else None
                pieces += [("\n" if pieces else "", False), (f"{label.number} " if label else "", False), *found.pieces]
                asides.notes += found.notes
                asides.boxes += found.boxes
                asides.graphics += found.graphics
        return pieces

    def _aside(self, found: Inline) -> None:
        """What belongs to a block but does not stand in its text."""
        for box in found.boxes:
            self.read(box)
        for relation_id in found.graphics:
            self._graphic(relation_id)
        for kind, note_id in found.notes:
            note = self._notes.pop((kind, note_id), None)
            if note is not None:
                self._note(note, note_mark(kind, note_id))

    def _note(self, note: Node, mark: str) -> None:
        asides = Inline()
        pieces: list[Piece] = [(f"{mark}: ", True)]
        tables = []
        for block in _blocks(note):
            if local(block) == "p":
                found = self._inline.read(block)
                pieces += [("\n" if len(pieces) > 1 else "", False), *found.pieces]
                asides.boxes += found.boxes
                asides.notes += found.notes
                asides.graphics += found.graphics
            elif local(block) == "tbl":
                tables.append(block)
        self._flush_code()
        self._writer.paragraph(pieces)
        for table in tables:
            self._table(table)
        self._aside(asides)

    def _graphic(self, relation_id: str) -> None:
        """A chart as the table of its figures, a diagram as the list of its texts."""
        relation = self._relations.get(relation_id)
        root = self._package.part(relation.target) if relation and not relation.external else None
        if root is None:
            return
        self._flush_code()
        if local(root) == "chartSpace":
            self._writer.paragraph(chart_title(root))
            self._writer.table(chart_rows(root))
        for text in diagram_texts(root) if local(root) == "dataModel" else ():
            self._writer.item(text)

    def _foreign(self, node: Node) -> None:
        """A document of another format that Word shows in this one; web pages are what occurs."""
        relation = self._relations.get(node.get(RELATIONSHIP_ID) or "")
        if relation and not relation.external and relation.target.lower().endswith((".htm", ".html", ".xhtml")):
            from connectors.parsing.html import write_html  # rare, and takes long to import

            self._flush_code()
            write_html(self._writer, self._package.read(relation.target) or b"", base_url=None, boilerplate=False)

    def _flush_code(self) -> None:
        lines, self._code = self._code, []
        if lines:
            self._writer.code("\n".join(lines))


def _blocks(parent: Node) -> Iterator[Node]:
    """Paragraphs and tables, through content controls and tracked insertions."""
    for child in parent:
        if local(child) in _GROUPS:
            yield from _blocks(child)
        else:
            yield child


def _rows(table: Node) -> Iterator[Node]:
    for row in _blocks(table):
        properties = row.find(f"{W}trPr") if local(row) == "tr" else None
        if local(row) == "tr" and (properties is None or properties.find(f"{W}del") is None):
            yield row


def _cells(row: Node) -> Iterator[Node]:
    return (cell for cell in _blocks(row) if local(cell) == "tc")


def _only_cell(table: Node) -> Node | None:
    cells = [cell for row in _rows(table) for cell in _cells(row)]
    return cells[0] if len(cells) == 1 else None


def _span(text: str, default: int) -> int:
    return min(int(text), _MAX_SPAN) if text.isdecimal() and len(text) < 9 else default


def _has_text(pieces: list[Piece]) -> bool:
    return any(not syntax and text.strip() for text, syntax in pieces)


def _children(node: Node | None) -> list[Node]:
    return [] if node is None else list(node)
