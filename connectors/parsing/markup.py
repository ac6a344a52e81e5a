"""Which characters of a Markdown block are syntax and not words.

Conservative: what is not certainly syntax stays a word. Every scan is linear in the length of the block: no pattern can
backtrack over more than one construct.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Container, Iterator

from markdown_it.common.utils import normalizeReference

from connectors.parsing.html_markup import HtmlMarkup
from connectors.parsing.spans import Span, separates

_TOKEN = re.compile(r"\\[!-/:-@\[-`{-~\n]|`+|!?\[|\]|\*+|_+|~+|<")
_URL_PART = r"(?: [^\s()\\] | \\. | \( (?: [^\s()\\] | \\. )*+ \) )"
_TARGET = re.compile(
    rf"""\([ \t\n]*+
        (?: <[^<>\n]*+> | (?!<) {_URL_PART}++ )?+
        (?: [ \t\n]++ (?: "[^"]*+" | '[^']*+' | \([^()]*+\) ) )?+
        [ \t\n]*+\)""",
    re.VERBOSE,
)
_LABEL = re.compile(r"\[([^\[\]]{0,999}+)\]")
_MAX_LABEL = 999

_CONTAINER = re.compile(r"[ \t]*+(?:(>)|([-+*])(?=\s|$)|(\d{1,9}[.)])(?=\s|$))")
_ANCHOR = re.compile(r"\{#[\w:.-]++\}[ \t]*+$")
_DEFINITION = re.compile(
    r"""[ \t]*+\[(?!\^)([^\[\]]{1,999}+)\]:[ \t]*+\S++(?:[ \t]++(?:"[^"]*+"|'[^']*+'|\([^()]*+\)))?+[ \t]*+$"""
)


def prefix(text: str, start: int, end: int, quotes: int, items: int) -> tuple[list[Span], int]:
    """Block quote signs and list bullets at the head of a line, and where its content starts.

    Args:
        quotes: at most so many block quotes are open.
        items: at most so many list items start on this line; the number of an ordered one is a word.
    """
    spans: list[Span] = []
    while match := _CONTAINER.match(text, start, end):
        if match[1] and quotes:
            quotes -= 1
        elif not match[1] and items:
            items -= 1
        else:
            break
        start = match.end()
        if not match[3]:
            spans.append((start - 1, start))
    return spans, start


def heading(text: str, start: int, end: int) -> Iterator[Span]:
    """The `#`s around an ATX heading and its `{#anchor}`; start is where the line's content starts."""
    while start < end and text[start] in " \t":
        start += 1
    yield start, end - len(text[start:end].lstrip("#"))
    if anchor := _ANCHOR.search(text, start, end):
        yield anchor.span()
        end = anchor.start()
    content = text[start:end].rstrip(" \t")
    words = content.rstrip("#")
    if words.endswith((" ", "\t")):
        yield start + len(words), start + len(content)


def is_definition(text: str, start: int, end: int, references: Container[str]) -> bool:
    """Whether the line is a link reference definition, which nobody sees; a footnote is words."""
    match = _DEFINITION.match(text, start, end)
    return match is not None and normalizeReference(match[1]) in references


def pipes(text: str, start: int, end: int) -> Iterator[Span]:
    """The cell borders of a table row; one between two words without a space stays and keeps them apart."""
    for at in range(start, end):
        if text[at] == "|" and (at == start or text[at - 1] != "\\") and not separates(text, at, at + 1, start, end):
            yield at, at + 1


def inline(text: str, start: int, end: int, references: Container[str] = ()) -> Iterator[Span]:
    """Emphasis marks, code ticks, link brackets and targets, escapes and HTML within a block.

    Args:
        references: normalised labels of the document's link reference definitions.
    """
    runs = _Delimiters(text, start, end)
    ticks: dict[int, list[int]] | None = None
    brackets: list[Span] = []
    html = HtmlMarkup(text, start, end)
    at = start
    while token := _TOKEN.search(text, at, end):
        at, sign = token.end(), token[0][-1]
        if token[0][0] == "\\":
            yield token.start(), token.start() + 1
        elif sign == "`":
            ticks = _tick_runs(text, start, end) if ticks is None else ticks
            closers = ticks.get(len(token[0]), [])
            index = bisect_left(closers, at)
            if index < len(closers):
                yield token.span()
                at = closers[index] + len(token[0])
                yield closers[index], at
        elif sign == "[":
            brackets.append(token.span())
        elif sign == "]":
            if brackets:
                opener = brackets.pop()
                close = _link_end(text, opener, token.start(), end, references)
                if close:
                    yield opener
                    yield token.start(), close
                    at = close
        elif sign == "<":
            span, at = html.read(token.start())
            if span:
                yield span
        else:
            yield from runs.pair(*token.span())


def _link_end(text: str, opener: Span, at: int, end: int, references: Container[str]) -> int | None:
    """Where the syntax after the `]` at `at` ends, None where these brackets are no link."""
    if target := _TARGET.match(text, at + 1, end):
        return target.end()
    own = text[opener[1] : at] if at - opener[1] <= _MAX_LABEL else ""
    following = _LABEL.match(text, at + 1, end)
    label = following[1] if following and following[1] else own
    if not label or normalizeReference(label) not in references:
        return None
    return following.end() if following else at + 1


def _tick_runs(text: str, start: int, end: int) -> dict[int, list[int]]:
    runs: dict[int, list[int]] = {}
    for run in re.compile("`+").finditer(text, start, end):
        runs.setdefault(len(run[0]), []).append(run.start())
    return runs


class _Delimiters:
    """Pairs of emphasis marks by CommonMark's flanking rules; what has no partner is a word.

    https://spec.commonmark.org/0.31.2/#emphasis-and-strong-emphasis
    """

    def __init__(self, text: str, start: int, end: int) -> None:
        self._text, self._start, self._end = text, start, end
        self._open: dict[str, list[Span]] = {"*": [], "_": [], "~": []}

    def pair(self, start: int, end: int) -> Iterator[Span]:
        sign = self._text[start]
        if sign == "~" and end - start != 2:
            return
        before = self._text[start - 1] if start > self._start else " "
        after = self._text[end] if end < self._end else " "
        opens = not after.isspace() and (not _is_sign(after) or before.isspace() or _is_sign(before))
        closes = not before.isspace() and (not _is_sign(before) or after.isspace() or _is_sign(after))
        if sign == "_":
            opens, closes = opens and (not closes or _is_sign(before)), closes and (not opens or _is_sign(after))
        stack = self._open[sign]
        while closes and start < end and stack:
            low, high = stack.pop()
            length = min(high - low, end - start)
            yield high - length, high
            yield start, start + length
            start += length
            if high - length > low:
                stack.append((low, high - length))
        if opens and start < end:
            stack.append((start, end))


def _is_sign(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"
