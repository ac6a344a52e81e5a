"""Builds the text of a document from what a parser found: Markdown whose syntax is marked as such."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from connectors.parsing.document import build
from connectors.parsing.normalise import canonical
from connectors.parsing.spans import Span
from rag.types import Document, Element, ElementKind, LineBox, SourceItem

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom in points from the page's top left corner."""

Piece: TypeAlias = tuple[str, bool]
"""Some characters, and whether they are syntax: shown, but neither encoded nor matched."""

Inline: TypeAlias = str | Sequence[Piece]
"""The content of a paragraph, a list item or a cell."""

_JOINER = "\u034f"
"""Invisible; keeps a combining mark at the start of a piece from changing the character before it."""
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text, and where it stands on its element's page.

    Attributes:
        joined: it goes on where the line before ends, as after a hyphen that only broke the word.
    """

    content: Inline
    box: Box | None = None
    joined: bool = False


class DocumentWriter:
    """Collects elements in reading order. Every call adds one; what has no visible character adds nothing.

    Headings are written as `## Heading`, items as `- item` or `3. item`, tables with pipes and a rule, code between
    fences; these signs are markup (`Document.markup`). Text is made canonical here, once, and positions and boxes refer
    to what was written. A blank line stands between elements, none between the items of a list.
    """

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._elements: list[Element] = []
        self._markup: list[Span] = []

    @property
    def empty(self) -> bool:
        """Nothing visible was written yet."""
        return not self._elements

    def heading(self, content: Inline | Sequence[Line], level: int, *, page: int | None = None) -> None:
        """A heading of level 1 to 6; other levels are brought into that range."""
        level = min(max(level, 1), 6)
        lines = [replace(line, content=_one_line(line.content)) for line in _lines(content)]
        self._add("heading", lines, sign=[("#" * level + " ", True)], page=page, level=level)

    def paragraph(self, content: Inline | Sequence[Line], *, page: int | None = None) -> None:
        """A paragraph; line feeds in it stay."""
        self._add("paragraph", _lines(content), page=page)

    def item(
        self, content: Inline | Sequence[Line], *, depth: int = 0, number: str = "", page: int | None = None
    ) -> None:
        """A list item.

        Args:
            depth: 0 for the outermost list.
            number: of an ordered list's item as it is shown (`3.`, `b)`), a word of the text; else it gets a bullet.
        """
        sign = [("  " * depth, True), (f"{number} ", False) if number else ("- ", True)]
        self._add("list_item", _lines(content), sign=sign, page=page)

    def code(self, text: str | Sequence[Line], *, language: str = "", page: int | None = None) -> None:
        """A block whose line ends and indentation mean something; lines for formats with pages."""
        given = [Line(canonical(text).strip("\n"))] if isinstance(text, str) else text
        lines = [replace(line, content=_canonical(line.content)) for line in given]
        shown = "\n".join(part for line in lines for part, _ in _pieces(line.content))
        fence = "```"
        while fence in shown:
            fence += "`"
        self._add("code", lines, sign=[(f"{fence}{language}\n", True)], end=[(f"\n{fence}", True)], page=page)

    def table(
        self,
        rows: Sequence[Sequence[Inline]],
        *,
        header_rows: int = 1,
        boxes: Sequence[Box | None] = (),
        page: int | None = None,
    ) -> None:
        """A table, a line a row.

        Args:
            rows: of cells, the header first; short ones are filled up, rows and columns without text are left out.
            header_rows: how many of the rows are its header, which goes with every chunk of the table.
            boxes: of the rows, for formats with pages.
        """
        # wide tables are mostly empty, and what is empty takes no work
        table = [[_one_line(cell) if cell else () for cell in row] for row in rows]
        filled = [[n for n, cell in enumerate(row) if cell and _visible(cell)] for row in table]
        kept = sorted({n for columns in filled for n in columns})
        lines, header = [], 0
        for number, row in enumerate(table):
            if filled[number]:
                box = boxes[number] if number < len(boxes) else None
                lines.append(Line(_row([row[n] if n < len(row) else () for n in kept]), box))
                header += number < header_rows
        if lines:
            rule = Line([("|" + " --- |" * len(kept), True)])
            # Markdown knows one header row, and needs one
            self._add("table", [lines[0], rule, *lines[1:]], page=page, header_lines=header + 1 if header else 0)

    def document(
        self,
        item: SourceItem,
        *,
        data: bytes,
        mime: str,
        title: str = "",
        language: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Document:
        """What was written, as the item's document; see `connectors.parsing.document.build`.

        Args:
            language: ISO 639-1 code where the format names it.
        """
        document = build(
            item,
            data=data,
            mime=mime,
            text="".join(self._parts),
            elements=self._elements,
            title=title,
            markup=self._markup,
            metadata=metadata,
        )
        return replace(document, language=language)

    def _add(
        self,
        kind: ElementKind,
        lines: Sequence[Line],
        *,
        sign: Sequence[Piece] = (),
        end: Sequence[Piece] = (),
        page: int | None = None,
        level: int | None = None,
        header_lines: int = 0,
    ) -> None:
        lines = [line for line in lines if line.content]
        if not any(_visible(line.content) for line in lines):
            return
        if self._elements:
            listing = kind == self._elements[-1].kind == "list_item"
            self._write([("\n" if listing else "\n\n", False)])
        start, header, boxes = self._length, None, []
        self._write(sign)
        for number, line in enumerate(lines):
            if number and not line.joined:
                # a heading is one line in Markdown
                self._write([(" " if kind == "heading" else "\n", False)])
            low = self._length
            self._write(_pieces(line.content))
            if line.box and page is not None:
                left, top, right, bottom = line.box
                boxes.append(
                    LineBox(start=low, end=self._length, page=page, left=left, top=top, right=right, bottom=bottom)
                )
            if number + 1 == header_lines:
                header = self._length
        self._write(end)
        self._elements.append(
            Element(
                kind=kind,
                start=start,
                end=self._length,
                level=level,
                page=page,
                lines=tuple(boxes),
                header_end=header,
            )
        )

    def _write(self, pieces: Iterable[Piece]) -> None:
        for text, syntax in pieces:
            # nothing in ASCII composes with the character before it
            if text and not text[0].isascii() and self._parts:
                text = text if unicodedata.is_normalized("NFC", self._parts[-1][-1] + text[0]) else _JOINER + text
            if syntax and text:
                self._markup.append((self._length, self._length + len(text)))
            if text:
                self._parts.append(text)
                self._length += len(text)


def _lines(content: Inline | Sequence[Line]) -> list[Line]:
    """The lines of a content, each in canonical pieces without white space at its ends."""
    given = [part for part in content if isinstance(part, Line)]
    lines = given or [Line(content if isinstance(content, str) else [p for p in content if not isinstance(p, Line)])]
    return [replace(line, content=_stripped(_canonical(line.content))) for line in lines]


def _pieces(content: Inline) -> Sequence[Piece]:
    return [(content, False)] if isinstance(content, str) else content


def _canonical(content: Inline) -> list[Piece]:
    return [(canonical(text), syntax) for text, syntax in _pieces(content)]


def _stripped(pieces: list[Piece]) -> list[Piece]:
    while pieces and not pieces[0][0].strip():
        del pieces[0]
    while pieces and not pieces[-1][0].strip():
        del pieces[-1]
    if pieces:
        pieces[0] = (pieces[0][0].lstrip(), pieces[0][1])
        pieces[-1] = (pieces[-1][0].rstrip(), pieces[-1][1])
    return pieces


def _one_line(content: Inline) -> list[Piece]:
    """A cell or heading: white space as single spaces."""
    pieces = _stripped(_canonical(content))
    return [(_BLANKS.sub(" ", text), syntax) for text, syntax in pieces]


def _row(cells: Sequence[Sequence[Piece]]) -> list[Piece]:
    """`| cell | cell |`; the spaces beside the pipes keep the cells' words apart."""
    pieces: list[Piece] = [("|", True)]
    for cell in cells:
        pieces.append((" ", False))
        for text, syntax in cell:
            for number, part in enumerate(text.split("|")):
                pieces += [("\\", True), ("|", syntax)] if number else []
                pieces.append((part, syntax))
        pieces += [(" ", False), ("|", True)]
    return pieces


def _visible(content: Inline) -> bool:
    return any(not syntax and text.strip() for text, syntax in _pieces(content))
