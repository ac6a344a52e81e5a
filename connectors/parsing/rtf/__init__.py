"""Rich text (RTF)."""

from connectors.parsing.rtf.reader import RtfReader
from rag.errors import DocumentError
from rag.types import Document, SourceItem


def parse(data: bytes, item: SourceItem) -> Document:
    """Headings, paragraphs, lists with their numbers, tables, text boxes, notes and links.

    Headers and footers of pages, comments, hidden text and what was deleted under revision are left out.

    Raises:
        DocumentError: it is no rich text (`parse`), or holds no text (`empty`).
    """
    if not data.lstrip().startswith(b"{\\rtf"):
        raise DocumentError(f"{item.uri}: malformed, no rich text: it does not start with {{\\rtf", kind="parse")
    reader = RtfReader()
    reader.read(data)
    if reader.writer.empty:
        raise DocumentError(f"{item.uri}: there is no text in the file", kind="empty")
    author = reader.info.get("author", "").strip()
    return reader.writer.document(
        item,
        data=data,
        mime="application/rtf",
        title=reader.info.get("title", "").strip(),
        metadata={"author": author} if author else {},
    )
