"""Emphasis, code and links within a block of a document: where each stands, and the HTML of a stretch of its text.

Every character keeps its position: what is shown of `text[a:b]` is exactly these characters but for the syntax.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from markdown_it.common.utils import normalizeReference

from connectors.parsing import markup
from ui.view.html import Span, escape, web_address

_TAGS = {"*": "em", "_": "em", "**": "strong", "__": "strong", "~~": "s", "`": "code"}
_NESTING = ("a", "s", "strong", "em", "code")


class Style(NamedTuple):
    """What a stretch of text is shown as; `href` of links."""

    start: int
    end: int
    tag: str
    href: str = ""


@dataclass(slots=True)
class Inline:
    """Characters that are syntax and not shown, and the styles of the others."""

    hidden: list[Span] = field(default_factory=list)
    styles: list[Style] = field(default_factory=list)


def read(text: str, start: int, end: int, *, markdown: bool, references: Mapping[str, str]) -> Inline:
    """The inline syntax of a block.

    Args:
        markdown: by the rules of Markdown; else links alone, the one kind of inline syntax that parsers write.
        references: labels of link definitions -> addresses.
    """
    found = Inline()
    spans = markup.inline(text, start, end, references)
    for low, high in spans:
        sign = text[low]
        if sign == "<":
            continue  # raw HTML is shown as it is written
        if sign == "\\":
            if markdown or text[high : high + 1] == "|":
                found.hidden.append((low, high))
            continue
        close = next(spans, (end, end))
        link = sign in "[!"
        if not (markdown or link):
            continue
        found.hidden += [(low, high), close]
        if link and (href := _address(text[high : close[0]], text[slice(*close)], references)) and sign == "[":
            found.styles.append(Style(high, close[0], "a", href))
        elif not link:
            written = text[low:high]
            found.styles += [Style(high, close[0], _TAGS[kind]) for kind in _kinds(written)]
    return found


def _kinds(sign: str) -> Iterator[str]:
    """`***` is both kinds of emphasis; of ticks there may be any number."""
    if sign[0] == "`":
        yield "`"
        return
    if len(sign) >= 2:
        yield sign[:2]
    if len(sign) % 2 and sign[0] != "~":
        yield sign[0]


def _address(words: str, close: str, references: Mapping[str, str]) -> str:
    """Where a link leads, "" where that is not the web."""
    if close.startswith("]("):
        target = close[2:-1].strip()
        target = target[1:].partition(">")[0] if target.startswith("<") else target.partition(" ")[0]
        return web_address(unescape(target.replace("\\", "")))
    label = close[2:-1] or words
    return web_address(references.get(normalizeReference(label), ""))


def render(text: str, lines: Sequence[Span], inline: Inline, marks: Sequence[Span], *, breaks: str = "\n") -> str:
    """The lines as HTML.

    Args:
        lines: spans of the text that are shown, in order.
        marks: spans of the text that are highlighted; sorted and disjoint.
        breaks: what stands between lines, HTML.
    """
    hidden = sorted(inline.hidden)
    waiting = sorted(inline.styles, reverse=True)
    spans = [*hidden, *marks, *((style.start, style.end) for style in inline.styles)]
    edges = sorted({edge for span in spans for edge in span})
    active: list[Style] = []
    pieces: list[tuple[bool, str]] = []
    for number, (start, end) in enumerate(lines):
        if number:
            pieces.append((_within(lines[number - 1][1], marks), breaks))
        inner = edges[bisect_right(edges, start) : bisect_right(edges, end - 1)]
        for low, high in zip([start, *inner], [*inner, end], strict=True):
            while waiting and waiting[-1].start <= low:
                active.append(waiting.pop())
            active = [style for style in active if style.end > low]
            if low < high and not _within(low, hidden):
                pieces.append((_within(low, marks), _styled(escape(text[low:high]), active)))
    return "".join(
        f"<mark>{shown}</mark>" if marked else shown
        for marked, group in groupby(pieces, key=lambda piece: piece[0])
        if (shown := "".join(piece for _, piece in group))
    )


def _within(at: int, spans: Sequence[Span]) -> bool:
    """Whether one of the spans, which are sorted and disjoint, holds the position."""
    before = bisect_right(spans, at, key=itemgetter(0)) - 1
    return before >= 0 and at < spans[before][1]


def _styled(shown: str, styles: Sequence[Style]) -> str:
    active = {style.tag: style for style in styles}
    for tag in reversed(_NESTING):
        if tag not in active:
            continue
        if tag == "a":
            shown = (
                f'<a href="{escape(active[tag].href)}" target="_blank" rel="noopener noreferrer nofollow">{shown}</a>'
            )
        else:
            shown = f"<{tag}>{shown}</{tag}>"
    return shown
