"""What was changed in a claim that is otherwise a copy of its source: one name for another, or a "not"."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from rag.answering.names import plain_name
from rag.answering.verification.alignment import Clause, Names
from rag.answering.verification.objection import Objection
from rag.answering.verification.polarity import are_opposites, is_negator
from rag.models.words import stem
from rag.notices import notice

COPIED = 0.75
"""Share of the claim's words that stand in the source, in the same order."""
FEWEST = 4
"""Words that must be the same: of fewer, chance makes copies."""
_TURNED = ({"up", "down"}, {"with", "without"}, {"inside", "outside"})
"""Small words that turn a sentence into its opposite."""
_IS = re.compile(r"is|are|was|were|be|been|stays?|remains?", re.IGNORECASE)
_WORD = re.compile(r"\w+(?:['’.-]\w+)*")


@dataclass(frozen=True, slots=True)
class _Change:
    """Words of the claim, those that the source has in their place, and the word before them."""

    before: str
    claimed: Sequence[str]
    said: Sequence[str]


def changed(claim: Clause, found: Sequence[Clause], named: Names) -> Objection | None:
    """What the claim changes in the sentence that it repeats; None where it repeats none, or changes nothing like that.

    "The Company" may become "Apple", with its article; where the words around stay the same, one name for another
    says something else.

    Args:
        named: the names in a text, folded, and its words of code.
    """
    own = named(claim.text)
    for text in dict.fromkeys(clause.source.text for clause in found if not clause.source.cells):
        theirs = named(text)
        for change in _changes(claim.text, text):
            one, other = change.claimed, change.said
            if len(one) != len(other) and all(map(is_negator, (*one, *other))):
                return Objection(notice("denies" if one else "denied"), contrary=True)
            if not len(one) == len(other) == 1:
                continue
            small = {one[0].casefold(), other[0].casefold()}
            if (
                small in _TURNED
                or (small == {"on", "off"} and _IS.fullmatch(change.before))
                or are_opposites(one[0], other[0])
            ):
                return Objection(notice("opposite"), contrary=True)
            if _is_other(one[0], other[0], own, theirs):
                why = notice("other_name", name=plain_name(one[0]), other=plain_name(other[0]))
                return Objection(why, contrary=True)
    return None


def _changes(claim: str, source: str) -> Iterator[_Change]:
    """Where the two differ, between words that are the same."""
    one, other = _WORD.findall(claim), _WORD.findall(source)
    matcher = SequenceMatcher(None, [w.casefold() for w in one], [w.casefold() for w in other], autojunk=False)
    codes = matcher.get_opcodes()
    same = sum(end - start for kind, start, end, _, _ in codes if kind == "equal")
    if same < max(FEWEST, COPIED * len(one)):
        return
    for kind, start, end, first, last in codes:
        # what a copy leaves out at an end, it need not say
        inside = start > 0 and end < len(one) and first > 0 and last < len(other)
        if kind == "replace" or (kind != "equal" and inside):
            yield _Change(one[start - 1] if start else "", one[start:end], other[first:last])


def _is_other(name: str, other: str, own: frozenset[str], theirs: frozenset[str]) -> bool:
    name, other = plain_name(name).casefold(), plain_name(other).casefold()
    return name in own and other in theirs and stem(name) != stem(other)
