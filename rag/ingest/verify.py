"""Reconcile documents and chunks both ways, and encode a sample again."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rag.ingest.changes import chunk_owners, stored_states
from rag.ingest.generations import Generation
from rag.protocols import Encoder, Store
from rag.reports import VerifyReport
from rag.store.records import SHARED_FIELDS, chunks_hash, document_point_id, plain_of
from rag.types import Chunk

SAMPLE = 32
"""Chunks that are encoded again."""
SAME = 0.99
"""Cosine from which two encodings of one text count as the same; bfloat16 and float32 stay well above it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What reconciling found.

    Attributes:
        damaged: ids of documents with missing or stale chunks.
        orphans: ids of chunks that no document lists.
    """

    documents: int
    chunks: int
    missing_chunks: int
    stale_documents: int
    damaged: frozenset[str]
    orphans: tuple[str, ...]

    def report(self, *, repaired: int = 0) -> VerifyReport:
        """The findings as what users see."""
        return VerifyReport(
            documents=self.documents,
            chunks=self.chunks,
            missing_chunks=self.missing_chunks,
            orphan_chunks=len(self.orphans),
            stale_documents=self.stale_documents,
            repaired=repaired,
        )

    @property
    def count(self) -> int:
        """All that is wrong."""
        return self.missing_chunks + len(self.orphans) + self.stale_documents


def reconcile(
    store: Store,
    generation: Generation,
    *,
    encoder: Callable[[], Encoder],
    progress: Callable[[str, int, int], object] = lambda *_: None,
) -> Findings:
    """Compare what documents say of their chunks with the stored chunks. Writes nothing.

    Args:
        encoder: loads the encoder; not called where there are no chunks.
        progress: as of `Rag.verify`.
    """
    states = stored_states(store, generation.documents)
    owners = chunk_owners(store, generation.chunks)
    good = [state for state in states.values() if not state.failed]
    listed = {state.id: set(state.chunk_ids) for state in good}
    missing = {id: ids - owners.get(id, set()) for id, ids in listed.items()}
    stale = set()
    for done, state in enumerate(good, start=1):
        if _is_stale(store, generation, state.id, state.chunk_ids):
            stale.add(state.id)
        progress("verify", done, len(good))
    stale |= _badly_encoded(store, generation, sorted(id for ids in owners.values() for id in ids), encoder)
    stale &= set(listed)
    return Findings(
        documents=len(good),
        chunks=sum(len(ids) for ids in owners.values()),
        missing_chunks=sum(map(len, missing.values())),
        stale_documents=len(stale),
        damaged=frozenset(stale | {id for id, ids in missing.items() if ids}),
        orphans=tuple(sorted(id for owner, ids in owners.items() for id in ids - listed.get(owner, set()))),
    )


def _is_stale(store: Store, generation: Generation, document_id: str, chunk_ids: tuple[str, ...]) -> bool:
    """The text is gone, or a stored chunk is not a slice of it, has another id than it should, or another record."""
    point = document_point_id(document_id)
    fields = ("chunks_hash", *SHARED_FIELDS)
    found = store.retrieve(generation.documents, [point], fields=fields).get(point)
    if found is None:  # deleted since the documents were listed
        return False
    document = found.payload
    stored = store.retrieve(generation.texts, [point], fields=("text",)).get(point)
    if stored is None:
        return True
    chunks = [r.payload for r in store.retrieve(generation.chunks, chunk_ids).values()]
    if len(chunks) == len(chunk_ids) and chunks_hash(chunks) != document["chunks_hash"]:
        return True
    occurrences: Counter[str] = Counter()
    for chunk in sorted(chunks, key=lambda payload: payload["ordinal"]):
        text = stored.payload["text"][chunk["start"] : chunk["end"]]
        if text != chunk["text"] or any(chunk.get(name) != document.get(name) for name in SHARED_FIELDS):
            return True
        occurrences[text] += 1
        if len(chunks) == len(chunk_ids) and Chunk.id_of(document_id, text, occurrences[text] - 1) not in chunk_ids:
            return True
    return False


def _badly_encoded(store: Store, generation: Generation, ids: list[str], encoder: Callable[[], Encoder]) -> set[str]:
    """Documents of the sampled chunks whose stored vector is not the one of their text."""
    sample = random.Random(0).sample(ids, min(SAMPLE, len(ids)))  # noqa: S311 - a fixed sample, nothing secret
    fields = ("document_id", "text", "plain")
    found = store.retrieve(generation.chunks, sample, fields=fields, vectors=("raw",)).values()
    records = [record for record in found if "raw" in record.vectors]  # text that the encoder cannot read has none
    if not records:
        return set()
    again = encoder().encode([plain_of(r.payload) for r in records], kind="document")
    stored = np.stack([np.asarray(r.vectors["raw"], np.float32) for r in records])
    cosines = np.einsum("nd,nd->n", again, stored)
    return {r.payload["document_id"] for r, cosine in zip(records, cosines, strict=True) if cosine < SAME}
