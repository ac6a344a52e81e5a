"""The numbers of lists and headings in OpenDocument texts."""

from collections.abc import Iterable
from dataclasses import dataclass

from connectors.parsing.html.dom import Node
from connectors.parsing.numerals import numeral
from connectors.parsing.odt.names import STYLE, TEXT

OUTLINE = ""
"""The style of the headings' numbers; there is one for the whole text."""
_KINDS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}


@dataclass(frozen=True, slots=True)
class _Level:
    """How a level is numbered; without a format it is not."""

    format: str
    prefix: str
    suffix: str
    start: int
    shown: int


class Numbering:
    """Counts the items of each list style.

    Args:
        parts: roots of the files that declare styles; later ones win.
    """

    def __init__(self, parts: Iterable[Node]) -> None:
        self._levels: dict[tuple[str, int], _Level] = {}
        self._counts: dict[tuple[str, int], int] = {}
        for part in parts:
            for style in part.iter(f"{TEXT}list-style"):
                self._declare(style.get(f"{STYLE}name") or "-", style)
            for style in part.iter(f"{TEXT}outline-style"):
                self._declare(OUTLINE, style)

    def _declare(self, name: str, style: Node) -> None:
        for level in style:
            self._levels[name, _number(level, "level", 1)] = _Level(
                format=level.get(f"{STYLE}num-format") or "",
                prefix=level.get(f"{STYLE}num-prefix") or "",
                suffix=level.get(f"{STYLE}num-suffix") or "",
                start=_number(level, "start-value", 1),
                shown=_number(level, "display-levels", 1),
            )

    def restart(self, style: str, level: int) -> None:
        """A list begins: its numbers and those below it start anew."""
        self._counts = {key: count for key, count in self._counts.items() if key[0] != style or key[1] < level}

    def label(self, style: str, level: int, start: int | None = None) -> str:
        """The next number as it is shown; empty where the level has none.

        Args:
            level: 1 for the outermost.
            start: of an item that says its own number.
        """
        shape = self._levels.get((style, level))
        if shape is None or not shape.format:
            return ""
        count = self._counts.get((style, level), shape.start - 1) + 1
        self._counts[style, level] = count if start is None else start
        self.restart(style, level + 1)
        parts = []
        for number in range(max(1, level - shape.shown + 1), level + 1):
            outer = self._levels.get((style, number))
            if outer and outer.format:
                value = self._counts.get((style, number), outer.start)
                parts.append(numeral(value, _KINDS.get(outer.format, "decimal")))
        return f"{shape.prefix}{'.'.join(parts)}{shape.suffix}".strip()


def _number(node: Node, name: str, default: int) -> int:
    value = node.get(f"{TEXT}{name}") or ""
    return int(value) if value.isdecimal() and len(value) < 7 else default
