"""The stores that every part of the contract starts from."""

import pytest

from rag.protocols import Store
from rag.testing.exact_store import ExactStore
from rag.testing.store_contract.data import INDEXED, SCHEMA, points


class StoreFixtures:
    """Override `store` with a fixture that yields an empty store; the others are made of it."""

    @pytest.fixture
    def store(self) -> Store:
        raise NotImplementedError("override the fixture `store`")

    @pytest.fixture
    def filled(self, store: Store) -> Store:
        store.create(SCHEMA)
        store.upsert(SCHEMA.name, points(48))
        return store

    @pytest.fixture
    def indexed(self, store: Store) -> Store:
        store.create(INDEXED)
        store.upsert(INDEXED.name, points(48))
        return store

    @pytest.fixture
    def exact(self) -> ExactStore:
        exact = ExactStore()
        exact.create(SCHEMA)
        exact.upsert(SCHEMA.name, points(48))
        return exact
