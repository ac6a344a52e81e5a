"""A model's reply while it arrives: what may be shown of it, and which of its sentences are complete."""

from collections.abc import Collection
from itertools import pairwise

from rag.answering.markers import MARKER, OPEN_MARKER, with_known_markers
from rag.answering.prompt import SENTINEL
from rag.chunking.sentences import sentence_spans

_QUOTING = " \t\n\"'`*_."


class Transcript:
    """Takes a reply piece by piece.

    Markers that name no evidence never come out of it, even when a piece ends in the middle of one: what may still
    become a marker or the sentinel is held back until it is decided.

    Attributes:
        text: what was shown so far.
        refused: the reply opened with the sentinel: the model says that the evidence does not hold the answer.
    """

    def __init__(self, known: Collection[int]) -> None:
        self.text = ""
        self.refused = False
        self._known = known
        self._held = ""
        self._given = 0

    def feed(self, piece: str) -> str:
        """What may be shown now."""
        pending = self._held + piece
        cut = self._undecided(pending)
        self._held = pending[cut:]
        return self._show(pending[:cut])

    def finish(self) -> str:
        """What was held back and may be shown after all; a marker that was never closed may not."""
        rest, self._held = OPEN_MARKER.sub("", self._held), ""
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
        """Where the part begins that later pieces may turn into a marker or the sentinel."""
        if not self.text and not pending.strip(_QUOTING):
            return 0
        for length in range(min(len(SENTINEL) - 1, len(pending)), 0, -1):
            if pending.endswith(SENTINEL[:length]):
                before = pending[:-length]
                # an opening quote must wait with the sentinel that it may belong to
                return len(before.rstrip(" \t") if self.text or before.strip(_QUOTING) else "")
        match = OPEN_MARKER.search(pending)
        return match.start() if match else len(pending)

    def _show(self, piece: str) -> str:
        if not self.text and piece.lstrip(_QUOTING).startswith(SENTINEL):
            self.refused = True
        if self.refused:
            return ""
        shown = with_known_markers(piece.replace(SENTINEL, ""), self._known)
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
