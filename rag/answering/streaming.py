"""A model's reply while it arrives: what may be shown of it, and which of its sentences are complete."""

import re
from collections.abc import Collection
from itertools import pairwise

from rag.answering.markers import MARKER, OPEN_MARKER, with_known_markers, without_markers, without_open_marker
from rag.answering.refusals import REFUSAL, declines, undecided
from rag.answering.replies import only_replies
from rag.chunking.sentences import sentence_spans

_BLOCK = re.compile(r"#|[-*+•]\s|\d{1,3}[.)]\s|\||```|~~~")
"""Opens a heading, a list item, a row or code; with so many characters at most."""
_OPENING = 8
_QUOTING = " \t\n\"'`*_.[](){}<>#-"
_LONGEST_QUOTING = 40
_LONGEST_HELD = 1500
"""Characters that are held back at most; a marker has fewer."""
LONG, LOOKS = 1000, 0.125
"""Characters from which a sentence that goes on is long: its end is looked for when it has grown by this share."""


class Transcript:
    """Takes a reply piece by piece.

    Markers that name no evidence never come out of it, even when a piece ends in the middle of one: what may still
    become a marker or a refusal is held back until it is decided.

    Attributes:
        text: what was shown so far.
        refused: the reply opened with a refusal: the model says that the evidence does not hold the answer.
    """

    def __init__(self, known: Collection[int]) -> None:
        self.refused = False
        self._known = known
        self._held = ""
        self._refuses = False
        self._line = ""  # what was shown of the last line
        # in parts, and read again only where enough has come: a sentence may never end
        self._shown: list[str] = []
        self._open: list[str] = []
        self._open_chars = self._next_look = 0

    @property
    def text(self) -> str:
        return "".join(self._shown)

    @property
    def declines(self) -> bool:
        """Unless something of it can be verified, the reply is a refusal: it is short, and has one somewhere."""
        return self.refused or declines(self.text, refused=self._refuses)

    def feed(self, piece: str) -> str:
        """What may be shown now."""
        pending = self._held + piece
        cut = self._undecided(pending)
        self._held = pending[cut:]
        return self._show(pending[:cut])

    def finish(self) -> str:
        """What was held back and may be shown after all; a marker that was never closed may not."""
        rest, self._held = without_open_marker(self._held), ""
        return self._show(rest)

    def sentences(self, *, final: bool = False) -> list[str]:
        """Sentences that are complete and were not given before, with the white space behind them.

        Args:
            final: also the last one.
        """
        if self._open_chars < self._next_look and not final:
            return []
        rest = "".join(self._open)
        bounds = [*_starts(rest), *([len(rest)] if final else [])]
        given = bounds[-1] if bounds else 0
        self._open, self._open_chars = [rest[given:]], len(rest) - given
        self._next_look = int(self._open_chars * (1 + LOOKS)) if self._open_chars > LONG else 0
        return [rest[start:end] for start, end in pairwise(bounds)]

    def _undecided(self, pending: str) -> int:
        """Where the part begins that later pieces may turn into a marker or a refusal."""
        opening = not self._shown and len(pending) <= _LONGEST_QUOTING
        if opening and not pending.strip(_QUOTING):
            return 0
        match = OPEN_MARKER.search(pending)
        cut = match.start() if match else len(pending)
        refusal = undecided(pending)
        if refusal < len(pending):
            before = pending[:refusal]
            # an opening quote must wait with the refusal that it may belong to
            cut = min(cut, 0 if opening and not before.strip(_QUOTING) else len(before.rstrip(" \t")))
        return cut if len(pending) - cut <= _LONGEST_HELD else len(pending)

    def _show(self, piece: str) -> str:
        if not self._shown and REFUSAL.match(piece.lstrip(_QUOTING)):
            self.refused = True
        if self.refused:
            return ""
        rest = REFUSAL.sub("", piece)
        self._refuses = self._refuses or rest != piece
        shown = with_known_markers(rest, self._known, self._line)
        shown = shown if self._shown else shown.lstrip()
        if shown:
            self._line = (self._line + shown).rpartition("\n")[2]
            self._shown.append(shown)
            self._open.append(shown)
            self._open_chars += len(shown)
        return shown


def _starts(text: str) -> list[int]:
    """Where sentences begin; a marker after a full stop belongs to the sentence before it, if there is one."""
    masked = MARKER.sub(lambda match: " " * len(match[0]), text)
    starts, at = [], 0
    for line in masked.splitlines(keepends=True):
        starts += [at + start for start, _ in sentence_spans(line)]
        at += len(line)
    starts = [0, *starts[1:]] if text.strip() else []
    return [
        start
        for before, start in pairwise([0, *starts])
        if not _joins(text[before:start], text[start : start + _OPENING])
    ]


def _joins(before: str, text: str) -> bool:
    """A "Yes." goes with the sentence behind it, which says what is so."""
    return only_replies(without_markers(before)) and not _BLOCK.match(text)
