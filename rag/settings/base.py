"""What every section of a corpus file is."""

import re
from datetime import date
from math import isfinite
from typing import Any

from pydantic import BaseModel, ConfigDict

_PASSWORD = re.compile(r"[^/@\s]*:(?!\d+/)[^@\s]*@")
"""Of what follows `://`: a user, a password that may hold a slash, a host; a port is no password."""


class Section(BaseModel):
    """Base of every section: frozen, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def without_password(url: str, instead: str) -> str:
    """The URL, if it holds no password.

    Raises:
        ValueError: it does; `instead` says where it belongs.
    """
    for part in url.split("::"):  # fsspec chains file systems
        scheme, _, rest = part.partition("://")
        user, at, _ = rest.partition("/")[0].rpartition("@")
        # what stands before the @ of a web address alone is a token; a password may hold a slash
        if (at and (":" in user or scheme.startswith("http"))) or _PASSWORD.match(rest):
            raise ValueError(f"a URL with a password ends up in messages: {instead}")
    return url


def json_value(where: str, value: Any) -> Any:
    """A metadata value as stored; dates become ISO strings.

    Raises:
        ValueError: it cannot be stored or filtered on.
    """
    if not where.rpartition(".")[2] or set(where) & set('"\\'):
        raise ValueError(f"metadata key {where!r}: keys are not empty and hold no double quote or backslash")
    if isinstance(value, dict):
        return {str(key): json_value(f"{where}.{key}", item) for key, item in value.items()}
    if isinstance(value, list):
        return [json_value(where, item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if (isinstance(value, int) and not -(2**63) <= value < 2**63) or (isinstance(value, float) and not isfinite(value)):
        raise ValueError(f"metadata {where}: {value!r} is no number that can be stored: 64-bit integers, finite floats")
    if value is None or isinstance(value, str | int | float):
        return value
    raise ValueError(
        f"metadata {where}: {type(value).__name__} cannot be stored; strings, numbers, lists and mappings can"
    )
