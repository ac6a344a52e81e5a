"""What is made of a row's values."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from html import escape
from typing import Any
from urllib.parse import quote

from rag.errors import SourceError


def key_of(value: Any, column: str) -> str:
    """The key as text.

    Raises:
        SourceError: it is NULL, empty, binary or a number with a fraction, which is never twice the same.
    """
    found = value.isoformat() if isinstance(value, date) else str(value)
    if value is None or not found or isinstance(value, bytes | memoryview):
        shown = "NULL" if value is None else "empty" if not found else "binary"
        raise SourceError(
            f"the key column {column!r} is {shown} in a row: select rows and a column with text or numbers"
        )
    if isinstance(value, float):
        raise SourceError(f"the key column {column!r} holds {value!r}: take a column of whole numbers or text")
    return found


def text_of(row: Mapping[str, Any], columns: Sequence[str], mime: str) -> bytes:
    """The text of a row in UTF-8. Several columns stand under their names, in plain text as paragraphs."""
    parts = [(name, _text(row[name])) for name in columns]
    if len(parts) == 1:
        return parts[0][1].encode()
    heading = {"text/markdown": "## {}\n\n", "text/html": "<h2>{}</h2>\n"}.get(mime, "")
    named = [heading.format(escape(name) if mime == "text/html" else name) + part for name, part in parts if part]
    return "\n\n".join(named).encode()


def principals_of(value: Any) -> tuple[str, ...]:
    """Principals in an array, a JSON list, or separated by commas. NULL is nobody."""
    if isinstance(value, str):
        try:
            found = json.loads(value) if value.lstrip().startswith("[") else value.split(",")
        except ValueError as error:
            raise SourceError(f"{value!r} is no list of principals: {error}") from error
    else:
        found = value or []
    if not isinstance(found, list | tuple):
        raise SourceError(f"{value!r} is no list of principals: give an array, a JSON list or text with commas")
    return tuple(dict.fromkeys(name for name in (str(entry).strip() for entry in found) if name))


def json_of(value: Any) -> Any:
    """A value as metadata: what JSON has, dates in ISO form, everything else as text."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): json_of(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [json_of(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, bool | str | float) or (isinstance(value, int) and -(2**63) <= value < 2**63):
        return value
    return str(value)


def uri_of(template: str, row: Mapping[str, Any]) -> str:
    """The template with columns in place of `{column}`, percent-encoded."""
    return re.sub(r"\{(\w+)\}", lambda match: quote(_text(row[match[1]]), safe=""), template)


def columns_of(template: str) -> list[str]:
    """Columns that a template names."""
    return re.findall(r"\{(\w+)\}", template)


def moment_of(value: Any) -> str | None:
    """ISO 8601 in UTC of a time, None for other values. One without a zone is taken as UTC."""
    if not isinstance(value, datetime):
        return None
    return (value.replace(tzinfo=value.tzinfo or UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, list | Mapping):
        return json.dumps(json_of(value), ensure_ascii=False)
    return "" if value is None else str(value).encode("utf-8", "replace").decode()
