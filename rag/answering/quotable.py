"""The sentences of a passage that can stand alone as a quote."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.answering.matching import words_alone
from rag.answering.table_rows import TABLES, labelled
from rag.chunking.sentences import sentence_spans
from rag.results import Evidence

_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(?P<title>.*?)\s*#*\s*$")
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})")
_UNDERLINE = re.compile(r"\s{0,3}(?:=+|-{2,})\s*$")
_TABLE_ROW = re.compile(r"\s*\|.*\|\s*$")
_CELLS = re.compile(r"[|,;\t\n]+")
_LIST_ITEM = re.compile(r"\s*(?:[-*+•‣◦▪]|\d{1,3}[.)])\s+")
_LEAD = re.compile(r"(?:\s|>|[-*+•‣◦▪]\s|#{1,6}\s|\d{1,3}[.)]\s|\[[ xX]\]\s|\|)*")
_TAIL = re.compile(r"[\s|]*$")
_WORD = re.compile(r"[^\W_]")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*(?:\s+\"[^\"]*\")?\)")
_MARKUP = re.compile(r"[*`~|]+|(?<!\w)_+|_+(?!\w)|</?[A-Za-z][^<>]*>")
_QUESTION_END = ("?", "？", "؟", "?)", '?"', "?*", "?**")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotable:
    """A sentence of the evidence.

    Attributes:
        evidence: number of the evidence.
        start, end: span in the document's text.
        text: the document's text there.
        context: what stands above it: title, headings, the question that it answers.
        row: a table's row with the heads of its columns; None for all else.
    """

    evidence: int
    start: int
    end: int
    text: str
    context: str
    row: str | None = None

    @property
    def said(self) -> str:
        """It in an answer, where nothing stands above it."""
        return self.row or self.text


def quotable(evidence: Evidence) -> list[Quotable]:
    """The sentences of an evidence in order, without headings, rules, table heads and questions.

    A table row, a list item and a line of code end a sentence; every line of a table in a file of its own is a row. A
    question counts as the heading of what follows it, a table's head as that of its rows.
    """
    above = " ".join((evidence.title, *evidence.headings))
    headings = {words_alone(h) for h in (evidence.title, *evidence.headings)}
    local, head, found, file = "", evidence.table_head, [], evidence.mime in TABLES
    for kind, low, high in _rows(evidence) if file else _blocks(evidence.text):
        if kind == "heading":
            local = evidence.text[low:high].strip("# \t\n")
            continue
        head = head if kind == "line" else ""
        if kind == "head":
            head = evidence.text[low:high]
            continue
        spans = sentence_spans(evidence.text[low:high]) if kind == "prose" else [(0, high - low)]
        for a, b in spans:
            start, end = trimmed(evidence.text, low + a, low + b)
            text = evidence.text[start:end]
            if not _WORD.search(text) or words_alone(text) in headings:
                continue
            if kind == "prose" and text.endswith(_QUESTION_END):
                local = text
                continue
            position = evidence.start + start
            found.append(
                Quotable(
                    evidence=evidence.number,
                    start=position,
                    end=position + len(text),
                    text=text,
                    context=" ".join(f"{above} {local} {_CELLS.sub(' ', head)}".split()),
                    row=labelled(evidence.text[low:high], head, file=file) if head else None,
                )
            )
    return found


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without surrounding white space and table bars, and without leading bullets and heading marks."""
    lead = _LEAD.match(text, start, end)
    start = lead.end() if lead else start
    tail = _TAIL.search(text, start, end)
    return start, max(start, tail.start() if tail else end)


def plain(text: str) -> str:
    """The words of a piece of Markdown: links as their text, no emphasis, code, table and tag marks."""
    return " ".join(_MARKUP.sub(" ", _LINK.sub(r"\1", text)).split())


def _rows(evidence: Evidence) -> Iterator[tuple[str, int, int]]:
    """The lines of a table that is a file; the file's first line is its head."""
    at = 0
    for line in evidence.text.splitlines(keepends=True):
        yield ("head" if evidence.start + at == 0 else "line"), at, at + len(line)
        at += len(line)


def _blocks(text: str) -> Iterator[tuple[str, int, int]]:
    """(`heading` | `prose` | `head` | `line`, start, end) in order; a `line` is not split any further."""
    code, prose, row, at = False, -1, None, 0
    for line in [*text.splitlines(keepends=True), ""]:
        start, at = at, at + len(line)
        fence, bare = bool(_FENCE.match(line)), not _WORD.search(line)
        is_row = not code and not bare and bool(_TABLE_ROW.match(line))
        starts = code or fence or bare or is_row or bool(_HEADING.match(line)) or bool(_LIST_ITEM.match(line))
        if row is not None:
            # the row above a rule is the table's head
            yield ("head" if bare and "-" in line and "|" in line else "line"), *row
            row = None
        if starts and prose >= 0:
            underlined = bool(_UNDERLINE.match(line)) and "\n" not in text[prose:start].strip()
            yield ("heading" if underlined else "prose"), prose, start
            prose = -1
        if fence:
            code = not code
        elif bare:
            continue
        elif code:
            yield "line", start, at
        elif is_row:
            row = (start, at)
        elif _HEADING.match(line):
            yield "heading", start, at
        elif prose < 0:
            prose = start
    # the empty line at the end closes the last block
