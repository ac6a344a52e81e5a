"""What an ingest would do, without writing anything."""

from collections.abc import Sequence

from rag.errors import DocumentError
from rag.ingest.changes import chunk_owners, compare, damaged_documents, list_sources, stored_states
from rag.ingest.generations import changed_settings, current_generation
from rag.ingest.prepare import Preparer
from rag.protocols import Connector, Store
from rag.results import Failure, Plan, PlannedDocument
from rag.settings import Settings
from rag.store.records import same_record
from rag.types import Document, SourceItem

SAMPLE = 24
"""Documents that are parsed to estimate the tokens of all."""
TOKENS_PER_SECOND = 5_000
"""Encoding rate of MiniLM in float32 on two cores, for the estimate of the time."""
BYTES_PER_CHUNK = 15_000
"""Stored bytes of a chunk: two vectors and their quantised copies, term weights, payload, document, log."""


def plan(settings: Settings, *, connectors: Sequence[Connector], preparer: Preparer, store: Store | None) -> Plan:
    """Compare sources and store. See `Rag.plan`.

    Items whose fingerprint is the stored one are not opened; the others that are known are read, to see whether their
    content really differs. Tokens are counted on a sample and scaled up by bytes.

    Args:
        store: None where nothing was ever ingested.
    """
    listing = list_sources(connectors)
    current = current_generation(store, settings.name) if store else None
    states = stored_states(store, current.documents) if store and current else {}
    differing = changed_settings(current, settings.index_settings()) if current else ()
    damaged = damaged_documents(states.values(), chunk_owners(store, current.chunks)) if store and current else set()
    changes = compare(listing, states, damaged)

    actions: dict[str, tuple[SourceItem, str]] = {}
    failed: list[Failure] = []
    documents: dict[str, Document] = {}
    unchanged = len(changes.unchanged)
    for connector, item in changes.read:
        state = states.get(item.id)
        if state is None:
            actions[item.id] = (item, "new")
            continue
        try:
            documents[item.id] = document = preparer.read(connector, item)
        except DocumentError as error:
            failed.append(Failure(id=item.id, uri=item.uri, error=str(error), kind=error.kind))
            continue
        same = state.content_hash == document.content_hash and same_record(state, document)
        if same and not state.failed and item.id not in damaged:
            unchanged += 1
        else:
            actions[item.id] = (item, "new" if state.failed else "changed")
    if differing:
        stored_items = {item.id: item for _, item in listing.items if item.id in states}
        already_failed = {failure.id for failure in failed}
        for id, item in stored_items.items():
            if id not in already_failed and not states[id].failed:
                actions[id] = (item, "changed")
        unchanged = 0

    readers = {item.id: connector for connector, item in listing.items}
    work = [item for item, _ in actions.values()]
    tokens, chunks = _estimate(work, readers, preparer, documents, failed)
    for failure in failed:
        actions.pop(failure.id, None)
    gone = [state for state in changes.gone if not state.failed]
    planned = [PlannedDocument(id=id, uri=item.uri, action=action) for id, (item, action) in actions.items()]
    planned += [PlannedDocument(id=state.id, uri=state.uri, action="deleted") for state in gone]
    counts = [p.action for p in planned]
    return Plan(
        corpus=settings.name,
        new=counts.count("new"),
        changed=counts.count("changed"),
        unchanged=unchanged,
        deleted=len(gone),
        failed=tuple(failed),
        skipped=listing.skipped,
        documents=tuple(planned),
        settings_changed=differing,
        estimate={
            "tokens": tokens,
            "seconds": round(tokens / TOKENS_PER_SECOND, 1),
            "bytes": chunks * BYTES_PER_CHUNK,
        },
    )


def _estimate(
    work: Sequence[SourceItem],
    connectors: dict[str, Connector],
    preparer: Preparer,
    read: dict[str, Document],
    failed: list[Failure],
) -> tuple[int, int]:
    """Tokens and chunks of the work, scaled up by bytes from an evenly spread sample for each media type."""
    tokens = chunks = 0.0
    for mime in sorted({item.mime or "" for item in work}):
        items = [item for item in work if (item.mime or "") == mime]
        step = max(1, len(items) // SAMPLE)
        seen_bytes = seen_tokens = seen_chunks = 0
        for item in items[::step]:
            try:
                document = read.get(item.id) or preparer.read(connectors[item.id], item)
            except DocumentError as error:
                failed.append(Failure(id=item.id, uri=item.uri, error=str(error), kind=error.kind))
                continue
            pieces = preparer.chunker.split(document)
            lines = {line for line in preparer.situator.lines(document, pieces) if line}
            seen_bytes += item.size or 1
            seen_tokens += sum(c.tokens for c in pieces) + sum(preparer.counter.count(sorted(lines)))
            seen_chunks += len(pieces)
        all_bytes = sum(item.size or 1 for item in items)
        if seen_bytes:
            tokens += seen_tokens * all_bytes / seen_bytes
            chunks += seen_chunks * all_bytes / seen_bytes
    return round(tokens), round(chunks)
