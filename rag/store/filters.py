"""Filters before any engine: which are sound, which can match at all, and what meets them."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from rag.errors import StoreError
from rag.points import AnyOf, Between, Condition, Filter, HasId
from rag.store.fields import check_text, field_path
from rag.store.validate import check_id


class TypedValues(NamedTuple):
    """Values by JSON type: `True`, `1` and `"1"` are three different values."""

    strings: list[str]
    integers: list[int]
    booleans: list[bool]


def by_type(condition: AnyOf) -> TypedValues:
    """The condition's values by JSON type."""
    values = condition.values
    return TypedValues(
        [v for v in values if isinstance(v, str)],
        [v for v in values if isinstance(v, int) and not isinstance(v, bool)],
        [v for v in values if isinstance(v, bool)],
    )


def instant(text: str) -> datetime:
    """An ISO 8601 date or time; UTC where it names no zone.

    Raises:
        StoreError: it is neither.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise StoreError(f"{text!r} is not a date or time: write it like 2026-11-01 or 2026-11-01T08:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def can_match(where: Filter) -> bool:
    """False where a condition leaves nothing over: an empty list matches nothing, it never widens a filter.

    Raises:
        StoreError: a condition that means nothing, with what is legal.
    """
    possible = True
    for condition in where:
        if isinstance(condition, AnyOf):
            _check_any_of(condition)
            possible = possible and bool(condition.values)
        elif isinstance(condition, HasId):
            for point_id in condition.ids:
                check_id(point_id)
            possible = possible and bool(condition.ids)
        elif isinstance(condition, Between):
            _check_between(condition)
        else:
            raise StoreError(f"filter: {condition!r:.80} is no condition: use AnyOf, Between or HasId")
    return possible


def meets(point_id: str, payload: Mapping[str, Any], condition: Condition) -> bool:
    """What a condition of a sound filter means: every engine selects the points for which this is true."""
    if isinstance(condition, HasId):
        return point_id in condition.ids
    found: Any = payload
    for key in field_path(condition.field):
        found = found.get(key) if isinstance(found, Mapping) else None
    values = found if isinstance(found, list) else [found]
    if isinstance(condition, AnyOf):
        return any(type(value) is type(wanted) and value == wanted for value in values for wanted in condition.values)
    return any(_within(value, condition) for value in values)


def _within(value: Any, condition: Between) -> bool:
    low, high = condition.gte, condition.lt
    if isinstance(low, str) or isinstance(high, str):
        if not isinstance(value, str):
            return False
        try:
            moment = instant(value)
        except StoreError:
            return False
        return (low is None or instant(str(low)) <= moment) and (high is None or moment < instant(str(high)))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return (low is None or low <= value) and (high is None or value < high)


def _check_any_of(condition: AnyOf) -> None:
    field_path(condition.field)
    if isinstance(condition.values, str):
        raise StoreError(f"filter on {condition.field!r}: values are a tuple, not the string {condition.values!r:.80}")
    for value in condition.values:
        if isinstance(value, str):
            problem = check_text(value)
        elif not isinstance(value, int):
            problem = "values are strings, integers and booleans; ranges of numbers are a Between"
        else:
            problem = None if -(2**63) <= value < 2**63 else "integers have at most 64 bits"
        if problem:
            raise StoreError(f"filter on {condition.field!r}: {value!r:.80}: {problem}")


def _check_between(condition: Between) -> None:
    field_path(condition.field)
    sides = [side for side in (condition.gte, condition.lt) if side is not None]
    if not sides:
        raise StoreError(f"filter on {condition.field!r}: a Between needs gte, lt or both")
    if all(isinstance(side, str) for side in sides):
        for side in sides:
            instant(str(side))
    elif not all(isinstance(s, int | float) and not isinstance(s, bool) and not math.isnan(s) for s in sides):
        raise StoreError(
            f"filter on {condition.field!r}: {sides!r:.80}: bounds are two numbers, or two dates in ISO 8601"
        )
