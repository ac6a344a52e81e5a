"""What language models are given: rules from a file, and documents as data between delimiters."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TypeAlias

from rag.errors import SettingsError

Message: TypeAlias = Mapping[str, str]
"""`{"role": "system" | "user" | "assistant", "content": ...}`, which every LangChain chat model takes."""


def check_history(history: Sequence[Message]) -> None:
    """Refuse what is no conversation.

    Raises:
        SettingsError: it is no list of messages of the user and the assistant, each with a text.
    """
    if isinstance(history, str | Mapping):
        raise SettingsError(f"history is {history!r:.80}; it is a list of messages, oldest first")
    for message in history:
        role, content = (message.get("role"), message.get("content")) if isinstance(message, Mapping) else (None, None)
        if role not in ("user", "assistant") or not isinstance(content, str):
            raise SettingsError(
                f"history: a message needs a role, 'user' or 'assistant', and text as content, got {message!r:.80}"
            )


def new_nonce() -> str:
    """A code for the delimiters that no document can know."""
    return secrets.token_hex(8)


@cache
def packaged(package: str, name: str) -> Template:
    """The prompt `prompts/NAME.txt` of a package."""
    return Template(files(package).joinpath(f"prompts/{name}.txt").read_text(encoding="utf-8"))


def own(path: Path, needed: Collection[str], named_by: str) -> Template:
    """A prompt of the user's.

    Args:
        needed: placeholders that have to be in it, such as `nonce` for `$nonce`; no others may be.
        named_by: the key that names the file.

    Raises:
        SettingsError: it cannot be read, or has other placeholders.
    """
    try:
        found = Template(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{named_by}: {path} cannot be read ({type(error).__name__})") from None
    wanted = ", ".join(f"${name}" for name in sorted(needed))
    if not found.is_valid() or set(found.get_identifiers()) != set(needed):
        has = ", ".join(f"${name}" for name in sorted(found.get_identifiers())) or "none"
        raise SettingsError(
            f"{named_by}: {path} needs the placeholders {wanted}, each at least once and no others; it has {has} "
            "($$ is a dollar sign)"
        )
    return found


def delimited(kind: str, text: str, nonce: str, *, number: int | None = None) -> str:
    """A text of a document between delimiters that it cannot break out of.

    Args:
        kind: what it is, such as `evidence`.
        nonce: part of the delimiters.
        number: what the model may call it by.
    """
    opening = f"<{kind}-{nonce}>" if number is None else f"<{kind}-{nonce} number={number}>"
    return f"{opening}\n{text}\n</{kind}-{nonce}>"


def request(rules: str, content: str) -> list[Message]:
    """The messages that ask for one thing."""
    return [{"role": "system", "content": rules}, {"role": "user", "content": content}]
