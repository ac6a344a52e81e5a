"""Hits -> numbered, contiguous passages of the stored documents."""

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from rag.answering.matching import words_alone
from rag.answering.table_rows import TABLES, head_above
from rag.results import ChunkSpan, Evidence, Hit
from rag.retrieval.sections import read_sections
from rag.retrieval.segments import Place, extract, run_size

ReadText: TypeAlias = Callable[[str], str | None]
"""Document id -> its stored text, None where there is no such document (any more)."""
ChunkSpans: TypeAlias = Callable[[str], Sequence[ChunkSpan]]
"""Document id -> the spans of all its chunks in document order; empty where there is no such document."""
Parent: TypeAlias = Literal["section"]
"""What is read where a chunk is matched."""


def pack_evidence(
    hits: Sequence[Hit],
    *,
    read_text: ReadText,
    chunk_spans: ChunkSpans,
    max_tokens: int,
    count: Callable[[str], int],
    parent: Parent | None = None,
) -> tuple[Evidence, ...]:
    """The passages to read around the hits: relevant segments, or the hits' sections.

    A hit whose document is gone, or no longer says what was found, is left out; so is one that says the same as a
    better hit. No chunk is cut.

    Args:
        hits: best first.
        read_text: the text of evidence is sliced from what this returns.
        chunk_spans: where the neighbours of a hit are.
        max_tokens: of all passages together; only a first hit that is longer exceeds it.
        count: text -> its tokens.
        parent: section reads the whole sections that hits are in, as far as they fit.

    Returns:
        Passages numbered from 1: those of a document in its order, documents by their best hit.
    """
    texts = {document_id: read_text(document_id) or "" for document_id in {hit.document_id for hit in hits}}
    spans = {document_id: chunk_spans(document_id) for document_id, text in texts.items() if text}
    positions = {id: {span.chunk_id: at for at, span in enumerate(of_document)} for id, of_document in spans.items()}
    found: dict[Place, Hit] = {}
    said: set[str] = set()
    for hit in hits:
        at = positions.get(hit.document_id, {}).get(hit.chunk_id)
        if at is None or texts[hit.document_id][hit.start : hit.end] != hit.text or _normal(hit.text) in said:
            continue
        said.add(_normal(hit.text))
        found[hit.document_id, at] = hit

    def says(place: Place) -> str:
        span = spans[place[0]][place[1]]
        return _normal(texts[place[0]][span.start : span.end])

    size = run_size(spans, texts, count)
    reading = extract([*found], spans, max_tokens, size=size, says=says)
    if parent == "section":
        reading = read_sections([*found], spans, max_tokens, size=size, texts=texts, segments=reading.runs())
    passages = [
        ([found[id, at] for at in range(low, high + 1) if (id, at) in found], spans[id][low : high + 1], texts[id])
        for id, low, high in reading.runs()
    ]
    order = {id: n for n, id in enumerate(dict.fromkeys(id for id, _ in found))}
    passages.sort(key=lambda passage: (order[passage[0][0].document_id], passage[1][0].start))
    return tuple(_evidence(number, *passage) for number, passage in enumerate(passages, 1))


def _evidence(number: int, hits: Sequence[Hit], chunks: Sequence[ChunkSpan], text: str) -> Evidence:
    first, best, start, end = hits[0], _best(hits), chunks[0].start, chunks[-1].end
    return Evidence(
        number=number,
        document_id=first.document_id,
        uri=first.uri,
        mime=first.mime,
        title=first.title,
        headings=first.headings,
        page=chunks[0].page,
        start=start,
        end=end,
        text=text[start:end],
        chunks=tuple(chunks),
        score=best.score,
        table_head=head_above(text, start, file=first.mime in TABLES),
    )


def _best(hits: Sequence[Hit]) -> Hit:
    return max(hits, key=lambda hit: hit.score)


def _normal(text: str) -> str:
    """Its words; the text itself where it has none."""
    return words_alone(text) or text
