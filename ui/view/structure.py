"""A stretch of a document as it is meant to be read, with the quotes marked in it.

Nothing of a document becomes HTML but what stands here: its text is escaped character by character, no image is
loaded, and links lead to the web or nowhere. Where a quote cannot be shown exactly, there is no rendering.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from connectors.parsing.formats import CODE_FORMATS, DATA_FORMATS, DOCUMENT_FORMATS, format_of_mime
from ui.view import grid, inline
from ui.view.blocks import Block, Container, blocks_of
from ui.view.html import Span, escape, gaps, merged

MAX_CHARS = 200_000
"""Of a document that is read for its structure, in a tenth of a second."""

MAX_BLOCK = 20_000
"""Characters of a paragraph or of a table's row: what is longer was written by no one to be read."""

Drawn: TypeAlias = list[tuple[Span, inline.Inline]]
"""The cells of a row, each with its syntax."""
Kind: TypeAlias = Literal["markdown", "written", "pages", "code", "grid", "text"]

_PLAIN = ("text/plain", "text/x-log")
_GRIDS = ("text/csv", "text/tab-separated-values")


def kind_of(mime: str) -> Kind:
    """How the text of documents of this media type is to be read.

    `markdown` is the file; `written` and `pages` are what our own parsers write, `pages` with the lines of a page.
    """
    format = format_of_mime(mime) if mime else None
    if mime == "text/markdown":
        return "markdown"
    if mime in _GRIDS:
        return "grid"
    if format is None or mime in _PLAIN:
        return "text"
    if format in CODE_FORMATS:
        return "code"
    if "boxes" in format.keeps:
        return "pages"
    return "written" if format in (*DOCUMENT_FORMATS, *DATA_FORMATS) else "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A stretch of a document's text, and the quotes in it.

    Attributes:
        text: of the whole document, or of as much as is known of it.
        start, end: the stretch.
        marks: spans of the text.
        whole: `text` is the whole document: its lines can be numbered.
    """

    text: str
    mime: str
    start: int
    end: int
    marks: Sequence[Span] = ()
    whole: bool = False


def structured(passage: Passage) -> str | None:
    """The passage as HTML; None where there is nothing more to it than its text, or where a quote would be lost."""
    kind = kind_of(passage.mime)
    if kind == "text" or len(passage.text) > MAX_CHARS:
        return None
    passage = replace(passage, marks=merged(passage.marks, passage.start, passage.end))
    renderer = _Renderer(passage)
    shown = {"code": renderer.code, "grid": renderer.records}.get(kind, lambda: renderer.blocks(kind))()
    return None if renderer.too_long or renderer.lost() else shown or None


@dataclass(slots=True)
class _Renderer:
    """Collects what it shows, so that it can say whether a quote is missing."""

    passage: Passage
    shown: list[Span] = field(default_factory=list)
    too_long: bool = False

    def lost(self) -> bool:
        """Words of a quote are neither shown nor syntax."""
        seen = merged(self.shown, 0, len(self.passage.text))
        left = [(low, high) for start, end in self.passage.marks for low, high in gaps(seen, start, end)]
        return any(sign.isalnum() for low, high in left for sign in self.passage.text[low:high])

    def blocks(self, kind: Kind) -> str:
        """Headings, paragraphs, lists, tables and code."""
        p, parts = self.passage, list[str]()
        around: tuple[Container, ...] = ()
        document = blocks_of(p.text, markdown=kind == "markdown")
        for block in document.blocks:
            if block.end <= p.start or block.start >= p.end:
                continue
            content = self._block(block, kind, document.references)
            if content:
                parts += [*_moved(around, block.inside), content]
                around = block.inside
        return "".join([*parts, *_moved(around, ())])

    def _block(self, block: Block, kind: Kind, references: Mapping[str, str]) -> str:
        p, markdown = self.passage, kind == "markdown"
        # the signs of lists and the fences are syntax, not lost
        self.shown += gaps(block.lines, block.start, block.end)
        if block.kind == "rule":
            return "<hr>"
        if block.kind == "table":

            def row(low: int, high: int) -> Drawn:
                cells = grid.pipes(p.text, low, high).spans
                return [(c, inline.read(p.text, *c, markdown=markdown, references=references)) for c in cells]

            return self._table((*block.lines[:1], *block.lines[2:]), header=1, row=row)
        lines = [(max(low, p.start), min(high, p.end)) for low, high in block.lines if low <= p.end and high >= p.start]
        if not lines:
            return ""
        if block.raw:
            return f'<pre class="rag-pre"><code>{self._inline(lines, inline.Inline())}</code></pre>'
        if block.lines[-1][1] - block.lines[0][0] > MAX_BLOCK:
            self.too_long = True
            return ""
        syntax = inline.read(p.text, block.lines[0][0], block.lines[-1][1], markdown=markdown, references=references)
        before = "… " if lines[0][0] > block.lines[0][0] else ""
        after = " …" if lines[-1][1] < block.lines[-1][1] else ""
        content = before + self._inline(lines, syntax, "<br>" if kind == "written" else "\n") + after
        if block.kind == "heading":
            return f'<p class="rag-heading" role="heading" aria-level="{min(block.level + 4, 9)}">{content}</p>'
        return f"<p>{content}</p>"

    def _inline(self, lines: Sequence[Span], syntax: inline.Inline, breaks: str = "\n") -> str:
        self.shown += lines
        return inline.render(self.passage.text, lines, syntax, self.passage.marks, breaks=breaks)

    def code(self) -> str:
        """Whole lines with their numbers, those with a quote in them highlighted."""
        p = self.passage
        start = p.text.rfind("\n", 0, p.start) + 1
        end = p.text.find("\n", max(p.end - 1, start))
        number = p.text.count("\n", 0, start) + 1
        parts = []
        for low, high in _lines(p.text, start, len(p.text) if end < 0 else end):
            cited = any(a < high and low < b for a, b in p.marks)
            label = f' data-line="{number}"' if p.whole else ""
            first = low + len(p.text[low:high]) - len(p.text[low:high].lstrip())
            shown = escape(p.text[low:first]) + self._inline([(first, high)], inline.Inline())
            parts.append(f'<span class="rag-line{" rag-cited" if cited else ""}"{label}>{shown}\n</span>')
            number += 1
        return f'<pre class="rag-pre rag-code" tabindex="0"><code>{"".join(parts)}</code></pre>'

    def records(self) -> str:
        """The records with the header of their table."""
        text = self.passage.text
        layout = grid.layout(text, self.passage.mime)

        def row(low: int, high: int) -> Drawn:
            cells = grid.fields(text, low, high, layout.delimiter)
            doubled = inline.Inline(hidden=[(at, at + 1) for at in cells.doubled])
            self.shown += doubled.hidden
            return [(cell, doubled) for cell in cells.spans]

        return self._table(layout.records, header=layout.header_rows, row=row)

    def _table(self, rows: Sequence[Span], *, header: int, row: Callable[[int, int], Drawn]) -> str:
        """The header and the rows of the passage, those with a quote in them highlighted."""
        p = self.passage

        def drawn(low: int, high: int, tag: str, *, cited: bool = False) -> str:
            if high - low > MAX_BLOCK:
                self.too_long = True
                return ""
            cells = "".join(f"<{tag}>{self._inline([cell], syntax)}</{tag}>" for cell, syntax in row(low, high))
            return f'<tr class="rag-cited">{cells}</tr>' if cited else f"<tr>{cells}</tr>"

        inside = [(low, high) for low, high in rows[header:] if low < p.end and high > p.start]
        head = "".join(drawn(*span, "th") for span in rows[:header])
        left_out = header and inside and inside[0] != rows[header]
        gap = f'<tr class="rag-left-out"><td colspan="{max(head.count("<th>"), 1)}">⋯</td></tr>' if left_out else ""
        body = "".join(
            drawn(low, high, "td", cited=any(a < high and low < b for a, b in p.marks)) for low, high in inside
        )
        return (
            f'<div class="rag-table" tabindex="0"><table><thead>{head}</thead><tbody>{gap}{body}</tbody></table></div>'
        )


def _moved(before: tuple[Container, ...], after: tuple[Container, ...]) -> list[str]:
    """The tags that close some containers and open others."""
    same = 0
    while same < min(len(before), len(after)) and before[same] == after[same]:
        same += 1
    opened = [f'<{c.tag} start="{escape(c.first)}">' if c.first else f"<{c.tag}>" for c in after[same:]]
    return [*(f"</{container.tag}>" for container in reversed(before[same:])), *opened]


def _lines(text: str, start: int, end: int) -> list[Span]:
    lines = []
    while (newline := text.find("\n", start, end)) >= 0:
        lines.append((start, newline))
        start = newline + 1
    return [*lines, (start, end)]
