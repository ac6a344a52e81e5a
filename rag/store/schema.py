"""The corpus' own collections: chunks, and a point a document. Each generation is a pair, found through two aliases."""

from collections.abc import Mapping
from typing import Any

from rag.points import CollectionSchema

SCHEMA_VERSION = 2
"""Raised when the meaning of a stored field or vector changes: a corpus of another version must be rebuilt."""


def chunks_schema(name: str, dimension: int, metadata: Mapping[str, Any]) -> CollectionSchema:
    """Chunks: `raw` and `situated` vectors (dimension,), `lexical` terms, and the fields that searches filter on."""
    return CollectionSchema(
        name=name,
        dense={"raw": dimension, "situated": dimension},
        sparse=("lexical",),
        indexes={
            "document_id": "keyword",
            "source": "keyword",
            "path": "keyword",
            "mime": "keyword",
            "language": "keyword",
            "acl": "keyword",
            "modified": "datetime",
            "ordinal": "integer",
        },
        metadata=metadata,
    )


def documents_schema(name: str, dimension: int, metadata: Mapping[str, Any]) -> CollectionSchema:
    """Documents: the `mean` of their chunks' vectors (dimension,), `lexical` terms of the whole, and their state."""
    return CollectionSchema(
        name=name,
        dense={"mean": dimension},
        sparse=("lexical",),
        indexes={
            "document_id": "keyword",
            "source": "keyword",
            "path": "keyword",
            "status": "keyword",
            "acl": "keyword",
            "mime": "keyword",
            "language": "keyword",
            "modified": "datetime",
        },
        metadata=metadata,
    )


def chunks_alias(corpus: str) -> str:
    """The alias under which a corpus' chunks are searched."""
    return corpus


def documents_alias(corpus: str) -> str:
    """The alias of a corpus' documents."""
    return f"{corpus}__documents"


def generation_name(alias: str, generation: int) -> str:
    """The collection behind an alias: `handbook__g1`, `handbook__documents__g1`."""
    return f"{alias}__g{generation}"
