"""The text of a document as blocks, each with its place: headings, paragraphs, code and tables in lists and quotes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from markdown_it import MarkdownIt

from connectors.parsing import markup
from ui.view.html import Span

_LEAVES: dict[str, Literal["heading", "paragraph", "code", "table", "rule"]] = {
    "heading_open": "heading",
    "paragraph_open": "paragraph",
    "table_open": "table",
    "fence": "code",
    "code_block": "code",
    "html_block": "paragraph",
    "hr": "rule",
}
_WRITTEN = ("table", "fence", "list", "heading", "paragraph")
"""Rules for what our own parsers write (`connectors.parsing.writer`), whose paragraphs are no Markdown."""


@dataclass(frozen=True, slots=True)
class Container:
    """A list, an item of one, or a quotation.

    Attributes:
        number: tells containers apart.
        first: number of an ordered list's first item.
    """

    number: int
    tag: str
    first: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A block that holds no others.

    Attributes:
        start, end: its lines in the text.
        level: of a heading, else 0.
        inside: the containers around it, outermost first.
        lines: what its lines say, without the signs of containers; of code without its fences.
        raw: holds no inline syntax.
    """

    kind: Literal["heading", "paragraph", "code", "table", "rule"]
    start: int
    end: int
    level: int
    inside: tuple[Container, ...]
    lines: tuple[Span, ...]
    raw: bool


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks of a document in order, and the addresses of its link definitions."""

    blocks: tuple[Block, ...]
    references: Mapping[str, str]


@lru_cache(maxsize=16)
def blocks_of(text: str, *, markdown: bool) -> Blocks:
    """The blocks of a text.

    Args:
        markdown: it is Markdown; else it was written by one of our parsers, which take little of it.
    """
    parser = MarkdownIt("commonmark").enable("table")
    if not markdown:
        parser.block.ruler.enableOnly(_WRITTEN)
    # inline tokens have no positions: `inline` finds those
    parser.core.ruler.enableOnly(["normalize", "block"])
    env: dict[str, Any] = {}
    tokens = parser.parse(text, env)
    references = {label: str(target.get("href", "")) for label, target in env.get("references", {}).items()}
    return Blocks(tuple(_blocks(text, tokens)), references)


def _blocks(text: str, tokens: list[Any]) -> Iterator[Block]:
    starts = _line_starts(text)
    inside: list[Container] = []
    done = items = 0
    for number, token in enumerate(tokens):
        name = token.type.removesuffix("_open").removesuffix("_close")
        if name in ("blockquote", "bullet_list", "ordered_list", "list_item"):
            if token.nesting < 0:
                inside.pop()
                items = max(0, items - (name == "list_item"))
            else:
                first = str(token.attrs.get("start", "")) if name == "ordered_list" else ""
                inside.append(Container(number, token.tag, first))
                items += name == "list_item"
        elif token.type in _LEAVES and token.map and token.map[1] > done:
            first_line, last_line = max(token.map[0], done), token.map[1]
            quotes = sum(container.tag == "blockquote" for container in inside)
            lines = [
                (markup.prefix(text, starts[n], ends, quotes, items if n == first_line else 0)[1], ends)
                for n in range(first_line, last_line)
                if (ends := starts[n + 1] - (text[starts[n + 1] - 1 : starts[n + 1]] == "\n")) >= starts[n]
            ]
            kind = _LEAVES[token.type]
            yield Block(
                kind,
                starts[first_line],
                starts[last_line],
                int(token.tag[1]) if kind == "heading" else 0,
                tuple(inside),
                tuple(_content(text, token, lines)),
                token.type in ("fence", "code_block", "html_block", "hr"),
            )
            done, items = last_line, 0


def _content(text: str, token: Any, lines: list[Span]) -> Iterator[Span]:
    """Of the lines of a block those parts that are no syntax of the block itself."""
    if token.type == "fence":
        closed = len(lines) > 1 and set(text[slice(*lines[-1])].strip()) == {token.markup[0]}
        indent = _indent(text, lines[0])
        for low, high in lines[1 : -1 if closed else None]:
            yield low + min(indent, _indent(text, (low, high))), high
    elif token.type == "heading_open" and token.markup[0] == "#":
        low, high = lines[0]
        at = low
        for start, end in sorted(markup.heading(text, low, high)):
            if start > at:
                yield _stripped(text, at, start)
            at = max(at, end)
        if at < high:
            yield _stripped(text, at, high)
    elif token.type == "heading_open":
        yield from (_stripped(text, *line) for line in lines[:-1])
    elif token.type == "hr":
        return
    elif token.type in ("paragraph_open", "table_open"):
        yield from (_stripped(text, *line) for line in lines if text[slice(*line)].strip())
    else:
        yield from lines


def _indent(text: str, line: Span) -> int:
    piece = text[slice(*line)]
    return len(piece) - len(piece.lstrip(" "))


def _stripped(text: str, start: int, end: int) -> Span:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), max(start, end - (len(piece) - len(piece.rstrip())))


def _line_starts(text: str) -> list[int]:
    """Where each line starts, and the end of the text for those that follow the last."""
    starts = [0, *(at + 1 for at, sign in enumerate(text) if sign == "\n")]
    return [*starts, len(text), len(text)]
