"""The lexical vectors of a document's chunks: a term vector for each leg that compares words or parts of words."""

from collections.abc import Collection, Mapping, Sequence

from rag.points import SparseVector
from rag.protocols import LexicalEncoder
from rag.situating.definitions import definitions
from rag.types import Chunk, Document

ChunkTerms = Mapping[str, SparseVector]
"""Term weights by the name of the vector; empty ones are left out."""


def chunk_terms(
    document: Document,
    chunks: Sequence[Chunk],
    lines: Sequence[str],
    readable: Sequence[bool],
    *,
    lexical: LexicalEncoder,
    vectors: Collection[str],
) -> list[ChunkTerms]:
    """The term vectors of each chunk, of those in `vectors`.

    Args:
        lines: the situation of each chunk, matched like its own text.
        readable: which chunks have dense vectors. Only the others have n-grams, which stand in for those.
    """
    texts = [f"{line}\n{chunk.plain}" for chunk, line in zip(chunks, lines, strict=True)]
    made: dict[str, list[SparseVector]] = {}
    if "lexical" in vectors:
        made["lexical"] = lexical.encode(texts, kind="chunk")
    if "bigrams" in vectors:
        made["bigrams"] = lexical.encode(texts, kind="chunk", unit="bigrams")
    if "headings" in vectors:
        # without a line, or with nothing but a context in it, title and headings are not asked for
        above = [
            [document.title, *c.headings] if line != c.context else [] for c, line in zip(chunks, lines, strict=True)
        ]
        headings = [" ".join([*of, *definitions(c.plain)]) for c, of in zip(chunks, above, strict=True)]
        made["headings"] = lexical.encode(headings, kind="headings")
    if "ngrams" in vectors:
        foreign = ["" if known else text for text, known in zip(texts, readable, strict=True)]
        made["ngrams"] = lexical.encode(foreign, kind="chunk", unit="ngrams")
    return [{name: rows[n] for name, rows in made.items() if len(rows[n])} for n in range(len(chunks))]


def document_terms(document: Document, chunks: Sequence[Chunk], *, lexical: LexicalEncoder) -> SparseVector:
    """The term weights of the whole document: its title and all of its chunks."""
    (whole,) = lexical.encode(["\n".join([document.title, *(c.plain for c in chunks)])], kind="document")
    return whole
