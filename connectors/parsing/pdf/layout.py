"""Pages of segments -> a document: reading order, tables, headings, lists, paragraphs. OCR's pages come here too."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from typing import TypeAlias

from connectors.parsing.pdf.blocks import Block, TextLine, blocks
from connectors.parsing.pdf.headings import Headings, find_headings
from connectors.parsing.pdf.listing import Listing, has_listings, listings
from connectors.parsing.pdf.model import Page, Table
from connectors.parsing.pdf.order import regions
from connectors.parsing.pdf.running import without_running_text
from connectors.parsing.pdf.standing import standing_blocks, with_standing_header
from connectors.parsing.pdf.tables import split
from connectors.parsing.writer import DocumentWriter, Line

Part: TypeAlias = Table | Block | Listing

_MARKS = ".,;:!?()[]\"'\u201c\u201d\u2018\u2019"
_LAST_WORD = re.compile(r"\w+$")
_FIRST_WORD = re.compile(r"\w+")
_MAX_IN_A_ROW = 4  # headings of one level
_INDENT = 12.0  # points of a deeper list


def write_pages(pages: Sequence[Page], outline: Mapping[str, int]) -> DocumentWriter:
    """Write all text of the pages but page numbers and what repeats at their edges; no element crosses a page."""
    kept = without_running_text(pages)
    code = has_listings(kept)
    parts = [(page, _parts(page, code=code)) for page in kept]
    headings = find_headings((p for _, found in parts for p in found if isinstance(p, Block)), outline)
    writer, hyphens = DocumentWriter(), _Hyphens(parts)
    for page, found in parts:
        items: list[float] = []
        levels = _levels(found, headings)
        for part, level in zip(found, levels, strict=True):
            if isinstance(part, Table):
                boxes = [page.shown(box) for box in part.boxes]
                writer.table(part.rows, header_rows=part.header_rows, boxes=boxes, page=page.number)
                items = []
                continue
            if isinstance(part, Listing):
                writer.code(
                    [replace(line, box=page.shown(line.box)) for line in part.lines if line.box], page=page.number
                )
                items = []
                continue
            lines = _lines(page, part, hyphens)
            if level:
                if part.number:
                    lines[0] = Line(f"{part.number} {lines[0].content}", lines[0].box)
                writer.heading(lines, level, page=page.number)
            elif part.number is not None:
                while items and part.left < items[-1] - _INDENT / 2:
                    items.pop()
                if not items or part.left > items[-1] + _INDENT / 2:
                    items.append(part.left)
                writer.item(lines, depth=min(len(items) - 1, 5), number=part.number, page=page.number)
                continue
            else:
                writer.paragraph(lines, page=page.number)
            items = []
    return writer


def _parts(page: Page, *, code: bool) -> list[Part]:
    found: list[Part] = []
    standing = [s for s in page.segments if not s.upright]
    for rows in regions([s for s in page.segments if s.upright]):
        for piece in listings(rows) if code else [rows]:
            if isinstance(piece, Listing):
                found.append(piece)
                continue
            for part in split(piece):
                if isinstance(part, Table):
                    before = found[-1] if found and isinstance(found[-1], Block) else None
                    part, has_before, standing = with_standing_header(part, before, standing)
                    found[len(found) - has_before :] = [part]
                else:
                    found += blocks(part)
    return found + standing_blocks(standing)


def _levels(parts: Sequence[Part], headings: Headings) -> list[int | None]:
    """Levels of the parts that are headings; many small ones in a row are lines in bold, as on a cover."""
    levels = [headings.level(part) if isinstance(part, Block) else None for part in parts]
    found: list[int | None] = []
    for level, group in groupby(levels):
        run = list(group)
        lines = level is not None and len(run) > _MAX_IN_A_ROW
        found += [None] * len(run) if lines else run
    return found


def _lines(page: Page, block: Block, hyphens: "_Hyphens") -> list[Line]:
    """Lines for the writer, a word that a line end broke whole again."""
    lines = []
    joined = False
    for line, following in zip(block.lines, [*block.lines[1:], None], strict=True):
        text, joins = _mended(line, following, hyphens)
        lines.append(Line(text, page.shown(line.box), joined))
        joined = joins
    return lines


def _mended(line: TextLine, following: TextLine | None, hyphens: "_Hyphens") -> tuple[str, bool]:
    """The text of a line with the hyphen at its end where it has to stay, and whether the next line goes on with it."""
    text = line.text
    broken = line.broken or (text.endswith(("-", "\u2010")) and len(text) > 1 and text[-2].isalpha())
    if not broken:
        return text, False
    stem = text if line.broken else text[:-1]
    if following is None:
        return f"{stem}-", False
    first, last = _FIRST_WORD.match(following.text), _LAST_WORD.search(stem)
    if first is None or last is None:
        return f"{stem}-", line.broken
    if first[0][0].islower() and f"{last[0]}-{first[0]}".casefold() not in hyphens.words:
        return stem, True
    return f"{stem}-", True


class _Hyphens:
    """Words that the document writes with a hyphen within a line."""

    def __init__(self, parts: Iterable[tuple[Page, Sequence[Part]]]) -> None:
        self._parts = list(parts)

    @cached_property
    def words(self) -> frozenset[str]:
        lines = (
            line.text for _, parts in self._parts for part in parts if isinstance(part, Block) for line in part.lines
        )
        found = (word for text in lines if "-" in text for word in text.split() if "-" in word[1:-1])
        return frozenset(word.casefold().strip(_MARKS) for word in found)
