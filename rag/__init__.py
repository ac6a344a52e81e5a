"""Situated RAG: documents in, situated chunks in Qdrant, answers with checked citations out.

    from rag import Rag

    with Rag.open("path/to/folder") as corpus:
        corpus.ingest()
        print(corpus.ask("How do refunds work?").answer)

Importing this package loads no torch, transformers, unstructured, qdrant or gradio; names are resolved on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.corpus import Rag
    from rag.errors import RagError
    from rag.reports import IngestReport, Plan, VerifyReport
    from rag.results import Answer, Evidence, Hit, SearchResult
    from rag.settings import Settings, load_settings

__all__ = [
    "Answer",
    "Evidence",
    "Hit",
    "IngestReport",
    "Plan",
    "Rag",
    "RagError",
    "SearchResult",
    "Settings",
    "VerifyReport",
    "load_settings",
]

_HOME = {
    **dict.fromkeys(("Answer", "Evidence", "Hit", "SearchResult"), "rag.results"),
    **dict.fromkeys(("IngestReport", "Plan", "VerifyReport"), "rag.reports"),
    **dict.fromkeys(("Settings", "load_settings"), "rag.settings"),
    "Rag": "rag.corpus",
    "RagError": "rag.errors",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'rag' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
