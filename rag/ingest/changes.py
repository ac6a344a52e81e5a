"""What differs between the sources and the store."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from rag.errors import DeletionRefusedError, SettingsError, SourceError
from rag.protocols import Connector, Store
from rag.reports import Skipped
from rag.settings import Settings
from rag.skips import skip_reason
from rag.store.records import (
    MARK_FIELDS,
    STATE_FIELDS,
    DocumentMark,
    DocumentState,
    document_point_id,
    item_hash,
)
from rag.types import Skip, SourceItem, encodable

DELETE_FLOOR = 20
"""Up to so many documents are deleted without asking."""

Mark = TypeVar("Mark", bound=DocumentMark)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What the sources hold now, and through which connector each item is read."""

    items: tuple[tuple[Connector, SourceItem], ...]
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes(Generic[Mark]):
    """The difference.

    Attributes:
        read: items that must be read: unknown, or known with another fingerprint, metadata or acl, or damaged.
        unchanged: documents that need nothing, not even a look.
        moved: those of the unchanged that are at another uri now, as after the tree was moved, and that uri.
        gone: stored documents that no source lists any more.
    """

    read: tuple[tuple[Connector, SourceItem], ...]
    unchanged: tuple[Mark, ...]
    moved: tuple[tuple[Mark, str], ...]
    gone: tuple[Mark, ...]


def chosen(connectors: Sequence[Connector], settings: Settings, sources: Collection[str] | None) -> list[Connector]:
    """The connectors of the sources that a run is about; None is all.

    Raises:
        SettingsError: there is no such source.
    """
    if sources is None:
        return [*connectors]
    known = {source.name for source in settings.all_sources} | {connector.name for connector in connectors}
    unknown = sorted(set(sources) - known)
    if unknown:
        raise SettingsError(f"no source is called {unknown[0]!r}: there are {', '.join(sorted(known))}")
    return [connector for connector in connectors if connector.name in sources]


def concerns(sources: Collection[str] | None, document_id: str) -> bool:
    """A run about these sources is about the document."""
    return sources is None or document_id.partition(":")[0] in sources


def list_sources(connectors: Sequence[Connector]) -> Listing:
    """Ask every connector for its items.

    Raises:
        SourceError: a source cannot be listed, or lists one key twice.
    """
    items: dict[str, tuple[Connector, SourceItem]] = {}
    skipped = []
    for connector in connectors:
        for entry in connector.list():
            if isinstance(entry, Skip):
                skipped.append(Skipped(uri=encodable(entry.uri), reason=encodable(entry.reason)))
            elif reason := _unusable(entry):
                skipped.append(Skipped(uri=encodable(entry.uri), reason=reason))
            elif (id := entry.id) in items:
                raise SourceError(
                    f"source {connector.name!r} lists {entry.key!r} twice: {items[id][1].uri}, {entry.uri}"
                )
            else:
                items[id] = (connector, entry)
    return Listing(items=tuple(items.values()), skipped=tuple(skipped))


def _unusable(item: SourceItem) -> str | None:
    """Why an item can be neither stored nor noted as failed, if so."""
    if encodable(item.key) != item.key or encodable(item.uri) != item.uri:
        return skip_reason("not_unicode")
    if not all(isinstance(principal, str) and encodable(principal) == principal for principal in item.acl):
        return skip_reason("no_acl")
    return None


def stored_states(store: Store, documents: str) -> dict[str, DocumentState]:
    """State of every stored document by its id."""
    states = (DocumentState.from_record(record) for record in store.scroll(documents, fields=STATE_FIELDS))
    return {state.id: state for state in states}


def stored_marks(store: Store, documents: str) -> dict[str, DocumentMark]:
    """Mark of every stored document by its id."""
    marks = (DocumentMark.from_record(record) for record in store.scroll(documents, fields=MARK_FIELDS))
    return {mark.id: mark for mark in marks}


def states_of(store: Store, documents: str, document_ids: Iterable[str]) -> list[DocumentState]:
    """States of these documents, of those that are stored."""
    points = [document_point_id(id) for id in document_ids]
    return [DocumentState.from_record(r) for r in store.retrieve(documents, points, fields=STATE_FIELDS).values()]


def chunk_owners(store: Store, chunks: str) -> dict[str, set[str]]:
    """Ids of the stored chunks by document id."""
    owners: dict[str, set[str]] = {}
    for record in store.scroll(chunks, fields=("document_id",)):
        owners.setdefault(record.payload["document_id"], set()).add(record.id)
    return owners


def listed_owners(store: Store, chunks: str, states: Iterable[DocumentState]) -> dict[str, set[str]]:
    """`chunk_owners`, where these are the stored documents: the payload is read of chunks alone that none lists.

    A chunk's id is made from its document's, so that no other document can list it. The engine reads a payload as a
    whole: of a large corpus that would be all its texts.
    """
    listing = {id: state.id for state in states for id in state.chunk_ids}
    owners: dict[str, set[str]] = {}
    unlisted: list[str] = []
    for record in store.scroll(chunks, fields=()):
        if record.id in listing:
            owners.setdefault(listing[record.id], set()).add(record.id)
        else:
            unlisted.append(record.id)
    for id, record in store.retrieve(chunks, unlisted, fields=("document_id",)).items():
        owners.setdefault(record.payload["document_id"], set()).add(id)
    return owners


