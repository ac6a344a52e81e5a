"""Whether a source has the numbers of a claim, of the same unit, and says them of the same."""

import re
from collections.abc import Iterable, Sequence

from rag.answering.abbreviations import ORDINALS
from rag.answering.measures import TOLD, free_powers, named_kinds, rates
from rag.answering.numbers import Figure, Number, figures, multiplied, values
from rag.answering.tokens import tokens
from rag.answering.verification.alignment import Clause, Names, Source
from rag.answering.verification.objection import Objection, other_words
from rag.answering.verification.order import same_comparison
from rag.answering.verification.parallels import goes_on, is_taken, swapped, tells_it
from rag.notices import notice

_TIMES = "time"
_FROM = ("from", "von")
_END_BEFORE = re.compile(r"\b(from|to|von|auf|bis)\s(?:about |almost |nearly |[$€£¥]){0,2}$", re.IGNORECASE)
_RANK = re.compile(rf"\b({'|'.join(ORDINALS)}|more|less|fewer|most|least)\s+([^\W\d_]+)", re.IGNORECASE)


def other_quantity(claim: Clause, found: Sequence[Clause], sources: Sequence[Source], named: Names) -> Objection | None:
    """What speaks against the numbers of a claim.

    Args:
        claim: the claim as one clause.
        found: the clauses that say what it says.
        sources: the sentences that it rests on.
        named: the names in a text, folded.
    """
    return (
        _other_number(claim, found)
        or _other_unit(claim, sources)
        or _other_counted(claim, found)
        or _other_end(claim, found)
        or _other_rate(claim, found)
        or _other_rank(claim, found)
        or swapped(claim, sources, named)
    )


def _other_number(claim: Clause, found: Sequence[Clause]) -> Objection | None:
    """A number of the claim stands nowhere, or another one stands where it should."""
    own = [readings_below(figure, {clause.source.context for clause in found}) for figure in claim.figures]
    for figure, readings in zip(claim.figures, own, strict=True):
        holding = [clause for clause in found if readings & clause.values]
        held = {key for clause in holding for key in clause.keys}
        for clause in found:
            others = [f for f in clause.figures if not any(f.values & one for one in own) and f.unit == figure.unit]
            # the clause is about what the claim is about, and has another number of the same
            about = bool(claim.words) and claim.words[0].key in clause.keys - held
            about = about or tells_it(claim, clause, holding)
            exempt = any(goes_on(other, clause, claim, figure) for other in holding)
            taken = any(is_taken(figure, claim, other, clause) for other in holding)
            if others and clause not in holding and (taken or (not exempt and (about or not holding))):
                return other_words(figure, others[0])
        near = [t for c in found for t in (c.source.text, c.source.context, *c.source.before[:1])]
        if not holding and not any(readings & values(text) for text in near):
            return Objection(notice("unknown_number", number=str(figure)), contrary=False)
    return None


def readings_below(figure: Figure, contexts: Iterable[str]) -> Number:
    """What the figure of a claim may be below these headings: a table may be headed "in millions"."""
    powers = free_powers(" ".join(contexts))
    if figure.power:
        return figure.values | (figure.bare if figure.power in powers else frozenset())
    return figure.values.union(*(multiplied(figure.bare, -power) for power in powers))


def _other_unit(claim: Clause, sources: Sequence[Source]) -> Objection | None:
    """The source has the number, but of something else: euros for dollars, a number for percent."""
    theirs = [(figure, source) for source in sources for figure in figures(source.text)]
    before = [(figure, source) for source in sources for text in source.before[:1] for figure in figures(text)]
    for figure in claim.figures:
        same = [(other, source) for other, source in theirs if figure.values & other.values]
        same = same or [(other, source) for other, source in before if figure.values & other.values]
        if same and not any(_same_unit(figure, claim.text, other, source) for other, source in same):
            return other_words(figure.written, same[0][0].written)
    return None


def _other_counted(claim: Clause, found: Sequence[Clause]) -> Objection | None:
    """Not five times, but three times, with five tables."""
    theirs = [figure for text in dict.fromkeys(clause.source.text for clause in found) for figure in figures(text)]
    for figure in claim.figures:
        units = {other.unit for other in theirs if figure.values & other.values}
        rivals = [other for other in theirs if other.unit == figure.unit and not figure.values & other.values]
        if figure.unit == _TIMES and units and rivals and not units & {None, _TIMES}:
            return other_words(figure, rivals[0])
    return None


def _other_end(claim: Clause, found: Sequence[Clause]) -> Objection | None:
    """What rises from 80 to 95 does not rise to 80."""
    theirs = [(figure, end) for text in dict.fromkeys(c.source.text for c in found) for figure, end in _ends(text)]
    for figure, end in _ends(claim.text):
        ends = {other for each, other in theirs if each.values & figure.values}
        others = [each for each, other in theirs if other == end and not each.values & figure.values]
        if others and ends and end not in ends:
            return other_words(f"{end} {figure}", f"{end} {others[0]}")
    return None


def _ends(text: str) -> list[tuple[Figure, str]]:
    """Numbers that something goes from or to."""
    found = [(figure, _END_BEFORE.search(text, 0, max(0, figure.start))) for figure in figures(text)]
    return [(figure, "from" if end[1].casefold() in _FROM else "to") for figure, end in found if end]


def _other_rate(claim: Clause, found: Sequence[Clause]) -> Objection | None:
    """The source has the number for another time: a month's is not a year's."""
    own = rates(claim.text) if claim.figures else {}
    theirs = {each: said for clause in found for each, said in rates(clause.source.text).items()}
    if not own or not theirs or own.keys() & theirs.keys():
        return None
    return other_words(next(iter(own.values())), next(iter(theirs.values())))


def _other_rank(claim: Clause, found: Sequence[Clause]) -> Objection | None:
    """Not the second woman, but the first one; not less salt, but more."""
    theirs = dict[str, list[str]]()
    for text in dict.fromkeys(clause.source.text for clause in found):
        if same_comparison(claim.text, text):  # less bitter than the other, which is more bitter than the one
            return None
        for key, written in _ranks(text):
            theirs.setdefault(key, []).append(written)
    for key, written in _ranks(claim.text):
        others = theirs.get(key, ())
        if others and _rank(written) not in map(_rank, others):
            return other_words(written, others[0])
    return None


def _ranks(text: str) -> list[tuple[str, str]]:
    """Of each "third quarter" the key of the quarter, and both words."""
    pairs = [(tokens(match[2]), match[0]) for match in _RANK.finditer(text)]
    return [(words[0].key, written) for words, written in pairs if words]


def _rank(written: str) -> str:
    rank = written.split()[0].casefold()
    return "less" if rank == "fewer" else rank


def _same_unit(figure: Figure, claim: str, other: Figure, source: Source) -> bool:
    if figure.kinds and other.kinds:
        return bool(figure.kinds & other.kinds)
    if figure.kinds & TOLD:
        near = " ".join((source.text, source.context, *source.before))
        return bool(figure.kinds & named_kinds(near))
    # the currency of a price goes without saying, that it is a share does not
    return "%" not in other.kinds or "%" in named_kinds(claim)
