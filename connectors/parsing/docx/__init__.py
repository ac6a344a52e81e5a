"""Word documents (.docx)."""

from connectors.parsing.docx.body import BodyReader
from connectors.parsing.docx.styles import W
from connectors.parsing.ooxml import Package, document_metadata
from connectors.parsing.writer import DocumentWriter
from rag.errors import DocumentError
from rag.types import Document, SourceItem

MIME = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def parse(data: bytes, item: SourceItem) -> Document:
    """Headings, paragraphs, lists with their numbers, tables, text boxes, notes and links.

    Tracked insertions are text and deletions are not; page headers and footers, comments and hidden text are left out.

    Raises:
        DocumentError: no readable Word document (`parse`), with a password (`encrypted`), or without text (`empty`).
    """
    package = Package(data, item)
    path = package.main()
    root = package.part(path)
    body = None if root is None else root.find(f"{W}body")
    if body is None:
        raise DocumentError(f"{item.uri}: not a Word document, {path} in it is something else", kind="parse")
    writer = DocumentWriter()
    reader = BodyReader(writer, package, path)
    reader.read(body)
    if writer.empty:
        raise DocumentError(f"{item.uri}: there is no text in it: leave it out, or use a copy with text", kind="empty")
    properties = package.properties()
    return writer.document(
        item,
        data=data,
        mime=MIME,
        title=reader.title or properties.get("title", ""),
        language=properties.get("language", "")[:2].lower() or None,
        metadata=document_metadata(properties),
    )
