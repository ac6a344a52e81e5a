"""The sentences of a passage that can stand alone as a quote."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from html import unescape

from rag.answering.matching import words_alone
from rag.answering.table_rows import TABLES, Cells, labelled, labelled_cells
from rag.chunking.sentences import sentence_spans
from rag.results import Evidence

_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(?P<title>.*?)\s*#*\s*$")
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})")
_UNDERLINE = re.compile(r"\s{0,3}(?:=+|-{2,})\s*$")
_TABLE_ROW = re.compile(r"\s*\|.*\|\s*$")
_CELLS = re.compile(r"[|,;\t\n]+")
_LIST_ITEM = re.compile(r"\s*(?:[-*+•‣◦▪]|\d{1,3}[.)])\s+")
_LEAD = re.compile(r"(?:\s|>|[-*+•‣◦▪]\s|#{1,6}\s|\d{1,3}[.)]\s|\[[ xX]\]\s|\||[AQ]:\s)*")
_TAIL = re.compile(r"(?<![\s|])[\s|]*$")
_WORD = re.compile(r"[^\W_]")
# bounded or possessive: what begins like a link, and is none, is not read again from each of its characters
_LINK = re.compile(r"!?\[([^\[\]]*+)\]\([^)\s]{0,2000}+(?:\s+\"[^\"]*\")?\)")
_MARKUP = re.compile(r"[*`~|]+|(?<!\w)_+|(?<!_)_++(?!\w)|</?[A-Za-z][^<>]*>")
_TAG = re.compile(r"\s*</?(?:tr|li|p|table|thead|tbody|ul|ol|dl|dt|dd|div|h[1-6])\b", re.IGNORECASE)
_CELL_ENDS = re.compile(r"</t[dh]>", re.IGNORECASE)
_HTML = re.compile(r"</?[A-Za-z][^<>]*>|&(?:[A-Za-z]+|#\d+);")
_DEFINED = re.compile(r"(?<=\S)\n:\s+")
_LETTER = re.compile(r"(?:[QF]|Question|Frage)\s*\d*\s*[:.)]\s*")
_QUESTION_END = ("?", "？", "؟", "?)", '?"', "?*", "?**")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotable:
    """A sentence of the evidence.

    Attributes:
        evidence: number of the evidence.
        start, end: span in the document's text.
        text: the document's text there.
        context: what stands above it: title, headings, the question that it answers.
        cells: of a table's row, with the heads of their columns; none for all else.
        headed: it is such a row, and its heads are known.
        asked: the question right above it; "" where there is none.
        within: span of the list that it is in, or begins, with what leads up to it; None for all else.
    """

    evidence: int
    start: int
    end: int
    text: str
    context: str
    cells: Cells = ()
    headed: bool = False
    asked: str = ""
    within: tuple[int, int] | None = None

    @property
    def said(self) -> str:
        """It in an answer, where nothing stands above it."""
        if self.headed and self.cells:
            return labelled(self.cells)
        if not _HTML.search(self.text):
            return _DEFINED.sub(": ", self.text)
        cells = (plain(cell) for cell in _CELL_ENDS.split(self.text))
        return " | ".join(unescape(cell) for cell in cells if cell)


def quotable(evidence: Evidence) -> list[Quotable]:
    """The sentences of an evidence in order, without headings, rules, table heads and questions.

    A table row, a list item and a line of code end a sentence; every line of a table in a file of its own is a row. A
    question counts as the heading of what follows it, a table's head as that of its rows.
    """
    above = " ".join((evidence.title, *evidence.headings))
    headings = {words_alone(h) for h in (evidence.title, *evidence.headings)}
    local, asked, head, file = "", "", evidence.table_head, evidence.mime in TABLES
    found: list[Quotable] = []
    lists = _Lists(evidence)
    for kind, low, high in _rows(evidence) if file else _blocks(evidence.text):
        lists.see(kind, low, high, found)
        if kind == "heading":
            local = evidence.text[low:high].strip("# \t\n")
            asked = _asked(local)
            continue
        head = head if kind == "line" else ""
        if kind == "head":
            head = evidence.text[low:high]
            continue
        line = evidence.text[low:high]
        headed = labelled_cells(line, head, file=file) if head else None
        alone = labelled_cells(line, "", file=file) if _TABLE_ROW.match(line) else None
        prose, before, inline = kind in ("prose", "item"), asked, False
        spans = sentence_spans(evidence.text[low:high]) if prose else [(0, high - low)]
        for a, b in spans:
            start, end = trimmed(evidence.text, low + a, low + b)
            text = evidence.text[start:end]
            if not _WORD.search(plain(text) if "<" in text else text) or words_alone(text) in headings:
                continue
            if prose and text.endswith(_QUESTION_END):
                local, asked, inline = text, _asked(text), False
                continue
            inline = True
            position = evidence.start + start
            found.append(
                Quotable(
                    evidence=evidence.number,
                    start=position,
                    end=position + len(text),
                    text=text,
                    context=" ".join(f"{above} {local} {_CELLS.sub(' ', head)}".split()),
                    asked=asked,
                    cells=headed or alone or (),
                    headed=headed is not None,
                )
            )
        if inline and asked != before:  # the answer stands beside its question, and not below it
            asked = ""
    return lists.told(found)


@dataclass(slots=True)
class _Lists:
    """Which sentences of a passage are in one list, or lead up to it."""

    evidence: Evidence
    first: int = -1
    start: int = 0
    end: int = 0
    items: int = 0
    after_prose: bool = False
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)

    def see(self, kind: str, low: int, high: int, found: Sequence[Quotable]) -> None:
        """Take note of the next block.

        Args:
            found: the sentences before it.
        """
        if kind == "item":
            if not self.items:
                leads = self.after_prose and bool(found) and found[-1].text.endswith(":")
                self.first = len(found) - leads
                self.start = found[-1].start if leads else trimmed_left(self.evidence, low)
            self.items += 1
            self.end = self.evidence.start + low + len(self.evidence.text[low:high].rstrip())
        elif not (kind == "line" or (kind == "prose" and self.evidence.text[low : low + 1].isspace())):
            self.close(len(found))
        self.after_prose = kind == "prose"

    def close(self, sentences: int) -> None:
        """The list ends before the next sentence."""
        if self.items > 1:
            self.spans.update(dict.fromkeys(range(self.first, sentences), (self.start, self.end)))
        self.items = 0

    def told(self, found: list[Quotable]) -> list[Quotable]:
        """The sentences, each with its list."""
        self.close(len(found))
        return [replace(quote, within=self.spans.get(n)) for n, quote in enumerate(found)] if self.spans else found


def trimmed_left(evidence: Evidence, at: int) -> int:
    """Where the text of a block begins in the document, its bullet included."""
    text = evidence.text[at:]
    return evidence.start + at + len(text) - len(text.lstrip())


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without surrounding white space and table bars, and without leading bullets and heading marks."""
    lead = _LEAD.match(text, start, end)
    start = lead.end() if lead else start
    tail = _TAIL.search(text, start, end)
    return start, max(start, tail.start() if tail else end)


def _asked(above: str) -> str:
    """The question that stands above, without the letter before it."""
    text = plain(above)
    return _LETTER.sub("", text) if text.endswith(_QUESTION_END) else ""


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
    """(`heading` | `prose` | `item` | `head` | `line`, start, end) in order; a `line` is not split any further."""
    code, prose, row, at = False, -1, None, 0
    for line in [*text.splitlines(keepends=True), ""]:
        start, at = at, at + len(line)
        fence, bare = bool(_FENCE.match(line)), not _WORD.search(line)
        is_row = not code and not bare and bool(_TABLE_ROW.match(line))
        starts = code or fence or bare or is_row or any(each.match(line) for each in (_HEADING, _LIST_ITEM, _TAG))
        if row is not None:
            # the row above a rule is the table's head
            yield ("head" if bare and "-" in line and "|" in line else "line"), *row
            row = None
        if starts and prose >= 0:
            underlined = bool(_UNDERLINE.match(line)) and "\n" not in text[prose:start].strip()
            item = bool(_LIST_ITEM.match(text, prose))
            yield ("heading" if underlined else "item" if item else "prose"), prose, start
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
