"""Source code: the file as it is, split at its classes and functions."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import Any, TypeAlias

from tree_sitter import Language, Parser

from connectors.parsing.document import build
from connectors.parsing.formats import Format, format_of_mime, format_of_name
from connectors.parsing.normalise import canonical, decode
from connectors.parsing.spans import stripped
from rag.errors import DocumentError
from rag.types import Document, Element, ElementKind, SourceItem

Node: TypeAlias = Any

_GRAMMARS = {".tsx": "language_tsx", ".ts": "language_typescript", ".php": "language_php"}
"""Entry points of packages that hold several grammars."""
_THING = "class|interface|struct|enum|impl|trait|module|mod|namespace|object|record|protocol|extension|union|type"
_SCOPE = re.compile(
    rf"(?:\w+_)?(?:{_THING})_(?:definition|declaration|item|specifier|spec)|class|module|internal_module"
)
_ROUTINE = re.compile(
    r"(?:\w+_)?(?:function|method|constructor|macro|operator)(?:_(?:definition|declaration|item))?|singleton_method"
)
_NO_ROUTINE = re.compile(r"\w*(?:call|invocation|expression|type|signature|value|name)\w*|arrow_function")
_WRAPPER = re.compile(
    r"decorated_definition|export_statement|template_declaration|type_declaration|ambient_declaration"
)
_BODY = re.compile(r"\w*(?:body|block|declaration_list|compound_statement|statement_block|struct_type|interface_type)")
_TRANSPARENT = re.compile(r"preproc_(?:if|ifdef|else|elif)|linkage_specification")
_LEAD = re.compile(r"\w*comment\w*|attribute_item")
"""What stands before a definition and belongs to it."""
_MAX_LEVEL = 6
_MAX_BYTES = 20_000_000
_MAX_SIGNATURE = 1_000

_Piece: TypeAlias = tuple[ElementKind, int, int, int | None]
"""Kind, span in bytes, level."""


def parse(data: bytes, item: SourceItem) -> Document:
    """Code with the signatures of classes and functions as headings; its path is its title.

    A comment right before a definition is an element of its own, whose level is that of the definition. What cannot be
    parsed stays a block of code.

    Raises:
        DocumentError: it is no text (`encoding`), or the grammar is not installed (`dependency`).
    """
    text = canonical(decode(data))
    format = format_of_name(item.key) or (format_of_mime(item.mime) if item.mime else None)
    mime = format.mime if format else "text/plain"
    source = text.encode()
    if format is None or len(source) > _MAX_BYTES or not text.strip():
        pieces: list[_Piece] = [("code", 0, len(source), None)]
    else:
        tree = _parser(format.library, _suffix(item, format), item)(source)
        pieces = [*_pieces(tree.root_node, 0, len(source), 1)]
    path = item.key.rpartition("!/")[2]  # says more of code than its last part
    return build(item, data=data, mime=mime, text=text, elements=_elements(text, source, pieces), title=path)


def _suffix(item: SourceItem, format: Format) -> str:
    """The name's; the format's first where the name says nothing."""
    suffix = "." + item.key.rpartition(".")[2].lower()
    return suffix if suffix in format.suffixes else format.suffixes[0]


def _parser(library: str, suffix: str, item: SourceItem) -> Callable[[bytes], Any]:
    module = library.replace("-", "_")
    try:
        language = _language(module, _GRAMMARS.get(suffix, "language"))
    except ImportError as error:
        need = f"splitting {suffix} files needs the package {library!r}, which is not installed"
        raise DocumentError(f"{item.uri}: {need}: pip install 'situated-rag[code]'", kind="dependency") from error
    return Parser(language).parse


@cache
def _language(module: str, function: str) -> Language:
    return Language(getattr(import_module(module), function)())


def _pieces(scope: Node, start: int, end: int, level: int) -> Iterator[_Piece]:
    """The scope's code between its definitions, and each definition's comment, signature and body."""
    level = min(level, _MAX_LEVEL)
    at, after = start, None
    lead: Node = None
    last: Node = None
    for child in _children(scope):
        found = _definition(child)
        if found is None or found[1].start_byte - child.start_byte > _MAX_SIGNATURE:
            if not _LEAD.fullmatch(child.type):
                lead = None
            elif lead is None or not _adjoins(last, child):
                lead = child
            last = child
            continue
        node, body = found
        first = lead.start_byte if lead and _adjoins(last, child) else child.start_byte
        yield "code", at, first, after
        yield "code", first, child.start_byte, level
        yield "heading", child.start_byte, body.start_byte, level
        if _SCOPE.fullmatch(node.type) and level < _MAX_LEVEL:
            yield from _pieces(body, body.start_byte, child.end_byte, level + 1)
        else:
            yield "code", body.start_byte, child.end_byte, None
        at, after, lead = child.end_byte, level, None
    yield "code", at, end, after


def _children(scope: Node) -> Iterator[Node]:
    """The nodes directly in the scope, and in the conditions of a preprocessor there."""
    waiting = [*reversed(scope.named_children)]
    while waiting:
        node = waiting.pop()
        if _TRANSPARENT.fullmatch(node.type):
            body = node.child_by_field_name("body")
            waiting += reversed((body if body and body.type == "declaration_list" else node).named_children)
        else:
            yield node


def _adjoins(last: Node, node: Node) -> bool:
    """Whether no blank line is between the two."""
    return bool(node.start_point.row - last.end_point.row <= 1)


def _definition(node: Node) -> tuple[Node, Node] | None:
    """A class or function, perhaps with what wraps it, and its body."""
    if node.type == "expression_statement" and [c.type for c in node.named_children] == ["internal_module"]:
        node = node.named_children[0]  # TypeScript's namespace
    if _WRAPPER.fullmatch(node.type):
        inner = (_definition(child) for child in node.named_children if not _WRAPPER.fullmatch(child.type))
        found = next((definition for definition in inner if definition), None)
        if found or node.type != "type_declaration":
            return found
    if value := _assigned(node):
        node = value
    elif not (_SCOPE.fullmatch(node.type) or (_ROUTINE.fullmatch(node.type) and not _NO_ROUTINE.fullmatch(node.type))):
        return None
    body = node.child_by_field_name("body") or next(
        (child for child in reversed(node.named_children) if _BODY.fullmatch(child.type)), None
    )
    return (node, body) if body is not None and body.end_byte > body.start_byte > node.start_byte else None


def _assigned(node: Node) -> Node | None:
    """The function or class that a JavaScript statement gives a name to."""
    if node.type in ("lexical_declaration", "variable_declaration", "expression_statement") and node.named_child_count:
        inner = node.named_children[0]
        field = {"variable_declarator": "value", "assignment_expression": "right"}.get(inner.type)
        value = inner.child_by_field_name(field) if field else None
        if value is not None and value.type in ("arrow_function", "function_expression", "class"):
            body = value.child_by_field_name("body")
            return value if body is not None and body.type in ("statement_block", "class_body") else None
    return None


def _elements(text: str, source: bytes, pieces: list[_Piece]) -> Iterator[Element]:
    """The pieces in code points, without white space at their ends."""
    byte_at = char_at = 0
    ascii_only = len(text) == len(source)
    for kind, low, high, level in pieces:
        if ascii_only:
            start, end = low, high
        else:
            start = char_at + len(source[byte_at:low].decode())
            end = start + len(source[low:high].decode())
            byte_at, char_at = high, end
        # indentation belongs to the code
        start, end = (stripped if kind == "heading" else _without_blank_lines)(text, start, end)
        if start < end:
            yield Element(kind=kind, start=start, end=end, level=level)


def _without_blank_lines(text: str, start: int, end: int) -> tuple[int, int]:
    low, high = stripped(text, start, end)
    line = text.rfind("\n", start, low) + 1
    return (max(start, line) if low < high else low), high
