"""Fenced blocks of code in a text that arrives piece by piece."""

import re

_FENCE = re.compile(r"\s*(`{3,}|~{3,})(.*)")
_BEGIN = 200
"""Characters of a line that say whether it is a fence."""


class Fences:
    """Reads a text as it comes, and knows whether it stands within a fenced block (CommonMark 0.31, 4.5).

    A fence counts when its line has ended.

    Attributes:
        inside: a block was opened and not closed.
        line: beginning of the line that is being read.
    """

    def __init__(self) -> None:
        self.line = ""
        self._opened = ""

    @property
    def inside(self) -> bool:
        return bool(self._opened)

    def read(self, text: str) -> None:
        """Go on with a further piece."""
        *lines, last = text.split("\n")
        for line in lines:
            self._end(self.line + line)
            self.line = ""
        self.line = (self.line + last)[:_BEGIN]

    def _end(self, line: str) -> None:
        match = _FENCE.match(line)
        if match is None:
            return
        fence, rest = match.groups()
        if not self._opened:
            self._opened = "" if fence[0] in rest else fence
        elif fence.startswith(self._opened) and not rest.strip():
            self._opened = ""
