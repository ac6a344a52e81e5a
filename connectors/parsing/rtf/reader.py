"""Follows the groups of a rich text and writes what is seen of it.

Words are those of the Rich Text Format Specification 1.9.1 (Microsoft, 2008).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from connectors.parsing.rtf.tokens import Token, tokens
from connectors.parsing.rtf.words import CHARACTERS, CHARSETS, PAGES, STARRED, UNSEEN, codec_of_page
from connectors.parsing.writer import DocumentWriter, Piece

_ADDRESS = re.compile(r'HYPERLINK\s+"([^"\s]+://[^"\s]+)"')
_HEADING_NAME = re.compile(r"\s*heading (\d)", re.IGNORECASE)
_BULLET = re.compile(r"\W*|o")


@dataclass(frozen=True, slots=True)
class _State:
    """What holds in a group and is restored at its end.

    Attributes:
        into: where text goes: `body`, a part that is kept, or a part that is not.
        skip: characters after a Unicode character that stand for it in old readers.
        level: of the outline, 0 for the highest; None in body text.
    """

    into: str = "body"
    codec: str = "cp1252"
    skip: int = 1
    hidden: bool = False
    level: int | None = None
    depth: int = 0
    in_table: bool = False


@dataclass(slots=True)
class _Flow:
    """A text that is being filled: the body's, or that of a note or box beside it."""

    pieces: list[Piece] = field(default_factory=list)
    cells: list[list[Piece]] = field(default_factory=list)
    rows: list[list[list[Piece]]] = field(default_factory=list)
    beside_rows: list[list[Piece]] = field(default_factory=list)
    marker: str = ""


