"""What a reasoning model thinks before it answers, between tags: it is no part of the answer."""

import re

from rag.answering.fences import Fences

# a tag behind a backtick is one that the answer speaks of
_TAG = re.compile(r"(?<!`)(?:<(/?)(?i:think|thinking|thought|reasoning)>|\[(/?)THINK\])")
_BEGUN = re.compile(r"`?(?:[<\[]/?[A-Za-z]*)?\Z")
_LONGEST = len("`</reasoning>")


class Thoughts:
    """Takes thoughts out of a reply, piece by piece.

    A block that is never closed is thought to its end. Where a block was never opened, as by models whose template
    opens it for them, all that came before its end was thought, though it was given out: `anew` says so. In a fenced
    block of code, tags are what the answer shows.

    Attributes:
        anew: what was given out before the last piece was thought, too.
        over: a block of thoughts has ended, and the answer has begun.
    """

    def __init__(self) -> None:
        self.anew = self.over = False
        self._fences = Fences()
        self._held = ""
        self._inside = False
        self._ended = False

    def feed(self, piece: str) -> str:
        """What of the reply is said, and not thought."""
        pending, self._held = self._held + piece, ""
        cut = _undecided(pending)
        self._held = pending[cut:]
        return self._said(pending[:cut])

    def finish(self) -> str:
        """What was held back, since it might have become a tag."""
        rest, self._held = self._held, ""
        return self._said(rest)

    def _said(self, text: str) -> str:
        self.anew = False
        before, at, read = "", 0, 0
        for match in _TAG.finditer(text):
            closes = bool(match[1] or match[2])
            if not self._inside:
                self._fences.read(text[read : match.start()])
                read = match.start()
                if self._fences.inside:
                    continue
            read = match.end()
            if closes:
                self._fences = Fences()
            if not self._inside:
                before = self._after_thoughts(before, text[at : match.start()])
                self._ended = self._ended or closes
            self.over = self.over or (self._inside and closes)
            self._inside = not closes
            at = match.end()
        if self._inside:
            return before
        self._fences.read(text[read:])
        return self._after_thoughts(before, text[at:])

    def _after_thoughts(self, before: str, said: str) -> str:
        """All that is said; only the end of it, where what came before turned out to be thought."""
        if self._ended and said.strip():
            self._ended, self.anew, self.over = False, True, True
            return said
        return before + said


def _undecided(pending: str) -> int:
    """Where what may become a tag begins."""
    match = _BEGUN.search(pending, max(0, len(pending) - _LONGEST))
    return match.start() if match else len(pending)
