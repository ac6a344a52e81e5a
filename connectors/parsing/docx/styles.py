"""What the styles of a Word document say of its paragraphs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.parsing.html.dom import Node

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING = re.compile(r"heading\s*([1-9])$")
_TITLE = "title"
_CODE = ("html preformatted", "preformatted text", "source code", "code", "code block")
_BODY_LEVEL = 9
_MAX_CHAIN = 20
"""Styles based on styles; Word allows 11."""


@dataclass(frozen=True, slots=True)
class Style:
    """What its chain of base styles says of a paragraph."""

    level: int | None = None
    title: bool = False
    code: bool = False
    numbering: tuple[str, int | None] | None = None


class Styles:
    """The paragraph styles, each with those that it is based on."""

    def __init__(self, root: Node | None) -> None:
        self._nodes: dict[str, Node] = {}
        self._default = ""
        for node in [] if root is None else root.iter(f"{W}style"):
            self._nodes.setdefault(node.get(f"{W}styleId") or "", node)
            if node.get(f"{W}type") == "paragraph" and is_on(node.get(f"{W}default") or "0"):
                self._default = node.get(f"{W}styleId") or ""
        self._known: dict[str, Style] = {}

    def of(self, properties: Node | None) -> Style:
        """The style that a paragraph's properties name, else the default one."""
        style_id = value(properties, "pStyle") or self._default
        if style_id not in self._known:
            self._known[style_id] = self._resolved(style_id)
        return self._known[style_id]

    def level(self, properties: Node | None) -> int | None:
        """The heading level of a paragraph with these properties, None for body text."""
        outline = value(properties, "outlineLvl")
        if outline.isdecimal():
            return int(outline) + 1 if int(outline) < _BODY_LEVEL else None
        return self.of(properties).level

    def linked_numbering(self, style_id: str) -> str:
        """The numbering of a list style."""
        node = self._nodes.get(style_id)
        found = None if node is None else node.find(f"{W}pPr/{W}numPr")
        return value(found, "numId")

    def _chain(self, style_id: str) -> Iterator[Node]:
        for _ in range(_MAX_CHAIN):
            node = self._nodes.get(style_id)
            if node is None:
                return
            yield node
            style_id = value(node, "basedOn")

    def _resolved(self, style_id: str) -> Style:
        level, title, code = None, False, False
        number: str | None = None
        depth: int | None = None
        decided = False
        for node in self._chain(style_id):
            name, properties = value(node, "name").lower(), node.find(f"{W}pPr")
            outline = value(properties, "outlineLvl")
            if not decided and ((match := _HEADING.match(name)) or outline.isdecimal() or name == _TITLE):
                decided, title = True, name == _TITLE
                level = int(match[1]) if match else 1 if title else int(outline) + 1
                level = level if level <= _BODY_LEVEL else None
            code = code or name in _CODE
            numbering = None if properties is None else properties.find(f"{W}numPr")
            if numbering is not None:
                at = value(numbering, "ilvl")
                depth = int(at) if depth is None and at.isdecimal() else depth
                number = number if number is not None else value(numbering, "numId") or None
        return Style(level, title, code, None if number is None else (number, depth))


def value(node: Node | None, name: str) -> str:
    """The `w:val` of a child, "" without one."""
    child = None if node is None else node.find(f"{W}{name}")
    return "" if child is None else child.get(f"{W}val") or ""


def flag(node: Node | None, name: str) -> bool:
    """Whether a child switches something on: it is there, and not set to off."""
    child = None if node is None else node.find(f"{W}{name}")
    return child is not None and is_on(child.get(f"{W}val") or "1")


def is_on(text: str) -> bool:
    """A toggle's value."""
    return text.lower() not in ("0", "false", "off", "none")
