"""Rich text (RTF)."""

from striprtf.striprtf import rtf_to_text

from connectors.parsing.spans import paragraphs
from connectors.parsing.writer import DocumentWriter
from rag.errors import DocumentError
from rag.types import Document, SourceItem


def parse(data: bytes, item: SourceItem) -> Document:
    """The paragraphs of the text; cells of a table are apart on a line.

    Raises:
        DocumentError: it is no rich text (`parse`), or holds no text (`empty`).
    """
    if not data.lstrip().startswith(b"{\\rtf"):
        raise DocumentError(f"{item.uri}: malformed, no rich text: it does not start with {{\\rtf", kind="parse")
    text = rtf_to_text(data.decode("latin-1"), encoding="cp1252", errors="replace").replace("|", " | ")
    writer = DocumentWriter()
    lines = text.replace("\r\n", "\n").split("\n")
    for line in lines:
        for start, end in paragraphs(line, 0, len(line)):
            writer.paragraph(line[start:end])
    if writer.empty:
        raise DocumentError(f"{item.uri}: there is no text in the file", kind="empty")
    return writer.document(item, data=data, mime="application/rtf")
