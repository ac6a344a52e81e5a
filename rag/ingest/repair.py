"""Mend what `verify` found: orphans out, damaged documents read, encoded and written again."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from rag.ingest.changes import Changes, chunk_owners, list_sources, stored_states
from rag.ingest.generations import Generation, refuse_changed_settings
from rag.ingest.job import Job
from rag.ingest.prepare import Preparer
from rag.ingest.verify import Findings, reconcile
from rag.ingest.write import Writer
from rag.models.lazy import LazyEncoder
from rag.models.threads import tokens_at_a_time
from rag.protocols import Connector, Store
from rag.reports import VerifyReport
from rag.settings import Settings


def verify(
    settings: Settings,
    store: Store,
    generation: Generation,
    *,
    encoder: LazyEncoder,
    reading: Callable[[], AbstractContextManager[tuple[list[Connector], Preparer]]] | None,
    progress: Callable[[str, int, int], object],
) -> VerifyReport:
    """What is wrong; with `reading`, what is still wrong after repairing it. See `Rag.verify`.

    Args:
        reading: opens the connectors and what reads their items.
        progress: as of `Rag.verify`.
    """
    found = reconcile(store, generation, encoder=encoder, progress=progress)
    if reading is None or not found.count:
        return found.report()
    refuse_changed_settings(settings, generation)
    with reading() as (connectors, preparer):
        repair(
            found,
            store=store,
            generation=generation,
            connectors=connectors,
            preparer=preparer,
            encoder=encoder,
            batch_tokens=tokens_at_a_time(settings.embedding),
            progress=progress,
        )
    left = reconcile(store, generation, encoder=encoder, progress=progress)
    return left.report(repaired=found.count - left.count)


def repair(
    findings: Findings,
    *,
    store: Store,
    generation: Generation,
    connectors: Sequence[Connector],
    preparer: Preparer,
    encoder: LazyEncoder,
    batch_tokens: int,
    progress: Callable[[str, int, int], object],
) -> None:
    """Mend the findings and nothing else: other changes of the sources wait for the next ingest.

    A document that its source no longer has, or that cannot be read, stays as it is.

    Raises:
        SourceError: a source cannot be listed; nothing was written.
    """
    states = stored_states(store, generation.documents)
    owners = chunk_owners(store, generation.chunks)
    items = {states[id].item_id for id in findings.damaged if id in states}
    listing = list_sources(connectors) if items else None
    read = tuple((c, item) for c, item in listing.items if item.id in items) if listing else ()
    writer = Writer(store=store, generation=generation, owners=owners, stopwatch=preparer.stopwatch)
    writer.delete_chunks(findings.orphans)
    job = Job(
        preparer=preparer,
        writer=writer,
        encoder=encoder,
        known=set(states),
        batch_tokens=batch_tokens,
        only=findings.damaged,
        progress=lambda at: progress("repair", at.done, at.total),
    )
    job.run(Changes(read=read, unchanged=(), moved=(), gone=()), states, set(findings.damaged))
