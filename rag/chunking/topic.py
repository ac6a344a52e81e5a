"""Chunks that end where the topic changes."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rag.chunking.chunks import chunks_of
from rag.chunking.packing import ORPHAN, break_costs, cheapest
from rag.chunking.sizing import Sizer
from rag.chunking.units import GRAIN, Unit, spans_within_budget, structure_of, units_of, visible, with_empty_joined
from rag.chunking.windows import filled
from rag.points import Vector
from rag.protocols import Encoder, TokenCounter
from rag.types import Chunk, Document

NEIGHBOURS = 2
"""Sentences on each side of a place that are compared."""
CUTOFF = 0.5
"""Standard deviations above the document's mean depth from which a change of topic is a reason to cut."""
_DEPTH = 0.5
"""What a cut saves for each standard deviation more, beside the costs in `rag.chunking.packing`."""


class TopicChunker:
    """Cuts a document at every heading, and where sentences before and after are least alike.

    The depth score of Hearst, TextTiling (1997), on cosines of sentence vectors: how far the likeness of the
    `NEIGHBOURS` sentences on either side falls below the peaks around it. Among all cuts within the budget the one with
    the deepest places is taken, and against tiny chunks as in `rag.chunking.packing`. A chunk never crosses a page.
    Sections in languages that the encoder does not read are filled with whole sentences.

    Args:
        counter: the encoder's tokenizer.
        max_tokens: most tokens of a chunk, special tokens not counted.
        encoder: loads the encoder, which reads every sentence of a document in one call; None reads nothing, for
            estimates: then every section is filled with whole sentences.
        readable: whether the encoder reads the language of a text.

    Raises:
        SettingsError: the encoder's window is shorter than `max_tokens`.
    """

    def __init__(
        self,
        counter: TokenCounter,
        *,
        max_tokens: int,
        encoder: Callable[[], Encoder] | None,
        readable: Callable[[str], bool],
    ) -> None:
        self._sizer = Sizer(counter, max_tokens)
        self._encoder, self._readable = encoder, readable

    def split(self, document: Document) -> list[Chunk]:
        """The chunks of a document, in order; see `rag.protocols.Chunker`."""
        document = visible(document)
        elements = structure_of(document)
        units = units_of(document, elements, self._sizer, grain=self._sizer.max_tokens // GRAIN)
        sections = _sections(units)
        read = [self._is_read(document, units[low:high]) for low, high in sections]
        costs = self._costs(document, units, [section for section, known in zip(sections, read, strict=True) if known])
        ranges: list[tuple[int, int]] = []
        for (low, high), known in zip(sections, read, strict=True):
            if known:
                ranges += cheapest(units, costs, low, high, self._sizer.max_tokens)
            else:
                ranges += [(low + a, low + b) for a, b in filled(document, units[low:high], self._sizer)]
        spans = spans_within_budget(document, units, with_empty_joined(units, ranges), self._sizer)
        return chunks_of(document, elements, spans, self._sizer)

    def _is_read(self, document: Document, units: Sequence[Unit]) -> bool:
        return self._encoder is not None and self._readable(self._sizer.plain(document, units[0].start, units[-1].end))

    def _costs(self, document: Document, units: Sequence[Unit], sections: Sequence[tuple[int, int]]) -> list[float]:
        """What a cut before each unit costs, by how little the topic changes there."""
        costs = break_costs(units, [document.text[unit.start : unit.end] for unit in units])
        bodies = [[i for i in range(low, high) if units[i].level is None] for low, high in sections]
        bodies = [body for body in bodies if len(body) > 1]
        if not bodies or self._encoder is None:
            return costs
        texts = [self._sizer.plain(document, units[i].start, units[i].end) for body in bodies for i in body]
        vectors = self._encoder().encode(texts, kind="document")
        places, found, at = [], [], 0
        for body in bodies:
            places += body[1:]
            found.append(depths(vectors[at : at + len(body)]))
            at += len(body)
        scores = np.concatenate(found)
        scores = (scores - scores.mean()) / (scores.std() or 1.0)
        for i, score in zip(places, scores.tolist(), strict=True):
            if costs[i] < ORPHAN:
                costs[i] = _DEPTH * (CUTOFF - score)
        return costs


def _sections(units: Sequence[Unit]) -> list[tuple[int, int]]:
    """`(first, last + 1)` of what lies between headings and pages; a heading right above a lower one goes with it."""
    starts = [
        i
        for i, unit in enumerate(units)
        if i == 0
        or unit.page != units[i - 1].page
        or (unit.level is not None and unit.level <= (units[i - 1].level or unit.level))
    ]
    return list(pairwise([*starts, len(units)]))


def depths(vectors: Vector) -> NDArray[np.float32]:
    """How far likeness falls between neighbouring sentences, against the peaks on either side.

    With s_i the cosine of the mean vectors of up to `NEIGHBOURS` sentences before and after place i, and l_i, r_i the
    greatest s that is reached by climbing from there to the left and to the right: l_i - s_i + r_i - s_i.

    Args:
        vectors: (n, d) of the sentences, n > 1.

    Returns:
        (n - 1,) for the places between them; at least 0.
    """
    count = len(vectors)
    sums = np.concatenate([np.zeros((1, vectors.shape[1])), np.cumsum(vectors, axis=0, dtype=np.float64)])
    places = np.arange(1, count)
    before = sums[places] - sums[np.maximum(places - NEIGHBOURS, 0)]
    after = sums[np.minimum(places + NEIGHBOURS, count)] - sums[places]
    norms = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    likeness = np.einsum("nd,nd->n", before, after) / np.maximum(norms, 1e-9)
    peaks = _climbed(likeness) + _climbed(likeness[::-1])[::-1]
    return np.asarray(peaks - 2 * likeness, np.float32)


def _climbed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """What is reached from each value by going left as long as it does not go down."""
    reached = values.copy()
    for i in range(1, len(values)):
        if values[i - 1] >= values[i]:
            reached[i] = reached[i - 1]
    return reached
