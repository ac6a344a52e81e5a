"""The tree -> headings, paragraphs, list items, tables and code, in reading order."""

import re
from collections.abc import Set

from connectors.parsing.html.dom import Node, is_hidden, walk
from connectors.parsing.html.inline import BLOCKS, Inline, line_of
from connectors.parsing.html.tables import is_data, is_line, rows_of
from connectors.parsing.writer import DocumentWriter

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = ("ul", "ol", "menu", "dir")
_LANGUAGE = re.compile(r"(?:^|\s)(?:(?:language|lang|highlight(?:-source)?)-|brush:\s*)([\w+#-]+)")
_MAX_HEADING_CHARS = 500
"""More is a page in a tag that nobody closed."""
_MAX_INDENT = 10


class BlockWriter:
    """Walks a tree and writes its blocks.

    Args:
        base: as of `connectors.parsing.html.inline.Inline`.
        left_out: elements that are not written.
    """

    def __init__(self, writer: DocumentWriter, base: str | None, left_out: Set[Node] = frozenset()) -> None:
        self._writer = writer
        self._base = base
        self._left_out = left_out
        self._inline = Inline(base)
        self._heading: int | None = None
        self._numbers: list[int | None] = []  # of the next item of each open list, None for bullets
        self._signs: list[str | None] = []  # of each open item, None once it is written

    def write(self, node: Node) -> None:
        """Write everything visible in an element."""
        walk(node, enter=self._enter, leave=self._leave, text=self._inline.text)
        self._flush()

    def _enter(self, node: Node) -> bool:
        tag = node.tag
        if is_hidden(node) or node in self._left_out:
            return False
        if tag == "button":
            # the heading of a section that opens and closes, or something to press
            return self._heading is not None or node.get("aria-expanded") is not None
        if tag not in BLOCKS:
            return self._inline.enter(node)
        if self._heading is not None and tag not in ("table", "pre", "li", *_HEADINGS, *_LISTS):
            self._inline.text(" ")
            return True
        self._flush()
        if tag in _HEADINGS:
            self._heading = _HEADINGS[tag]
        elif tag == "table" and is_data(node):
            self._table(node)
            return False
        elif tag == "tr" and is_line(node):
            self._writer.paragraph(line_of(node, self._base))
            return False
        elif tag == "pre":
            self._writer.code(_code(node), language=_code_language(node))
            return False
        elif tag in _LISTS:
            self._numbers.append(_integer(node.get("start"), 1) if tag == "ol" else None)
        elif tag == "li":
            self._signs.append(self._sign(node))
        return True

    def _leave(self, node: Node) -> None:
        tag = node.tag
        if tag not in BLOCKS:
            self._inline.leave(node)
        elif self._heading is not None and tag not in _HEADINGS:
            self._inline.text(" ")
        else:
            self._flush()
            if tag in _LISTS:
                self._numbers.pop()
            elif tag == "li":
                self._signs.pop()

    def _sign(self, node: Node) -> str:
        if not self._numbers or (number := self._numbers[-1]) is None:
            return ""
        number = _integer(node.get("value"), number)
        self._numbers[-1] = number + 1
        return f"{number}."

    def _table(self, node: Node) -> None:
        caption = node.find("caption")
        if caption is not None:
            self._writer.paragraph(line_of(caption, self._base))
        rows, header_rows = rows_of(node, self._base)
        self._writer.table(rows, header_rows=header_rows)

    def _flush(self) -> None:
        """What was collected is a heading, the item that it opens, or a paragraph."""
        level, self._heading = self._heading, None
        visible = self._inline.visible
        pieces = self._inline.take()
        if not visible:
            return
        if level is not None and sum(len(text) for text, _ in pieces) <= _MAX_HEADING_CHARS:
            self._writer.heading(pieces, level)
        elif self._signs and (sign := self._signs[-1]) is not None:
            depth = min(max(0, len(self._numbers) - 1), _MAX_INDENT)
            self._writer.item(pieces, depth=depth, number=sign)
            self._signs[-1] = None
        else:
            self._writer.paragraph(pieces)


def _integer(value: str | None, default: int) -> int:
    return int(value) if value and re.fullmatch(r"-?\d{1,9}", value.strip()) else default


def _code(node: Node) -> str:
    """The text as it is; highlighters make a block of every line, and others `<br>`."""
    parts: list[str] = []

    def end_line() -> None:
        if parts and not parts[-1].endswith("\n"):
            parts.append("\n")

    def enter(child: Node) -> bool:
        if is_hidden(child) or child.tag == "button":
            return False
        if child.tag == "br":
            parts.append("\n")
        elif child.tag in BLOCKS and child.tag not in ("td", "th"):
            end_line()
        return True

    def leave(child: Node) -> None:
        if child.tag in BLOCKS and child.tag not in ("td", "th"):
            end_line()

    walk(node, enter=enter, leave=leave, text=parts.append)
    return "".join(parts)


def _code_language(node: Node) -> str:
    parent = node.getparent()
    around = [] if parent is None else [parent, *([] if parent.getparent() is None else [parent.getparent()])]
    for element in (node, *node.findall("code"), *around):
        if match := _LANGUAGE.search(element.get("class") or ""):
            return str(match[1])
    return ""
