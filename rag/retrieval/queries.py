"""A query as the legs ask it: its dense vector and its terms."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rag.legs import LEGS
from rag.models.languages import Languages
from rag.models.late_interaction import weighted, word_spans, word_vectors
from rag.points import AnyVector, Vector
from rag.protocols import Encoder, LexicalEncoder, Spans

KEPT = 512
"""Queries whose vectors are kept: a question is searched for again by every filter, follow-up and page of hits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryEncoder:
    """Makes of a query what its legs compare.

    Attributes:
        encoder: loads the encoder at its first call; not called where no dense leg counts.
        languages: what it reads.
        idf: rarity of words (m,) -> (m,), by their term ids.
    """

    encoder: Callable[[], Encoder]
    lexical: LexicalEncoder
    languages: Languages
    idf: Callable[[NDArray[np.uint32]], NDArray[np.float32]]
    _encoded: Callable[[str, bool], tuple[Spans, Vector, Vector]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_encoded", lru_cache(maxsize=KEPT)(self._encode))

    def encode(self, query: str, weights: Mapping[str, float]) -> dict[str, AnyVector]:
        """What each leg with a weight asks, by leg.

        Left out are the dense legs of a query that is blank or in a language that the encoder does not read. A query
        without words asks the others for no terms, which finds nothing.
        """
        asked: dict[str, AnyVector] = {}
        for unit in ("words", "bigrams", "ngrams"):
            legs = [name for name in weights if LEGS[name].query == unit]
            if legs:
                (terms,) = self.lexical.encode([query], kind="query", unit=unit)
                asked |= dict.fromkeys(legs, terms)
        dense = [name for name in weights if LEGS[name].query == "dense"]
        late = [name for name in weights if LEGS[name].query == "late_interaction"]
        if (dense or late) and query.strip() and self.languages.cover(query):
            spans, whole, words = self._encoded(query, bool(late))
            asked |= dict.fromkeys(dense, whole)
            if late and words.any():
                rarity = self.rarity([query[start:end] for start, end in spans])
                rarity[~words.any(axis=1)] = 0  # beyond the window
                asked |= dict.fromkeys(late, weighted(word_vectors(words), rarity))
        return asked

    def _encode(self, query: str, late: bool) -> tuple[Spans, Vector, Vector]:
        """The spans of the words that have a vector, the vector of the whole query, and those of the words."""
        spans = word_spans(query) if late else []
        (whole,), (words,) = self.encoder().encode_parts([query], [spans], kind="query")
        for vector in (whole, words):
            vector.flags.writeable = False  # others will be given the same one
        return spans, whole, words

    def rarity(self, words: Sequence[str]) -> Vector:
        """The idf of each word's rarest term (m,); 0 for one without terms."""
        indices = [terms.indices for terms in self.lexical.encode(words, kind="query")]
        idf = np.split(self.idf(np.concatenate(indices)), np.cumsum([len(of_word) for of_word in indices])[:-1])
        return np.array([of_word.max(initial=0) for of_word in idf], np.float32)
