"""What becomes of two answers of a model, of which the second was to mend the first: nothing verified is lost."""

import re
from collections.abc import Sequence
from dataclasses import replace

from rag.answering.leaving_out import LeavingOut, Piece

_Quote = tuple[str, int, int]
_BLOCK = re.compile(r"\s*(?:[-*+•‣◦▪–]\s|\d{1,9}[.)]\s|\||#|`{3}|~{3})")


def keeps(again: Sequence[Piece], first: Sequence[Piece]) -> bool:
    """Whether the second answer says all that could be verified of the first, by the same quotes."""
    quoted = set[_Quote]().union(*map(_quotes, again))
    return all(_quotes(piece) & quoted for piece in first if _is_verified(piece))


def mended(first: Sequence[Piece], again: Sequence[Piece]) -> list[Piece]:
    """The first answer without what is not supported, and what the second one adds to it that is."""
    leaving_out = LeavingOut()
    kept = [each for piece in first for each in leaving_out.add(piece)] + leaving_out.end()
    quoted = set[_Quote]().union(*map(_quotes, kept))
    for piece in again:
        if _is_verified(piece) and not _quotes(piece) & quoted:
            if kept:
                kept[-1] = replace(kept[-1], text=kept[-1].text.rstrip())
            last = "".join(each.text for each in kept).rpartition("\n")[2]
            kept.append(Piece(_between(last, piece.text) + piece.text.strip(), piece.sentence))
    return kept


def _is_verified(piece: Piece) -> bool:
    return piece.sentence is not None and piece.sentence.supported


def _quotes(piece: Piece) -> set[_Quote]:
    if piece.sentence is None or not piece.sentence.supported:
        return set()
    return {(c.document_id, c.start, c.end) for c in piece.sentence.citations}


def _between(line: str, text: str) -> str:
    """What parts a sentence from the line before it."""
    if _BLOCK.match(line) and _BLOCK.match(text):
        return "\n"
    return "\n\n" if _BLOCK.match(line) or _BLOCK.match(text) else " "
