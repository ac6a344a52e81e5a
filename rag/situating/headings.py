"""A chunk's place: title > heading path > page, and the document's own vector."""

from collections.abc import Sequence

import numpy as np

from rag.points import Vector
from rag.protocols import Encoder
from rag.types import Chunk, Document

LINE_WEIGHT = 1.0
"""Weight of the situation line's vector beside the raw vector."""
MEAN_WEIGHT = 1.0
"""Weight of the document's mean vector beside the raw vector."""
MAX_PART = 120
"""Characters of a title, heading or table header in the line."""
MAX_LINE = 200
"""Characters of a line without a table header: few enough tokens for any encoder."""
_SEPARATOR, _CUT = " > ", "…"


class HeadingsSituator:
    """Composes the situated vectors from what is encoded anyway; only each distinct line costs an encoding more."""

    def lines(self, document: Document, chunks: Sequence[Chunk]) -> list[str]:
        """`title > heading > heading > page 3` for each chunk, at most `MAX_LINE` characters.

        The page is left out where the format has none. In a line that is too long the middle headings give way first.
        Rows that stand apart from their table's header have it at the end, in at most `MAX_PART` characters more.
        """
        return [_joined([_line(document.title, chunk), _cut(chunk.table_header, MAX_PART)]) for chunk in chunks]

    def vectors(self, document: Document, chunks: Sequence[Chunk], raw: Vector, encoder: Encoder) -> Vector:
        """unit(raw + LINE_WEIGHT * line + MEAN_WEIGHT * mean).

        Args:
            document: whose chunks these are.
            chunks: n of them.
            raw: (n, d), unit norm.
            encoder: encodes each distinct line once, as a document.

        Returns:
            (n, d) float32, unit norm. `mean` is the mean of the raw rows weighted by the chunks' tokens; an empty line
            adds nothing; a row whose parts cancel out is the raw one.
        """
        if not chunks:
            return raw
        situated = raw.astype(np.float64)
        lines = self.lines(document, chunks)
        distinct = list(dict.fromkeys(line for line in lines if line))
        if distinct:
            encoded = dict(zip(distinct, encoder.encode(distinct, kind="document"), strict=True))
            for row, line in enumerate(lines):
                if line:
                    situated[row] += LINE_WEIGHT * encoded[line]
        tokens = np.array([chunk.tokens for chunk in chunks], dtype=np.float64)
        weights = tokens if tokens.any() else np.ones_like(tokens)
        situated += MEAN_WEIGHT * np.average(raw.astype(np.float64), axis=0, weights=weights)
        norms = np.linalg.norm(situated, axis=1, keepdims=True)
        nothing = norms < 1e-6
        return np.where(nothing, raw, situated / np.where(nothing, 1.0, norms)).astype(np.float32)


def _line(title: str, chunk: Chunk) -> str:
    first = _cut(" ".join(title.split()), MAX_PART)
    headings = [_cut(" ".join(heading.split()), MAX_PART) for heading in chunk.headings]
    if headings and headings[0].casefold() == first.casefold():
        del headings[0]
    last = [f"page {chunk.pages[0]}"] if chunk.pages else []
    line = _joined([first, *headings, *last])
    while len(line) > MAX_LINE and len(headings) > 1:
        middle = (len(headings) - 1) // 2
        del headings[middle]
        line = _joined([first, *headings[:middle], _CUT, *headings[middle:], *last])
    if len(line) > MAX_LINE:
        # the title and the innermost heading share what is left
        kept = [_CUT] if len(chunk.headings) > 1 else []
        room = MAX_LINE - len(_joined([*kept, *last])) - 2 * len(_SEPARATOR)
        line = _joined([_cut(first, room // 2), *kept, *(_cut(heading, room // 2) for heading in headings), *last])
    return line


def _joined(parts: Sequence[str]) -> str:
    return _SEPARATOR.join(part for part in parts if part)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + _CUT
