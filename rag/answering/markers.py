"""Citation markers in the text of a model: `[1]`, `[1, 2]`, `[1-3]`, `[1][3]`."""

import re
from collections.abc import Collection

# a marker takes the blanks before it along, so that a removed one leaves none
MARKER = re.compile(r"(?<![ \t])[ \t]*[\[【]\s*\^?\s*(\d[\d\s,;–-]*)(?:†[^\]】\n]*)?[\]】]")
OPEN_MARKER = re.compile(r"(?<![ \t])[ \t]*(?:[\[【][\s\d,;^–-]*(?:†[^\]】\n]*)?)?$")
_LONGEST_NUMBER = 9
_LONGEST_RANGE = 100


def cited(text: str) -> list[int]:
    """The evidence numbers that the markers of a text name, each once, in order of appearance."""
    return list(dict.fromkeys(n for match in MARKER.finditer(text) for n in _named(match[1])))


def without_markers(text: str) -> str:
    """The text without its citation markers."""
    return MARKER.sub("", text)


def with_known_markers(text: str, known: Collection[int]) -> str:
    """The text with markers for numbers in `known` only, written `[1][2]`; others leave no trace."""

    def rewrite(match: re.Match[str]) -> str:
        kept = [n for n in dict.fromkeys(_named(match[1])) if n in known]
        blank = match[0][: len(match[0]) - len(match[0].lstrip(" \t"))]
        return blank + "".join(f"[{n}]" for n in kept) if kept else ""

    return MARKER.sub(rewrite, text)


def _named(numbers: str) -> list[int]:
    named: list[int] = []
    for part in re.split(r"[,;\s]+", re.sub(r"\s*[–-]\s*", "-", numbers.strip())):
        digits = [d for d in part.split("-") if d]
        if not digits or any(len(d) > _LONGEST_NUMBER for d in digits):
            continue
        low, high = int(digits[0]), int(digits[-1])
        named += range(low, high + 1) if low <= high < low + _LONGEST_RANGE else [low, high]
    return named
