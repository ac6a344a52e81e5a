"""Objects by the name `module:attribute`, of this package and of other people's."""

from collections.abc import Collection, Mapping
from importlib import import_module
from typing import Any

from rag.errors import SettingsError
from rag.secrets import masked


def load(target: str) -> Any:
    """The attribute that `module:attribute` names; `module.attribute` is the same.

    Raises:
        ImportError: there is no such module.
        AttributeError: it has no such attribute.
    """
    module, _, attribute = target.replace(":", ".").rpartition(".")
    if not module:
        raise ModuleNotFoundError(f"no module in {target!r}")
    return getattr(import_module(module), attribute)


def made(target: str, arguments: Mapping[str, Any], kind: type, *, named_by: str, secrets: Collection[str] = ()) -> Any:
    """An object of a class that the settings name.

    Args:
        target: the class.
        arguments: what it is called with.
        kind: what it has to be.
        named_by: the key or source whose settings name it.
        secrets: values of `arguments` that no message may show.

    Raises:
        SettingsError: the class is not installed, cannot be called with these arguments, or is of another kind.
    """
    try:
        cls = load(target)
    except (ImportError, AttributeError) as error:
        raise SettingsError(
            f"{named_by}: {target} cannot be found ({masked(str(error), secrets)}): install the package that has it"
        ) from None
    try:
        found = cls(**arguments)
    except Exception as error:  # other people's classes raise what they like
        reason = masked(f"{type(error).__name__}: {error}", secrets)[:300]
        raise SettingsError(f"{named_by}: {target} cannot be made ({reason})") from None
    if not isinstance(found, kind):
        raise SettingsError(f"{named_by}: {target} is no {kind.__name__} of LangChain")
    return found
