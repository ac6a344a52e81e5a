"""A model's reply while it arrives: what may be shown of it, and which of its sentences are complete."""

from collections.abc import Collection
from itertools import pairwise

from rag.answering.markers import MARKER, OPEN_MARKER, with_known_markers, without_open_marker
from rag.answering.refusals import REFUSAL, declines, undecided
from rag.chunking.sentences import sentence_spans

_QUOTING = " \t\n\"'`*_.[](){}<>#-"
_LONGEST_QUOTING = 40


class Transcript:
    """Takes a reply piece by piece.

    Markers that name no evidence never come out of it, even when a piece ends in the middle of one: what may still
    become a marker or a refusal is held back until it is decided.

    Attributes:
        text: what was shown so far.
        refused: the reply opened with a refusal: the model says that the evidence does not hold the answer.
    """

    def __init__(self, known: Collection[int]) -> None:
        self.text = ""
        self.refused = False
        self._known = known
        self._held = ""
        self._given = 0
        self._refuses = False

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
        bounds = [self._given + start for start in _starts(self.text[self._given :])]
        if final:
            bounds.append(len(self.text))
        if len(bounds) < 2:
            return []
        self._given = bounds[-1]
        return [self.text[start:end] for start, end in pairwise(bounds)]

    def _undecided(self, pending: str) -> int:
        """Where the part begins that later pieces may turn into a marker or a refusal."""
        opening = not self.text and len(pending) <= _LONGEST_QUOTING
        if opening and not pending.strip(_QUOTING):
            return 0
        match = OPEN_MARKER.search(pending)
        cut = match.start() if match else len(pending)
        refusal = undecided(pending)
        if refusal < len(pending):
            before = pending[:refusal]
            # an opening quote must wait with the refusal that it may belong to
            cut = min(cut, 0 if opening and not before.strip(_QUOTING) else len(before.rstrip(" \t")))
        return cut

    def _show(self, piece: str) -> str:
        if not self.text and REFUSAL.match(piece.lstrip(_QUOTING)):
            self.refused = True
        if self.refused:
            return ""
        rest = REFUSAL.sub("", piece)
        self._refuses = self._refuses or rest != piece
        shown = with_known_markers(rest, self._known)
        shown = shown if self.text else shown.lstrip()
        self.text += shown
        return shown


def _starts(text: str) -> list[int]:
    """Where sentences begin; a marker after a full stop belongs to the sentence before it, if there is one."""
    masked = MARKER.sub(lambda match: " " * len(match[0]), text)
    starts, at = [], 0
    for line in masked.splitlines(keepends=True):
        starts += [at + start for start, _ in sentence_spans(line)]
        at += len(line)
    return [0, *starts[1:]] if text.strip() else []
