"""Make a corpus equal its sources: choose the generation, find the changes, run the job, report."""

import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from rag.errors import DamagedIndexError, DeletionRefusedError, SettingsError, StoreError
from rag.ingest.changes import (
    chosen,
    compare,
    compare_texts,
    concerns,
    damaged_documents,
    guard_deletion,
    guard_empty_sources,
    guard_lost,
    guard_replacement,
    list_sources,
    listed_owners,
    stored_states,
)
from rag.ingest.generations import (
    Generation,
    activate_generation,
    begin_generation,
    current_generation,
    drop_generation,
    drop_older,
    finish_generation,
    refuse_changed_settings,
)
from rag.ingest.job import Job, Progress
from rag.ingest.memory import release_free_memory
from rag.ingest.prepare import Preparer
from rag.ingest.write import COMPACT_EVERY, Writer
from rag.models.lazy import LazyEncoder
from rag.models.threads import tokens_at_a_time
from rag.protocols import Connector, Store
from rag.reports import IngestReport
from rag.settings import Settings
from rag.store.artifacts import Artifacts
from rag.store.records import DocumentState
from rag.types import containers_of

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a run may do.

    Attributes:
        max_delete: share of the stored documents that may be deleted, 0 to 1; 1 also lets a rebuild drop documents
            that cannot be read any more, and an index pass to another folder.
        rebuild: build a new generation if the index settings changed, or anyway.
        serving: others read the corpus in this process: the index is not rewritten, which would hold them up.
        sources: whose documents the run is about; the others stay as they are. None is all, those included that the
            settings no longer name.
    """

    max_delete: float = 0.3
    rebuild: bool = False
    serving: bool = False
    sources: Collection[str] | None = None


def ingest(
    settings: Settings,
    *,
    connectors: list[Connector],
    preparer: Preparer,
    store: Store,
    encoder: LazyEncoder,
    options: Options,
    progress: Callable[[Progress], object] | None = None,
) -> IngestReport:
    """Run a job. See `Rag.ingest`."""
    started = time.monotonic()
    if options.rebuild and options.sources is not None:
        raise SettingsError("a rebuild is about all sources: leave out `sources`")
    connectors = chosen(connectors, settings, options.sources)
    with preparer.stopwatch.time("list"):
        listing = list_sources(connectors)
    if options.rebuild and Artifacts(lambda: store, settings.name).drop_damaged():
        _LOG.warning("written contexts, calibrations and drawn maps could not be read any more and are lost")
    current = current_generation(store, settings.name)
    if current is not None and not options.rebuild:
        refuse_changed_settings(settings, current)
    everything = _states_before(store, current, rebuild=options.rebuild)
    before = {id: state for id, state in everything.items() if concerns(options.sources, id)}
    known = {state.id for state in before.values() if not state.failed}
    listed = {item.id for _, item in listing.items}
    gone = {state.id for state in before.values() if state.id in known and state.item_id not in listed}
    guard_deletion(len(gone), len(known), options.max_delete)
    if options.max_delete < 1:
        local = settings.local_roots
        guard_empty_sources([c.name for c in connectors if c.name not in local], listing, known)
        replaced = [state for state in before.values() if state.id in gone]
        guard_replacement(replaced, len(known), [*local.values()])

    if preparer.contexts is not None:
        preparer.contexts.connect()  # a missing key is an error of the job, not of every document

    if current is None or options.rebuild:
        target, held = _begun(store, settings, encoder)
    else:
        target, held = current, _held(store, current, everything)
    if current is None:  # nothing answers yet: what is finished may answer at once
        activate_generation(store, settings.name, target, unfinished=True)
    states = {id: state for id, state in held.states.items() if concerns(options.sources, id)}
    owners = {id: chunks for id, chunks in held.owners.items() if concerns(options.sources, id)}
    damaged = damaged_documents(states.values(), owners) | held.without_text
    changes = compare(listing, states, damaged)

    writer = Writer(
        store=store, generation=target, owners=owners, stopwatch=preparer.stopwatch, serving=options.serving
    )
    writer.delete_orphans(set(owners) - set(states) - {item.id for _, item in changes.read})
    writer.delete_texts([id for id in sorted(held.lone_texts) if concerns(options.sources, id)])
    job = Job(
        preparer=preparer,
        writer=writer,
        encoder=encoder,
        known=known,
        batch_tokens=tokens_at_a_time(settings.embedding),
        progress=progress,
    )
    tally = job.run(changes, states, damaged)
    vanished = sum(not state.failed for state in tally.vanished)
    if vanished:
        try:
            guard_deletion(len(gone) + vanished, len(known), options.max_delete, written=True)
        except DeletionRefusedError:
            _tidy(writer, replaced=tally.changed > 0)  # what was written answers
            raise
    writer.delete([*changes.gone, *tally.vanished])
    if target is not current and current is not None:
        failed = {failure.id for failure in tally.failed}
        lost = sorted(id for id in known if not failed.isdisjoint((id, *containers_of(id))))
        if options.max_delete < 1:
            guard_lost(lost)
        activate_generation(store, settings.name, target, unfinished=False)
    drop_older(store, settings.name, target)
    release_free_memory()
    with preparer.stopwatch.time("write"):
        _tidy(writer, replaced=tally.changed > 0)
    if options.sources is None:
        finish_generation(store, settings.name)
    return IngestReport(
        corpus=settings.name,
        new=tally.new,
        changed=tally.changed,
        unchanged=tally.unchanged,
        deleted=len(gone) + vanished,
        failed=tuple(tally.failed),
        skipped=(*listing.skipped, *tally.skipped),
        chunks_written=writer.chunks_written,
        chunks_deleted=writer.chunks_deleted,
        tokens_encoded=job.tokens_encoded,
        tokens_truncated=job.tokens_truncated,
        tokens_unknown=job.tokens_unknown,
        contexts_written=preparer.contexts.written if preparer.contexts else 0,
        seconds=round(time.monotonic() - started, 3),
        stages={stage: round(seconds, 3) for stage, seconds in preparer.stopwatch.seconds.items()},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What a generation has.

    Attributes:
        states: by document id.
        owners: ids of its chunks by document id.
        without_text: documents that are finished but for their text.
        lone_texts: ids of documents of which there is a text and nothing else.
    """

    states: dict[str, DocumentState]
    owners: dict[str, set[str]]
    without_text: set[str]
    lone_texts: set[str]


