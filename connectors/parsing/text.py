"""Plain text: paragraphs between blank lines."""

from connectors.parsing.document import build
from connectors.parsing.normalise import canonical, decode
from connectors.parsing.spans import paragraphs
from rag.types import Document, Element, SourceItem


def parse(data: bytes, item: SourceItem) -> Document:
    """Text in any encoding. An empty file is a document without elements.

    Raises:
        DocumentError: it is no text (`encoding`).
    """
    text = canonical(decode(data))
    elements = [Element(kind="paragraph", start=start, end=end) for start, end in paragraphs(text, 0, len(text))]
    return build(item, data=data, mime="text/plain", text=text, elements=elements)
