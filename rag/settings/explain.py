"""What is wrong with settings, where, and what is legal instead."""

import difflib
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from rag.settings.models import CHUNKINGS, Settings
from rag.settings.sources import SOURCES

Location = tuple[int | str, ...]


def explain(error: ValidationError, origins: Mapping[str, str]) -> str:
    """One sentence a mistake: where, what is wrong, what is legal, and where the value comes from.

    Args:
        origins: dotted key -> where its value comes from.
    """
    lines = []
    problems = error.errors()
    for problem in problems:
        within = len(problem["loc"])
        if any(len(p["loc"]) > within and p["loc"][:within] == problem["loc"] for p in problems):
            continue  # it follows from what is wrong inside
        location = _without_tags(problem["loc"])
        where = ".".join(map(str, location))
        if problem["type"] == "extra_forbidden":
            line = unknown_key(problem["loc"], where)
        else:
            message = _said(problem["msg"])
            line = f"{where}: {message}{_given(problem['input'])}" if where else message
        origin = _origin(where, origins)
        lines.append(f"{line} [{origin}]" if origin else line)
    return "; ".join(lines)


def _said(message: str) -> str:
    """Pydantic's words, as one says it of a YAML file."""
    message = message.removeprefix("Value error, ").replace("a valid tuple", "a list in square brackets")
    return message.replace("Tuple should", "The list should").replace(" after validation", "")


def _given(value: Any) -> str:
    """The value, unless it may be a URL with a password or holds other values."""
    shown = value is None or (isinstance(value, str | int | float) and "@" not in str(value))
    return f" (got {value!r:.80})" if shown else ""


def _origin(where: str, origins: Mapping[str, str]) -> str | None:
    """Where the value comes from, or the first one below it."""
    return origins.get(where) or next((origins[key] for key in origins if key.startswith(f"{where}.")), None)


def unknown_key(location: Location, where: str) -> str:
    """That a key is not known, and the nearest one that is."""
    known = sorted(_section_at(location[:-1]).model_fields)
    near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)
    return f"unknown key {where!r}" + (f": did you mean {near[0]!r}?" if near else "") + f" (known: {', '.join(known)})"


_TAGS = [*((["store"], kind) for kind in ("edge", "server")), *((["chunking"], kind) for kind in CHUNKINGS)]


def _without_tags(location: Location) -> Location:
    """Pydantic puts the kind of a source, a chunking or a store into the path to it."""
    kept: list[int | str] = []
    for part in location:
        tag = (
            isinstance(part, str) and kept[:1] == ["sources"] and len(kept) == 2 and part in {*SOURCES, "plugin"}
        ) or (kept, part) in _TAGS
        if not tag:
            kept.append(part)
    return tuple(kept)


def _section_at(location: Location) -> type[BaseModel]:
    """The model that a pydantic error location points into: fields, list positions and union tags."""
    model: type[BaseModel] = Settings
    options: list[type[BaseModel]] = []
    for part in location:
        if isinstance(part, int):
            continue
        tagged = [o for o in options if get_args(o.model_fields["kind"].annotation) == (part,)]
        if tagged:
            model, options = tagged[0], []
            continue
        options = _models_in(model.model_fields[str(part)].annotation)
        model = options[0]
        options = [o for o in options if "kind" in o.model_fields]
    return model


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) is None:
        return []
    return [model for argument in get_args(annotation) for model in _models_in(argument)]
