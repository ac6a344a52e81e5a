"""Results as the JSON of the command line."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any


def json_object(value: Any) -> dict[str, Any]:
    """A dataclass as a JSON object: all its fields."""
    return {name: json_value(item) for name, item in asdict(value).items()}


def json_value(value: Any) -> Any:
    """A value with lists in place of tuples and plain dictionaries in place of mappings, all the way down."""
    if isinstance(value, tuple | list):
        return [json_value(item) for item in value]
    if isinstance(value, Mapping):
        return {key: json_value(item) for key, item in value.items()}
    return value
