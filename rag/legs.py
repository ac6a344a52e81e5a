"""The legs of retrieval: which vector each one searches, and how its scores are read."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class LegKind:
    """One way to compare a query with a chunk.

    Attributes:
        collection: whose points it compares; a document's score is given to each of its chunks.
        vector: name of the vector.
        query: what of the query is compared: its dense vector, a vector a word, or term weights of a unit.
        scale: the leg whose best possible score is this one's measure; None for cosines, which are at most 1.
        brings: it finds candidates of its own. The others find nothing that these do not find as well.
    """

    collection: Literal["chunks", "documents"]
    vector: str
    query: Literal["dense", "late_interaction", "words", "bigrams", "ngrams"]
    scale: str | None = None
    brings: bool = False


LEGS = {
    "raw": LegKind(collection="chunks", vector="raw", query="dense", brings=True),
    "situated": LegKind(collection="chunks", vector="situated", query="dense", brings=True),
    "sentences": LegKind(collection="chunks", vector="sentences", query="dense", brings=True),
    "late_interaction": LegKind(collection="chunks", vector="late_interaction", query="late_interaction"),
    "lexical": LegKind(collection="chunks", vector="lexical", query="words", scale="lexical", brings=True),
    "bigrams": LegKind(collection="chunks", vector="bigrams", query="bigrams", scale="lexical"),
    "headings": LegKind(collection="chunks", vector="headings", query="words", scale="lexical"),
    "ngrams": LegKind(collection="chunks", vector="ngrams", query="ngrams", scale="ngrams", brings=True),
    "document": LegKind(collection="documents", vector="mean", query="dense"),
    "document_lexical": LegKind(collection="documents", vector="lexical", query="words", scale="document_lexical"),
}
"""By the name that settings and scores have."""
