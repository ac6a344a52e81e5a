"""How close what a parser made is to a reference in Markdown."""

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from rapidfuzz.distance import Levenshtein

from rag.types import Document

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_FENCE = re.compile(r"^ {0,3}(?:```|~~~).*$", re.MULTILINE)
_RULE = re.compile(r"^\s*\|?(?:\s*:?-+:?\s*\|)+(?:\s*:?-+:?)?\s*$", re.MULTILINE)
_TARGET = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s\"[^\"]*\")?\)")
_BULLET = re.compile(r"^\s*[-*+] ", re.MULTILINE)
_MARKS = re.compile(r"[#*_|`\\]")
_BLANKS = re.compile(r"(?:\s|(?<=[\s.…])[.…]|\.(?=\s*\.)|…)+")
_HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
_PIPE = re.compile(r"(?<!\\)\|")


def normalise(text: str) -> str:
    """Text without Markdown's marks, comments and link targets, runs of white space or dots as one space."""
    text = _COMMENT.sub(" ", text)
    for mark in (_FENCE, _RULE):
        text = mark.sub(" ", text)
    text = _BULLET.sub("", _TARGET.sub(r"\1", html.unescape(text)))
    return _BLANKS.sub(" ", _MARKS.sub(" ", text)).strip()


def similarity(text: str, reference: str) -> float:
    """1 less the Levenshtein distance of the two normalised texts in the length of the longer."""
    return Levenshtein.normalized_similarity(normalise(text), normalise(reference))


def headings_f1(document: Document, reference: str) -> float:
    """F1 of the headings' texts, whatever their levels; 1.0 where neither has any."""
    found = (document.text[e.start : e.end].lstrip("# ") for e in document.elements if e.kind == "heading")
    return f1(found, _HEADING.findall(_COMMENT.sub(" ", reference)))


def cells_f1(document: Document, reference: str) -> float:
    """F1 of the texts of all tables' cells, whichever row they stand in; 1.0 where neither has any."""
    tables = (document.text[e.start : e.end] for e in document.elements if e.kind == "table")
    return f1((cell for table in tables for cell in cells(table)), cells(reference))


def cells(markdown: str) -> Iterator[str]:
    """The cells of all pipe tables."""
    for line in _RULE.sub("", markdown).splitlines():
        if line.lstrip().startswith("|"):
            yield from _PIPE.split(line.strip().strip("|"))


def f1(found: Iterable[str], expected: Iterable[str]) -> float:
    """F1 of two multisets of texts, normalised and without empty ones."""
    one, other = _counted(found), _counted(expected)
    if not one and not other:
        return 1.0
    return 2 * (one & other).total() / (one.total() + other.total())


def _counted(texts: Iterable[str]) -> Counter[str]:
    return Counter(text for text in (normalise(text).strip(" .") for text in texts) if text)
