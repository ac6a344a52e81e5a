"""What an ingest would do, without writing anything."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from rag.errors import DocumentError
from rag.ingest.changes import (
    chosen,
    compare,
    concerns,
    list_sources,
    states_by_item,
    states_of,
    stored_marks,
)
from rag.ingest.generations import changed_settings, current_generation
from rag.ingest.prepare import Preparer
from rag.protocols import Connector, Store
from rag.reports import Failure, Plan, PlannedDocument, Skipped
from rag.settings import Settings
from rag.situating.contexts import CONTEXT_TOKENS
from rag.store.records import DocumentState, same_record
from rag.types import Document, Parsed, SourceItem, containers_of

SAMPLE = 24
"""Documents that are parsed to estimate the tokens of all."""
TOKENS_PER_SECOND = 5_000
"""Encoding rate of MiniLM in float32 on two cores, for the estimate of the time."""
BYTES_PER_CHUNK = 17_000
"""Stored bytes of a chunk: vectors and their quantised copies, term weights, payload, document, log."""


def plan(
    settings: Settings,
    *,
    connectors: Sequence[Connector],
    preparer: Preparer,
    store: Store | None,
    sources: Collection[str] | None = None,
    progress: Callable[[str, int, int], object] = lambda *_: None,
) -> Plan:
    """Compare sources and store. See `Rag.plan`.

    Of the store the records of documents alone are read: each says whether the document is whole. What was damaged
    behind its back, an ingestion mends and `verify` counts.

    Items whose fingerprint is the stored one are not opened; the others that are known are read, to see whether their
    content really differs, and so are new containers, to see what they hold. Tokens are counted on a sample and scaled
    up by bytes.

    Args:
        store: None where nothing was ever ingested.
        sources: whose documents the plan is about; None is all.
        progress: as of `Rag.plan`.

    Raises:
        SettingsError: there is no such source.
    """
    connectors = chosen(connectors, settings, sources)
    listing = list_sources(connectors)
    current = current_generation(store, settings.name) if store else None
    marks = stored_marks(store, current.documents) if store and current else {}
    marks = {id: mark for id, mark in marks.items() if concerns(sources, id)}
    differing = changed_settings(current, settings.index_settings()) if current else ()
    changes = compare(listing, marks, set())

    opened = {item.id for _, item in changes.read}
    known = [mark.id for mark in marks.values() if mark.item_id in opened]
    groups = states_by_item(states_of(store, current.documents, known)) if store and current else {}
    look = _Look(preparer)
    unchanged = len(changes.unchanged)
    for done, (connector, item) in enumerate(changes.read, start=1):
        group = groups.get(item.id, [])
        if group or preparer.parser.holds_members(item):
            unchanged += look.read(connector, item, group)
        else:
            look.plan(item.id, item.uri, "new", item)
        progress("plan", done, len(changes.read))
    if differing:
        listed = {item.id: item for _, item in listing.items}
        for mark in marks.values():
            if mark.item_id in listed and not mark.failed and mark.item_id not in look.failed:
                look.plan(mark.id, mark.uri, "changed", listed[mark.item_id])
        unchanged = 0

    reading = {item.id: connector for connector, item in listing.items} if look.work else {}
    estimate = _estimate(look, reading, settings)
    for mark in changes.gone:
        if not mark.failed:
            look.plan(mark.id, mark.uri, "deleted", None)
    planned = tuple(p for p in look.planned.values() if p.id not in look.failed)
    counts = [p.action for p in planned]
    return Plan(
        corpus=settings.name,
        new=counts.count("new"),
        changed=counts.count("changed"),
        unchanged=unchanged,
        deleted=counts.count("deleted"),
        failed=tuple(look.failed.values()),
        skipped=(*listing.skipped, *look.skipped),
        documents=planned,
        settings_changed=differing,
        estimate=estimate,
    )


@dataclass
class _Look:
    """What was seen so far.

    Attributes:
        planned: by document id.
        work: items with documents that will be encoded, by item id.
        parsed: what was read, by item id.
        failed: by the id of the item or document.
    """

    preparer: Preparer
    planned: dict[str, PlannedDocument] = field(default_factory=dict)
    work: dict[str, SourceItem] = field(default_factory=dict)
    parsed: dict[str, Parsed] = field(default_factory=dict)
    failed: dict[str, Failure] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)

    def plan(self, id: str, uri: str, action: str, item: SourceItem | None) -> None:
        """Note what happens to a document, and that its item must be read for it."""
        self.planned[id] = PlannedDocument(id=id, uri=uri, action=action)
        if item is not None:
            self.work[item.id] = item

    def read(self, connector: Connector, item: SourceItem, group: Sequence[DocumentState]) -> int:
        """Compare an item's documents with the stored ones; returns how many need nothing."""
        parsed = self.open(connector, item)
        if parsed is None:
            return 0
        known = {state.id: state for state in group}
        unchanged = 0
        for document in parsed.documents:
            state = known.pop(document.id, None)
            if state is None or state.failed:
                self.plan(document.id, document.uri, "new", item)
            elif state.content_hash != document.content_hash or not same_record(state, document):
                self.plan(document.id, document.uri, "changed", item)
            else:
                unchanged += 1
        unread = {part.id for part in parsed.failed}
        for state in known.values():
            if not state.failed and unread.isdisjoint((state.id, *containers_of(state.id))):
                self.plan(state.id, state.uri, "deleted", None)
        return unchanged

    def open(self, connector: Connector, item: SourceItem) -> Parsed | None:
        """What the item holds; None where it cannot be read, which is noted."""
        if item.id in self.parsed:
            return self.parsed[item.id]
        try:
            parsed = self.parsed[item.id] = self.preparer.read(connector, item)
        except DocumentError as error:
            self.failed[item.id] = Failure(id=item.id, uri=item.uri, error=str(error), kind=error.kind)
            return None
        for part in parsed.failed:
            self.failed[part.id] = Failure(id=part.id, uri=part.uri, error=part.error, kind=part.kind)
        self.skipped += [Skipped(uri=skip.uri, reason=skip.reason) for skip in parsed.skipped]
        return parsed


