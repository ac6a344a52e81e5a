"""The YAML block at the head of a Markdown file."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import yaml

from connectors.parsing.normalise import canonical

_BLOCK = re.compile(r"---[ \t]*\n(?P<yaml>(?:.*\n)*?)(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_MAX_CHARS = 64_000
_MAX_DEPTH = 10


def split_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Metadata and the text below it; `({}, text)` where there is no front matter or it is broken.

    Values are what JSON has: dates become ISO 8601, keys strings without double quotes.
    """
    match = _BLOCK.match(text)
    if match is None or match.end() > _MAX_CHARS:
        return {}, text
    try:
        # a loader of safe_load's kind: it makes plain values only
        values = yaml.load(match["yaml"], Loader=_Loader)  # noqa: S506
        metadata = {} if values is None else _mapping(values, depth=0)
    # PyYAML raises far more than YAMLError on hostile input (ValueError, IndexError, RecursionError ...)
    except Exception:
        return {}, text
    return metadata, text[match.end() :]


class _Loader(yaml.SafeLoader):
    """Without aliases: a few of them, merged into each other, stand for billions of values."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        return super().compose_node(parent, index)


def _mapping(value: Any, depth: int) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"front matter is a mapping, not {type(value).__name__}")
    return {_key(str(k)): _value(v, depth + 1) for k, v in value.items()}


def _key(key: str) -> str:
    """A key that filters can name: not empty, without double quotes and backslashes."""
    return canonical(key).replace('"', "'").replace("\\", "/") or "_"


def _value(value: Any, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        raise ValueError(f"front matter is deeper than {_MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        return _mapping(value, depth)
    if isinstance(value, set):
        return sorted(canonical(str(v)) for v in value)
    if isinstance(value, list | tuple):
        return [_value(v, depth + 1) for v in value]
    if value is None or isinstance(value, bool) or _is_json_number(value):
        return value
    return value.isoformat() if isinstance(value, date) else canonical(str(value))


def _is_json_number(value: Any) -> bool:
    """Integers of 64 bits and finite floats; others are kept as text."""
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return isinstance(value, float) and value - value == 0
