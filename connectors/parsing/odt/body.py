"""Writes the blocks of an OpenDocument text."""

from collections.abc import Iterator

from connectors.parsing.html.dom import Node
from connectors.parsing.odt.names import DRAW, OFFICE, TABLE, TEXT, XLINK
from connectors.parsing.odt.numbering import OUTLINE, Numbering
from connectors.parsing.writer import DocumentWriter, Piece
from rag.errors import DocumentError
from rag.types import SourceItem

_UNSEEN = {f"{TEXT}tracked-changes", f"{TEXT}sequence-decls", f"{OFFICE}annotation", f"{OFFICE}forms"}
_MAX_REPEATED = 100
_MAX_DEPTH = 100


class BodyReader:
    """Reads blocks in order; notes, text boxes and shapes come right after the block that holds them."""

    def __init__(self, writer: DocumentWriter, numbering: Numbering, item: SourceItem) -> None:
        self._writer, self._numbering, self._item = writer, numbering, item
        self._asides: list[Node] = []

    def read(self, parent: Node, style: str = "", lists: int = 0, depth: int = 0) -> None:
        """Write what is in a node.

        Args:
            style: of the list around it.
            lists: how many lists are around it.
            depth: nodes around it.
        """
        if depth > _MAX_DEPTH:
            raise DocumentError(
                f"{self._item.uri}: nested more than {_MAX_DEPTH} deep: this is no document", kind="parse"
            )
        for node in parent:
            if node.tag in _UNSEEN or not isinstance(node.tag, str):
                continue
            if node.tag in (f"{TEXT}h", f"{TEXT}p"):
                self._block(node, depth)
            elif node.tag == f"{TEXT}list":
                inner = node.get(f"{TEXT}style-name") or style
                if node.get(f"{TEXT}continue-numbering") != "true" and not node.get(f"{TEXT}continue-list"):
                    self._numbering.restart(inner, lists + 1)
                self.read(node, inner, lists + 1, depth + 1)
            elif node.tag == f"{TEXT}list-item":
                self._item_of_list(node, style, lists, depth)
            elif node.tag == f"{TABLE}table":
                self._table(node)
                self._write_asides(depth)
            else:
                self.read(node, style, lists, depth + 1)

    def _item_of_list(self, node: Node, style: str, lists: int, depth: int) -> None:
        first = next(iter(node), None)
        if first is None or first.tag not in (f"{TEXT}p", f"{TEXT}h"):
            self.read(node, style, lists, depth + 1)
            return
        start = node.get(f"{TEXT}start-value") or ""
        label = self._numbering.label(style, lists, int(start) if start.isdecimal() else None)
        if first.tag == f"{TEXT}h":
            self._block(first, depth, label)
        else:
            self._writer.item([*self._pieces(first)], depth=max(0, lists - 1), number=label)
            self._write_asides(depth)
        node.remove(first)
        self.read(node, style, lists, depth + 1)

    def _block(self, node: Node, depth: int, label: str = "") -> None:
        pieces = [*self._pieces(node)]
        if node.tag == f"{TEXT}p":
            self._writer.paragraph(pieces)
        else:
            level = node.get(f"{TEXT}outline-level") or "1"
            number = int(level) if level.isdecimal() else 1
            if not label and node.get(f"{TEXT}is-list-header") != "true":
                label = self._numbering.label(OUTLINE, number)
            self._writer.heading([(f"{label} ", False), *pieces] if label else pieces, number)
        self._write_asides(depth)

    def _write_asides(self, depth: int) -> None:
        asides, self._asides = self._asides, []
        for aside in asides:
            if aside.tag == f"{TEXT}note":
                self._note(aside)
                self._write_asides(depth + 1)
            else:
                self.read(aside, depth=depth + 1)

    def _note(self, note: Node) -> None:
        pieces: list[Piece] = [(f"{_mark(note)}:", True)]
        for body in note.iter(f"{TEXT}note-body"):
            for paragraph in body.iter(f"{TEXT}p", f"{TEXT}h"):
                pieces += [(" " if len(pieces) == 1 else "\n", False), *self._pieces(paragraph)]
        self._writer.paragraph(pieces)

    def _table(self, table: Node) -> None:
        rows, headers = [], 0
        for row in table.iter(f"{TABLE}table-row"):
            if next(row.iterancestors(f"{TABLE}table")) is not table:
                continue
            cells: list[list[Piece]] = []
            for cell in row:
                if cell.tag not in (f"{TABLE}table-cell", f"{TABLE}covered-table-cell"):
                    continue
                self._asides += [child for child in cell if isinstance(child.tag, str) and child.tag.startswith(DRAW)]
                repeated = cell.get(f"{TABLE}number-columns-repeated") or "1"
                paragraphs = cell.iter(f"{TEXT}p", f"{TEXT}h")
                pieces = [piece for p in paragraphs if _shown_in(p, cell) for piece in (*self._pieces(p), (" ", False))]
                cells += [pieces] * (min(int(repeated), _MAX_REPEATED) if repeated.isdecimal() else 1)
            headers += row.getparent().tag == f"{TABLE}table-header-rows"
            rows.append(cells)
        self._writer.table(rows, header_rows=headers or 1)

    def _pieces(self, node: Node) -> Iterator[Piece]:
        yield node.text or "", False
        for child in node:
            if child.tag == f"{TEXT}s":
                yield " ", False
            elif child.tag == f"{TEXT}tab":
                yield "\t", False
            elif child.tag == f"{TEXT}line-break":
                yield "\n", False
            elif child.tag == f"{TEXT}note":
                self._asides.append(child)
                yield _mark(child), True
            elif child.tag == f"{TEXT}a":
                inner, address = [*self._pieces(child)], child.get(f"{XLINK}href") or ""
                yield from [("[", True), *inner, (f"]({address})", True)] if "://" in address else inner
            elif isinstance(child.tag, str) and child.tag.startswith(DRAW):
                self._asides.append(child)
            elif isinstance(child.tag, str) and child.tag not in _UNSEEN:
                yield from self._pieces(child)
            yield child.tail or "", False


def _shown_in(paragraph: Node, cell: Node) -> bool:
    """It stands in the cell itself, not in a note or box that is written after the table."""
    for around in paragraph.iterancestors():
        if around is cell:
            return True
        if around.tag == f"{TEXT}note" or around.tag.startswith(DRAW):
            return False
    return True


def _mark(note: Node) -> str:
    """The sign that the text shows for a note."""
    citation = next(note.iter(f"{TEXT}note-citation"), None)
    sign = "".join(citation.itertext()).strip() if citation is not None else ""
    return f"[^{'e' if note.get(f'{TEXT}note-class') == 'endnote' else ''}{sign or '*'}]"
