"""Text as HTML: escaped, marked, linked. Everything of a document, a model or a user comes through here."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias
from urllib.parse import urlsplit

Span: TypeAlias = tuple[int, int]

_BREAKS = re.compile(r"(?:[ \t\r]*\n)+[ \t\r]*")
_STRONG = re.compile(r"(?<!\w)&#42;&#42;(?=\S)(.+?)(?<=\S)&#42;&#42;(?!\w)")
_CODE = re.compile(r"&#96;(.+?)&#96;")


def escape(text: str) -> str:
    """The text as nothing but text, in HTML as well as in Markdown: no ASCII punctuation is left as it is."""
    return "".join(c if c.isalnum() or c == " " or not c.isascii() else f"&#{ord(c)};" for c in text)


def prose(text: str) -> str:
    """Text in lines, with the two kinds of markup that answers often hold."""
    lines = [escape(line) for line in _BREAKS.split(text)]
    shown = '<span class="rag-break"></span>'.join(lines)
    return _CODE.sub(r"<code>\1</code>", _STRONG.sub(r"<strong>\1</strong>", shown))


def marked(text: str, spans: Sequence[Span]) -> str:
    """The text, escaped, with the spans highlighted; spans that overlap or touch become one.

    Args:
        text: as stored.
        spans: (start, end) in code points of the text; what lies outside of it is ignored.
    """
    merged: list[Span] = []
    for start, end in sorted((max(0, start), min(len(text), end)) for start, end in spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif start < end:
            merged.append((start, end))
    edges = [0, *(edge for span in merged for edge in span), len(text)]
    pieces = [escape(text[start:end]) for start, end in pairwise(edges)]
    return "".join(f"<mark>{piece}</mark>" if place % 2 else piece for place, piece in enumerate(pieces))


def box(kind: str, title: str, text: str, more: str = "") -> str:
    """A framed message: `kind` is its class, `more` is HTML."""
    return f'<div class="rag-box rag-{kind}"><strong>{title}</strong><p>{prose(text)}</p>{more}</div>'


def address(uri: str) -> str:
    """A link only where it leads to the web: a document chooses its own address."""
    try:
        is_web = urlsplit(uri).scheme in ("http", "https")
    except ValueError:
        is_web = False
    shown = escape(uri)
    if is_web:
        shown = f'<a href="{shown}" target="_blank" rel="noopener noreferrer nofollow">{shown}</a>'
    return f'<p class="rag-address">{shown}</p>'
