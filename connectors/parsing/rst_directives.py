"""The text of directives and roles that docutils has no implementation of."""

import re
import textwrap
from dataclasses import dataclass

_DIRECTIVE = re.compile(r"\.\.[ ]+(?:\|[^|\n]*\|[ ]+)?([\w:+.-]+?)[ ]?::(?:[ ]+([^\n]*))?(?:\n|$)")
_OPTION = re.compile(r"[ ]*:[\w-]+:(?:[ ][^\n]*)?(?:\n|$)")
_ROLE = re.compile(r"(?::[\w:+.-]+:)?`([^`]*)`(?::[\w:+.-]+:|__?)?")
_TITLED = re.compile(r"(.*?)\s*<[^<>]*>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Directive:
    """`.. name:: argument`, and the block under it without its options."""

    name: str
    argument: str
    content: str


def directive_of(source: str) -> Directive | None:
    """The directive that a source starts with, None if it does not."""
    match = _DIRECTIVE.match(source)
    if match is None:
        return None
    lines = textwrap.dedent(source[match.end() :])
    at = 0
    while option := _OPTION.match(lines, at):
        if option.end() == at:
            break
        at = option.end()
    return Directive(match[1].lower(), (match[2] or "").strip(), lines[at:].strip("\n"))


def inline_of(source: str) -> str:
    """The words of a role: the title of ``:ref:`title <target>` ``, the target where it has none."""
    match = _ROLE.fullmatch(source)
    if match is None:
        return source
    words = match[1].lstrip("~!")
    titled = _TITLED.fullmatch(words)
    return titled[1] if titled and titled[1] else words
