"""Chunks that follow a document's structure."""

from rag.chunking.chunks import chunks_of
from rag.chunking.packing import pack
from rag.chunking.sizing import Sizer
from rag.chunking.units import GRAIN, spans_within_budget, structure_of, units_of, visible, with_empty_joined
from rag.protocols import TokenCounter
from rag.types import Chunk, Document


class StructureChunker:
    """Cuts a document where its structure does.

    A chunk never crosses a heading of the level of the section that it starts in, or of a higher one; it may hold a
    section and its subsections. Inside a table row, a code block or a sentence it is cut only where that alone is too
    long. What it holds depends on its surroundings within one section of level 1 or 2, so that a change elsewhere in
    the document leaves its text, and its id, as they are.

    Args:
        counter: the encoder's tokenizer.
        max_tokens: most tokens of a chunk, special tokens not counted.

    Raises:
        SettingsError: the encoder's window is shorter than `max_tokens`.
    """

    def __init__(self, counter: TokenCounter, *, max_tokens: int) -> None:
        self._sizer = Sizer(counter, max_tokens)

    def split(self, document: Document) -> list[Chunk]:
        """The chunks of a document, in order: every visible character is in one, none is longer than `max_tokens`.

        Only a single character that has more tokens than that stands alone. A document without visible text has none.
        """
        document = visible(document)
        elements = structure_of(document)
        units = units_of(document, elements, self._sizer, grain=self._sizer.max_tokens // GRAIN)
        texts = [document.text[unit.start : unit.end] for unit in units]
        ranges = with_empty_joined(units, pack(units, texts, self._sizer.max_tokens))
        return chunks_of(document, elements, spans_within_budget(document, units, ranges, self._sizer), self._sizer)
