"""The store on a Qdrant server or cluster, or in qdrant-client's local mode.

Importing this module takes over a second: import it where a server is configured, not before.
"""

import copy
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from qdrant_client import QdrantClient, models

from rag.errors import CorpusMissingError, StoreError
from rag.points import CollectionSchema, Filter, IndexKind, Leg, Point, Record, Scored
from rag.store.fields import json_path, payload_selection
from rag.store.filters import can_match
from rag.store.legs import BATCH_POINTS, asked_for, batches, best, can_find
from rag.store.server_conversion import (
    FLAT,
    index_params,
    our_vectors,
    schema_of,
    server_filter,
    server_point,
    server_query,
    sparse_params,
    vector_params,
)
from rag.store.server_errors import server_errors
from rag.store.validate import (
    check_id,
    check_index,
    check_name,
    check_payload,
    check_points,
    check_schema,
    check_vector_names,
)

LOCAL = ":memory:"
PAGE = 1000
TIMEOUT_S = 60


class ServerStore:
    """`rag.protocols.Store` on `qdrant_client`.

    Args:
        url: http(s)://host:port of a server; ":memory:" is the client's local mode, which forgets all at its end.
        api_key: of the server; it appears in no message.
        client: one that is set up already, in place of one made from url and key; it is closed with the store.
    """

    def __init__(self, url: str, *, api_key: str | None = None, client: QdrantClient | None = None) -> None:
        self._url = url
        self._local = url == LOCAL
        self._schemas: dict[str, CollectionSchema] = {}
        if self._local:
            warnings.filterwarnings("ignore", message="Local mode is not recommended", category=UserWarning)
        with self._errors("connecting"):
            self._client = client or self._connect(api_key)

    def aliases(self) -> dict[str, str]:
        with self._errors("reading the aliases"):
            return {a.alias_name: a.collection_name for a in self._client.get_aliases().aliases}

    def switch(self, aliases: Mapping[str, str | None]) -> None:
        current, names = self.aliases(), self.collections()
        operations: list[models.AliasOperations] = []
        for alias, name in aliases.items():
            check_name(alias)
            if alias in names:
                raise StoreError(f"{self._url}: alias {alias!r}: there is a collection of this name")
            if name is not None and name not in names:
                raise CorpusMissingError(f"{self._url}: alias {alias!r}: no collection {name!r}")
            if alias in current:
                operations.append(models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias)))
            if name is not None:
                create = models.CreateAlias(alias_name=alias, collection_name=name)
                operations.append(models.CreateAliasOperation(create_alias=create))
        if operations:
            with self._errors("switching aliases"):
                self._client.update_collection_aliases(operations)
            self._schemas.clear()

    def collections(self) -> list[str]:
        with self._errors("listing the collections"):
            return sorted(c.name for c in self._client.get_collections().collections)

    def metadata(self, name: str) -> dict[str, Any]:
        return copy.deepcopy(dict(self._schema(name).metadata))

    def create(self, schema: CollectionSchema) -> None:
        check_schema(schema)
        if schema.name in self.collections() or schema.name in self.aliases():
            raise StoreError(f"{self._url}: there is a collection or an alias {schema.name!r} already")
        with self._errors(f"creating {schema.name}"):
            self._client.create_collection(
                schema.name,
                vectors_config=vector_params(schema),
                sparse_vectors_config=sparse_params(schema),
                hnsw_config=FLAT,
                on_disk_payload=True,
                metadata=dict(schema.metadata),
            )
        for field, kind in schema.indexes.items():
            self.index(schema.name, field, kind)

    def drop(self, name: str) -> None:
        name = self.aliases().get(name, name)
        if name in self.collections():
            with self._errors(f"dropping {name}"):
                self._client.delete_collection(name)
        self._schemas.clear()

    def index(self, name: str, field: str, kind: IndexKind) -> None:
        check_index(field, kind)
        path, schema = json_path(field), self._schema(name)
        if self._local:
            return  # filters by scanning
        with self._errors(f"indexing {field} of {name}"):
            indexed = self._client.get_collection(name).payload_schema.get(path)
            if indexed is not None and indexed.data_type != index_params(kind):
                raise StoreError(
                    f"{schema.name}: field {field!r} is indexed as {indexed.data_type.value} already, not as {kind}"
                )
            self._client.create_payload_index(name, path, field_schema=index_params(kind), wait=True)

    def upsert(self, name: str, points: Sequence[Point]) -> None:
        check_points(self._schema(name), points)
        for batch, _ in batches(points):
            with self._errors(f"writing to {name}"):
                self._client.upsert(name, [server_point(point) for point in batch], wait=True)

    def set_payload(self, name: str, payloads: Mapping[str, Mapping[str, Any]]) -> None:
        for point_id, payload in payloads.items():
            check_id(point_id)
            check_payload(point_id, payload)
        known = self.retrieve(name, list(payloads), fields=())
        operations: list[models.UpdateOperation] = [
            models.SetPayloadOperation(set_payload=models.SetPayload(payload=dict(payloads[i]), points=[i]))
            for i in known
            if payloads[i]
        ]
        for start in range(0, len(operations), BATCH_POINTS):
            with self._errors(f"writing payloads to {name}"):
                self._client.batch_update_points(name, operations[start : start + BATCH_POINTS], wait=True)

    def delete(self, name: str, ids: Sequence[str]) -> None:
        self._schema(name)
        for point_id in ids:
            check_id(point_id)
        for page in _pages(ids):
            with self._errors(f"deleting from {name}"):
                self._client.delete(name, models.PointIdsList(points=list(page)), wait=True)

    def retrieve(
        self, name: str, ids: Sequence[str], *, fields: Sequence[str] | None = None, vectors: Sequence[str] = ()
    ) -> dict[str, Record]:
        check_vector_names(self._schema(name), vectors)
        for point_id in ids:
            check_id(point_id)
        payload = payload_selection(fields)
        records: dict[str, Record] = {}
        for page in _pages(ids):
            with self._errors(f"reading {name}"):
                found = self._client.retrieve(name, page, with_payload=payload, with_vectors=list(vectors) or False)
            records.update((str(r.id), _record(r)) for r in found)
        return records

    def scroll(
        self, name: str, *, where: Filter = (), fields: Sequence[str] | None = None, vectors: Sequence[str] = ()
    ) -> Iterator[Record]:
        check_vector_names(self._schema(name), vectors)
        payload = payload_selection(fields)
        return self._scroll(name, where, payload, list(vectors) or False) if can_match(where) else iter(())

    def search(self, name: str, legs: Sequence[Leg]) -> list[list[Scored]]:
        schema = self._schema(name)
        asked = [n for n, ask in enumerate(can_find(schema, legs)) if ask]
        found: list[list[Scored]] = [[] for _ in legs]
        if not asked:
            return found
        requests = [
            server_query(legs[n], asked_for(legs[n]), schema, rescored=not self._local)  # local mode is exact
            for n in asked
        ]
        with self._errors(f"searching {name}"):
            responses = self._client.query_batch_points(name, requests=requests)
        for n, response in zip(asked, responses, strict=True):
            found[n] = best(((str(hit.id), hit.score) for hit in response.points), legs[n].limit)
        return found

    def count(self, name: str, *, where: Filter = ()) -> int:
        self._schema(name)
        if not can_match(where):
            return 0
        with self._errors(f"counting {name}"):
            return self._client.count(name, count_filter=server_filter(where), exact=True).count

    def flush(self, name: str) -> None:
        """Nothing to do: every write waited until the server had it."""
        self._schema(name)

    def refresh(self, name: str) -> None:
        """Nothing to do: as for `compact`."""
        self._schema(name)

    def compact(self, name: str, *, merge: bool = True) -> None:  # noqa: ARG002
        """Nothing to do: a server compacts by itself."""
        self._schema(name)

    def close(self) -> None:
        self._client.close()

    def _connect(self, api_key: str | None) -> QdrantClient:
        if self._local:
            return QdrantClient(LOCAL)
        return QdrantClient(url=self._url, api_key=api_key, timeout=TIMEOUT_S, check_compatibility=False)

    def _schema(self, name: str) -> CollectionSchema:
        schema = self._schemas.get(name)
        if schema is None:  # another thread may forget them all at any moment
            with self._errors(f"opening {name}"):
                schema = self._schemas[name] = schema_of(name, self._client.get_collection(name).config)
        return schema

    def _scroll(
        self, name: str, where: Filter, payload: bool | list[str], vectors: bool | list[str]
    ) -> Iterator[Record]:
        offset: Any = None
        while True:
            with self._errors(f"reading {name}"):
                page, offset = self._client.scroll(
                    name,
                    scroll_filter=server_filter(where),
                    limit=PAGE,
                    offset=offset,
                    with_payload=payload,
                    with_vectors=vectors,
                )
            yield from (_record(record) for record in page)
            if offset is None:
                return

    def _errors(self, doing: str) -> AbstractContextManager[None]:
        return server_errors(self._url, doing)


def _record(record: models.Record) -> Record:
    return Record(id=str(record.id), payload=record.payload or {}, vectors=our_vectors(record.vector))


def _pages(ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), PAGE):
        yield list(ids[start : start + PAGE])
