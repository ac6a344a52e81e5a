"""JSON and JSON lines: records that read as text."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.parsing.normalise import decode
from connectors.parsing.spans import paragraphs
from connectors.parsing.writer import DocumentWriter
from rag.errors import DocumentError
from rag.types import Document, SourceItem

_LONG = 200
"""Characters from which a text is a paragraph of its own."""
_MAX_LIST = 50
"""Values, nested ones too, of an object that is shown as a list in its parent; larger ones are sections."""
_MAX_DEPTH = 100
_TITLES = ("title", "name", "label", "heading")
_BLANKS = " \t\r\n\x1e"  # the last stands before each record of a JSON text sequence (RFC 7464)


def parse(data: bytes, item: SourceItem) -> Document:
    """Objects as lists of `key: value`, large ones and long texts under headings, like records as a table.

    Numbers stay as they are written, and strings text, whatever markup they hold. A file
    without values has no elements.

    Raises:
        DocumentError: it is no JSON (`parse`, with line and column), or no text (`encoding`).
    """
    return _parsed(data, item, "application/json")


def parse_lines(data: bytes, item: SourceItem) -> Document:
    """One record after the other, usually a line each; see `parse`.

    Raises:
        DocumentError: as `parse`.
    """
    return _parsed(data, item, "application/x-ndjson")


def _parsed(data: bytes, item: SourceItem, mime: str) -> Document:
    values = _values(decode(data), item)
    value = values[0] if len(values) == 1 else values
    writer = DocumentWriter()
    try:
        if value not in ([], {}):
            _write(writer, value, "", 1)
    except RecursionError as error:
        raise _too_deep(item) from error
    return writer.document(item, data=data, mime=mime, title=_title(value))


def _values(text: str, item: SourceItem) -> list[Any]:
    """The value, or the values one after the other, that the text holds."""
    # control characters in strings are wrong, and common
    decoder = json.JSONDecoder(
        parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_object_of, strict=False
    )
    values: list[Any] = []
    at = _next(text, 0)
    try:
        while at < len(text):
            value, at = decoder.raw_decode(text, at)
            values.append(value)
            at = _next(text, at)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise DocumentError(f"{item.uri}: not valid JSON: {place}: {error.msg}", kind="parse") from error
    except RecursionError as error:
        raise _too_deep(item) from error
    return values


def _next(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANKS:
        at += 1
    return at


def _too_deep(item: SourceItem) -> DocumentError:
    return DocumentError(f"{item.uri}: nested more than {_MAX_DEPTH} deep: this is no document", kind="parse")


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a key that comes again, of which others keep the last, is numbered."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    found, times = {}, Counter[str]()
    for key, value in pairs:
        times[key] += 1
        name = key if times[key] == 1 else f"{key} ({times[key]})"
        while name in found:
            times[key] += 1
            name = f"{key} ({times[key]})"
        found[name] = value
    return found


def _write(writer: DocumentWriter, value: Any, name: str, level: int) -> None:
    """A value under the heading of its name."""
    if level > _MAX_DEPTH:
        raise RecursionError
    if isinstance(value, Mapping):
        _object(writer, value, name, level)
    elif not isinstance(value, list):
        writer.heading(name, level)
        _text(writer, _shown(value))
    elif rows := [*_records(value)]:
        writer.heading(name, level)
        writer.table(rows)
    elif len(value) > 1 and all(isinstance(inner, list) and _is_cell(inner) for inner in value):
        writer.heading(name, level)
        writer.table([[_cell(cell) for cell in inner] for inner in value], header_rows=0)
    elif any(isinstance(inner, Mapping | list) and not _is_listed(inner) for inner in value):
        for number, inner in enumerate(value, 1):
            _write(writer, inner, f"{name} {number}".strip(), level)
    else:
        writer.heading(name, level)
        _array(writer, value)


def _object(writer: DocumentWriter, value: Mapping[str, Any], name: str, level: int) -> None:
    """What is small as a list first: what follows a section would belong to it."""
    title, entries = _titled(value)
    writer.heading(": ".join(part for part in (name, title) if part), level)
    sections = []
    for key, inner in entries.items():
        if _is_listed(inner):
            _list(writer, key, inner, 0)
        else:
            sections.append((key, inner))
    for key, inner in sections:
        _write(writer, inner, key, level + 1)


def _array(writer: DocumentWriter, value: list[Any]) -> None:
    if all(_is_number(inner) for inner in value):
        writer.paragraph(_shown(value))
        return
    for number, inner in enumerate(value, 1):
        if _is_listed(inner):
            _list(writer, str(number) if isinstance(inner, Mapping | list) else "", inner, 0)
        else:
            _text(writer, inner)


def _list(writer: DocumentWriter, name: str, value: Any, depth: int) -> None:
    """A small value as a list item; what is in it as items below it."""
    text = ""
    nested: Mapping[str, Any] = {}
    if isinstance(value, Mapping):
        text, nested = _titled(value)
    elif isinstance(value, list) and any(isinstance(inner, Mapping | list) for inner in value):
        nested = {str(number): inner for number, inner in enumerate(value, 1)}
    else:
        text = _shown(value)
    writer.item(f"{name}: {text}".strip() if name else text, depth=depth)
    for key, inner in nested.items():
        _list(writer, key, inner, depth + 1)


def _is_listed(value: Any) -> bool:
    """Whether a value is small enough to be shown as a list; looks at no more of it than it takes to know."""
    left = _MAX_LIST
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        left -= 1
        if isinstance(inner, Mapping | list):
            if len(inner) > left:
                return False
            waiting += inner.values() if isinstance(inner, Mapping) else inner
        elif isinstance(inner, str) and (len(inner) > _LONG or "\n" in inner):
            return False
    return True


def _records(values: list[Any]) -> Iterator[list[str]]:
    """Header and rows of objects that have mostly the same keys and short values; nothing where they do not."""
    if len(values) < 2 or not all(isinstance(value, Mapping) and value for value in values):
        return
    keys = [*dict.fromkeys(key for value in values for key in value)]
    if 2 * sum(map(len, values)) < len(keys) * len(values):
        return
    if not all(_is_cell(inner) for value in values for inner in value.values()):
        return
    yield keys
    for value in values:
        yield [_cell(value.get(key)) for key in keys]


def _is_cell(value: Any) -> bool:
    if isinstance(value, list):
        return not any(isinstance(inner, list | Mapping) for inner in value) and _is_listed(value)
    return not isinstance(value, Mapping) and _is_listed(value)


def _text(writer: DocumentWriter, text: str) -> None:
    for start, end in paragraphs(text, 0, len(text)):
        writer.paragraph(text[start:end])


def _title(value: Any) -> str:
    """What an object calls itself."""
    return _titled(value)[0] if isinstance(value, Mapping) else ""


def _titled(value: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """What the object calls itself, and the rest of it."""
    for key in _TITLES:
        title = value.get(key)
        if isinstance(title, str) and 0 < len(title) <= _LONG and not _is_number(title):
            return title, {name: inner for name, inner in value.items() if name != key}
    return "", value


def _is_number(value: Any) -> bool:
    # the decoder leaves numbers as the strings that they are written with
    if not isinstance(value, str):
        return False
    try:
        float(value)
    except ValueError:
        return False
    return True


def _cell(value: Any) -> str:
    return "" if value is None else _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(inner) for inner in value)
    if isinstance(value, Mapping):  # an empty one
        return ""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
