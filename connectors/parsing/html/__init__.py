"""HTML: the page's DOM without what is there for navigation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.parsing.html.blocks import BlockWriter
from connectors.parsing.html.boilerplate import main_content
from connectors.parsing.html.dom import body_of, parse_html
from connectors.parsing.html.head import base_of, language_of, metadata_of, title_of
from connectors.parsing.html.inline import line_of
from connectors.parsing.writer import DocumentWriter
from rag.errors import DocumentError
from rag.types import Document, SourceItem


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlPage:
    """What a page says of itself.

    Attributes:
        language: ISO 639-1, None where the page names none.
        metadata: description, author, published and canonical address, as far as they are there.
    """

    title: str
    language: str | None
    metadata: Mapping[str, Any]


def parse(data: bytes, item: SourceItem) -> Document:
    """A web page: headings, paragraphs, lists, tables, code and links.

    Navigation, page headers and footers, scripts and what is hidden are left out.

    Raises:
        DocumentError: there is no visible text (`empty`), it is no text at all (`encoding`), or its elements are nested
            thousands deep (`parse`).
    """
    writer = DocumentWriter()
    url = item.uri if item.uri.startswith(("http://", "https://")) else None
    try:
        page = write_html(writer, data, base_url=url, boilerplate=True)
    except DocumentError as error:
        raise DocumentError(f"{item.uri}: {error}", kind=error.kind) from error
    if writer.empty:
        raise DocumentError(f"{item.uri}: there is no visible text in the page", kind="empty")
    return writer.document(
        item, data=data, mime="text/html", title=page.title, language=page.language, metadata=page.metadata
    )


def write_html(writer: DocumentWriter, html: str | bytes, *, base_url: str | None, boilerplate: bool) -> HtmlPage:
    """Write a page's blocks; also for the chapters of a book and the bodies of messages.

    Args:
        html: bytes are decoded as the page, or else their content, says.
        base_url: what relative links are relative to; None leaves them as they are, "" takes only their words.
        boilerplate: leave out what is there for navigation; False takes all that is visible.

    Raises:
        DocumentError: as of `parse`, but without the name of the document and never `empty`.
    """
    root = parse_html(html)
    if root is None:
        return HtmlPage(title="", language=None, metadata={})
    page = HtmlPage(title=title_of(root), language=language_of(root), metadata=metadata_of(root))
    body, base = body_of(root), base_of(root, base_url)
    if not boilerplate:
        BlockWriter(writer, base).write(body)
        return page
    content = main_content(body)
    if content.title is not None:
        writer.heading(line_of(content.title, base), 1)
    BlockWriter(writer, base, content.left_out).write(content.root)
    return page