def compare_texts(store: Store, texts: str, states: Iterable[DocumentState]) -> tuple[set[str], set[str]]:
    """Documents whose text is missing, and ids of texts whose document was never finished: a crash came between."""
    wanted = {document_point_id(state.id): state for state in states}
    found = {record.id for record in store.scroll(texts, fields=())}
    missing = {state.id for point, state in wanted.items() if not state.failed and point not in found}
    orphans = store.retrieve(texts, [point for point in found if point not in wanted], fields=("document_id",))
    return missing, {record.payload["document_id"] for record in orphans.values()}


def damaged_documents(states: Iterable[DocumentState], owners: dict[str, set[str]]) -> set[str]:
    """Documents whose stored chunks are not those that they list: a crash came between."""
    return {state.id for state in states if set(state.chunk_ids) != owners.get(state.id, set())}


def compare(listing: Listing, states: Mapping[str, Mark], damaged: set[str]) -> Changes[Mark]:
    """Sort the items into what must be read, what is unchanged and what is gone."""
    groups = states_by_item(states.values())
    hashes: dict[tuple[int, int], str] = {}  # by identity: the items of a source mostly share these objects
    read: list[tuple[Connector, SourceItem]] = []
    unchanged: list[Mark] = []
    moved: list[tuple[Mark, str]] = []
    listed: set[str] = set()
    for connector, item in listing.items:
        listed.add(item_id := item.id)
        group = groups.get(item_id, [])
        if (shared := (id(item.metadata), id(item.acl))) not in hashes:
            hashes[shared] = item_hash(item)
        if not _is_known(item, hashes[shared], group) or not damaged.isdisjoint(state.id for state in group):
            read.append((connector, item))
            continue
        unchanged += group
        for state in group:
            uri = item.uri + state.id.removeprefix(item_id)
            if state.uri != uri:
                moved.append((state, uri))
    gone = [state for state in states.values() if state.item_id not in listed]
    return Changes(read=tuple(read), unchanged=tuple(unchanged), moved=tuple(moved), gone=tuple(gone))


def states_by_item(states: Iterable[Mark]) -> dict[str, list[Mark]]:
    """The stored documents of each source item: several for a container."""
    groups: dict[str, list[Mark]] = {}
    for state in states:
        groups.setdefault(state.item_id, []).append(state)
    return groups


def _is_known(item: SourceItem, own_hash: str, group: Sequence[DocumentMark]) -> bool:
    """All documents that the item held are stored, and were read from the item as it is now."""
    wanted = (item.fingerprint, own_hash, len(group))
    return bool(group) and all((s.fingerprint, s.item_hash, s.parts) == wanted for s in group)


def guard_deletion(gone: int, stored: int, max_delete: float, *, written: bool = False) -> None:
    """Refuse to delete more than a share of the corpus; small numbers always pass.

    Args:
        gone: documents that would be deleted.
        stored: documents in the corpus.
        max_delete: share of the stored documents, 0 to 1.
        written: what is new and what changed is stored already: what archives hold is known when they have been read.

    Raises:
        DeletionRefusedError: nothing was deleted; the message says how to go on.
    """
    if gone > max(DELETE_FLOOR, max_delete * stored):
        where = "the sources and their archives and mailboxes" if written else "the sources"
        done = "what is new was written, nothing was deleted" if written else "nothing was changed"
        raise DeletionRefusedError(
            f"{gone} of {stored} documents are gone from {where}, more than --max-delete {max_delete:.0%} allows; "
            f"{done}. If that is meant: --yes, or a higher --max-delete; else look at the sources"
        )


def guard_empty_sources(names: Iterable[str], listing: Listing, known: Iterable[str]) -> None:
    """Refuse to empty a source at once: a server that is half up lists nothing, and calls it success.

    Args:
        names: sources that this is asked of; a local folder may be emptied.
        known: ids of the stored documents.

    Raises:
        DeletionRefusedError: nothing was written; the message names the source.
    """
    listed = {connector.name for connector, _ in listing.items}
    stored = Counter(id.partition(":")[0] for id in known)
    for name in names:
        if stored[name] and name not in listed:
            raise DeletionRefusedError(
                f"source {name!r} lists nothing any more, and the corpus has {stored[name]} documents of it; nothing "
                "was changed. If they are really gone: --yes; else look at the source"
            )


def guard_replacement(gone: Sequence[DocumentState], stored: int, roots: Sequence[Path]) -> None:
    """Refuse to replace a whole corpus by another: two folders of one name share a default index.

    Args:
        roots: folders and files of the local sources.

    Raises:
        DeletionRefusedError: every stored document would go, and its file is still where it was, in no source.
    """
    if not gone or len(gone) < stored:
        return
    uri = Path(gone[0].uri)
    if uri.is_absolute() and uri.exists() and not any(uri.is_relative_to(root) for root in roots):
        raise DeletionRefusedError(
            f"the index holds another corpus, with {gone[0].uri}, which still exists; nothing was changed. "
            "Give this one its own with --set name=NAME or --set store.path=FOLDER, or replace the other with --yes"
        )


def guard_lost(lost: Sequence[str]) -> None:
    """Refuse to switch to a new generation that lacks documents which the old one has.

    Raises:
        DeletionRefusedError: the old generation goes on answering, the new one is kept for the next attempt.
    """
    if lost:
        raise DeletionRefusedError(
            f"{len(lost)} documents cannot be read any more, first {lost[0]}; the old state goes on answering. "
            "Mend them and run --rebuild again (what was finished is kept), or switch without them with --yes"
        )
