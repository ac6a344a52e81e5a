"""What stands in a paragraph of a Word document: text, links, notes, text boxes."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile

from connectors.parsing.docx.styles import W, flag
from connectors.parsing.html.dom import Node
from connectors.parsing.office_math import linear
from connectors.parsing.ooxml import RELATIONSHIP_ID, Relation, link, local
from connectors.parsing.writer import Piece

_GROUPS = frozenset([
    "ins", "moveTo", "smartTag", "customXml", "sdt", "sdtContent", "dir", "bdo", "fldSimple", "ruby",
    "rubyBase", "AlternateContent",
])  # fmt: skip
_TEXT = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "\u2011"}
_PICTURES = ("drawing", "pict", "object")
_ADDRESS = re.compile(r'\s*HYPERLINK\s+"([^"]+)"', re.IGNORECASE)
_MAX_FIELDS = 20
"""Open at the same time; what a broken document does not end would be looked at in every paragraph."""
_PRIVATE = range(0xE000, 0xF900)
"""Code points of symbol fonts, which say nothing without the font."""


@dataclass(slots=True)
class Inline:
    """A paragraph's content.

    Attributes:
        notes: `footnote` or `endnote` and its id, in order.
        boxes: the nodes that hold the blocks of text boxes.
        graphics: relation ids of charts and diagrams.
    """

    pieces: list[Piece] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    boxes: list[Node] = field(default_factory=list)
    graphics: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Field:
    """A field that began at a piece: its code stands before its result, which starts at another."""

    begin: int
    code: str = ""
    start: int | None = None


class InlineReader:
    """Reads paragraphs in order; fields may go on over several."""

    def __init__(self, relations: Mapping[str, Relation]) -> None:
        self._relations = relations
        self._fields: list[_Field] = []
        self._deeper = 0

    def read(self, paragraph: Node) -> Inline:
        """The paragraph as a reader sees it: insertions, but no deletions and nothing hidden."""
        found = Inline()
        for open_field in self._fields:
            open_field.begin = 0
            open_field.start = None if open_field.start is None else 0
        self._children(paragraph, found)
        for open_field in reversed(self._fields):
            self._close(open_field, found)
        return found

    def _children(self, node: Node, found: Inline) -> None:
        for child in node:
            name = local(child)
            if name == "r":
                self._run(child, found)
            elif name == "hyperlink":
                start = len(found.pieces)
                self._children(child, found)
                relation = self._relations.get(child.get(RELATIONSHIP_ID) or "")
                if relation and relation.external:
                    found.pieces[start:] = link(found.pieces[start:], relation.target)
            elif name == "AlternateContent":
                self._alternate(child, found)
            elif name in ("oMath", "oMathPara"):
                _add(found, linear(child))
            elif name == "rt":
                text = "".join(part.text or "" for part in child.iter(f"{W}t"))
                _add(found, f"({text})" if text else "")
            elif name in _GROUPS:
                self._children(child, found)

    def _run(self, run: Node, found: Inline) -> None:
        hidden = flag(run.find(f"{W}rPr"), "vanish")
        for child in run:
            name = local(child)
            if name == "fldChar":  # a hidden one parts code and result all the same
                self._field(child.get(f"{W}fldCharType") or "", found)
            elif hidden:
                continue
            elif name == "t":
                _add(found, child.text or "")
            elif name in _TEXT:
                _add(found, _TEXT[name])
            elif name == "sym":
                code = child.get(f"{W}char") or ""
                _add(found, _symbol(code))
            elif name == "instrText" and self._fields:
                self._fields[-1].code += child.text or ""
            elif name in ("footnoteReference", "endnoteReference"):
                note = name.removesuffix("Reference")
                found.notes.append((note, child.get(f"{W}id") or ""))
                found.pieces.append((note_mark(note, child.get(f"{W}id") or ""), True))
            elif name == "AlternateContent":
                self._alternate(child, found)
            elif name in _PICTURES:
                _picture(child, found)
            elif name == "ruby":
                self._children(child, found)

    def _alternate(self, node: Node, found: Inline) -> None:
        """The same thing for newer and for older programs: once."""
        for choice in node:
            before = len(found.pieces), len(found.boxes), len(found.graphics)
            self._run(choice, found)
            self._children(choice, found)
            if (len(found.pieces), len(found.boxes), len(found.graphics)) != before:
                return

    def _field(self, kind: str, found: Inline) -> None:
        """What is shown of a field's code, as the results of fields in it, goes once its result or end is there.

        Not before: a broken document never comes to either.
        """
        if kind == "begin" and len(self._fields) == _MAX_FIELDS:
            self._deeper += 1
        elif kind == "begin":
            self._fields.append(_Field(len(found.pieces)))
        elif self._deeper:
            self._deeper -= kind == "end"
        elif kind in ("separate", "end") and self._fields:
            current = self._fields[-1]
            if current.start is None:
                del found.pieces[current.begin :]
            if kind == "separate":
                current.start = len(found.pieces)
            else:
                self._close(self._fields.pop(), found)

    def _close(self, ended: _Field, found: Inline) -> None:
        address = _ADDRESS.match(ended.code)
        if address and ended.start is not None:
            found.pieces[ended.start :] = link(found.pieces[ended.start :], address[1])


def note_mark(kind: str, note_id: str) -> str:
    """The sign of a note, at its place in the text and before the note."""
    return f"[^{'e' if kind == 'endnote' else ''}{note_id}]"


def _picture(node: Node, found: Inline) -> None:
    for inner in node.iter(f"{W}txbxContent", "{*}relIds", "{*}chart"):
        if local(inner) != "txbxContent":
            key = "dm" if local(inner) == "relIds" else "id"
            found.graphics.append(inner.get(RELATIONSHIP_ID.replace("}id", f"}}{key}")) or "")
        elif not any(local(outer) == "txbxContent" for outer in _between(inner, node)):
            found.boxes.append(inner)


def _between(inner: Node, node: Node) -> Iterator[Node]:
    """The ancestors of one node up to another."""
    return takewhile(lambda outer: outer is not node, inner.iterancestors())


def _add(found: Inline, text: str) -> None:
    if text:
        found.pieces.append((text, False))


def _symbol(code: str) -> str:
    try:
        point = int(code, 16)
    except ValueError:
        return ""
    return "" if point in _PRIVATE or point > 0xFFFF else chr(point)
