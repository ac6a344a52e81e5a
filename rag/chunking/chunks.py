"""Spans -> chunks: what every chunk knows of its place, however its document was cut."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter

from rag.chunking.sizing import Sizer
from rag.protocols import Spans
from rag.situating.headings import cut
from rag.types import Chunk, Document, Element, LineBox

LONGEST_NAME = 200
"""Characters of a heading or of a table's header that its chunks carry, each of them: a paragraph that is underlined is
a heading, too, and a sheet may have a thousand columns."""


def chunks_of(document: Document, elements: Sequence[Element], spans: Spans, sizer: Sizer) -> list[Chunk]:
    """The chunks of a document.

    Args:
        elements: that cover every visible character; see `rag.chunking.units.structure_of`.
        spans: of the chunks, in order, each beginning and ending with a visible character.
    """
    plains = [sizer.plain(document, *span) for span in spans]
    paths = _heading_paths(document, elements)
    starts = [element.start for element in elements]
    lines = sorted((line for element in elements for line in element.lines), key=attrgetter("start"))
    line_starts = [line.start for line in lines]
    headers: dict[int, str] = {}
    seen: Counter[str] = Counter()
    chunks = []
    for ordinal, ((start, end), plain, tokens) in enumerate(zip(spans, plains, sizer.count(plains), strict=True)):
        text = document.text[start:end]
        first, last = bisect_right(starts, start) - 1, bisect_left(starts, end)
        chunks.append(
            Chunk(
                id=Chunk.id_of(document.id, text, seen[text]),
                document_id=document.id,
                ordinal=ordinal,
                start=start,
                end=end,
                text=text,
                plain=plain,
                headings=paths[first],
                pages=tuple(sorted({e.page for e in elements[first:last] if e.page is not None})),
                lines=_clipped(
                    lines[max(0, bisect_right(line_starts, start) - 1) : bisect_left(line_starts, end)], start, end
                ),
                table_header=_table_header(document, elements, first, start, headers),
                tokens=tokens,
            )
        )
        seen[text] += 1
    return chunks


def _table_header(document: Document, elements: Sequence[Element], at: int, start: int, headers: dict[int, str]) -> str:
    """The header of the table that a chunk goes on with; read once for all chunks of a table."""
    element = elements[at]
    if element.header_end is None or start < element.header_end:
        return ""
    if at not in headers:
        headers[at] = cut(" ".join(document.plain(element.start, element.header_end).split()), LONGEST_NAME)
    return headers[at]


def _clipped(lines: Sequence[LineBox], start: int, end: int) -> tuple[LineBox, ...]:
    return tuple(
        replace(line, start=max(line.start, start), end=min(line.end, end)) for line in lines if line.end > start
    )


def _heading_paths(document: Document, elements: Sequence[Element]) -> list[tuple[str, ...]]:
    """The heading path of each element, a heading's own text included."""
    open_sections: list[tuple[int, str]] = []
    paths: list[tuple[str, ...]] = []
    title = " ".join(document.title.split()).casefold()
    for element in elements:
        level = element.level or (1 if element.kind == "heading" else None)
        while level is not None and open_sections and open_sections[-1][0] >= level:
            open_sections.pop()
        if element.kind == "heading":
            assert level is not None  # noqa: S101 - a heading has one
            name = " ".join(document.plain(element.start, element.end).split())
            open_sections.append((level, cut(name, LONGEST_NAME)))
        path = [text for _, text in open_sections if text]
        paths.append(tuple(path[1:] if path and path[0].casefold() == title else path))
    return paths