def _held(store: Store, generation: Generation, states: dict[str, DocumentState]) -> _Held:
    without_text, lone_texts = compare_texts(store, generation.texts, states.values())
    return _Held(
        states=states,
        owners=listed_owners(store, generation.chunks, states.values()),
        without_text=without_text,
        lone_texts=lone_texts,
    )


def _begun(store: Store, settings: Settings, encoder: LazyEncoder) -> tuple[Generation, _Held]:
    """The generation that is built, and what an earlier job wrote of it: nothing where that cannot be read."""

    def begin() -> tuple[Generation, _Held]:
        target = begin_generation(store, settings.name, settings.index_settings(), encoder().dimension)
        try:
            return target, _held(store, target, stored_states(store, target.documents))
        except DamagedIndexError:
            drop_generation(store, target)
            raise

    try:
        return begin()
    except DamagedIndexError as error:
        _LOG.warning("what an earlier job had built cannot be read and is built anew: %s", error)
        return begin()


def _states_before(store: Store, current: Generation | None, *, rebuild: bool) -> dict[str, DocumentState]:
    """The stored documents; for a rebuild, none where they cannot be read: that is what it is there to mend."""
    if current is None:
        return {}
    try:
        return stored_states(store, current.documents)
    except StoreError as error:
        if not rebuild:
            raise
        _LOG.warning("the old documents cannot be read and are built anew: %s", error)
        return {}


def _tidy(writer: Writer, *, replaced: bool) -> None:
    """Deleted and replaced points make the idf wrong; many new ones make opening slow."""
    replaced = replaced or writer.chunks_deleted > 0
    if replaced or (writer.chunks_written >= COMPACT_EVERY and not writer.serving):
        writer.tidy(*writer.generation.collections)
