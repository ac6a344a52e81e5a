"""Org files of Emacs."""

import re
import textwrap
from typing import Any

from connectors.parsing.normalise import canonical, decode
from connectors.parsing.org_inline import inline
from connectors.parsing.writer import DocumentWriter
from rag.types import Document, SourceItem

_HEADING = re.compile(r"(\*+)[ \t]+(\S.*)$")
_KEYWORD = re.compile(r"#\+(\w+):\s*(.*)$")
_BLOCK = re.compile(r"#\+(begin|end)_(\w+)(?:[ \t]+(\S+))?", re.IGNORECASE)
_VERBATIM = ("src", "example", "export", "comment")
_DRAWER = re.compile(r":([\w-]+):$")
_PROPERTY = re.compile(r":([\w+-]+):\s+(\S.*)$")
_TECHNICAL = frozenset(("id", "custom_id", "visibility", "header-args", "columns", "unnumbered", "ordered"))
_ITEM = re.compile(r"(?:[-+]|(?<=\s)\*|(\d{1,9}[.)]))(?:[ \t]+|$)(?:\[@\d+\][ \t]*)?(.*)$")
_RULE = re.compile(r"\|[-+]+\|?$")
_WIDTHS = re.compile(r"<[lrc]?\d*>|/|")
_SEPARATOR = re.compile(r"-{5,}$")
_METADATA = ("author", "date", "description", "keywords", "filetags", "email")


def parse(data: bytes, item: SourceItem) -> Document:
    """Headings, paragraphs, lists, tables, blocks of code, properties and links; comments are left out.

    An empty file is a document without elements.

    Raises:
        DocumentError: it is no text (`encoding`).
    """
    lines = canonical(decode(data)).split("\n")
    keywords = _keywords(lines)
    reader = _Reader(DocumentWriter(), title=keywords.get("title", ""))
    reader.read(lines)
    language = keywords.get("language", "").replace("_", "-").partition("-")[0].lower()
    return reader.writer.document(
        item,
        data=data,
        mime="text/x-org",
        title=keywords.get("title") or next((m[2] for line in lines if (m := _HEADING.match(line))), ""),
        language=language if len(language) == 2 else None,
        metadata={name: keywords[name] for name in _METADATA if keywords.get(name)},
    )


def _keywords(lines: list[str]) -> dict[str, str]:
    """`#+NAME: value` before the first heading; the values of a name that comes again are one."""
    found: dict[str, str] = {}
    for line in lines:
        if _HEADING.match(line):
            break
        if match := _KEYWORD.match(line.strip()):
            name = match[1].lower()
            found[name] = f"{found.get(name, '')} {match[2]}".strip()
    return found


class _Reader:
    """Line by line: Org's structure is one of lines."""

    def __init__(self, writer: DocumentWriter, *, title: str) -> None:
        self.writer = writer
        self._paragraph: list[str] = []
        self._fixed: list[str] = []
        self._rows: list[str] = []
        self._number: str | None = None  # of the item that the paragraph is, "" for a bullet
        self._indents: list[int] = []  # of the open items, the outermost first
        self._top = 1 if title else 0
        self._unclosed: set[str] = set()
        writer.heading(title, 1)

    def read(self, lines: list[str]) -> None:
        """Write what the lines say."""
        at = 0
        while at < len(lines):
            line = lines[at]
            at += 1
            block = _BLOCK.match(line.strip())
            if block and block[1].lower() == "begin" and block[2].lower() in _VERBATIM:
                at = self._verbatim(lines, at, block[2].lower(), block[3] or "")
            elif block:
                self._flush()
            else:
                self._line(line)
        self._flush()

    def _line(self, line: str) -> None:
        stripped = line.strip()
        indent = len(line.expandtabs()) - len(line.expandtabs().lstrip())
        kind = "row" if stripped.startswith("|") else "fixed" if re.match(r":(?:\s|$)", stripped) else "text"
        if (self._rows and kind != "row") or (self._fixed and kind != "fixed"):
            self._flush()
        if heading := _HEADING.match(line):
            self._end_lists()
            self.writer.heading(inline(heading[2]), len(heading[1]) + self._top)
        elif kind == "row":
            if not self._rows:
                self._flush()
            self._rows.append(stripped)
        elif kind == "fixed":
            if not self._fixed:
                self._flush()
            self._fixed.append(stripped[2:])
        elif keyword := _KEYWORD.match(stripped):
            self._flush()
            if keyword[1].lower() == "caption":
                self.writer.paragraph(inline(keyword[2]))
        elif stripped.startswith("# ") or stripped == "#" or _DRAWER.match(stripped) or _SEPARATOR.match(stripped):
            self._flush()
        elif match := _PROPERTY.match(stripped):
            self._flush()
            if match[1].lower() not in _TECHNICAL:
                self.writer.item([(f"{match[1]}: ", False), *inline(match[2])])
        elif entry := _ITEM.match(line, indent if "\t" not in line else len(line) - len(line.lstrip())):
            self._flush()
            self._indents = [outer for outer in self._indents if outer < indent] + [indent]
            self._number = entry[1] or ""
            self._paragraph = [entry[2].replace(" :: ", ": ", 1)]
        elif not stripped:
            self._flush()
        else:
            if self._indents and indent <= self._indents[-1]:
                self._end_lists()
            self._paragraph.append(stripped)

    def _verbatim(self, lines: list[str], at: int, kind: str, language: str) -> int:
        """A block that is no Org inside; one without an end is none."""
        self._flush()
        end = None
        if kind not in self._unclosed:
            end = next((n for n in range(at, len(lines)) if lines[n].strip().lower() == f"#+end_{kind}"), None)
        if end is None:
            self._unclosed.add(kind)
            return at
        if kind != "comment":
            code = re.sub(r"^([ \t]*),(?=\*|#\+|,)", r"\1", "\n".join(lines[at:end]), flags=re.MULTILINE)
            self.writer.code(textwrap.dedent(code), language=language if kind != "example" else "")
        return end + 1

    def _end_lists(self) -> None:
        self._flush()
        self._indents = []

    def _flush(self) -> None:
        """Write what was collected."""
        rows, self._rows = self._rows, []
        fixed, self._fixed = self._fixed, []
        content, self._paragraph = inline("\n".join(self._paragraph)), []
        number, self._number = self._number, None
        if rows:
            self._table(rows)
        elif fixed:
            self.writer.code("\n".join(fixed))
        elif number is not None:
            self.writer.item(content, depth=min(len(self._indents) - 1, 10), number=number)
        else:
            self.writer.paragraph(content)

    def _table(self, rows: list[str]) -> None:
        """The rows above the first rule are its header, if there are others below."""
        cells: list[list[Any]] = []
        header = 0
        for row in rows:
            if _RULE.match(row):
                header = header or len(cells)
                continue
            texts = [cell.strip() for cell in row.removeprefix("|").removesuffix("|").split("|")]
            if not all(_WIDTHS.fullmatch(text) for text in texts):
                cells.append([inline(text) for text in texts])
        self.writer.table(cells, header_rows=header if header < len(cells) else 0)
