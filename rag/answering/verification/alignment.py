"""Which clauses of the evidence say what a claim says."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from rag.answering.numbers import Figure, figures, values
from rag.answering.table_rows import Cells
from rag.answering.tokens import Token, tokens

Names = Callable[[str], frozenset[str]]
"""The names in a text, folded."""

_CLAUSE = re.compile(
    r"[;:]\s|,\s|\s[–—-]\s|[()]|\s(?:and|but|while|whereas|although|though|because|since|if|unless|which|who|than|"
    r"und|aber|sondern|während|weil|obwohl|wenn|et|mais|tandis|car|pero|mientras|porque)\s",
    re.IGNORECASE,
)

_BOUND = re.compile(r"\b(?:no|not) (?:later|less|more|fewer|earlier)\s?$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Source:
    """A sentence that may say what a claim says.

    Attributes:
        text: the sentence.
        before: the sentences before it in its passage, the nearest first.
        context: title and headings above it.
        subjects: keys of what the sentences of its passage begin with.
        cells: of a table's row, with the heads of their columns.
    """

    text: str
    before: Sequence[str] = ()
    context: str = ""
    subjects: frozenset[str] = frozenset()
    cells: Cells = ()

    @property
    def opening(self) -> str:
        """What it begins with: of a row the first cell, not its head."""
        return self.cells[0][1] if self.cells else self.text


@dataclass(frozen=True, eq=False)
class Clause:
    """A part of a sentence. `names`: those in it, folded."""

    text: str
    source: Source
    names: frozenset[str]

    @cached_property
    def words(self) -> tuple[Token, ...]:
        return tokens(self.text)

    @cached_property
    def keys(self) -> frozenset[str]:
        return frozenset(word.key for word in self.words)

    @cached_property
    def content(self) -> frozenset[str]:
        """Keys of what is neither a name nor a number."""
        return frozenset(
            word.key for word in self.words if word.text.casefold() not in self.names and not word.text[0].isdigit()
        )

    @cached_property
    def figures(self) -> list[Figure]:
        return figures(self.text)

    @cached_property
    def values(self) -> frozenset[str]:
        return values(self.text)


def clauses(source: Source, names: Names) -> list[Clause]:
    """The clauses of a sentence in order, split where a comma, a colon or a conjunction stands; a row is one."""
    text, found, start = source.text, list[Clause](), 0
    named = names(text)
    if source.cells:
        return [Clause(text, source, named)]
    parting = (match for match in _CLAUSE.finditer(text) if not _in_range(match) and not in_bound(match))
    for end in [*(match.start() for match in parting), len(text)]:
        words = tokens(text[start:end])
        folded = {word.text.casefold() for word in words}
        # "Banting" before "and Best isolated insulin" is no clause
        if all(word.text[0].isupper() for word in words) and end < len(text):
            if found and words and _ends_with_name(found[-1].text):  # nor is "and Best" behind him
                whole = found[-1].text + text[start:end]
                found[-1] = Clause(whole, source, named & {word.text.casefold() for word in tokens(whole)})
                start = end
            continue
        if folded:
            found.append(Clause(text[start:end], source, named & folded))
        start = end
    return found


def _ends_with_name(text: str) -> bool:
    words = tokens(text)
    return bool(words) and words[-1].text[0].isupper()


def _in_range(parting: re.Match[str]) -> bool:
    """Whether it is the "and" in "between 5 and 10 million"."""
    around = parting.string[parting.start() - 1 : parting.start()] + parting.string[parting.end() : parting.end() + 1]
    return parting[0].strip().isalpha() and around.isdigit()


def in_bound(parting: re.Match[str]) -> bool:
    """Whether a match of words is the "than" of "no later than Friday", which compares nothing."""
    return parting[0].strip().casefold() == "than" and bool(_BOUND.search(parting.string, 0, parting.start()))


def aligned(claim: Clause, pool: Iterable[Clause]) -> list[Clause]:
    """The clauses that say what the claim says.

    Each adds content words; names and numbers only decide between equals. A clause with a number of the claim that the
    others miss comes along where it is about something of the claim, too. A claim of names and numbers alone ("AquaLift
    400: 349.00") rests on the clauses that have one of them.
    """
    if not claim.content:
        return sharing(claim, pool)
    left, found, missing = [*pool], list[Clause](), {*claim.content}
    while missing and left:
        best = max(
            left, key=lambda c: (len(c.keys & missing), len(c.names & claim.names) + len(c.values & claim.values))
        )
        if not best.keys & missing:
            break
        left.remove(best)
        found.append(best)
        missing -= best.keys
    for figure in claim.figures:
        if found and not any(figure.values & clause.values for clause in found):
            about = {word.key for word in claim.words if not word.text[0].isdigit()}
            found += [c for c in left if figure.values & c.values and c.keys & about][:1]
    return found


def sharing(claim: Clause, pool: Iterable[Clause]) -> list[Clause]:
    """The clauses that have a word or a number of the claim."""
    return [clause for clause in pool if clause.keys & claim.keys or clause.values & claim.values]
