import pytest

from rag.testing import ExactStore, StoreContract


class TestExactStore(StoreContract):
    @pytest.fixture
    def store(self) -> ExactStore:
        return ExactStore()
