"""The numbers of a Word document's lists and headings, which its text does not hold."""

import re
from dataclasses import dataclass

from connectors.parsing.docx.styles import Styles, W, flag, value
from connectors.parsing.html.dom import Node
from connectors.parsing.numerals import numeral

_LEVELS = 9
_MAX_LABEL = 60
"""Characters of a level's pattern; a longer one is no number."""
_PLACE = re.compile(r"%([1-9])")


@dataclass(frozen=True, slots=True)
class Label:
    """What stands before a paragraph.

    Attributes:
        depth: 0 for the outermost level.
        number: as it is shown, "" for a bullet.
        shown: there is a number or a bullet; False for a level that only indents.
    """

    depth: int
    number: str
    shown: bool


@dataclass(frozen=True, slots=True)
class _Level:
    start: int
    kind: str
    pattern: str
    legal: bool
    restart: int | None
    style: str


class Numbering:
    """Counts as Word does: the lists of one abstract numbering go on from each other."""

    def __init__(self, root: Node | None, styles: Styles) -> None:
        nodes = [] if root is None else list(root)
        self._abstract = {n.get(f"{W}abstractNumId") or "": n for n in nodes if n.tag == f"{W}abstractNum"}
        self._numbers = {n.get(f"{W}numId") or "": n for n in nodes if n.tag == f"{W}num"}
        self._styles = styles
        self._levels: dict[str, tuple[str, dict[int, _Level]]] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._started: set[tuple[str, int]] = set()

    def label(self, properties: Node | None) -> Label | None:
        """The label of the next paragraph, None where it stands in no list."""
        direct = None if properties is None else properties.find(f"{W}numPr")
        number, at = value(direct, "numId"), value(direct, "ilvl")
        inherited = self._styles.of(properties).numbering
        depth = int(at) if at.isdecimal() else None
        if not number and inherited:
            number = inherited[0]
            style_depth = self._depth_of_style(number, value(properties, "pStyle"))
            depth = next((d for d in (depth, style_depth, inherited[1]) if d is not None), None)
        abstract, levels = self._of(number)
        depth = min(depth or 0, _LEVELS - 1)
        level = levels.get(depth)
        if level is None:
            return None
        counts = self._count(number, abstract, depth, levels)
        if level.kind == "bullet":
            return Label(depth, "", shown=True)
        text = _PLACE.sub(lambda match: _formatted(match, depth, counts, levels), level.pattern).strip()
        return Label(depth, text, shown=bool(text))

    def _count(self, number: str, abstract: str, depth: int, levels: dict[int, _Level]) -> dict[int, int]:
        counts = self._counts.setdefault(abstract, {})
        if (number, depth) not in self._started:
            self._started.add((number, depth))
            if self._overridden(number, depth) is not None:
                counts.pop(depth, None)
        counts[depth] = counts.get(depth, levels[depth].start - 1) + 1
        for lower in [at for at in counts if at > depth]:
            restart = levels[lower].restart if lower in levels else None
            if restart is None or (restart and depth < restart):
                del counts[lower]
        return counts

    def _of(self, number: str) -> tuple[str, dict[int, _Level]]:
        if number not in self._levels:
            self._levels[number] = self._resolved(number)
        return self._levels[number]

    def _resolved(self, number: str) -> tuple[str, dict[int, _Level]]:
        name = value(self._numbers.get(number), "abstractNumId")
        abstract = self._abstract.get(name)
        if abstract is not None and (style := value(abstract, "numStyleLink")):
            name = value(self._numbers.get(self._styles.linked_numbering(style)), "abstractNumId")
            abstract = self._abstract.get(name)
        if abstract is None:
            return name, {}
        nodes = {node.get(f"{W}ilvl") or "": node for node in abstract.findall(f"{W}lvl")}
        overrides = self._numbers[number].findall(f"{W}lvlOverride/{W}lvl")
        nodes |= {node.get(f"{W}ilvl") or "": node for node in overrides}
        levels = {int(at): _level(node) for at, node in nodes.items() if at.isdecimal() and int(at) < _LEVELS}
        for at, level in levels.items():
            start = self._overridden(number, at)
            if start is not None:
                levels[at] = _Level(start, level.kind, level.pattern, level.legal, level.restart, level.style)
        return name, levels

    def _overridden(self, number: str, depth: int) -> int | None:
        for node in self._numbers[number].findall(f"{W}lvlOverride"):
            if node.get(f"{W}ilvl") == str(depth) and (start := value(node, "startOverride")).isdecimal():
                return int(start[:9])
        return None

    def _depth_of_style(self, number: str, style: str) -> int | None:
        return next((at for at, level in self._of(number)[1].items() if style and level.style == style), None)


def _level(node: Node) -> _Level:
    start, restart, pattern = value(node, "start"), value(node, "lvlRestart"), value(node, "lvlText")
    kind = value(node, "numFmt") or "decimal"
    return _Level(
        start=int(start[:9]) if start.isdecimal() else 0,
        kind="bullet" if len(pattern) > _MAX_LABEL else kind,
        pattern=pattern,
        legal=flag(node, "isLgl"),
        restart=int(restart) if restart.isdecimal() else None,
        style=value(node, "pStyle"),
    )


def _formatted(match: re.Match[str], depth: int, counts: dict[int, int], levels: dict[int, _Level]) -> str:
    at = int(match[1]) - 1
    if at not in levels:
        return ""
    # a level that did not occur yet is shown as if it had begun
    count, kind = counts.get(at, levels[at].start), levels[at].kind
    if kind in ("none", "bullet"):
        return ""
    return numeral(count, "decimal" if levels[depth].legal else kind)
