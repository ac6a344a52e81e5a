"""Secrets that environment variables hold, and texts that do not show them."""

import os
from collections.abc import Collection, Mapping

from rag.errors import SettingsError


def secret(variable: str, named_by: str) -> str:
    """The value of an environment variable; no message ever shows it.

    Args:
        named_by: the key or source whose settings name the variable.

    Raises:
        SettingsError: the variable is not set, or empty.
    """
    value = os.environ.get(variable)
    if not value:
        raise SettingsError(f"{named_by} names the environment variable {variable!r}, which is not set")
    return value


def secrets_of(variables: Mapping[str, str] | None, named_by: str) -> dict[str, str]:
    """The `secret` of each argument, by argument -> variable."""
    return {argument: secret(variable, named_by) for argument, variable in (variables or {}).items()}


def masked(text: str, secrets: Collection[str]) -> str:
    """The text on one line, each secret in it as `***`."""
    for value in sorted(secrets, key=len, reverse=True):  # one may be part of another
        text = text.replace(value, "***")
    return " ".join(text.split())
