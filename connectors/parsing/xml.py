"""XML of any vocabulary: records as tables, sections with headings, prose as paragraphs."""

import re

from connectors.parsing.html import parse as parse_html
from connectors.parsing.html import write_html
from connectors.parsing.html.dom import Node
from connectors.parsing.writer import DocumentWriter
from connectors.parsing.xml_records import fields_of, label_of, name_of, record_run, text_of
from connectors.parsing.xml_tree import parse_xml
from rag.errors import DocumentError
from rag.types import Document, SourceItem

_MAX_LEVEL = 6
_TITLES = ("title", "name", "label", "heading", "headline", "head")
_PROSE = frozenset(
    ("abstract", "body", "caption", "content", "description", "encoded", "entry", "item", "l", "li", "line", "listitem",
     "note", "p", "para", "paragraph", "q", "quote", "simpara", "subtitle", "summary", "term", "text", "title")
)  # fmt: skip
"""Names that say nothing beside a text."""
_OF_TEXT = ("type", "mode")
"""Attributes of feeds that say how a text is written."""
_PARAGRAPHS = ("p", "para", "simpara", "paragraph")
"""A file with such elements is a text and no data: its other elements are not named."""
_CODE = ("programlisting", "screen", "literallayout", "code-block", "pre")
_XHTML = re.compile(rb"\s*(?:<\?[^>]*\?>\s*|<!--[^>]*-->\s*|<!doctype html[^>]*>\s*){0,9}<html[\s>]", re.I)
_MARKED_UP = re.compile(r"<(?:p|br|a|div|ul|ol|h\d|b|i|em|strong|img|table|span|pre)\b[^<>]*>", re.I)
_MAX_MIXED_CHARS = 20_000


def parse(data: bytes, item: SourceItem) -> Document:
    """An element with elements in it is a section, under its title or name; one with text alone a line `name: text`.

    Records of the same fields are a table. Text between elements makes them one paragraph. XHTML is read as HTML.

    Raises:
        DocumentError: it is malformed (`parse`), or holds no text (`empty`).
    """
    if not data.strip():
        raise DocumentError(f"{item.uri}: there is no text in the file", kind="empty")
    if _XHTML.match(data[:10_000]):
        return parse_html(data, item)
    root = parse_xml(data, item)
    if name_of(root) == "html":
        return parse_html(data, item)
    writer = DocumentWriter()
    _Writer(writer, prose=any(name_of(node) in _PARAGRAPHS for node in root.iter("{*}*"))).write(root)
    if writer.empty:
        raise DocumentError(f"{item.uri}: there is no text in the file", kind="empty")
    language = root.get("{http://www.w3.org/XML/1998/namespace}lang", "").partition("-")[0].lower()
    return writer.document(
        item,
        data=data,
        mime="application/xml",
        title=_title(root),
        language=language if len(language) == 2 else None,
    )


class _Writer:
    """Writes a tree.

    Args:
        prose: it is a text, whose elements are named for programs, not for readers.
    """

    def __init__(self, writer: DocumentWriter, *, prose: bool) -> None:
        self._writer = writer
        self._prose = prose

    def write(self, root: Node) -> None:
        """Write everything in an element."""
        waiting: list[tuple[Node | str, int]] = [(root, 1)]
        while waiting:
            node, level = waiting.pop()
            if isinstance(node, str):
                self._writer.paragraph(node)
                continue
            children = [child for child in node if isinstance(child.tag, str)]
            if not children or _is_mixed(node):
                self._leaf(node)
                continue
            title = next((child for child in children if name_of(child).lower() in _TITLES and not len(child)), None)
            level = self._heading(node, title, level)
            rest = [child for child in children if child is not title or not text_of(child)]
            if run := record_run(rest, prose=self._prose):
                self._writer.table(run)
            else:
                waiting += reversed(_contents(node, rest, level))

    def _heading(self, node: Node, title: Node | None, level: int) -> int:
        """Write what a section is called; the level of the sections in it."""
        label, named = label_of(node), text_of(title) if title is not None else ""
        heading = ": ".join(filter(None, ["" if self._prose else label, named]))
        if heading:
            self._writer.heading(heading, min(level, _MAX_LEVEL))
        for name, value in fields_of(node, children=False, prose=self._prose):
            if name != "version" or level > 1:  # of the file's format
                self._writer.item(f"{name}: {value}")
        return level + 1 if heading else level

    def _leaf(self, node: Node) -> None:
        name, text = name_of(node).lower(), text_of(node)
        fields = fields_of(node, children=False, prose=self._prose)
        attributes = [f"{name} {value}" for name, value in fields if name not in _OF_TEXT]
        if name in _CODE:
            self._writer.code("".join(node.itertext()))
        elif _MARKED_UP.search(text):
            # feeds carry pages as text
            write_html(self._writer, "".join(node.itertext()), base_url=None, boilerplate=False)
        elif self._says_itself(name, text, attributes):
            self._writer.paragraph(text)
        elif line := ", ".join(filter(None, [text, *attributes])):
            self._writer.item(f"{label_of(node)}: {line}")

    def _says_itself(self, name: str, text: str, attributes: list[str]) -> bool:
        """A text that its element's name adds nothing to; in data, what has attributes is a record."""
        if self._prose:
            return name in _PROSE or len(text.split()) > 5
        return name in _PROSE and not attributes


def _contents(node: Node, children: list[Node], level: int) -> list[tuple[Node | str, int]]:
    """Elements, and the text between them."""
    parts: list[tuple[Node | str, int]] = [(node.text, level)] if (node.text or "").strip() else []
    known = {*children}
    for child in node:
        parts += [(child, level)] if child in known else []
        parts += [(child.tail, level)] if (child.tail or "").strip() else []
    return parts


def _is_mixed(node: Node) -> bool:
    """Words stand between its elements, and these are no sections."""
    if not (node.text or "").strip() and not any((child.tail or "").strip() for child in node):
        return False
    inner = (name_of(child) for child in node.iterdescendants("{*}*"))
    return not any(name in _PARAGRAPHS or name in _TITLES for name in inner) and len(text_of(node)) <= _MAX_MIXED_CHARS


def _title(root: Node) -> str:
    return next((text for node in root.iter("{*}title") if (text := text_of(node))), "")
