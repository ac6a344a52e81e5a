"""Markdown: CommonMark with tables, every block with its place in the text."""

from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from html import unescape
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from connectors.parsing import markup
from connectors.parsing.document import build, clean_title
from connectors.parsing.front_matter import split_front_matter
from connectors.parsing.html_markup import html_tags
from connectors.parsing.normalise import canonical, decode
from connectors.parsing.spans import Span, paragraphs, stripped
from rag.types import Document, Element, ElementKind, SourceItem

_LEAVES: dict[str, ElementKind] = {
    "heading_open": "heading",
    "paragraph_open": "paragraph",
    "table_open": "table",
    "fence": "code",
    "code_block": "code",
    "html_block": "paragraph",
    "hr": "paragraph",
}
_UNLIMITED = 1 << 30


@dataclass(frozen=True, slots=True)
class _Block:
    """A leaf block: whole lines, and how many containers' signs may stand before its content."""

    token: Token
    kind: ElementKind
    start: int
    end: int
    quotes: int
    items: int


def parse(data: bytes, item: SourceItem) -> Document:
    """Markdown in any encoding; front matter becomes metadata. An empty file is a document without elements.

    Raises:
        DocumentError: it is no text (`encoding`).
    """
    metadata, text = split_front_matter(canonical(decode(data)))
    references: dict[str, Any] = {}
    elements: list[Element] = []
    spans: list[Span] = []
    at = 0
    for block in _blocks(text, references):
        _rest(text, at, block.start, elements, spans, references)
        start, end = stripped(text, block.start, block.end, "\n" if block.kind == "code" else None)
        if start < end:
            level = int(block.token.tag[1]) if block.kind == "heading" else None
            header = _header_end(text, start, end) if block.kind == "table" else None
            elements.append(Element(kind=block.kind, start=start, end=end, level=level, header_end=header))
            spans += _markup(text, block, start, end, references)
        at = max(at, block.end)
    _rest(text, at, len(text), elements, spans, references)
    draft = build(item, data=data, mime="text/markdown", text=text, elements=elements, markup=spans, metadata=metadata)
    return replace(draft, title=_title(draft, metadata))


def _header_end(text: str, start: int, end: int) -> int:
    """A table's first line is its header, the second its rule."""
    second = text.find("\n", start, end)
    third = text.find("\n", second + 1, end) if second >= 0 else -1
    return third if third >= 0 else end


def _title(document: Document, metadata: dict[str, Any]) -> str:
    """The front matter's title, else the first heading of level 1, else the first heading, else the file name."""
    named = metadata.get("title")
    if isinstance(named, str | int | float) and (title := clean_title(str(named))):
        return title
    headings = [e for e in document.elements if e.kind == "heading"]
    for heading in sorted(headings, key=lambda e: e.level != 1):
        if title := clean_title(unescape(document.plain(heading.start, heading.end))):
            return title
    return document.title


def _blocks(text: str, references: dict[str, Any]) -> Iterator[_Block]:
    """Leaf blocks in order, disjoint; `references` is filled with the labels of link definitions."""
    parser = MarkdownIt("commonmark").enable("table")
    # inline tokens have no positions; `markup` finds those
    parser.core.ruler.enableOnly(["normalize", "block"])
    env: dict[str, Any] = {}
    tokens = parser.parse(text, env)
    references.update(env.get("references", {}))
    starts = _line_starts(text)
    quotes = items = 0
    done = 0
    for token in tokens:
        if token.type == "blockquote_open":
            quotes += 1
        elif token.type == "blockquote_close":
            quotes -= 1
        elif token.type == "list_item_open":
            items += 1
        elif token.type == "list_item_close":
            items = max(0, items - 1)
        elif token.type in _LEAVES and token.map:
            first, last = max(token.map[0], done), token.map[1]
            if first >= last:
                continue
            kind = _LEAVES[token.type]
            if kind == "paragraph" and items and token.type == "paragraph_open":
                kind = "list_item"
            yield _Block(token, kind, starts[first], starts[last], quotes, items)
            items, done = 0, last


def _line_starts(text: str) -> list[int]:
    """Where each line starts, and the end of the text twice: the end of the last line, with and without a newline."""
    starts = [0]
    while (newline := text.find("\n", starts[-1])) >= 0:
        starts.append(newline + 1)
    return [*starts, len(text), len(text)]


def _rest(
    text: str, start: int, end: int, elements: list[Element], spans: list[Span], references: Container[str]
) -> None:
    """What no block covers: link definitions, empty list items, what is nested too deeply."""
    for low, high in paragraphs(text, start, end):
        elements.append(Element(kind="paragraph", start=low, end=high))
        for line_start, line_end in _lines(text, low, high):
            found, content = markup.prefix(text, line_start, line_end, _UNLIMITED, _UNLIMITED)
            spans += found
            if markup.is_definition(text, content, line_end, references):
                spans.append((content, line_end))
            else:
                spans += markup.inline(text, content, line_end, references)


def _lines(text: str, start: int, end: int) -> list[Span]:
    breaks = [start - 1]
    while (newline := text.find("\n", breaks[-1] + 1, end)) >= 0:
        breaks.append(newline)
    return [(low + 1, high) for low, high in pairwise([*breaks, end])]


def _markup(text: str, block: _Block, start: int, end: int, references: Container[str]) -> Iterator[Span]:
    """The syntax of one block."""
    contents: list[Span] = []
    for number, (low, high) in enumerate(_lines(text, start, end)):
        found, content = markup.prefix(text, low, high, block.quotes, 0 if number else block.items)
        yield from found
        contents.append((content, high))
    match block.token.type:
        case "hr":
            yield start, end
        case "fence":
            yield contents[0]
            if len(contents) > 1 and _closes(text[slice(*contents[-1])].strip(), block.token.markup):
                yield contents[-1]
        case "html_block":
            yield from html_tags(text, start, end)
        case "heading_open" if block.token.markup[0] != "#":
            yield contents[-1]
            yield from markup.inline(text, contents[0][0], contents[-1][0], references)
        case "heading_open":
            yield from markup.heading(text, contents[0][0], end)
            yield from markup.inline(text, contents[0][0], end, references)
        case "table_open":
            yield from contents[1:2]
            for low, high in contents[:1] + contents[2:]:
                yield from markup.pipes(text, low, high)
                yield from markup.inline(text, low, high, references)
        case "paragraph_open":
            yield from markup.inline(text, contents[0][0], end, references)


def _closes(line: str, fence: str) -> bool:
    """Whether the line is a closing fence: the opening one's sign at least as often."""
    return len(line) >= len(fence) and set(line) == {fence[0]}
