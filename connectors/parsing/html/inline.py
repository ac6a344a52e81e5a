"""Words, links and line ends within a block."""

import re
from urllib.parse import urljoin, urlsplit

from connectors.parsing.html.dom import Node, is_hidden, walk
from connectors.parsing.html.mathml import linear
from connectors.parsing.writer import Piece

BLOCKS = frozenset(
    ("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "dir", "div",
     "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
     "hgroup", "hr", "legend", "li", "main", "menu", "nav", "ol", "p", "pre", "search", "section", "summary", "table",
     "tbody", "td", "tfoot", "th", "thead", "tr", "ul")
)  # fmt: skip
_LINKED = ("http", "https", "mailto", "ftp", "tel", "")
_BLANKS = re.compile(r"[ \t\r\n\f\xa0]+")
_RAISED = re.compile(r"\s*[\d+\-−]")


class Inline:
    """Collects the pieces of a block, white space as a browser shows it.

    Args:
        base: what relative links are relative to; None leaves them as they are, "" takes only their words.
        one_line: `<br>` is a space.
    """

    def __init__(self, base: str | None, *, one_line: bool = False) -> None:
        self._base = base
        self._end_of_line = " " if one_line else "\n"
        self._pieces: list[Piece] = []
        self._last = ""
        self._visible = False
        self._raised = False
        self._link: tuple[int, str] | None = None  # where it starts, and its address

    @property
    def visible(self) -> bool:
        """There is something to read."""
        return self._visible

    def text(self, text: str) -> None:
        """Words of the page, blanks in them as single spaces."""
        text = _BLANKS.sub(" ", text.replace("\xad", ""))
        if self._last in ("", " ", "\n"):
            text = text.removeprefix(" ")
        if not text:
            return
        if self._raised and not text.isspace():
            self._raised = False
            # 10<sup>5</sup> is not 105, and costs<sup>1</sup> not costs1
            if self._last.isalnum() and _RAISED.match(text):
                text = "^" + text
        self._visible = self._visible or not text.isspace()
        self._last = text[-1]
        self._pieces.append((text, False))

    def enter(self, node: Node) -> bool:
        """An element that is no block starts; False where there is nothing more to read in it."""
        tag = node.tag
        if tag == "br":
            self.line_break()
        elif tag == "img":
            self.text(f" {node.get('alt') or ''} ")
        elif tag == "math" and (formula := _formula(node)):
            self.text(formula)
            return False
        elif tag == "a":
            self._end_link()
            if address := _address(node.get("href") or "", self._base):
                self._link = len(self._pieces), address
        elif tag == "q":
            self.text("\u201c")
        elif tag == "sup":
            self._raised = True
        elif tag in ("svg", "text"):
            self.text(" ")
        return True

    def leave(self, node: Node) -> None:
        """An element that is no block ends."""
        tag = node.tag
        if tag == "a":
            self._end_link()
        elif tag == "q":
            self.text("\u201d")
        elif tag == "sup":
            self._raised = False

    def line_break(self) -> None:
        """The line ends here."""
        if self._last not in ("", "\n"):
            self._pieces.append((self._end_of_line, False))
            self._last = self._end_of_line

    def take(self) -> list[Piece]:
        """What was collected; a link that is open goes on in what follows."""
        address = self._link[1] if self._link else ""
        self._end_link()
        pieces, self._pieces = self._pieces, []
        self._last, self._visible = "", False
        if address:
            self._link = 0, address
        return pieces

    def _end_link(self) -> None:
        """A link of words has its address behind them, one without words is nothing."""
        if self._link is None:
            return
        (start, address), self._link = self._link, None
        words = self._pieces[start:]
        if any(text.strip() for text, _ in words):
            end = [(" ", False)] if words[-1][0].endswith(" ") else []
            first, last = words[0][0], words[-1][0].rstrip(" ")
            lead = [(" ", False)] if first.startswith(" ") else []
            words[-1] = last, False
            words[0] = words[0][0].lstrip(" "), False
            self._pieces[start:] = [*lead, ("[", True), *words, (f"]({address})", True), *end]


def line_of(node: Node, base: str | None) -> list[Piece]:
    """An element's content on one line, blank between its blocks."""
    inline = Inline(base, one_line=True)

    def enter(child: Node) -> bool:
        if is_hidden(child):
            return False
        if child.tag in BLOCKS:
            inline.text(" ")
            return True
        return inline.enter(child)

    def leave(child: Node) -> None:
        if child.tag in BLOCKS:
            inline.text(" ")
        else:
            inline.leave(child)

    walk(node, enter=enter, leave=leave, text=inline.text)
    return inline.take()


def _formula(node: Node) -> str:
    """A formula as its author wrote it, where the page says so, else its symbols on one line."""
    annotation = node.find(".//annotation")
    written = annotation.text if annotation is not None and "tex" in (annotation.get("encoding") or "") else None
    return node.get("alttext") or written or linear(node)


def _address(href: str, base: str | None) -> str:
    """Where a link leads, "" where that is no other page."""
    href = "".join(href.split())
    if not href or href.startswith("#"):
        return ""
    try:
        joined = urljoin(base, href) if base else href
        scheme = urlsplit(joined).scheme.lower()
    except ValueError:
        return ""
    if scheme not in _LINKED or (base == "" and not scheme):
        return ""
    return joined.replace("(", "%28").replace(")", "%29")
