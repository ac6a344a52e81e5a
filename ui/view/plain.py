"""What is read of a stretch of a document: its words, without the signs of markup."""

from collections.abc import Iterator, Mapping, Sequence

from ui.view import grid, inline
from ui.view.blocks import Block, blocks_of
from ui.view.html import Span, gaps, merged
from ui.view.structure import MAX_BLOCK, kind_of

_BETWEEN = " · "
_ENDS = tuple(".!?:;,…。！？：；")


def plain(text: str, mime: str) -> str:
    """The words of a text in one line; what is not marked up, such as code, is given back as it is.

    Args:
        mime: media type of the document that it is of.
    """
    kind = kind_of(mime)
    if kind in ("text", "code", "grid"):
        return text
    document = blocks_of(text, markdown=kind == "markdown")
    line = ""
    for block in document.blocks:
        words = " ".join(_words(text, block, kind == "markdown", document.references))
        if line and words:
            line += " " if line.endswith(_ENDS) else _BETWEEN
        line += words
    return line


def _words(text: str, block: Block, markdown: bool, references: Mapping[str, str]) -> Iterator[str]:
    """What the lines of a block say."""
    if block.kind == "table":
        for row in (*block.lines[:1], *block.lines[2:]):
            cells = [_shown(text, [cell], markdown, references) for cell in grid.pipes(text, *row).spans]
            yield _BETWEEN.join(filter(None, cells))
    elif block.raw:
        yield from (text[start:end].strip() for start, end in block.lines)
    elif block.lines:
        yield _shown(text, block.lines, markdown, references)


def _shown(text: str, lines: Sequence[Span], markdown: bool, references: Mapping[str, str]) -> str:
    start, end = lines[0][0], lines[-1][1]
    if end - start > MAX_BLOCK:
        return text[start:end]
    syntax = inline.read(text, start, end, markdown=markdown, references=references)
    hidden = merged(syntax.hidden, start, end)
    return " ".join("".join(text[low:high] for low, high in gaps(hidden, *line)) for line in lines)
