"""A model's answer while it comes in: what of it is shown when, and its checked sentences."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rag.answering.answerer import Event, checked_events
from rag.answering.leaving_out import LeavingOut, Piece, is_label, is_row, is_rule
from rag.answering.streaming import Transcript
from rag.answering.verification.verifier import Verifier
from rag.results import AnswerSentence


class Writing:
    """An answer while it comes in.

    Attributes:
        pieces: all that was written, sentence by sentence.
        sentences: those that are shown, checked.
        cut_off: the model was stopped before it had ended.
    """

    def __init__(self, verifier: Verifier, transcript: Transcript, *, drop: bool) -> None:
        self.transcript = transcript
        self.cut_off = False
        self.pieces: list[Piece] = []
        self.sentences: list[AnswerSentence] = []
        self._shown: list[str] = []
        self._held: Piece | None = None
        self._verifier = verifier
        self._leaving_out = LeavingOut() if drop else None

    @property
    def text(self) -> str:
        """What was shown."""
        return "".join(self._shown)

    @property
    def dropped(self) -> int:
        """How many sentences were not shown, since nothing supports them."""
        return self._leaving_out.left_out if self._leaving_out else 0

    def show(self, text: str, *, final: bool = False) -> Iterator[Event]:
        """The events of a further piece of text: at once, or where sentences may be dropped when they are checked."""
        if not self._leaving_out:
            yield from self._token(text)
        for checked in self._pieces(final=final):
            self.pieces.append(checked)
            if not self._leaving_out:
                yield from self._checked(checked.sentence)
                continue
            for piece in self._leaving_out.add(checked):
                yield from self._token(piece.text)
                yield from self._checked(piece.sentence)
        if self._leaving_out and final:
            for piece in self._leaving_out.end():
                yield from self._token(piece.text)
                yield from self._checked(piece.sentence)

    def _pieces(self, *, final: bool) -> Iterator[Piece]:
        """What is complete, checked. The head of a table and a label above something claim nothing."""
        for complete in self.transcript.sentences(final=final):
            held, self._held = self._held, None
            if held:
                yield replace(held, sentence=None) if is_label(held.text) or is_rule(complete) else held
            piece = Piece(complete, self._verifier.support(complete.strip()))
            if piece.lost and (is_label(complete) or is_row(complete)):
                self._held = piece  # what it is, the next line tells
            else:
                yield piece
        if final and self._held:
            yield self._held

    def _token(self, text: str) -> Iterator[Event]:
        if text:
            self._shown.append(text)
            yield {"type": "token", "text": text}

    def _checked(self, sentence: AnswerSentence | None) -> Iterator[Event]:
        if sentence is not None:
            yield from checked_events(len(self.sentences), sentence)
            self.sentences.append(sentence)


def replayed(pieces: Sequence[Piece]) -> Iterator[Event]:
    """The events of an answer that is all there."""
    index = 0
    for piece in pieces:
        yield {"type": "token", "text": piece.text}
        if piece.sentence is not None:
            yield from checked_events(index, piece.sentence)
            index += 1
