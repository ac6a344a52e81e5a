"""An answer without its unsupported sentences that is still whole Markdown.

No bullet is left without its item, no code without its fence, no table without its head, and no heading or "The prices
are:" over nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.answering.markers import without_markers
from rag.results import AnswerSentence

_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_ROW = re.compile(r"\s*\|")
_RULE = re.compile(r"[\s|:]*-[\s|:-]*\Z")
_HEADING = re.compile(r"\s{0,3}(#{1,6})\s")
_LABEL = re.compile(r"\s*(?:[-*+•‣◦▪–]\s|\d{1,9}[.)]\s)?\s*(?:\*\*[^*]+\*\*|__[^_]+__)[.:]?\s*\Z")
_PLAIN_LABEL = re.compile(r"\s*(?:\*\*|__)[^*_\d.!?\n]{1,60}(?:\*\*|__)[ \t]*\n")
_ITEM = re.compile(r"(\s*)(?:[-*+•‣◦▪–]|\d{1,9}[.)])\s+")
_TEXT, _IN_LIST, _LOWEST = 7, 8, 99
"""How deep text and lists stand, below the six levels of headings; and what leads to nothing."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence as it was written, with the white space behind it, and as it was checked; None: it states nothing."""

    text: str
    sentence: AnswerSentence | None = None

    @property
    def lost(self) -> bool:
        return self.sentence is not None and not self.sentence.supported


@dataclass(slots=True)
class _Lead:
    """What states nothing and waits for what it leads to. `empty`: something that it leads to was left out."""

    depth: int
    piece: Piece
    empty: bool = False


class LeavingOut:
    """Takes the sentences of an answer in order, and gives those that are shown.

    A list item that is left out takes the items below it along, and one wrong line takes all of the code.

    Attributes:
        left_out: how many sentences were left out, since nothing supports them.
    """

    def __init__(self) -> None:
        self.left_out = 0
        self._block: list[list[Piece]] = []
        self._fence = ""
        self._leads: list[_Lead] = []
        self._items: list[tuple[int, str]] = []
        self._at_line = True
        self._indent = ""
        self._given = ""
        self._gap = 0

    def add(self, piece: Piece) -> list[Piece]:
        """What can be shown now."""
        starts, piece = self._at_line, self._line(piece)
        opens = _FENCE.match(piece.text) if starts else None
        row = bool(starts and _ROW.match(piece.text))
        if self._fence:
            self._gather(piece, starts=starts)
            closes = opens is not None and opens[1].startswith(self._fence) and not piece.text.strip(" \t\n`~")
            return self._closed() if closes else []
        shown = self._closed() if starts and not row else []
        if opens or row or self._block:
            self._fence = opens[1] if opens else ""
            self._gather(piece, starts=starts)
            return shown
        return [*shown, *self._prose(piece, starts=starts)]

    def end(self) -> list[Piece]:
        """What was held back and is shown after all."""
        shown = self._closed()
        return shown + [self._show(lead.piece) for lead in self._leads if not lead.empty]

    def _line(self, piece: Piece) -> Piece:
        """The piece with what it is indented by, which is the end of the white space before it."""
        text = self._indent + piece.text
        tail = text[len(text.rstrip()) :]
        self._at_line = "\n" in tail
        self._indent = tail.rpartition("\n")[2] if self._at_line else ""
        return replace(piece, text=text.removesuffix(self._indent))

    def _gather(self, piece: Piece, *, starts: bool) -> None:
        if starts:
            self._block.append([])
        self._block[-1].append(piece)

    def _closed(self) -> list[Piece]:
        """What is left of a table or of code that has come to its end."""
        lines, self._block = self._block, []
        fence, self._fence = self._fence, ""
        if not lines:
            return []
        orphaned = lines[0][0].text[0].isspace() and any(bullet for _, bullet in self._items)
        kept, left = ([], lines) if orphaned else _code(lines, fence) if fence else _table(lines)
        shown = self._led([piece for line in kept for piece in line], _IN_LIST) if kept else []
        for piece in (piece for line in left for piece in line):
            self._leave_out(piece)
        return shown

    def _prose(self, piece: Piece, *, starts: bool) -> list[Piece]:
        item = _ITEM.match(piece.text) if starts else None
        heading = _HEADING.match(piece.text) if starts else None
        depth = _TEXT if starts else _LOWEST
        if item:
            depth = self._begin_item(item)
        elif starts and not piece.text[0].isspace():
            self._items = []
        if heading:
            depth = len(heading[1])
        bullet = self._items[-1][1] if self._items and not item else ""
        orphaned = any(waiting for _, waiting in self._items[:-1])
        if orphaned or piece.lost or (bullet and piece.sentence is None):
            self._leave_out(piece)
            return []
        if self._items:
            self._items[-1] = (self._items[-1][0], "")
        if bullet:  # it was the beginning of a sentence that was left out
            piece = replace(piece, text=bullet + piece.text.lstrip())
        return self._led([piece], depth) if not self._leads_on(piece, heading, depth) else []

    def _leads_on(self, piece: Piece, heading: re.Match[str] | None, depth: int) -> bool:
        """Whether the piece waits for what it leads to."""
        text = without_markers(piece.text).rstrip()
        label = depth != _LOWEST and _LABEL.match(text)
        if heading or label or (piece.sentence is None and text.endswith((":", "：", ":**", ":*"))):
            self._forget(depth)
            self._leads.append(_Lead(depth, piece))
            return True
        if piece.sentence is None and self._leads:
            self._leads.append(_Lead(_LOWEST, piece, self._leads[-1].empty))
            return True
        return False

    def _begin_item(self, item: re.Match[str]) -> int:
        """How deep a list item stands. Its bullet waits until something of it is shown."""
        indent = len(item[1].expandtabs(4).lstrip("\n"))
        self._items = [*((i, bullet) for i, bullet in self._items if i < indent), (indent, item[0])]
        return _IN_LIST + indent

    def _led(self, pieces: Sequence[Piece], depth: int) -> list[Piece]:
        """The pieces behind what leads to them."""
        self._forget(depth)
        leads, self._leads = [lead.piece for lead in self._leads], []
        return [self._show(piece) for piece in (*leads, *pieces)]

    def _forget(self, depth: int) -> None:
        """What lead to nothing, now that something else begins that is as deep."""
        while self._leads and self._leads[-1].depth >= depth and self._leads[-1].empty:
            self._leads.pop()

    def _leave_out(self, piece: Piece) -> None:
        self.left_out += piece.lost
        self._gap = max(self._gap, _newlines(piece.text))
        for lead in self._leads:
            lead.empty = True

    def _show(self, piece: Piece) -> Piece:
        """The piece, behind the line ends of what was left out before it."""
        missing = self._gap - _newlines(self._given) if self._given else 0
        self._given, self._gap = piece.text, 0
        return replace(piece, text="\n" * missing + piece.text) if missing > 0 else piece


