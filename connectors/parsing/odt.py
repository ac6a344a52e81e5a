"""OpenDocument texts."""

from collections.abc import Iterator

from connectors.parsing.html.dom import Node
from connectors.parsing.office_package import open_package
from connectors.parsing.writer import DocumentWriter, Piece
from connectors.parsing.xml_tree import parse_xml
from rag.errors import DocumentError
from rag.types import Document, SourceItem

_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_XLINK = "{http://www.w3.org/1999/xlink}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_UNSEEN = {f"{_TEXT}tracked-changes", f"{_TEXT}sequence-decls", f"{_OFFICE}annotation", f"{_OFFICE}forms"}
_MAX_REPEATED = 100
_MAX_DEPTH = 100


def parse(data: bytes, item: SourceItem) -> Document:
    """Headings, paragraphs, lists, tables, links and notes.

    Raises:
        DocumentError: it is malformed (`parse`), needs a password (`encrypted`), or holds no text (`empty`).
    """
    package = open_package(data, item)
    names = package.namelist()
    if "content.xml" not in names:
        raise DocumentError(f"{item.uri}: malformed, the package has no content.xml", kind="parse")
    if "META-INF/manifest.xml" in names and b"encryption-data" in package.read("META-INF/manifest.xml"):
        raise DocumentError(f"{item.uri}: needs a password: store it without one", kind="encrypted")
    root = parse_xml(package.read("content.xml"), item)
    writer = DocumentWriter()
    body = next(root.iter(f"{_OFFICE}text"), None)
    if body is not None:
        _blocks(writer, body, 0, 0)
    if writer.empty:
        raise DocumentError(f"{item.uri}: there is no text in the document", kind="empty")
    meta = parse_xml(package.read("meta.xml"), item) if "meta.xml" in names else None
    named = {name: _named(meta, name) for name in ("title", "creator", "language")}
    return writer.document(
        item,
        data=data,
        mime=item.mime or "",
        title=named["title"],
        language=named["language"][:2].lower() or None,
        metadata={"author": named["creator"]} if named["creator"] else {},
    )


def _blocks(writer: DocumentWriter, parent: Node, lists: int, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise DocumentError(f"elements are nested more than {_MAX_DEPTH} deep: this is no document", kind="parse")
    for node in parent:
        if node.tag in _UNSEEN or not isinstance(node.tag, str):
            continue
        if node.tag == f"{_TEXT}h":
            level = node.get(f"{_TEXT}outline-level") or "1"
            writer.heading([*_pieces(node)], int(level) if level.isdecimal() else 1)
        elif node.tag == f"{_TEXT}p":
            writer.paragraph([*_pieces(node)])
        elif node.tag in (f"{_TEXT}list-item", f"{_TEXT}list-header"):
            first, *rest = [*node] or [None]
            if first is not None and first.tag == f"{_TEXT}p":
                writer.item([*_pieces(first)], depth=max(0, lists - 1))
                _blocks(writer, rest, lists, depth + 1)
            else:
                _blocks(writer, node, lists, depth + 1)
        elif node.tag == f"{_TEXT}list":
            _blocks(writer, node, lists + 1, depth + 1)
        elif node.tag == f"{_TABLE}table":
            _table(writer, node)
        else:
            _blocks(writer, node, lists, depth + 1)


def _table(writer: DocumentWriter, table: Node) -> None:
    rows, headers = [], 0
    for row in table.iter(f"{_TABLE}table-row"):
        if next(row.iterancestors(f"{_TABLE}table")) is not table:
            continue
        cells: list[list[Piece]] = []
        for cell in row:
            if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
                continue
            repeated = cell.get(f"{_TABLE}number-columns-repeated") or "1"
            pieces = [piece for p in cell.iter(f"{_TEXT}p", f"{_TEXT}h") for piece in (*_pieces(p), (" ", False))]
            cells += [pieces] * (min(int(repeated), _MAX_REPEATED) if repeated.isdecimal() else 1)
        headers += row.getparent().tag == f"{_TABLE}table-header-rows"
        rows.append(cells)
    writer.table(rows, header_rows=headers or 1)


def _pieces(node: Node) -> Iterator[Piece]:
    yield node.text or "", False
    for child in node:
        if child.tag == f"{_TEXT}s":
            yield " ", False
        elif child.tag == f"{_TEXT}tab":
            yield "\t", False
        elif child.tag == f"{_TEXT}line-break":
            yield "\n", False
        elif child.tag == f"{_TEXT}a":
            inner, address = [*_pieces(child)], child.get(f"{_XLINK}href") or ""
            yield from [("[", True), *inner, (f"]({address})", True)] if "://" in address else inner
        elif isinstance(child.tag, str) and child.tag not in _UNSEEN:
            yield from _pieces(child)
        yield child.tail or "", False


def _named(meta: Node | None, name: str) -> str:
    found = next(meta.iter(f"{_DC}{name}"), None) if meta is not None else None
    return " ".join("".join(found.itertext()).split()) if found is not None else ""
