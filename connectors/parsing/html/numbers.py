"""Financial reports put `$`, `(` and `%` in cells of their own, to align the numbers between them."""

import re
from itertools import pairwise

from connectors.parsing.writer import Piece

_PREFIXES = frozenset(("$", "€", "£", "¥", "(", "$(", "US$"))
_SUFFIXES = frozenset((")", "%", ")%", "%)"))
_NUMBER = re.compile(r"[$€£¥US(]{0,4}[-–—+]?[\d.,]*\d\)?|[$€£¥(]{0,2}[-–—]\)?")


def join_numbers(row: list[list[Piece]]) -> list[list[Piece]]:
    """Currency signs before a number and what closes it, joined to the cell of the number."""
    texts = ["".join(text for text, syntax in cell if not syntax).strip() for cell in row]
    if not _PREFIXES.intersection(texts) and not _SUFFIXES.intersection(texts):
        return row
    joined = [*row]
    filled = [at for at, text in enumerate(texts) if text]
    for before, at in pairwise(filled):
        if texts[before] in _PREFIXES and _NUMBER.fullmatch(texts[at]):
            texts[at] = texts[before] + texts[at]
            joined[at] = [*joined[before], *joined[at]]
            texts[before], joined[before] = "", []
    filled = [at for at, text in enumerate(texts) if text]
    number = -1
    for at in filled:
        if texts[at] in _SUFFIXES and number >= 0:
            texts[number] += texts[at]
            joined[number] = [*joined[number], *joined[at]]
            texts[at], joined[at] = "", []
        number = at if texts[at] and _NUMBER.fullmatch(texts[at]) else -1
    return joined
