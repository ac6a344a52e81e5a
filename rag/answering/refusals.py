"""How a model says that the evidence does not hold the answer: one word, which not every model writes alone."""

import re

LONGEST = 200
"""Characters up to which a reply that has it somewhere is nothing but a refusal."""
_MARKS, _MARKS_AFTER = "[*_`\"']{0,3}", "[*_`\"'.]{0,4}"
REFUSAL = re.compile(rf"{_MARKS}(?:(?i:not(?:\\?_|-)in(?:\\?_|-)evidence)|NOT IN EVIDENCE){_MARKS_AFTER}")
"""The word, with capitals or without, and the marks of Markdown and the full stop around it."""
_IN_WORDS = re.compile(r"\bnot[\s_\\-]{1,3}in[\s_\\-]{1,3}(?:the\s)?evidence\b", re.IGNORECASE)


def _begun(steps: list[str]) -> str:
    """A pattern for as many of the steps as there are, in order."""
    pattern = ""
    for step in reversed(steps):
        pattern = f"(?:{step}{pattern})?"
    return pattern


_BETWEEN = r"(?:\\?_|\\|[- ])"
_OPEN = re.compile(
    rf"{_MARKS}(?<![^\W_])" + _begun([*"not", _BETWEEN, *"in", _BETWEEN, *"evidence", _MARKS_AFTER]) + r"\Z",
    re.IGNORECASE,
)
_TAIL = 40


def undecided(text: str) -> int:
    """Where at the end of a text the word may begin, or its length."""
    match = _OPEN.search(text, max(0, len(text) - _TAIL))
    return match.start() if match else len(text)


def declines(text: str, *, refused: bool) -> bool:
    """Whether a short reply, of which nothing could be verified, is a refusal.

    Args:
        text: the reply without the word.
        refused: it had the word.
    """
    return len(text) <= LONGEST and (refused or _IN_WORDS.search(text) is not None)
