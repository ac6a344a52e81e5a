"""Citation markers in the text of a model: `[1]`, `[1, 2]`, `[1-3]`, `[1][3]`, `[Source 1]`, `[[1]](address)`."""

import re
from collections.abc import Collection

# possessive and bounded throughout: what is no marker is read once
_WORD = (
    "(?:(?i:evidence|sources?|passages?|documents?|docs?|ref(?:erence)?s?|citations?|quellen?|belege?|nr|no)"
    r"[\s:.#-]{0,3}+|[#^]\s{0,3}+)"
)
_NAMED = rf"[\[【]{{1,2}}\s{{0,3}}{_WORD}?(\d(?:[\d\s,;–&-]|and\s|und\s|{_WORD}){{0,200}}+)(?:†[^\]】\n]{{0,200}})?"
# a marker takes the blanks before it along, so that a removed one leaves none, and the address that a model makes up
_BLANKS = r"(?<![ \t])[ \t]*"
MARKER = re.compile(rf"{_BLANKS}{_NAMED}[\]】]{{1,2}}(?:\((?:[a-z]{{2,9}}:|#|\.{{0,2}}/|www\.)[^()\s]{{0,500}}\))?")
OPEN_MARKER = re.compile(
    rf"{_BLANKS}(?:[\[【]{{1,2}}\s{{0,3}}(?:[A-Za-z]{{0,10}}[\s:.#^-]{{0,3}}(?:\d[\d\s,;–&.:#^A-Za-z-]{{0,200}}"
    r"(?:†[^\]】\n]{0,200})?(?:[\]】]{1,2}(?:\([^()\s]{0,500})?)?)?)?)?\Z"
)
"""What may become one, or go on with an address."""
_UNCLOSED = re.compile(rf"{_BLANKS}(?:{_NAMED}|[\[【]{{1,2}})?\Z")
_ADDRESS = re.compile(r"(?<=[\]】])\([^()\s]{0,500}\Z")
_LONGEST_NUMBER = 9
_LONGEST_RANGE = 100


def cited(text: str) -> list[int]:
    """The evidence numbers that the markers of a text name, each once, in order of appearance."""
    markers = (match for match in MARKER.finditer(text) if not _is_index(match))
    return list(dict.fromkeys(n for match in markers for n in _named(match[1])))


def without_markers(text: str) -> str:
    """The text without its citation markers."""
    return MARKER.sub(lambda match: match[0] if _is_index(match) else "", text)


def with_known_markers(text: str, known: Collection[int], before: str = "") -> str:
    """The text with markers for numbers in `known` only, written `[1][2]`; others leave no trace.

    Args:
        before: what stands in front of the text in its line.
    """

    def rewrite(match: re.Match[str]) -> str:
        if _is_index(match, before):
            return match[0]
        kept = [n for n in dict.fromkeys(_named(match[1])) if n in known]
        blank = match[0][: len(match[0]) - len(match[0].lstrip(" \t"))]
        return blank + "".join(f"[{n}]" for n in kept) if kept else ""

    return MARKER.sub(rewrite, text)


def _is_index(match: re.Match[str], before: str = "") -> bool:
    """Whether what looks like a marker is the index in a piece of code: `argv[1]`, `rows[0][2]`."""
    line = (before + match.string[: match.start()]).rpartition("\n")[2]
    return line.count("`") % 2 == 1 and match[0].startswith("[") and (line[-1].isalnum() or line[-1] in "_])")


def without_open_marker(text: str) -> str:
    """The text without a marker at its end that was never closed."""
    return _UNCLOSED.sub("", _ADDRESS.sub("", text))


def _named(numbers: str) -> list[int]:
    named: list[int] = []
    for part in re.split(r"[^\d-]+", re.sub(r"\s*[–-]\s*", "-", numbers)):
        digits = [d for d in part.split("-") if d]
        if not digits or any(len(d) > _LONGEST_NUMBER for d in digits):
            continue
        low, high = int(digits[0]), int(digits[-1])
        named += range(low, high + 1) if low <= high < low + _LONGEST_RANGE else [low, high]
    return named
