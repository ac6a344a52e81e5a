"""The corpus' own collections: chunks, documents and their texts. Each generation is three, found through aliases.

What outlives the generations, such as contexts that a language model wrote, is in a collection of its own.
"""

from collections.abc import Collection, Mapping
from typing import Any

from rag.legs import LEGS
from rag.models.late_interaction import DIMENSION as WORD_DIMENSION
from rag.points import CollectionSchema

SCHEMA_VERSION = 4
"""Raised when the meaning of a stored field or vector changes: a corpus of another version must be rebuilt."""


def chunk_vectors(legs: Collection[str]) -> set[str]:
    """The vectors of chunks that these legs search or are measured by, and `raw`, of which others are made."""
    needed = {*legs, *(scale for leg in legs if (scale := LEGS[leg].scale))}
    return {"raw"} | {LEGS[leg].vector for leg in needed if LEGS[leg].collection == "chunks"}


def chunks_schema(
    name: str, dimension: int, metadata: Mapping[str, Any], legs: Collection[str] = tuple(LEGS)
) -> CollectionSchema:
    """Chunks: what the legs search, and the fields that searches filter on.

    `raw` and `situated` vectors are (dimension,), `sentences` is (m, dimension), `late_interaction` has a row a word,
    all others are term weights.
    """
    vectors = chunk_vectors(legs)
    multi = {"sentences": dimension, "late_interaction": min(dimension, WORD_DIMENSION)}
    return CollectionSchema(
        name=name,
        dense={vector: dimension for vector in ("raw", "situated") if vector in vectors},
        multi={vector: size for vector, size in multi.items() if vector in vectors},
        sparse=tuple(vector for vector in ("lexical", "bigrams", "headings", "ngrams") if vector in vectors),
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


def documents_schema(
    name: str, dimension: int, metadata: Mapping[str, Any], legs: Collection[str] = tuple(LEGS)
) -> CollectionSchema:
    """Documents: the `mean` of their chunks' vectors (dimension,), `lexical` terms of the whole, and their state."""
    return CollectionSchema(
        name=name,
        dense={"mean": dimension},
        sparse=("lexical",) if "document_lexical" in legs else (),
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


def texts_schema(name: str, metadata: Mapping[str, Any]) -> CollectionSchema:
    """Texts of the documents, found by id: the engine reads a payload as a whole, and most readers want no text.

    A collection needs a vector; no text has this one.
    """
    return CollectionSchema(name=name, dense={}, sparse=("terms",), metadata=metadata)


def chunks_alias(corpus: str) -> str:
    """The alias under which a corpus' chunks are searched."""
    return corpus


def documents_alias(corpus: str) -> str:
    """The alias of a corpus' documents."""
    return f"{corpus}__documents"


def texts_alias(corpus: str) -> str:
    """The alias of the texts of a corpus' documents."""
    return f"{corpus}__texts"


def unfinished_alias(corpus: str) -> str:
    """The alias of a corpus' documents that stands until an ingestion of all of them has come to its end."""
    return f"{corpus}__unfinished"


def artifacts_name(corpus: str) -> str:
    """The collection of what outlives the generations."""
    return f"{corpus}__artifacts"


def artifacts_schema(corpus: str) -> CollectionSchema:
    """Artifacts: payloads found by id. A collection needs a vector; no artifact has this one."""
    return CollectionSchema(name=artifacts_name(corpus), dense={}, sparse=("terms",), metadata={"corpus": corpus})


def generation_name(alias: str, generation: int) -> str:
    """The collection behind an alias: `handbook__g1`, `handbook__documents__g1`."""
    return f"{alias}__g{generation}"
