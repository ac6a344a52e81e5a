"""The embedded store: Qdrant's own engine in this process, its files in one folder."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, cast
from uuid import UUID

import qdrant_edge as qe

from rag.errors import CorpusMissingError, StoreError
from rag.points import CollectionSchema, Filter, IndexKind, Leg, Point, Record, Scored
from rag.store.catalog import Catalog
from rag.store.edge_conversion import (
    Filters,
    edge_filter,
    edge_point,
    edge_query,
    few_segments,
    index_operation,
    our_vectors,
    shard_config,
    spelled,
)
from rag.store.fields import payload_selection
from rag.store.filters import can_match
from rag.store.legs import BATCH_POINTS, asked_for, batches, best, can_find
from rag.store.lock import LOCK_FILE, OwnerLock, unwritable
from rag.store.shards import Shards
from rag.store.validate import check_id, check_name, check_payload, check_points, check_schema, check_vector_names

PAGE = 1000


class EdgeStore:
    """`rag.protocols.Store` on `qdrant_edge`: one process owns the folder, one engine call runs at a time.

    Args:
        path: the index folder.
        create: make the folder where there is none. Without it, a folder that holds no index stays untouched and
            reads as an empty store.
        wait_s: seconds to wait for another owner of the folder.

    Raises:
        StoreInUseError: another process, or another store of this process, holds the folder.
        StoreError: the folder cannot be written.
    """

    def __init__(self, path: Path, *, create: bool, wait_s: float = 10.0) -> None:
        self._path = path
        self._lock = OwnerLock(path / LOCK_FILE, wait_s=wait_s)
        self._shards = Shards(path, self._lock)
        self._catalog = Catalog(path)
        if create:
            _make_folder(path)
        elif not (path / "collections").is_dir():
            return
        self._lock.acquire()
        try:
            self._catalog.read()
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> "EdgeStore":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def aliases(self) -> dict[str, str]:
        with self._shards.call("reading the aliases"):
            return dict(self._catalog.aliases)

    def switch(self, aliases: Mapping[str, str | None]) -> None:
        with self._shards.call("switching aliases"):
            for alias, name in aliases.items():
                check_name(alias)
                if alias in self._catalog.schemas:
                    raise StoreError(f"{self._path}: alias {alias!r}: there is a collection of this name")
                if name is not None and name not in self._catalog.schemas:
                    raise CorpusMissingError(f"{self._path}: alias {alias!r}: no collection {name!r}")
            now = self._catalog.aliases
            wanted = {alias: name for alias, name in {**now, **aliases}.items() if name is not None}
            if wanted != now:
                self._catalog.point(wanted)

    def collections(self) -> list[str]:
        with self._shards.call("listing the collections"):
            return sorted(self._catalog.schemas)

    def metadata(self, name: str) -> dict[str, Any]:
        with self._shards.call("reading metadata"):
            metadata: dict[str, Any] = json.loads(json.dumps(self._catalog.find(name).metadata))
            return metadata

    def create(self, schema: CollectionSchema) -> None:
        check_schema(schema)
        with self._shards.call(f"creating {schema.name}"):
            if not self._lock.mine:
                raise StoreError(f"{self._path}: there is no index, and the store was opened without create=True")
            if schema.name in self._catalog.schemas or schema.name in self._catalog.aliases:
                raise StoreError(f"{self._path}: there is a collection or an alias {schema.name!r} already")
            self._shards.forget(self._catalog.shard(schema.name))
            self._catalog.remove(schema.name)  # what a creation that failed in this process may have left
            indexes = [index_operation(field, kind) for field, kind in schema.indexes.items()]
            self._shards.create(self._catalog.shard(schema.name), shard_config(schema), indexes)
            self._catalog.save(schema)

    def drop(self, name: str) -> None:
        with self._shards.call(f"dropping {name}"):
            name = self._catalog.aliases.get(name, name)
            if name in self._catalog.schemas:
                self._shards.forget(self._catalog.shard(name))
                self._catalog.remove(name)

    def index(self, name: str, field: str, kind: IndexKind) -> None:
        with self._shards.call(f"indexing {field} of {name}"):
            schema, shard = self._open(name)
            if schema.indexes.get(field) == kind:
                return
            if field in schema.indexes:
                raise StoreError(
                    f"{schema.name}: field {field!r} is indexed as {schema.indexes[field]} already, not as {kind}"
                )
            indexed = replace(schema, indexes={**schema.indexes, field: kind})
            check_schema(indexed)
            self._shards.update(shard, index_operation(field, kind), 0)
            self._shards.flush(shard)
            self._catalog.save(indexed)

    def upsert(self, name: str, points: Sequence[Point]) -> None:
        doing = f"writing to {name}"
        with self._shards.call(doing):
            schema, shard = self._open(name)
        check_points(schema, points)
        for batch, size in batches(points):
            operation = qe.UpdateOperation.upsert_points([edge_point(point) for point in batch])
            with self._shards.call(doing):  # searches wait for what the engine does, not for the conversion
                self._shards.update(shard, operation, size)

    def set_payload(self, name: str, payloads: Mapping[str, Mapping[str, Any]]) -> None:
        for point_id, payload in payloads.items():
            check_id(point_id)
            check_payload(point_id, payload)
        with self._shards.call(f"writing payloads to {name}"):
            _, shard = self._open(name)
            same: dict[str, list[str]] = {}
            # known ids only: at an unknown one the engine stops half way through
            for point_id in self._read(shard, list(payloads), False, False):
                if payloads[point_id]:
                    same.setdefault(json.dumps(dict(payloads[point_id])), []).append(point_id)
            for text, ids in same.items():
                for page in _pages(ids, BATCH_POINTS):
                    operation = qe.UpdateOperation.set_payload(page, json.loads(text))
                    self._shards.update(shard, operation, len(text) * len(page))

    def delete(self, name: str, ids: Sequence[str]) -> None:
        for point_id in ids:
            check_id(point_id)
        with self._shards.call(f"deleting from {name}"):
            _, shard = self._open(name)
            for page in _pages(ids, BATCH_POINTS):
                self._shards.update(shard, qe.UpdateOperation.delete_points(page), 0)

    def retrieve(
        self, name: str, ids: Sequence[str], *, fields: Sequence[str] | None = None, vectors: Sequence[str] = ()
    ) -> dict[str, Record]:
        for point_id in ids:
            check_id(point_id)
        with self._shards.call(f"reading {name}"):
            schema, shard = self._open(name)
            check_vector_names(schema, vectors)
            return self._read(shard, ids, payload_selection(fields), list(vectors) or False)

    def scroll(
        self, name: str, *, where: Filter = (), fields: Sequence[str] | None = None, vectors: Sequence[str] = ()
    ) -> Iterator[Record]:
        possible, selection = can_match(where), payload_selection(fields)
        with self._shards.call(f"reading {name}"):
            schema, shard = self._open(name)
            check_vector_names(schema, vectors)
            if selection and not where:
                self._shards.read_payloads_ahead(shard)
        return self._scroll(schema.name, where, selection, list(vectors) or False) if possible else iter(())

    def search(self, name: str, legs: Sequence[Leg]) -> list[list[Scored]]:
        with self._shards.call(f"searching {name}"):
            schema, shard = self._open(name)
            self._shards.read_ahead(shard)
            asked = zip(legs, can_find(schema, legs), strict=True)
            filters = Filters()
            return [self._nearest(shard, schema, leg, filters) if ask else [] for leg, ask in asked]

    def count(self, name: str, *, where: Filter = ()) -> int:
        possible = can_match(where)
        with self._shards.call(f"counting {name}"):
            _, shard = self._open(name)
            if not possible:
                return 0
            return int(self._shards.get(shard).count(qe.CountRequest(exact=True, filter=edge_filter(where))))

    def flush(self, name: str) -> None:
        with self._shards.call(f"flushing {name}"):
            self._shards.flush(self._open(name)[1])

    def refresh(self, name: str) -> None:
        with self._shards.call(f"refreshing {name}"):
            self._shards.unload(self._open(name)[1])

    def compact(self, name: str, *, merge: bool = True) -> None:
        with self._shards.call(f"compacting {name}"):
            schema, shard = self._open(name)
            few = few_segments(self._shards.largest_vectors(shard)) if merge else None
            self._shards.compact(shard, shard_config(schema, few) if few else None)

    def close(self) -> None:
        self._shards.close()

    def _open(self, name: str) -> tuple[CollectionSchema, Path]:
        """The schema and the shard's folder of the collection that a name or an alias means."""
        schema = self._catalog.find(name)
        return schema, self._catalog.shard(schema.name)

    def _nearest(self, shard: Path, schema: CollectionSchema, leg: Leg, filters: Filters) -> list[Scored]:
        request = edge_query(leg, asked_for(leg), filters.of(leg.where), dense=leg.vector in schema.dense)
        hits = self._shards.get(shard).query(request)
        return best([(spelled(cast(UUID, hit.id).int), hit.score) for hit in hits], leg.limit)

    def _read(
        self, shard: Path, ids: Sequence[str], payload: bool | list[str], vectors: bool | list[str]
    ) -> dict[str, Record]:
        engine = self._shards.get(shard)
        found = [_record(r) for page in _pages(ids, PAGE) for r in engine.retrieve(page, payload, vectors)]
        return {record.id: record for record in found}

    def _scroll(
        self, name: str, where: Filter, payload: bool | list[str], vectors: bool | list[str]
    ) -> Iterator[Record]:
        offset: Any = None
        while True:
            request = qe.ScrollRequest(
                offset=offset, limit=PAGE, filter=edge_filter(where), with_payload=payload, with_vector=vectors
            )
            with self._shards.call(f"reading on in {name}"):
                _, shard = self._open(name)  # it may have been dropped since
                page, offset = self._shards.get(shard).scroll(request)
            yield from (_record(record) for record in page)
            if offset is None:
                return


def _make_folder(path: Path) -> None:
    try:
        (path / "collections").mkdir(parents=True, exist_ok=True)
        if not (path / ".gitignore").exists():
            (path / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise unwritable(path, error) from error


def _record(record: Any) -> Record:
    return Record(id=spelled(record.id.int), payload=record.payload or {}, vectors=our_vectors(record.vector))


def _pages(ids: Sequence[str], size: int) -> Iterator[list[int | UUID | str]]:
    for start in range(0, len(ids), size):
        yield list(ids[start : start + size])
