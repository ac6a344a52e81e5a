"""Text as HTML: escaped, marked, linked. Everything of a document, a model or a user comes through here."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeAlias
from urllib.parse import urlsplit

Span: TypeAlias = tuple[int, int]

_BREAKS = re.compile(r"(?:[ \t\r]*\n)+[ \t\r]*")
_STRONG = re.compile(r"(?<!\w)&#42;&#42;(?=\S)(.+?)(?<=\S)&#42;&#42;(?!\w)")
_CODE = re.compile(r"&#96;(.+?)&#96;")
_LINK = re.compile(
    r"""(?<!\w)!?\[([^\[\]]+)\]\(\s*<?([^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*)>?"""
    r"""(?:\s+["'][^"']*["'])?\s*\)"""
)

_WHOLE_ADDRESS = 40
"""Characters of an address that is shown in an answer; of a longer one its host is: the passage has it all."""


def escape(text: str) -> str:
    """The text as nothing but text, in HTML as well as in Markdown: no ASCII punctuation is left as it is."""
    return "".join(c if c.isalnum() or c == " " or not c.isascii() else f"&#{ord(c)};" for c in text)


def prose(text: str) -> str:
    """Text in lines, with what markup answers often hold: strong, code, and the words of links."""
    lines = [escape(_LINK.sub(_linked, line)) for line in _BREAKS.split(text)]
    shown = '<span class="rag-break"></span>'.join(lines)
    return _CODE.sub(r"<code>\1</code>", _STRONG.sub(r"<strong>\1</strong>", shown))


def _linked(link: re.Match[str]) -> str:
    """Addresses within a tree of files lead nowhere from here, and nobody clicks on what a model made up by mistake."""
    words, target = link.groups()
    if not web_address(target) or target == words:
        return words
    return f"{words} ({target if len(target) <= _WHOLE_ADDRESS else f'{urlsplit(target).netloc}/…'})"


def merged(spans: Iterable[Span], start: int, end: int) -> list[Span]:
    """The union of the spans within start and end: sorted, disjoint; those that touch become one."""
    union: list[Span] = []
    for low, high in sorted((max(start, low), min(end, high)) for low, high in spans):
        if union and low <= union[-1][1]:
            union[-1] = (union[-1][0], max(union[-1][1], high))
        elif low < high:
            union.append((low, high))
    return union


def gaps(spans: Sequence[Span], start: int, end: int) -> list[Span]:
    """What of start..end is in none of the spans, which are sorted and disjoint."""
    inner = [(max(start, low), min(end, high)) for low, high in spans if low < end and high > start]
    edges = [start, *(edge for span in inner for edge in span), end]
    return [(low, high) for low, high in zip(edges[::2], edges[1::2], strict=True) if low < high]


def marked(text: str, spans: Sequence[Span]) -> str:
    """The text, escaped, with the spans highlighted; spans that overlap or touch become one.

    Args:
        text: as stored.
        spans: (start, end) in code points of the text; what lies outside of it is ignored.
    """
    edges = [0, *(edge for span in merged(spans, 0, len(text)) for edge in span), len(text)]
    pieces = [escape(text[start:end]) for start, end in pairwise(edges)]
    return "".join(f"<mark>{piece}</mark>" if place % 2 else piece for place, piece in enumerate(pieces))


def box(kind: str, title: str, text: str, more: str = "") -> str:
    """A framed message: `kind` is its class, `more` is HTML."""
    return f'<div class="rag-box rag-{kind}"><strong>{title}</strong><p>{prose(text)}</p>{more}</div>'


def address(uri: str) -> str:
    """A link only where it leads to the web: a document chooses its own address."""
    shown = escape(uri)
    if web_address(uri):
        shown = f'<a href="{shown}" target="_blank" rel="noopener noreferrer nofollow">{shown}</a>'
    return f'<p class="rag-address">{shown}</p>'


def web_address(uri: str) -> str:
    """The address where it is one of the web, else ""."""
    try:
        return uri if urlsplit(uri).scheme in ("http", "https") else ""
    except ValueError:
        return ""
