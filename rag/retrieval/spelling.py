"""Words of a query that the corpus does not have, as it writes them: "pasword polcy" finds the password policy.

No dictionary is kept. All words one edit away (Damerau 1964, doi:10.1145/363958.363994) are looked up among the terms
of the corpus at once: what it has of them are the candidates.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.models.words import STOP_WORDS, fold, pieces, stem, term_id, words
from rag.points import Filter, Leg, Record, SparseVector
from rag.protocols import Store
from rag.retrieval.terms import TermStatistics

LETTERS = "abcdefghijklmnopqrstuvwxyz"
SHORTEST, LONGEST = 5, 40
"""Letters of a word that may be corrected: shorter ones have too many neighbours, longer ones are no words."""
MOST = 8
"""Words of a query that are looked up: a hostile one has thousands."""
CANDIDATES = 6
"""Of a word, at most: each is a question to the engine."""
# no part of an address, a path, a number or a compound
_WORD = re.compile(rf"(?<![\w.@/\\-])[^\W\d_]{{{SHORTEST},{LONGEST}}}(?![\w@/\\-]|\.\w)")


@dataclass(frozen=True, slots=True)
class Spelling:
    """Corrects queries by the words of one generation's chunks.

    Attributes:
        chunks: name of the collection.
        statistics: of its words.
        is_word: whether the encoder knows a word as one token; such a word is no error, whatever the corpus has.
    """

    store: Store
    chunks: str
    statistics: TermStatistics
    is_word: Callable[[str], bool]

    def correct(self, query: str, where: Filter) -> str:
        """The query with the words that the corpus has instead of those that it does not have.

        Args:
            where: words of other chunks do not count: who may not see them must not learn them.
        """
        found = [match for match in _WORD.finditer(query) if _is_plain(match[0]) and not self.is_word(fold(match[0]))]
        known = self._known([_term(match[0]) for match in found], where)
        unknown = [match for match in found if _term(match[0]) not in known][:MOST]
        parts, at = [], 0
        for match in unknown:
            better = self._nearest(fold(match[0]), where)
            if better is not None:
                parts += [query[at : match.start()], better.capitalize() if match[0].istitle() else better]
                at = match.end()
        return "".join([*parts, query[at:]])

    def _known(self, terms: Sequence[int], where: Filter) -> set[int]:
        """Those of the terms that a chunk has.

        A word is asked for under the filter, too: one that stayed as it is because of a hidden chunk would tell of it.
        """
        held = self.statistics.known(np.array(terms, np.uint32)) if terms else ()
        known = [term for term, is_held in zip(terms, held, strict=True) if is_held]
        if not where or not known:
            return {*known}
        one = np.ones(1, np.float32)
        queries = [SparseVector(np.array([term], np.uint32), one) for term in known]
        legs = [Leg(vector="lexical", query=query, limit=1, where=where, ties=False) for query in queries]
        found = self.store.search(self.chunks, legs)
        return {term for term, hits in zip(known, found, strict=True) if hits}

    def _nearest(self, word: str, where: Filter) -> str | None:
        """What the corpus has one edit away; first what begins alike, then the most frequent."""
        spelled: dict[int, list[str]] = {}
        for other in sorted(edits(word) - STOP_WORDS):
            spelled.setdefault(_term(other), []).append(other)
        found = self._held(spelled, where)
        if not found:
            return None
        rarity = dict(zip(found, self.statistics.idf(np.array([*found], np.uint32)).tolist(), strict=True))
        return found[min(found, key=lambda term: (fold(found[term])[0] != word[0], rarity[term], found[term]))]

    def _held(self, spelled: Mapping[int, list[str]], where: Filter) -> dict[int, str]:
        """Those terms that a chunk has, each with the spelling that it has, as far as it can be told."""
        left, held = {*spelled}, dict[int, str]()
        while left and len(held) < CANDIDATES:
            query = SparseVector(np.array(sorted(left), np.uint32), np.ones(len(left), np.float32))
            (hits,) = self.store.search(self.chunks, [Leg(vector="lexical", query=query, limit=1, where=where)])
            records = self.store.retrieve(self.chunks, [hit.id for hit in hits], fields=("text",), vectors=("lexical",))
            there = {term for record in records.values() for term in left if _has(record, term)}
            if not there:
                break
            text = "".join(record.payload["text"] for record in records.values())
            written = {fold(piece): piece for word in words(text) for piece in pieces(word)}
            stems = {stem(word) for word in written}
            for term in there:
                # two words may share an id: what the text does not have is no candidate
                if others := [other for other in spelled[term] if stem(other) in stems]:
                    held[term] = next((_as(written[other]) for other in others if other in written), others[0])
            left -= there
        return held


def edits(word: str) -> set[str]:
    """The words that are one letter more, less or different from this one, or have two neighbours exchanged."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    fewer = {left + right[1:] for left, right in cuts if right}
    exchanged = {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    other = {left + letter + right[1:] for left, right in cuts if right for letter in LETTERS}
    more = {left + letter + right for left, right in cuts for letter in LETTERS}
    return (fewer | exchanged | other | more) - {word}


def _is_plain(word: str) -> bool:
    plain = fold(word)
    return plain.isascii() and plain not in STOP_WORDS


def _as(written: str) -> str:
    """In small letters, unless it has capitals inside: getUserName."""
    return fold(written) if written[1:].islower() else written


def _term(word: str) -> int:
    return term_id(stem(fold(word)))


def _has(record: Record, term: int) -> bool:
    vector = record.vectors["lexical"]
    return isinstance(vector, SparseVector) and term in vector.indices
