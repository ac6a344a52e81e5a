"""Test doubles and contracts for everyone who writes a component.

`StoreContract` needs pytest; the rest does not.
"""

from typing import TYPE_CHECKING, Any

from rag.testing.exact_store import ExactStore
from rag.testing.hash_encoder import HashEncoder

if TYPE_CHECKING:
    from rag.testing.store_contract import StoreContract

__all__ = ["ExactStore", "HashEncoder", "StoreContract"]


def __getattr__(name: str) -> Any:
    if name == "StoreContract":
        from rag.testing.store_contract import StoreContract

        return StoreContract
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
