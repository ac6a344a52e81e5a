"""OpenDocument texts."""

from connectors.parsing.html.dom import Node
from connectors.parsing.odt.body import BodyReader
from connectors.parsing.odt.names import DC, OFFICE
from connectors.parsing.odt.numbering import Numbering
from connectors.parsing.office_package import open_package
from connectors.parsing.writer import DocumentWriter
from connectors.parsing.xml_tree import parse_xml
from rag.errors import DocumentError
from rag.types import Document, SourceItem


def parse(data: bytes, item: SourceItem) -> Document:
    """Headings, paragraphs, lists with their numbers, tables, text boxes, links and notes.

    Raises:
        DocumentError: it is malformed (`parse`), needs a password (`encrypted`), or holds no text (`empty`).
    """
    package = open_package(data, item)
    names = package.namelist()
    if "content.xml" not in names:
        raise DocumentError(f"{item.uri}: malformed, the package has no content.xml", kind="parse")
    if "META-INF/manifest.xml" in names and b"encryption-data" in package.read("META-INF/manifest.xml"):
        raise DocumentError(f"{item.uri}: needs a password: store it without one", kind="encrypted")
    parts = {name: parse_xml(package.read(f"{name}.xml"), item) for name in _PARTS if f"{name}.xml" in names}
    writer = DocumentWriter()
    body = next(parts["content"].iter(f"{OFFICE}text"), None)
    if body is not None:
        styles = [parts[name] for name in ("styles", "content") if name in parts]
        BodyReader(writer, Numbering(styles), item).read(body)
    if writer.empty:
        raise DocumentError(f"{item.uri}: there is no text in the document", kind="empty")
    named = {name: _named(parts.get("meta"), name) for name in ("title", "creator", "language")}
    return writer.document(
        item,
        data=data,
        mime=item.mime or "",
        title=named["title"],
        language=named["language"][:2].lower() or None,
        metadata={"author": named["creator"]} if named["creator"] else {},
    )


_PARTS = ("content", "styles", "meta")


def _named(meta: Node | None, name: str) -> str:
    found = next(meta.iter(f"{DC}{name}"), None) if meta is not None else None
    return " ".join("".join(found.itertext()).split()) if found is not None else ""