def is_label(text: str) -> bool:
    """Whether a line is no more than what the lines below it are about, as in "**Details**"."""
    return _PLAIN_LABEL.match(text) is not None


def is_row(text: str) -> bool:
    """Whether it is a whole row of a table."""
    return _ROW.match(text) is not None and text.endswith("\n")


def is_rule(text: str) -> bool:
    """Whether it is what stands between the head of a table and its rows."""
    return _ROW.match(text) is not None and _RULE.match(text) is not None


_Lines = Sequence[list[Piece]]


def _code(lines: _Lines, fence: str) -> tuple[_Lines, _Lines]:
    """The lines of code that are shown, all of them or none, and those that are not; what was never closed is."""
    if any(piece.lost for line in lines for piece in line):
        return [], lines
    last = lines[-1][-1].text
    if len(lines) > 1 and _FENCE.match(last):
        return lines, []
    return [*lines, [Piece(("" if last.endswith("\n") else "\n") + fence)]], []


def _table(lines: _Lines) -> tuple[_Lines, _Lines]:
    """The rows that hold, below the head, which claims nothing, and those that do not; no head without a row."""
    has_head = len(lines) > 1 and _newlines(lines[0][-1].text) == 1 and _RULE.match(_written(lines[1])) is not None
    rows = lines[2:] if has_head else lines
    head = [[replace(piece, sentence=None) for piece in line] for line in lines[: len(lines) - len(rows)]]
    kept = [line for line in rows if not any(piece.lost for piece in line)]
    left = [line for line in rows if any(piece.lost for piece in line)]
    if kept:
        return [*head, *kept], left
    lost = left or any(piece.lost for line in lines for piece in line)
    return ([], [*head, *left] if left else lines) if lost else (lines, [])


def _written(line: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in line)


def _newlines(text: str) -> int:
    """Line ends at the end of a text, at most the two of a paragraph."""
    return min(2, text[len(text.rstrip()) :].count("\n"))
