"""A query as the legs ask it: its dense vector and its terms."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rag.legs import LEGS
from rag.models.languages import Languages
from rag.points import AnyVector
from rag.protocols import Encoder, LexicalEncoder


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryEncoder:
    """Makes of a query what its legs compare.

    Attributes:
        encoder: loads the encoder at its first call; not called where no dense leg counts.
        languages: what it reads.
    """

    encoder: Callable[[], Encoder]
    lexical: LexicalEncoder
    languages: Languages

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
        if dense and query.strip() and self.languages.cover(query):
            asked |= dict.fromkeys(dense, self.encoder().encode([query], kind="query")[0])
        return asked
