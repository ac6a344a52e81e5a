"""Bytes -> a tree, and a way through it that needs no recursion."""

import re
from collections.abc import Callable
from typing import Any, TypeAlias

from lxml import etree, html

from connectors.parsing.normalise import decode
from rag.errors import DocumentError

Node: TypeAlias = Any
"""An lxml element; its stubs know less than the library."""

_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,200}encoding=["']([\w.-]+)|<meta[^>]{0,500}charset\s*=\s*["']?\s*([\w.:-]+)""", re.I
)
_HEAD_BYTES = 4096
_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")
_CHARSETS = re.compile(
    r"utf-?8|iso[-_]?8859-?\d+|(?:windows|cp|ibm)-?\d+|koi8-?[ru]|mac-?[a-z]+|big5(?:-?hkscs)?|gbk|gb2312|gb18030"
    r"|shift[-_]jis|euc[-_](?:jp|kr)|iso-2022-jp|tis-620|johab|hz"
)
_SUPERSETS = {
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "latin1", "latin-1", "ascii", "us-ascii"), "cp1252"),
    "iso-8859-9": "cp1254",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    **dict.fromkeys(("shift_jis", "shift-jis", "x-sjis", "sjis"), "cp932"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987"), "cp949"),
}
"""What browsers read these as, as the standard demands."""
_XML_DECLARATION = re.compile(r"<\?xml[^<>]*\?>")
_FORMATTING = re.compile(r"</?(?:font|b|i|u|s|big|small|em|strong|span|center|tt|strike)(?:\s[^<>]*)?>", re.I)
_HEADING = re.compile(r"<(h[1-6])\b[^<>]*>.{0,1000}?</\1\s*>", re.I | re.DOTALL)
_BLOCK = re.compile(r"</?(?:div|p)\b[^<>]*>", re.I)
_HIDDEN_STYLE = re.compile(r"(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all)", re.I)
_CONTAINERS = ("html", "body", "main", "article", "section", "div")

INVISIBLE = frozenset(
    ("script", "style", "template", "noscript", "head", "iframe", "object", "embed", "canvas", "audio", "video",
     "select", "textarea", "input", "datalist", "map", "area", "link", "meta", "title", "base", "desc", "rp")
)  # fmt: skip
"""Elements whose content nobody reads as text."""


def parse_html(source: str | bytes) -> Node | None:
    """The root element, None where there is nothing in it.

    Raises:
        DocumentError: elements are nested so deeply that the rest of the page would be lost (`parse`).
    """
    text = source if isinstance(source, str) else _decoded(source)
    text = text.replace("\x00", "").strip()
    if declaration := _XML_DECLARATION.match(text):
        text = text[declaration.end() :]
    # blocks end a heading for libxml2, as in HTML 4, and are part of it for browsers
    text = _HEADING.sub(lambda heading: _BLOCK.sub(" ", heading[0]), text)
    root, complete = _tree(text)
    if not complete:
        # hundreds of <font> that nobody closed
        root, complete = _tree(_FORMATTING.sub("", text))
    if not complete:
        raise DocumentError("elements are nested thousands deep: save the page anew from a browser", kind="parse")
    return root


def _tree(text: str) -> tuple[Node | None, bool]:
    """The root, and whether the parser came to the end of the text."""
    if not text.strip():
        return None, True
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return None, True
    return root, not any(error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for error in parser.error_log)


def _decoded(data: bytes) -> str:
    """By the byte order mark, else as the page declares, if it fits, else by what it looks like."""
    declared = _DECLARED.search(data, 0, _HEAD_BYTES)
    if declared and not data.startswith(_BOMS):
        name = (declared[1] or declared[2]).decode("ascii").lower()
        codec = _SUPERSETS.get(name) or (name if _CHARSETS.fullmatch(name) else None)
        # accented words are UTF-8 by accident only once in a million, but declared wrongly every day
        for encoding in ("utf-8", codec) if codec and codec.startswith(("cp125", "iso-8859", "iso8859")) else (codec,):
            try:
                if encoding:
                    return data.decode(encoding)
            except (LookupError, UnicodeDecodeError):
                pass
    return decode(data)


def body_of(root: Node) -> Node:
    """The body, or the root of a page without one."""
    found = root.find("body")
    return root if found is None else found


def is_hidden(node: Node) -> bool:
    """Nobody sees it: comments, scripts, what attributes hide."""
    tag = node.tag
    if not isinstance(tag, str) or tag in INVISIBLE:
        return True
    hidden = node.get("hidden")
    # a tab that is not the open one is read like the others
    if hidden is not None and hidden.lower() != "until-found" and node.get("role") != "tabpanel":
        return True
    # whole pages are marked so while a dialogue covers them
    if node.get("aria-hidden") == "true" and tag not in _CONTAINERS:
        return True
    style = node.get("style")
    return bool(style and _HIDDEN_STYLE.search(style))


def walk(
    root: Node,
    *,
    enter: Callable[[Node], bool],
    leave: Callable[[Node], None],
    text: Callable[[str], None],
) -> None:
    """Go through everything in an element in document order.

    Args:
        enter: called where an element starts; False passes over it, and over its end.
        leave: called where an element ends that was entered.
        text: called with the text before, between and after the elements.
    """
    path, children = [root], [iter(root)]
    if root.text:
        text(root.text)
    while path:
        node = next(children[-1], None)
        if node is None:
            node = path.pop()
            children.pop()
            if not path:
                return
            leave(node)
        elif enter(node):
            path.append(node)
            children.append(iter(node))
            if node.text:
                text(node.text)
            continue
        if node.tail:
            text(node.tail)
