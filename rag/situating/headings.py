"""A chunk's place in its document: title > heading path > page."""

from collections.abc import Sequence

from rag.types import Chunk, Document

MAX_PART = 120
"""Characters of a title, heading or table header in the line."""
MAX_LINE = 200
"""Characters of a line without a table header: few enough tokens for any encoder."""
_SEPARATOR, _CUT = " > ", "…"


def heading_line(document: Document, chunk: Chunk) -> str:
    """`title > heading > heading > page 3`, at most `MAX_LINE` characters.

    The page is left out where the format has none. In a line that is too long the middle headings give way first.
    Rows that stand apart from their table's header have it at the end, in at most `MAX_PART` characters more.
    """
    return joined([_line(document.title, chunk), cut(chunk.table_header, MAX_PART)])


def joined(parts: Sequence[str]) -> str:
    """The parts of a line, without the empty ones."""
    return _SEPARATOR.join(part for part in parts if part)


def cut(text: str, limit: int) -> str:
    """The text in at most `limit` characters; a mark stands where something was cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + _CUT


def _line(title: str, chunk: Chunk) -> str:
    first = cut(" ".join(title.split()), MAX_PART)
    headings = [cut(" ".join(heading.split()), MAX_PART) for heading in chunk.headings]
    if headings and headings[0].casefold() == first.casefold():
        del headings[0]
    last = [f"page {chunk.pages[0]}"] if chunk.pages else []
    line = joined([first, *headings, *last])
    while len(line) > MAX_LINE and len(headings) > 1:
        middle = (len(headings) - 1) // 2
        del headings[middle]
        line = joined([first, *headings[:middle], _CUT, *headings[middle:], *last])
    if len(line) > MAX_LINE:
        # the title and the innermost heading share what is left
        kept = [_CUT] if len(chunk.headings) > 1 else []
        room = MAX_LINE - len(joined([*kept, *last])) - 2 * len(_SEPARATOR)
        line = joined([cut(first, room // 2), *kept, *(cut(heading, room // 2) for heading in headings), *last])
    return line
