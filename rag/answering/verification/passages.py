"""What of a claim the passages that it cites nowhere have: names, or its language."""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain

from rag.answering.abbreviations import same_abbreviated, written_out
from rag.answering.matching import holds
from rag.answering.names import capitalises_nouns, names, roots
from rag.answering.numbers import figures, month_value, values
from rag.answering.tokens import tokens
from rag.answering.verification.tongues import differ, two_names
from rag.notices import Notice, notice
from rag.protocols import LexicalEncoder
from rag.results import Evidence

_FLAG = re.compile(r"(?<![\w-])--[a-z][\w-]*", re.IGNORECASE)
_GENITIVE = re.compile(r"\A\W{0,3}([A-ZÄÖÜ][^\W\d_]+)['’]s\b")
"""A name also where it is first, as in "Samsung's sales"."""
OTHER_LANGUAGE = notice("other_language")


class Passages:
    """Passages that are read together, with their titles and headings."""

    def __init__(self, evidence: Sequence[Evidence], lexical: LexicalEncoder) -> None:
        said = written_out("\n".join(" ".join((e.title, *e.headings, e.text)) for e in evidence))
        self._lexical = lexical
        self._said, self._folded = said, said.casefold()
        (self._terms,) = lexical.encode([said], kind="chunk")
        self._figures = values(said)
        # German capitalises every noun: there a capital makes no name
        self._by_capital = not capitalises_nouns(" ".join(e.text for e in evidence))

    def unknown_name(self, claim: str) -> str | None:
        """The first name of the claim that no passage has, in any form; None where they have all."""
        unknown = (flag for flag in _FLAG.findall(claim) if flag.casefold() not in self._folded)
        words = [*_GENITIVE.findall(claim), *names(claim)] if self._by_capital else []
        return next(chain(unknown, self._unknown(words, claim)), None)

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
        unknown = [*self._unknown([word for pair in pairs for word in pair], claim)]
        missing = next((one for one, other in pairs if one in unknown and other in unknown), None)
        if not missing and self._by_capital and not capitalises_nouns(claim):
            missing = self.unknown_name(claim)
        return notice("unknown_name", name=missing) if missing else OTHER_LANGUAGE

    def _unknown(self, words: Sequence[str], claim: str) -> Iterator[str]:
        """Those words of the claim that no passage has, in any form."""
        unknown = [word for word in words if not self._has(word)]
        known = same_abbreviated(claim, self._said) if unknown else frozenset()
        yield from (word for word in unknown if word.casefold() not in known)

    def _has(self, word: str) -> bool:
        """Whether a passage has the word, a form of it, or a month by its number."""
        if word.casefold() in self._folded or month_value(word) in self._figures:
            return True
        (term,) = self._lexical.encode([word], kind="chunk")
        held = len(term) > 0 and bool(holds(term.indices, [self._terms]).all())
        return held or {each.key for each in tokens(word)} <= self._keys or bool(roots(word) & self._roots)

    @cached_property
    def _keys(self) -> frozenset[str]:
        return frozenset(word.key for word in tokens(self._said))

    @cached_property
    def _roots(self) -> frozenset[str]:
        return frozenset[str]().union(*(roots(word) for word in set(names(self._said))))
