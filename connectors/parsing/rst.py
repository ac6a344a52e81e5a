"""reStructuredText, also with the directives and roles that only Sphinx knows."""

from typing import Any

from docutils import nodes
from docutils.core import publish_doctree
from docutils.readers.standalone import Reader
from docutils.transforms.references import Substitutions

from connectors.parsing.normalise import canonical, decode
from connectors.parsing.rst_blocks import write_blocks
from connectors.parsing.writer import DocumentWriter
from rag.errors import DocumentError
from rag.types import Document, SourceItem

_SETTINGS = {
    # a document includes no files, runs nothing and is not stopped by its own mistakes
    "file_insertion_enabled": False,
    "raw_enabled": False,
    # the messages hold the text of what docutils does not know; nobody sees them
    "report_level": 1,
    "halt_level": 5,
    "warning_stream": False,
    "_disable_config": True,
    "syntax_highlight": "none",
    "smart_quotes": False,
    "doctitle_xform": True,
    "sectsubtitle_xform": False,
}


def parse(data: bytes, item: SourceItem) -> Document:
    """Sections, paragraphs, lists, tables, code and links; field lists at the top become metadata.

    An empty file is a document without elements.

    Raises:
        DocumentError: it is no text (`encoding`), or its blocks are nested hundreds deep (`parse`).
    """
    writer = DocumentWriter()
    try:
        tree = _tree(canonical(decode(data)))
        write_blocks(writer, tree, read=_tree)
    except RecursionError as error:
        raise DocumentError(f"{item.uri}: its blocks are nested too deeply: indent it less", kind="parse") from error
    title = next((child.astext() for child in tree.children if isinstance(child, nodes.title)), "")
    return writer.document(
        item, data=data, mime="text/x-rst", title=title or _first_heading(tree), metadata=_info(tree)
    )


class _Reader(Reader):  # type: ignore[misc,type-arg,unused-ignore]
    """Leaves substitutions where they are: filled in by docutils, 25 lines of them grow to gigabytes."""

    def get_transforms(self) -> list[Any]:
        return [transform for transform in super().get_transforms() if transform is not Substitutions]


def _tree(text: str) -> nodes.document:
    # docutils refuses a document for one long line
    longest = max(map(len, text.split("\n"))) + 1
    return publish_doctree(text, reader=_Reader(), settings_overrides={**_SETTINGS, "line_length_limit": longest})


def _first_heading(tree: nodes.document) -> str:
    first = next((child for child in tree.children if isinstance(child, nodes.section)), None)
    return first[0].astext() if first is not None else ""


def _info(tree: nodes.document) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for info in tree.findall(nodes.docinfo):
        for field in info.children:
            if isinstance(field, nodes.field):
                found[field[0].astext()] = field[1].astext()
            elif isinstance(field, nodes.authors):
                found["author"] = ", ".join(author.astext() for author in field.children)
            else:
                found[field.tagname] = field.astext()
    # a key of metadata holds no double quote
    return {name.replace('"', "'").lower(): " ".join(text.split()) for name, text in found.items() if text.strip()}
