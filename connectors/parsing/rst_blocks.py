"""A docutils tree -> headings, paragraphs, list items, tables and code."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from docutils import nodes

from connectors.parsing.rst_directives import directive_of, inline_of
from connectors.parsing.writer import DocumentWriter, Piece

Node: TypeAlias = Any

_UNSEEN = (nodes.comment, nodes.substitution_definition, nodes.target, nodes.pending, nodes.meta, nodes.docinfo)
_CODE = ("code", "code-block", "sourcecode", "prompt", "literalinclude", "parsed-literal", "ipython")
_LEFT_OUT = ("raw", "include", "toctree", "meta", "index", "contents", "highlight", "currentmodule")
_WORDY = ("seealso", "todo", "rubric", "centered")
"""What stands behind their colons are the first words of their content."""
_MAX_NESTING = 5
_LOST = 3
"""docutils' level of errors, whose source it leaves out; what it warns of it reads."""
_ADORNMENT = re.compile(r"\s*([^\w\s])\1{2,}\s*")
_MAX_SUBSTITUTED_CHARS = 200


def write_blocks(writer: DocumentWriter, tree: Node, *, read: Callable[[str], Node]) -> None:
    """Write a tree.

    Args:
        read: text -> tree, for the content of directives that docutils does not know.
    """
    title = any(isinstance(child, nodes.title) for child in tree.children)
    _Walker(writer, read).children(tree, _Place(level=2 if title else 1))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a block stands: the level of a section in it, the depth of a list, and of unknown directives."""

    level: int
    depth: int = 0
    nesting: int = 0


class _Walker:
    def __init__(self, writer: DocumentWriter, read: Callable[[str], Node]) -> None:
        self._writer = writer
        self._read = read

    def children(self, node: Node, at: _Place) -> None:
        for child in node.children:
            if not isinstance(child, _UNSEEN):
                self._block(child, at)

    def _block(self, node: Node, at: _Place) -> None:
        writer = self._writer
        if isinstance(node, nodes.section):
            self.children(node, _Place(at.level + 1, at.depth, at.nesting))
        elif isinstance(node, nodes.title):
            if isinstance(node.parent, nodes.section | nodes.document):
                writer.heading(inline(node), at.level - 1)
            else:
                writer.paragraph(inline(node))
        elif isinstance(node, nodes.system_message):
            self._unknown(node, at)
        elif isinstance(node, nodes.literal_block | nodes.doctest_block):
            language = next((name for name in node.get("classes", ()) if name != "code"), "")
            writer.code(node.astext(), language=language)
        elif isinstance(node, nodes.bullet_list | nodes.enumerated_list):
            self._list(node, at)
        elif isinstance(node, nodes.table):
            self._table(node)
        elif isinstance(node, nodes.definition_list_item):
            terms = [inline(term) for term in node.children if not isinstance(term, nodes.definition)]
            writer.paragraph([piece for n, term in enumerate(terms) for piece in [(" : " * (n > 0), False), *term]])
            self.children(node[-1], at)
        elif isinstance(node, nodes.field | nodes.option_list_item):
            name, body = node.children
            writer.item([(name.astext(), False), (": ", False), *inline(body)], depth=at.depth)
        elif isinstance(node, nodes.footnote | nodes.citation):
            self._item(node.children[1:], f"[{node[0].astext()}]", at)
        elif isinstance(node, nodes.topic) and "contents" in node.get("classes", ()):
            pass  # made from the headings
        elif isinstance(node, nodes.Admonition) and not isinstance(node, nodes.admonition):
            writer.paragraph(f"{node.tagname.capitalize()}:")
            self.children(node, at)
        elif isinstance(node, nodes.image):
            writer.paragraph(node.get("alt", ""))
        elif isinstance(node, nodes.line_block):
            writer.paragraph([piece for line in node.findall(nodes.line) for piece in [*inline(line), ("\n", False)]])
        elif isinstance(node, nodes.TextElement):
            writer.paragraph(inline(node))
        else:
            self.children(node, at)

    def _list(self, node: Node, at: _Place) -> None:
        numbered = isinstance(node, nodes.enumerated_list)
        for number, entry in enumerate(node.children, int(node.get("start", 1))):
            self._item(entry.children, _number(node, number) if numbered else "", at)

    def _item(self, blocks: list[Node], sign: str, at: _Place) -> None:
        inside = _Place(at.level, at.depth + 1, at.nesting)
        for n, block in enumerate(blocks):
            if n == 0 and isinstance(block, nodes.paragraph):
                self._writer.item(inline(block), depth=min(at.depth, 10), number=sign)
            elif not isinstance(block, _UNSEEN):
                self._block(block, inside)

    def _table(self, node: Node) -> None:
        for title in node.findall(nodes.title):
            self._writer.paragraph(inline(title))
        rows: list[list[list[Piece]]] = []
        headers = 0
        hanging: dict[tuple[int, int], list[Piece]] = {}
        for row in node.findall(nodes.row):
            headers += isinstance(row.parent, nodes.thead)
            cells: list[list[Piece]] = []
            for entry in row.children:
                while (len(rows), len(cells)) in hanging:
                    cells.append(hanging.pop((len(rows), len(cells))))
                content = inline(entry)
                for below in range(1, entry.get("morerows", 0) + 1):
                    hanging[len(rows) + below, len(cells)] = content
                cells += [content, *([] for _ in range(entry.get("morecols", 0)))]
            while (len(rows), len(cells)) in hanging:
                cells.append(hanging.pop((len(rows), len(cells))))
            rows.append(cells)
        self._writer.table(rows, header_rows=headers)

    def _unknown(self, message: Node, at: _Place) -> None:
        """What docutils could not read: a directive of Sphinx or with an option of Sphinx, else as it stands there."""
        source = next((child.astext() for child in message.children if isinstance(child, nodes.literal_block)), "")
        directive = directive_of(source)
        if directive is None:
            if message.get("level", 0) >= _LOST:
                self._as_it_stands(source, is_table="table" in message[0].astext().lower())
            return
        if directive.name in _LEFT_OUT:
            return
        if directive.name in _CODE or at.nesting >= _MAX_NESTING:
            language = directive.argument if re.fullmatch(r"[\w+#-]+", directive.argument) else ""
            self._writer.code(directive.content, language=language)
            return
        argument, content = directive.argument, directive.content
        if directive.name in _WORDY:
            argument, content = "", f"{argument}\n\n{content}"
        label = directive.name.rpartition(":")[2]
        self._writer.paragraph(f"{label}: {argument}" if argument else f"{label}:")
        self.children(self._read(content.strip("\n")), _Place(at.level, at.depth, at.nesting + 1))

    def _as_it_stands(self, source: str, *, is_table: bool) -> None:
        lines = source.strip("\n").split("\n")
        if is_table:
            self._writer.code("\n".join(lines))
        else:  # a title where there can be none
            self._writer.paragraph("\n".join(line for line in lines if not _ADORNMENT.fullmatch(line)))


def _number(node: Node, number: int) -> str:
    style = node.get("enumtype", "arabic")
    shown = str(number)
    if style.endswith("alpha") and number <= 26:
        shown = chr(ord("a") + number - 1)
    elif style.endswith("roman"):
        values = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"),
                  (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip
        shown, left = "", number % 4000
        for value, sign in values:
            shown, left = shown + sign * (left // value), left % value
    return f"{node.get('prefix', '')}{shown.upper() if style.startswith('upper') else shown}{node.get('suffix', '.')}"


def inline(node: Node) -> list[Piece]:
    """The words of a node; links with their address."""
    pieces: list[Piece] = []
    for child in node.children:
        if isinstance(child, nodes.Text):
            pieces.append((child.astext(), False))
        elif isinstance(child, nodes.reference) and (address := child.get("refuri")):
            words = inline(child)
            pieces += [("[", True), *words, (f"]({address})", True)] if words else []
        elif isinstance(child, nodes.image):
            pieces.append((child.get("alt", ""), False))
        elif isinstance(child, nodes.substitution_reference):
            pieces.append((_substituted(child), False))
        elif isinstance(child, nodes.footnote_reference | nodes.citation_reference):
            pieces.append((f"[{child.astext()}]", False))
        elif isinstance(child, nodes.problematic):
            pieces.append((inline_of(child.astext()), False))
        elif isinstance(child, nodes.target) or not isinstance(child, (*_UNSEEN, nodes.system_message)):
            pieces += inline(child)
            if isinstance(child, nodes.Body) and not isinstance(child, nodes.Inline):
                pieces.append((" ", False))
    return pieces


def _substituted(reference: Node) -> str:
    """What the name stands for; long definitions and those within one are left, so that no bomb can be built."""
    name, document = reference.get("refname", ""), reference.document
    names = (name, document.substitution_names.get(name.lower()))
    text = next((document.substitution_defs[n].astext() for n in names if n in document.substitution_defs), "")
    return text if 0 < len(text) <= _MAX_SUBSTITUTED_CHARS else f"|{reference.astext()}|"
