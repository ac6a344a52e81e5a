"""Whether a source has the numbers of a claim, of the same unit, and says them of the same."""

from collections.abc import Iterable, Sequence

from rag.answering.measures import TOLD, free_powers, named_kinds
from rag.answering.numbers import Figure, Number, figures, multiplied, values
from rag.answering.verification.alignment import Clause, Names, Source, clauses
from rag.answering.verification.objection import Objection, other_words
from rag.notices import notice


def other_quantity(claim: Clause, found: Sequence[Clause], sources: Sequence[Source], named: Names) -> Objection | None:
    """What speaks against the numbers of a claim.

    Args:
        claim: the claim as one clause.
        found: the clauses that say what it says.
        sources: the sentences that it rests on.
        named: the names in a text, folded.
    """
    return _other_number(claim, found) or _other_unit(claim, sources) or _swapped(claim, sources, named)


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
            if others and clause not in holding and (about or not holding):
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
    for figure in claim.figures:
        same = [(other, source) for other, source in theirs if figure.values & other.values]
        if same and not any(_same_unit(figure, claim.text, other, source) for other, source in same):
            return other_words(figure.written, same[0][0].written)
    return None


def _same_unit(figure: Figure, claim: str, other: Figure, source: Source) -> bool:
    if figure.kinds and other.kinds:
        return bool(figure.kinds & other.kinds)
    if figure.kinds & TOLD:
        near = " ".join((source.text, source.context, *source.before))
        return bool(figure.kinds & named_kinds(near))
    # the currency of a price goes without saying, that it is a share does not
    return "%" not in other.kinds or "%" in named_kinds(claim)


def _swapped(claim: Clause, sources: Sequence[Source], named: Names) -> Objection | None:
    """Of two numbers, the claim says each of what the source says the other of."""
    parts = [part for part in clauses(claim.source, named) if part.figures]
    if len(parts) < 2:
        return None
    theirs = [clause for source in sources for clause in clauses(source, named)]
    for part in parts:
        others = frozenset().union(*(each.keys for each in parts if each is not part))
        for figure in part.figures:
            own = frozenset(word.key for word in part.words if word.text not in figure.values | figure.bare) - others
            holding = [clause for clause in theirs if figure.values & clause.values]
            if not holding or any(own & clause.keys for clause in holding):
                continue
            for clause in theirs:
                of_it = [f for f in clause.figures if f.unit == figure.unit and not f.values & figure.values]
                if clause not in holding and own & clause.keys and of_it:
                    return other_words(figure, of_it[0])
    return None
