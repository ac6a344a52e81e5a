"""Links and emphasis within a paragraph of an Org file."""

import re

from connectors.parsing.writer import Piece

_LINK = re.compile(r"\[\[([^\]\[]+)\](?:\[([^\]\[]+)\])?\]")
_EMPHASIS = re.compile(r"(?<![\w*/=~+_])([*/=~+_])(?=\S)(.{1,300}?)(?<=\S)\1(?![\w*/=~+_])")
_ELSEWHERE = re.compile(r"(?:https?|ftp|file|mailto|doi):", re.IGNORECASE)


def inline(text: str) -> list[Piece]:
    """Links with their address, the signs of emphasis as syntax."""
    pieces: list[Piece] = []
    at = 0
    for match in _LINK.finditer(text):
        pieces += _emphasis(text[at : match.start()])
        target, words = match[1], match[2]
        if words and _ELSEWHERE.match(target):
            pieces += [("[", True), (words, False), (f"]({target})", True)]
        else:
            pieces.append((words or target, False))
        at = match.end()
    return [*pieces, *_emphasis(text[at:])]


def _emphasis(text: str) -> list[Piece]:
    pieces: list[Piece] = []
    at = 0
    for match in _EMPHASIS.finditer(text):
        pieces += [(text[at : match.start()], False), (match[1], True), (match[2], False), (match[1], True)]
        at = match.end()
    return [*pieces, (text[at:], False)]