def _estimate(look: _Look, connectors: Mapping[str, Connector], settings: Settings) -> dict[str, float]:
    """What the work takes, scaled up by bytes from an evenly spread sample for each media type."""
    preparer = look.preparer
    total: Counter[str] = Counter()
    for mime in sorted({item.mime or "" for item in look.work.values()}):
        items = [item for item in look.work.values() if (item.mime or "") == mime]
        step = max(1, len(items) // SAMPLE)
        seen: Counter[str] = Counter()
        seen_bytes = 0
        for item in items[::step]:
            parsed = look.open(connectors[item.id], item)
            if parsed is None:
                continue
            seen_bytes += item.size or 1
            for document in parsed.documents:
                seen += _work(preparer, document)
        all_bytes = sum(item.size or 1 for item in items)
        for name, number in seen.items():
            total[name] += round(number * all_bytes / seen_bytes)
    estimate: dict[str, float] = {
        "tokens": total["tokens"],
        "seconds": round(total["tokens"] / TOKENS_PER_SECOND, 1),
        "bytes": total["chunks"] * BYTES_PER_CHUNK,
    }
    if preparer.contexts is not None:
        paid = {"input_tokens": total["input_tokens"], "output_tokens": total["contexts"] * CONTEXT_TOKENS}
        estimate |= {"contexts": total["contexts"], **paid}
        if prices := settings.contexts.price_per_million:
            cost = prices.cost(paid["input_tokens"], paid["output_tokens"])
            estimate["cost"] = round(cost, 4)
    return estimate


def _work(preparer: Preparer, document: Document) -> Counter[str]:
    """What one document takes: tokens to encode, chunks, and contexts to ask for."""
    chunks = preparer.chunker.split(document)
    lines = {line for line in preparer.situator.lines(document, chunks) if line}
    tokens = preparer.passes * sum(c.tokens for c in chunks) + sum(preparer.counter.count(sorted(lines)))
    asked = preparer.contexts.missing(document, chunks) if preparer.contexts is not None else []
    if preparer.contexts is not None and len(chunks) > 1:
        tokens += CONTEXT_TOKENS * len(chunks)
    sizes = {"tokens": tokens, "chunks": len(chunks), "contexts": len(asked)}
    return Counter({**sizes, "input_tokens": sum(request.input_tokens for request in asked)})
