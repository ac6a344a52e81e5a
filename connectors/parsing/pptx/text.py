"""The text of shapes: paragraphs, bullets and numbers, links."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.parsing.html.dom import Node
from connectors.parsing.numerals import numeral
from connectors.parsing.office_math import linear
from connectors.parsing.ooxml import RELATIONSHIP_ID, link, local
from connectors.parsing.writer import Piece

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_BULLETS = ("buNone", "buChar", "buAutoNum", "buBlip")
_NUMBERING = re.compile(r"(arabic|alphaLc|alphaUc|romanLc|romanUc)\w*?(Period|ParenR|ParenBoth|Plain)$")
_KINDS = {"alphaLc": "lowerLetter", "alphaUc": "upperLetter", "romanLc": "lowerRoman", "romanUc": "upperRoman"}
_PATTERNS = {"Period": "{}.", "ParenR": "{})", "ParenBoth": "({})", "Plain": "{}"}
_LEVELS = 9


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of a shape.

    Attributes:
        listed: it has a bullet or a number.
        number: as it is shown, "" for a bullet.
    """

    pieces: list[Piece]
    depth: int
    listed: bool
    number: str


def paragraphs(body: Node, styles: Sequence[Node], links: Mapping[str, str]) -> Iterator[Paragraph]:
    """The paragraphs of a text body.

    Args:
        styles: list styles in which bullets are looked up, nearest first; the body's own comes before them.
        links: relation id -> URL.
    """
    own = body.find(f"{A}lstStyle")
    chain = [*([] if own is None else [own]), *styles]
    counts: dict[int, tuple[str, int]] = {}
    for node in body.iter(f"{A}p"):
        properties = node.find(f"{A}pPr")
        level = "" if properties is None else properties.get("lvl") or ""
        depth = min(int(level), _LEVELS - 1) if level.isdecimal() and len(level) < 3 else 0
        pieces = _pieces(node, links)
        if not any(not syntax and text.strip() for text, syntax in pieces):
            continue
        bullet = _bullet(properties, depth, chain)
        counts = {at: count for at, count in counts.items() if at <= depth}
        number = _count(bullet, depth, counts)
        yield Paragraph(pieces, depth, bullet is not None and local(bullet) != "buNone", number)


def plain(body: Node) -> str:
    """All of its text, a line a paragraph."""
    return "\n".join("".join(text for text, _ in _pieces(node, {})) for node in body.iter(f"{A}p")).strip()


def cell_pieces(body: Node, links: Mapping[str, str]) -> list[Piece]:
    """The text of a table's cell."""
    pieces: list[Piece] = []
    for paragraph in paragraphs(body, [], links):
        pieces += [("\n" if pieces else "", False), (f"{paragraph.number} " if paragraph.number else "", False)]
        pieces += paragraph.pieces
    return pieces


def _pieces(paragraph: Node, links: Mapping[str, str]) -> list[Piece]:
    pieces: list[Piece] = []
    for node in _runs(paragraph):
        name = local(node)
        if name == "br":
            pieces.append(("\n", False))
        elif name in ("oMath", "oMathPara"):
            pieces.append((linear(node), False))
        elif name == "r" or (name == "fld" and node.get("type") != "slidenum"):
            text = node.findtext(f"{A}t") or ""
            click = node.find(f"{A}rPr/{A}hlinkClick")
            run: list[Piece] = [(text, False)] if text else []
            pieces += run if click is None else link(run, links.get(click.get(RELATIONSHIP_ID) or "", ""))
    return pieces


def _runs(node: Node) -> Iterator[Node]:
    """Runs, through the alternatives for older programs, of which one is read."""
    for child in node:
        name = local(child)
        if name == "AlternateContent":
            yield from _runs(next(iter(child), child))
        elif name == "m":
            yield from _runs(child)
        else:
            yield child


def _bullet(properties: Node | None, depth: int, styles: Iterable[Node]) -> Node | None:
    """What says how the paragraph begins, the nearest of all that apply."""
    found = (style.find(f"{A}lvl{depth + 1}pPr") for style in styles)
    for node in [properties, *found]:
        for child in [] if node is None else node:
            if local(child) in _BULLETS:
                return child
    return None


def _count(bullet: Node | None, depth: int, counts: dict[int, tuple[str, int]]) -> str:
    """The paragraph's number; a paragraph without one ends the counting on its level."""
    match = _NUMBERING.match(bullet.get("type") or "") if bullet is not None and local(bullet) == "buAutoNum" else None
    if bullet is None or match is None:
        counts.pop(depth, None)
        return ""
    start = bullet.get("startAt") or ""
    key = f"{match[0]} {start}"
    known = counts.get(depth)
    count = known[1] + 1 if known and known[0] == key else int(start[:9]) if start.isdecimal() else 1
    counts[depth] = key, count
    return _PATTERNS[match[2]].format(numeral(count, _KINDS.get(match[1], "decimal")))
