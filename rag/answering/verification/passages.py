"""What of a claim the passages that it cites nowhere have: names, or its language."""

from collections.abc import Iterator, Sequence

from rag.answering.matching import holds
from rag.answering.names import capitalises_nouns, names
from rag.answering.numbers import figures, month_value, values
from rag.answering.verification.tongues import differ, two_names
from rag.notices import Notice, notice
from rag.protocols import LexicalEncoder
from rag.results import Evidence

OTHER_LANGUAGE = notice("other_language")


class Passages:
    """Passages that are read together, with their titles and headings."""

    def __init__(self, evidence: Sequence[Evidence], lexical: LexicalEncoder) -> None:
        said = "\n".join(" ".join((e.title, *e.headings, e.text)) for e in evidence)
        self._lexical = lexical
        self._said, self._folded = said, said.casefold()
        (self._terms,) = lexical.encode([said], kind="chunk")
        self._figures = values(said)
        # German capitalises every noun: there a capital makes no name
        self._by_capital = not capitalises_nouns(" ".join(e.text for e in evidence))

    def unknown_name(self, claim: str) -> str | None:
        """The first name of the claim that no passage has, in any form; None where they have all."""
        words = names(claim) if self._by_capital else []
        return next(iter(self._unknown(words)), None)

    def incomparable(self, claim: str) -> Notice | None:
        """Why a claim in another language than the passages cannot be compared, or is wrong; None where it can.

        Its numbers must be theirs, and its names; in a language with capitals for nouns, names of two words.
        """
        if not differ(claim, self._said):
            return None
        for figure in figures(claim):
            if not figure.values & self._figures:
                return notice("unknown_number", number=str(min(figure.values)))
        pairs = two_names(claim)
        unknown = [*self._unknown([word for pair in pairs for word in pair])]
        missing = next((one for one, other in pairs if one in unknown and other in unknown), None)
        if not missing and self._by_capital and not capitalises_nouns(claim):
            missing = self.unknown_name(claim)
        return notice("unknown_name", name=missing) if missing else OTHER_LANGUAGE

    def _unknown(self, words: Sequence[str]) -> Iterator[str]:
        """Those words that no passage has, in any form."""
        for word, term in zip(words, self._lexical.encode(words, kind="chunk"), strict=True):
            stands = len(term) > 0 and bool(holds(term.indices, [self._terms]).all())
            if word.casefold() not in self._folded and not stands and month_value(word) not in self._figures:
                yield word
