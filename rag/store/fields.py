"""Payload fields: their keys, and how they are addressed in filters, indexes and selections."""

import re
from collections.abc import Sequence

from rag.errors import StoreError

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def field_path(field: str) -> tuple[str, ...]:
    """Keys that lead to a field: `acl` -> ("acl",), `metadata.my key` -> ("metadata", "my key").

    A field is a top-level key of the payload, or `metadata.` and a key of the metadata, which may hold dots itself.

    Raises:
        StoreError: a key that cannot be addressed.
    """
    head, dot, key = field.partition(".")
    path = (head, key) if dot and head == "metadata" else (field,)
    for part in path:
        if problem := check_key(part):
            raise StoreError(f"field {field!r}: {problem}")
    return path


def json_path(field: str) -> str:
    """A field in the engines' path syntax: keys that are more than a plain word are quoted."""
    return ".".join(part if _BARE.fullmatch(part) else f'"{part}"' for part in field_path(field))


def payload_selection(fields: Sequence[str] | None) -> bool | list[str]:
    """What the engines call `with_payload`: all of it for None, none for (), else paths."""
    return True if fields is None else [json_path(field) for field in fields] or False


def check_key(key: object) -> str | None:
    """What is wrong with a payload key, or None: a key that cannot be filtered on is not stored either."""
    if not isinstance(key, str):
        return f"key {key!r:.80}: keys are strings"
    if not key or '"' in key or "\\" in key:
        return f"key {key!r:.80}: keys are not empty and hold no double quote and no backslash"
    return check_text(key)


def check_text(text: str) -> str | None:
    """What is wrong with a string, or None."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return f"{text!r:.80} holds half of a surrogate pair, which is not text"
    return None
