"""Results and errors as JSON, and the same ones again at the other side."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from rag.errors import RagError

T = TypeVar("T")


def encoded(value: Any) -> Any:
    """A dataclass, or what is in one, as JSON has it; all fields, also those that its `to_dict` leaves out."""
    if is_dataclass(value):
        return {field.name: encoded(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: encoded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [encoded(item) for item in value]
    return value


def decoded(kind: type[T], value: Mapping[str, Any]) -> T:
    """The dataclass that `encoded` was given.

    Raises:
        TypeError: it has other fields.
        KeyError, ValueError: what is in them is something else.
    """
    hints = _hints(kind)  # type: ignore[arg-type]
    return kind(**{name: _decoded(hints[name], item) for name, item in value.items()})


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _decoded(hint: Any, value: Any) -> Any:
    """A field's value by its type: tuples are tuples again, and dataclasses dataclasses."""
    origin, arguments = get_origin(hint), get_args(hint)
    if value is None:
        return None
    if origin in (Union, UnionType):
        (inner,) = [each for each in arguments if each is not NoneType]
        return _decoded(inner, value)
    if is_dataclass(hint):
        return decoded(hint, value)  # type: ignore[arg-type]
    if origin is tuple:
        return tuple(_decoded(arguments[0], item) for item in value)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _decoded(arguments[1], item) for key, item in value.items()}
    return value


def encoded_error(error: RagError) -> dict[str, Any]:
    """An error with the names of its class and of those above it."""
    names = [kind.__name__ for kind in type(error).__mro__ if issubclass(kind, RagError)]
    plain = {name: value for name, value in vars(error).items() if isinstance(value, str | int | float | None)}
    return {"kinds": names, "message": str(error), "attributes": plain}


def decoded_error(value: Mapping[str, Any]) -> RagError:
    """The error again; where its class is not known here, as the nearest one above it."""
    from rag.jobs import JobStoppedError

    known = {kind.__name__: kind for kind in (*_errors(RagError), JobStoppedError)}
    kind = next(known[name] for name in value["kinds"] if name in known)
    error: RagError = kind.__new__(kind)  # type: ignore[call-overload]
    super(RagError, error).__init__(value["message"])  # what their own constructors make of their arguments is said
    vars(error).update(value["attributes"])
    return error


def _errors(kind: type[RagError]) -> Iterator[type[RagError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _errors(below)


def as_json(value: Any) -> Any:
    """Arguments of a call as JSON has them: any collection is a list."""
    if isinstance(value, Mapping):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str):
        return sorted(value) if isinstance(value, set | frozenset) else [as_json(item) for item in value]
    return value
