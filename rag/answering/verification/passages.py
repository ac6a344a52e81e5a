"""Names of a claim that the passages it cites nowhere have."""

from collections.abc import Sequence

from rag.answering.matching import holds
from rag.answering.names import capitalises_nouns, names
from rag.answering.numbers import month_value, values
from rag.protocols import LexicalEncoder
from rag.results import Evidence


class Passages:
    """Passages that are read together, with their titles and headings."""

    def __init__(self, evidence: Sequence[Evidence], lexical: LexicalEncoder) -> None:
        said = "\n".join(" ".join((e.title, *e.headings, e.text)) for e in evidence)
        self._lexical = lexical
        self._folded = said.casefold()
        (self._terms,) = lexical.encode([said], kind="chunk")
        self._figures = values(said)
        # German capitalises every noun: there a capital makes no name
        self._by_capital = not capitalises_nouns(" ".join(e.text for e in evidence))

    def unknown_name(self, claim: str) -> str | None:
        """The first name of the claim that no passage has, in any form; None where they have all."""
        words = names(claim) if self._by_capital else []
        for word, term in zip(words, self._lexical.encode(words, kind="chunk"), strict=True):
            stands = len(term) > 0 and bool(holds(term.indices, [self._terms]).all())
            if word.casefold() not in self._folded and not stands and month_value(word) not in self._figures:
                return word
        return None