class RtfReader:
    """Reads one file into `writer`; `info` has its title and author."""

    def __init__(self) -> None:
        self.writer = DocumentWriter()
        self.info: dict[str, str] = {}
        self._state = _State()
        self._end: Callable[[], None] | None = None
        self._groups: list[tuple[_State, Callable[[], None] | None]] = []
        self._flow = self._body = _Flow()
        self._asides: list[list[Piece]] = []
        self._page, self._fonts, self._levels = "cp1252", dict[int, str](), dict[int, int]()
        self._captured = self._address = self._mark = ""
        self._bytes = bytearray()
        self._skip = self._font = self._default_font = self._style = self._notes = 0
        self._starred = False

    def read(self, data: bytes) -> None:
        """Write all that is seen."""
        for token in tokens(data):
            if token.text:
                self._bytes += token.text[self._skip :]
                self._skip = max(0, self._skip - len(token.text))
                continue
            self._bytes_end()
            if token.word == "u" and token.number is not None:
                self._write(chr(token.number % 65536))
                self._skip = self._state.skip
            else:
                self._skip = 0
                self._word(token)
        self._bytes_end()
        while self._groups:  # groups that were never closed
            self._close()
        self._paragraph_ends()
        self._table_ends()

    def _word(self, token: Token) -> None:
        word, number = token.word, token.number
        if word == "{":
            self._groups.append((self._state, self._end))
            self._end = None
        elif word == "}":
            if self._groups:
                self._close()
        elif word == "*":
            self._starred = True
            return
        elif word in UNSEEN or (self._starred and word not in STARRED):
            self._enter("unseen")
        elif word in CHARACTERS:
            self._write(CHARACTERS[word])
        elif not self._begins_group(word):
            self._sets(word, number)
        self._starred = False

    def _close(self) -> None:
        if self._end:
            self._end()
        fonts = self._state.into == "fonttbl"
        self._state, self._end = self._groups.pop()
        if fonts:  # they are known now: what is in no font is in the default one
            self._state = replace(self._state, codec=self._default_codec)

    def _enter(self, into: str, end: Callable[[], None] | None = None) -> None:
        """The group's text goes elsewhere until it ends; what is unseen stays so."""
        if self._state.into != "unseen":
            self._state = replace(self._state, into=into)
            self._end = end or self._end

    def _begins_group(self, word: str) -> bool:
        """Whether the word says what its group is."""
        into = self._state.into
        if word in ("info", "stylesheet", "fonttbl"):
            self._enter(word)
        elif into == "info" and word in ("title", "author"):
            self._capture(lambda text: self.info.update({word: text}))
        elif into == "stylesheet" and word in ("s", "cs", "ds", "ts"):
            self._capture(self._style_named, into="stylesheet")
            return False  # its number counts
        elif into == "body" and word in ("listtext", "pntext"):
            self._capture(self._marked)
        elif into == "body" and word == "fldinst":
            self._capture(self._linked)
        elif into == "body" and word == "fldrslt" and self._address:
            self._write("[", markup=True)
            target, self._address = f"]({self._address})", ""
            self._end = lambda: self._write(target, markup=True)
        elif into == "body" and word in ("footnote", "shptxt"):
            self._beside(self._mark if word == "footnote" else "")
        else:
            return False
        return True

    def _capture(self, take: Callable[[str], None], into: str = "captured") -> None:
        self._captured = ""
        self._enter(into, lambda: take(_joined(self._captured)))

    def _style_named(self, name: str) -> None:
        if heading := _HEADING_NAME.match(name):
            self._levels.setdefault(self._style, int(heading[1]) - 1)

    def _marked(self, text: str) -> None:
        self._flow.marker = text.strip() or "\u2022"

    def _linked(self, instruction: str) -> None:
        found = _ADDRESS.search(instruction)
        self._address = found[1] if found else ""

    def _beside(self, mark: str) -> None:
        """A note or box begins in the middle of a paragraph, which goes on after it."""
        around, inside, self._mark = self._flow, _Flow(), ""
        if mark:
            inside.pieces.append((f"{mark}:", True))
        self._flow = inside
        self._state = replace(self._state, hidden=False, in_table=False, level=None)

        def end() -> None:
            self._flow = around
            self._asides.append(inside.pieces)

        self._end = end

    def _sets(self, word: str, number: int | None) -> None:
        """A word that changes what holds, or ends a part of the text."""
        state, into = self._state, self._state.into
        if word == "par" or word == "sect":
            self._paragraph_ends()
        elif word in ("cell", "row"):
            self._cell_ends() if word == "cell" else self._row_ends()
        elif word == "pard":
            self._state = replace(state, level=None, depth=0, in_table=False)
        elif word == "plain":
            self._state = replace(state, hidden=False, codec=self._default_codec)
        elif word in ("v", "deleted"):
            self._state = replace(state, hidden=number != 0)
        elif word in ("intbl", "itap"):
            self._state = replace(state, in_table=number != 0)
        elif word == "chftn" and into == "body" and self._flow is self._body:
            self._notes += 1
            self._mark = f"[^{self._notes}]"
            self._write(self._mark, markup=True)
        elif word in PAGES or word == "ansicpg":
            self._page = codec_of_page(number or 1252) if word == "ansicpg" else PAGES[word]
            self._state = replace(state, codec=self._page)
        elif number is not None:
            self._numbered(word, number)

    @property
    def _default_codec(self) -> str:
        return self._fonts.get(self._default_font, self._page)

    def _numbered(self, word: str, number: int) -> None:
        state = self._state
        if word == "deff":
            self._default_font = number
        elif word == "f" and state.into == "fonttbl":
            self._font = number
        elif word == "f":
            self._state = replace(state, codec=self._fonts.get(number, self._page))
        elif word == "fcharset" and number in CHARSETS:
            self._fonts[self._font] = CHARSETS[number]
        elif word == "s" and state.into == "stylesheet":
            self._style = number
        elif word == "s":
            self._state = replace(state, level=self._levels.get(number))
        elif word == "outlinelevel" and state.into == "stylesheet":
            self._levels[self._style] = number
        elif word == "outlinelevel":
            self._state = replace(state, level=number if number < 9 else None)
        elif word == "ilvl":
            self._state = replace(state, depth=min(max(number, 0), 9))
        elif word == "uc":
            self._state = replace(state, skip=max(number, 0))

    def _bytes_end(self) -> None:
        if self._bytes:
            self._write(self._bytes.decode(self._state.codec, "replace"))
            self._bytes.clear()

    def _write(self, text: str, *, markup: bool = False) -> None:
        if self._state.into == "body" and not self._state.hidden:
            self._flow.pieces.append((text, markup))
        elif self._state.into in ("captured", "stylesheet"):
            self._captured += text

    def _paragraph_ends(self) -> None:
        if self._state.into != "body":
            return
        flow, state = self._flow, self._state
        if flow is not self._body or state.in_table:
            flow.pieces.append(("\n", False))
            return
        self._table_ends()
        pieces, flow.pieces = _whole(flow.pieces), []
        marker, flow.marker = flow.marker, ""
        if state.level is not None:
            self.writer.heading(([(f"{marker} ", False)] if marker.strip("\u2022") else []) + pieces, state.level + 1)
        elif marker:
            self.writer.item(pieces, depth=state.depth, number="" if _BULLET.fullmatch(marker) else marker)
        else:
            self.writer.paragraph(pieces)
        for aside in self._asides:
            self.writer.paragraph(_whole(aside))
        self._asides = []

    def _cell_ends(self) -> None:
        if self._flow is not self._body:
            self._write(" ")
        elif self._state.into == "body":
            marker = [(f"{self._flow.marker} ", False)] if self._flow.marker else []
            self._flow.cells.append(_whole(marker + self._flow.pieces))
            self._flow.pieces, self._flow.marker = [], ""

    def _row_ends(self) -> None:
        if self._flow is self._body and self._state.into == "body" and self._flow.cells:
            self._flow.rows.append(self._flow.cells)
            self._flow.cells = []
            self._flow.beside_rows += self._asides
            self._asides = []

    def _table_ends(self) -> None:
        pieces, self._flow.pieces = self._flow.pieces, []
        self._row_ends()
        if self._flow.rows:
            self.writer.table(self._flow.rows)
            for aside in self._flow.beside_rows:
                self.writer.paragraph(_whole(aside))
            self._flow.rows, self._flow.beside_rows = [], []
        self._flow.pieces = pieces


def _whole(pieces: list[Piece]) -> list[Piece]:
    """Neighbours of a kind as one, with the halves of characters beyond 65535 joined."""
    whole: list[Piece] = []
    for text, markup in pieces:
        if whole and whole[-1][1] == markup:
            whole[-1] = (whole[-1][0] + text, markup)
        else:
            whole.append((text, markup))
    return [(_joined(text), mark) for text, mark in whole]


def _joined(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
