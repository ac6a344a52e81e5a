"""`where` and `principals` as prefilters of the store. Both fail closed."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from rag.errors import SettingsError
from rag.points import AnyOf, Between, Condition, Filter
from rag.store.records import SHARED_FIELDS

Where: TypeAlias = Mapping[str, Any]
"""Name -> a value, a list (any of), or {gte, lt}. Several names mean and."""

PAYLOAD_FIELDS = {*SHARED_FIELDS, "ordinal", "headings", "pages"} - {"acl", "metadata"}
"""Names that mean the payload's own field; every other name is a metadata key."""


def build_filter(where: Where | None = None, principals: Sequence[str] | None = None) -> Filter:
    """Conditions that every hit meets.

    Args:
        where: names are the payload's (document_id, source, path, mime, ...) or a metadata key.
        principals: None is the operator, who sees everything; a list sees documents open to everyone and those that
            share a principal. An empty list sees only what is open to everyone.

    Raises:
        SettingsError: a value that is no string, number, boolean, list of these, or {gte, lt}.
    """
    conditions: list[Condition] = [_condition(name, value) for name, value in (where or {}).items()]
    if isinstance(principals, str):
        raise SettingsError(f"principals is the text {principals!r}; it is a list of names, such as [{principals!r}]")
    if principals is not None:
        conditions.append(AnyOf("acl", ("*", *principals)))
    return tuple(conditions)


def parse_where(pairs: Sequence[str]) -> dict[str, Any]:
    """`k=v`, `k>=v` and `k<v` words of a command line; a value that looks like a number or a boolean matches as either.

    Raises:
        SettingsError: a word that is none of these, or a name that has both values and a range.
    """
    where: dict[str, Any] = {}
    for pair in pairs:
        parts = _WORD.fullmatch(pair)
        if parts is None:
            raise SettingsError(
                f"--where {pair}: write it as name=value, name>=value or name<value, for example team=billing"
            )
        name, sign, text = parts.groups()
        ranged = sign != "="
        asked = where.setdefault(name, {} if ranged else [])
        if ranged != isinstance(asked, dict):
            raise SettingsError(f"--where {pair}: {name} is asked for by value and by range; use one of them")
        if not ranged:
            asked.extend(_readings(text))
        elif (bound := _BOUNDS[sign]) in asked:
            raise SettingsError(f"--where {pair}: there is another {name}{sign}; a range has one of each")
        else:
            asked[bound] = _bound(text)
    return where


_WORD = re.compile(r"([^=<>]+)(>=|<|=)(.*)", re.DOTALL)
_BOUNDS = {">=": "gte", "<": "lt"}


def _bound(text: str) -> str | int | float:
    """A number, or else what has to be a date or time."""
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            pass
    return text


def _readings(text: str) -> list[str | int | bool]:
    """What a word on the command line can mean; the store compares types strictly."""
    if re.fullmatch(r"-?[0-9]{1,18}", text):
        return [text, int(text)]
    if text in ("true", "false"):
        return [text, text == "true"]
    return [text]


def _condition(name: str, value: Any) -> Condition:
    field = name if name in PAYLOAD_FIELDS or name.startswith("metadata.") else f"metadata.{name}"
    if isinstance(value, Mapping):
        if not value or set(value) - {"gte", "lt"}:
            raise SettingsError(f"where {name}: {dict(value)!r}: a range has the keys gte and lt, one or both")
        return Between(field, gte=value.get("gte"), lt=value.get("lt"))
    if isinstance(value, float):
        return Between(field, gte=value, lt=math.nextafter(value, math.inf))
    values = tuple(value) if isinstance(value, list | tuple | set | frozenset) else (value,)
    for v in values:
        if not isinstance(v, str | int | bool):
            raise SettingsError(
                f"where {name}: {v!r} is a {type(v).__name__}; legal are strings, numbers, "
                "booleans, a list of strings, integers or booleans, or {gte, lt}"
            )
    return AnyOf(field, values)
