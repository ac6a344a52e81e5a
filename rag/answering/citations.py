"""Quotes as citations: each is read again from the store."""

from rag.answering.evidence import ReadText
from rag.results import Citation, Evidence


def cite(evidence: Evidence, start: int, end: int, read_text: ReadText) -> Citation:
    """A quote of the evidence as a citation, checked against the stored text as it is now.

    Args:
        evidence: the passage.
        start, end: span in the document's text, within the passage and not empty.
        read_text: reads the stored text again.

    Raises:
        ValueError: the span is not within the passage.
    """
    if not evidence.start <= start < end <= evidence.end:
        raise ValueError(
            f"span {start}..{end} is not a part of evidence {evidence.number}, {evidence.start}..{evidence.end}"
        )
    quote = evidence.text[start - evidence.start : end - evidence.start]
    stored = read_text(evidence.document_id)
    chunk = evidence.chunk_at(start)
    return Citation(
        evidence=evidence.number,
        chunk_id=chunk.chunk_id,
        document_id=evidence.document_id,
        uri=evidence.uri,
        title=evidence.title,
        page=chunk.page,
        start=start,
        end=end,
        quote=quote,
        verified=stored is not None and stored[start:end] == quote,
    )
