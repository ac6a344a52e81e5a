"""What every store keeps, as tests: inherit `StoreContract`, or its parts one by one while a store grows."""

import pytest

# before the imports: pytest explains failed assertions only in modules that it was told of
pytest.register_assert_rewrite(
    *(f"{__name__}.{part}" for part in ("catalog", "filters", "poison", "records", "search"))
)

from rag.testing.store_contract.catalog import CatalogContract  # noqa: E402
from rag.testing.store_contract.filters import FilterContract  # noqa: E402
from rag.testing.store_contract.poison import PoisonContract  # noqa: E402
from rag.testing.store_contract.records import RecordContract  # noqa: E402
from rag.testing.store_contract.search import SearchContract  # noqa: E402

__all__ = ["CatalogContract", "FilterContract", "PoisonContract", "RecordContract", "SearchContract", "StoreContract"]


class StoreContract(RecordContract, PoisonContract, FilterContract, SearchContract, CatalogContract):
    """All that `rag.protocols.Store` promises; rankings and filters are compared with `rag.testing.ExactStore`.

    Inherit it and override the fixture `store`:

        class TestMyStore(StoreContract):
            @pytest.fixture
            def store(self) -> Iterator[MyStore]:
                store = MyStore()
                yield store
                store.close()
    """
