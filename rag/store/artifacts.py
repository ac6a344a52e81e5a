"""What outlives the generations of a corpus: points of the collection `<corpus>__artifacts`, found by their key."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from rag.errors import DamagedIndexError, StoreError
from rag.points import Point
from rag.protocols import Store
from rag.store.schema import artifacts_name, artifacts_schema
from rag.types import stable_id


@dataclass(frozen=True, slots=True)
class Artifacts:
    """The artifacts of a corpus. None is ever removed by itself; a second write of a key replaces the first.

    Args:
        store: the corpus' store as it is when something is read or written, None where there is none yet.
        corpus: its name.
    """

    store: Callable[[], Store | None]
    corpus: str
    _creating: Lock = field(default_factory=Lock)

    def read(self, kind: str, keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """The artifacts of a kind by key; missing ones are left out."""
        store, name = self.store(), artifacts_name(self.corpus)
        if store is None or name not in store.collections():
            return {}
        ids = {_id(kind, key): key for key in keys}
        return {ids[id]: record.payload for id, record in store.retrieve(name, list(ids)).items()}

    def write(self, kind: str, key: str, payload: Mapping[str, Any]) -> None:
        """Store an artifact; from here on it survives a kill, and after `flush` a power cut.

        Raises:
            StoreError: there is no store to write to, or it refused.
        """
        store, name = self._required(), artifacts_name(self.corpus)
        with self._creating:
            if name not in store.collections():
                store.create(artifacts_schema(self.corpus))
        point = Point(id=_id(kind, key), vectors={}, payload={**payload, "kind": kind, "key": key})
        store.upsert(name, [point])

    def flush(self) -> None:
        """Return when everything written so far survives a power cut."""
        store, name = self._required(), artifacts_name(self.corpus)
        if name in store.collections():
            store.flush(name)

    def drop_damaged(self) -> bool:
        """Forget all of them where they cannot be read any more, so that new ones can be written; whether that was so.

        What they held is lost already, and no source has it.
        """
        try:
            self.read("", [""])
        except DamagedIndexError:
            self._required().drop(artifacts_name(self.corpus))
            return True
        return False

    def _required(self) -> Store:
        store = self.store()
        if store is None:
            raise StoreError(f"corpus {self.corpus!r}: no store is open for what must outlive this run")
        return store


def _id(kind: str, key: str) -> str:
    return stable_id("artifact", kind, key)
