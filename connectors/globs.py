"""Glob patterns as in .gitignore: `*.md` at any depth, `a/*.md` from the top, `**/` any folders, `a` all below it."""

import re
import unicodedata
from collections.abc import Sequence

from rag.errors import SettingsError

_PARTS = re.compile(
    r"(?P<folders>(?<![^/])\*\*/)|(?P<star>\*+)|(?P<one>\?)|(?P<set>\[(?P<not>[!^]?)(?P<in>\]?[^\]/]*)\])"
)


class Globs:
    """Some patterns; one that takes a folder takes all below it.

    Raises:
        SettingsError: a pattern is empty, a negation or has a broken character range.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [(pattern, _compiled(unicodedata.normalize("NFC", pattern))) for pattern in patterns]

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def match(self, key: str) -> str | None:
        """The first pattern that takes the key, None where none does. A folder's key ends in a slash."""
        return next((pattern for pattern, regex in self._patterns if regex.fullmatch(key)), None)


def _compiled(pattern: str) -> re.Pattern[str]:
    if not pattern.strip("/") or pattern.startswith("!"):
        raise SettingsError(f"pattern {pattern!r}: give a glob such as '**/*.md'; `exclude` stands for negation")
    body = pattern.removesuffix("**") if pattern.endswith("/**") else pattern
    anywhere = "/" not in pattern.removesuffix("/")
    parts, at = ["(?:.*/)?" if anywhere else ""], 0
    body = body.removeprefix("/")
    for match in _PARTS.finditer(body):
        parts += [re.escape(body[at : match.start()]), _regex(match)]
        at = match.end()
    parts += [re.escape(body[at:]), ".*" if body.endswith("/") else "(?:/.*)?"]
    try:
        return re.compile("".join(parts), re.DOTALL)
    except re.error as error:
        raise SettingsError(f"pattern {pattern!r}: {error}") from None


def _regex(match: re.Match[str]) -> str:
    if match["folders"]:
        return "(?:.*/)?"
    if match["star"]:
        return "[^/]*"
    if match["one"]:
        return "[^/]"
    characters = re.sub(r"([\\\[\]&~|^])", r"\\\1", match["in"])
    return f"(?!/)[{'^' if match['not'] else ''}{characters}]"
