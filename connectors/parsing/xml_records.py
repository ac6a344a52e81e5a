"""Names and fields of XML elements, and records: elements of one name that have the same kind of fields."""

import re

from connectors.parsing.html.dom import Node

_SPACES = re.compile(r"\s+")
_TECHNICAL = frozenset(("class", "style", "schemaLocation", "noNamespaceSchemaLocation", "space", "base", "lang"))
"""Attributes that say nothing to a reader."""
_OF_PROSE = frozenset(("id", "role", "version"))
"""And such that are no data where they stand in a text."""
_MAX_COLUMNS = 20
_MAX_CELL_CHARS = 200
"""Longer fields are read better one below the other."""


def name_of(node: Node) -> str:
    """The tag without its namespace."""
    return _local(node.tag)


def label_of(node: Node) -> str:
    """The tag as a person would write it."""
    return name_of(node).replace("_", " ").strip()


def text_of(node: Node) -> str:
    """All text in an element, on one line."""
    return _SPACES.sub(" ", "".join(node.itertext())).strip()


def fields_of(node: Node, *, prose: bool, children: bool = True) -> list[tuple[str, str]]:
    """Names and values of an element's attributes, as far as they are words or numbers, and of the elements in it.

    Args:
        prose: the file is a text and no data.
    """
    named = ((_local(name), value.strip()) for name, value in node.attrib.items())
    unread = _TECHNICAL | _OF_PROSE if prose else _TECHNICAL
    fields = [(name, value) for name, value in named if value and name not in unread and "://" not in value]
    return [*fields, *((label_of(child), text_of(child)) for child in node if children)]


def record_run(nodes: list[Node], *, prose: bool) -> list[list[str]] | None:
    """The rows of a table, the names first, if the elements are all records; else None."""
    if len(nodes) < 2 or len({node.tag for node in nodes}) > 1:
        return None
    columns: dict[str, int] = {}
    rows: list[dict[str, str]] = []
    for node in nodes:
        if (node.text or "").strip() or any(len(child) or (child.tail or "").strip() for child in node):
            return None
        fields = fields_of(node, prose=prose)
        row = dict(fields)
        if len(row) < len(fields) or any(len(value) > _MAX_CELL_CHARS for value in row.values()):
            return None
        if any(child.attrib for child in node):
            return None
        for name in row:
            columns.setdefault(name, len(columns))
        if len(columns) > _MAX_COLUMNS:
            return None
        rows.append(row)
    if len(columns) < 2:
        return None
    return [[*columns], *([row.get(name, "") for name in columns] for row in rows)]


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
