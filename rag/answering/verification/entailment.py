"""Whether sentences that share a claim's words say the same.

What is compared is what makes a statement false though nearly all of its words stand in the source: other numbers,
other names, a negation, an opposite. No grammar is read; of languages, English is covered best, then German, French
and Spanish.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from rag.answering.abbreviations import same_abbreviated
from rag.answering.names import PRONOUN, capitalises_nouns, names, recurring_names, roots, titled
from rag.answering.numbers import is_date, month_value
from rag.answering.tokens import Token, tokens
from rag.answering.verification.alignment import Clause, Names, Source, aligned, clauses, sharing
from rag.answering.verification.assertion import only_told
from rag.answering.verification.cells import other_cell
from rag.answering.verification.copies import changed
from rag.answering.verification.objection import ABSENT, Objection, other_words
from rag.answering.verification.order import other_order, same_comparison
from rag.answering.verification.polarity import opposed, polarity
from rag.answering.verification.quantities import other_quantity
from rag.answering.verification.reservation import reserved
from rag.models.words import FUNCTION_WORDS
from rag.notices import notice

_AND = re.compile(r"\s{0,9}[,;]?\s{1,9}(?:and|but|while|whereas|und|aber|et|mais|pero)\s+|;\s+", re.IGNORECASE)
_RELATIVE = re.compile(r"([^,;:]{1,120}), who ([^,;:]{1,200}), ((?!and |or |but )[^,;:]+(?:[,;:].*)?)\Z", re.DOTALL)
_TELLING = 300
"""Characters of a text that tell its language."""
_PERSON = re.compile(r"\bs?he\b", re.IGNORECASE)
_WHICH = re.compile(r"\W*(?:where|which|who|whose|whom|when)\b", re.IGNORECASE)
_ANTECEDENT = 6
"""Words before a relative clause that it may be about."""
_BY = re.compile(r"\b(?:by|durch|par|por)\b")
ALIKE = 0.75
"""Share of the claim's words that a sentence has which differs from it by the places of two names."""
_TOLD = 300
"""Characters of a part of a claim that tell whether it can stand alone."""
_NUMBERED = re.compile(r"\b([A-ZÄÖÜ][\w-]*[^\W\d_]) (\d+)\b(?![.,:]\d)")
_ARTICLE = re.compile(r"\b(?:the|this|our|der|die|das|le|la|el)\s+$", re.IGNORECASE)
_LISTED = re.compile(r"[,&]|\b(?:and|or|und|oder|et|ou|y|e|o)\b")
_CODE = re.compile(r"`([^`\s]+)`")


def statements(claim: str) -> list[str]:
    """The parts of a claim that can stand alone, such as what is on either side of an "and"."""
    if inserted := _RELATIVE.match(claim):
        subject, told, rest = inserted.groups()
        return [part for half in (f"{subject} {told}.", f"{subject} {rest}") for part in statements(half)]
    parts, start = [], 0
    for match in _AND.finditer(claim):
        # a beginning tells whether it can: a claim may be as long as a model likes
        left, right = claim[start : min(match.start(), start + _TOLD)], claim[match.end() : match.end() + _TOLD]
        if _stands_alone(left) and _stands_alone(right):
            parts.append(claim[start : match.start()])
            start = match.end()
    return [*parts, claim[start:]]


class Comparison:
    """Compares claims with sentences of the same passages.

    Args:
        passages: texts with their marks; what is a name in one of them is one where a sentence begins, too.
    """

    def __init__(self, passages: Sequence[str]) -> None:
        self._passages = " ".join(passages)
        self._code = frozenset(code.casefold() for text in passages for code in _CODE.findall(text))
        self._in_code = frozenset(word.text.casefold() for code in self._code for word in tokens(code))
        self._known = recurring_names(passages)

    def objection(self, claim: str, sources: Sequence[Source]) -> Objection | None:
        """What speaks against the sentences saying what the claim says; None where nothing does.

        It does not ask whether they say enough: that is for the share of the claim's words that they have.

        Args:
            claim: one statement, without citation markers.
            sources: the sentences that it may rest on together.
        """
        # German capitalises every noun: there a capital makes no name
        around = " ".join(text for s in sources for text in (s.text, *s.before))
        german = capitalises_nouns(around) or (len(around) < _TELLING and capitalises_nouns(self._passages))
        by_capital = not german

        known = self._known | {name.casefold() for name in names(claim)}

        def named(text: str) -> frozenset[str]:
            found = {name.casefold() for name in (names(text, known) if by_capital else titled(text))}
            return frozenset(found | {w.text.casefold() for w in tokens(text)} & self._code)

        claimed = Clause(claim, Source(text=claim), named(claim))
        pool = [clause for source in sources for clause in clauses(source, named)]
        found = aligned(claimed, pool)
        if not found:
            near = sharing(claimed, pool)
            wrong = other_quantity(claimed, near, sources, named) if near else None
            return other_cell(claimed, sources, named) or wrong or (ABSENT if claimed.keys else None)
        return (
            _not_stated(claimed, sources)
            or other_cell(claimed, sources, named)
            or other_quantity(claimed, found, sources, named)
            or _other_numbered(claimed, found)
            or _other_name(claimed, found, sources, named)
            or changed(claimed, found, lambda text: named(text) | self._parts_of_code(text))
            or _other_polarity(claimed, found)
            or _other_modifier(claimed, found)
            or _other_agent(claimed, found)
            or _other_subject(claimed, found, named)
            or other_order(claimed, found)
        )

    def _parts_of_code(self, text: str) -> frozenset[str]:
        return frozenset(word.text.casefold() for word in tokens(text)) & self._in_code


def _not_stated(claim: Clause, sources: Sequence[Source]) -> Objection | None:
    """No sentence that shares words with the claim states them itself, or as widely."""
    sharing = [source.text for source in sources if _keys([source.text]) & claim.keys]
    if sharing and all(only_told(claim.text, text) for text in sharing):
        return Objection(notice("only_told"), contrary=False)
    if sharing and all(reserved(claim.text, text) for text in sharing):
        return Objection(notice("reserved"), contrary=False)
    return None


def _other_name(claim: Clause, found: Sequence[Clause], sources: Sequence[Source], named: Names) -> Objection | None:
    """A name of the claim stands elsewhere only, or where it should stand is another one."""
    said = {key for clause in found for key in clause.keys | _antecedent(clause)}
    months = frozenset[str]().union(*(clause.values for clause in found))
    context = _keys(source.context for source in sources)
    forms = frozenset[str]().union(*(roots(word.text) for clause in found for word in clause.words))
    missing = [
        word
        for word in claim.words
        if word.text.casefold() in claim.names
        and word.key not in said | context
        and not roots(word.text) & forms
        and month_value(word.text) not in months
    ]
    if missing:
        near = " ; ".join(text for s in sources for text in (s.text, s.context, *s.before))
        known = same_abbreviated(claim.text, near)
        missing = [word for word in missing if word.text.casefold() not in known]
    if not missing:
        return None
    others = [
        w.text for c in found for w in c.words if w.text.casefold() in c.names and w.key not in claim.keys | context
    ]
    if others:
        return Objection(notice("other_name", name=missing[0].text, other=others[0]), contrary=True)
    # "it", "the company": who that is stands nearby, in what names somebody last
    for clause in found:
        source, keys = clause.source, {word.key for word in missing}
        naming = (text for text in (source.text, *source.before) if named(text))
        # "she" goes on being the one who was named before
        person = _PERSON.search(clause.text)
        before = (text for text in source.before if named(text) and not (person and _PERSON.search(text)))
        if keys <= _keys([next(naming, "")]) or (person and keys <= _keys([next(before, "")])):
            return None
    return Objection(notice("unknown_name", name=missing[0].text), contrary=False)


def _antecedent(clause: Clause) -> frozenset[str]:
    """Keys of what a clause that begins with "where" or "who" is said of: the words right before it."""
    if not _WHICH.match(clause.text):
        return frozenset()
    before = clause.source.text[: max(0, clause.source.text.find(clause.text))]
    return frozenset(word.key for word in tokens(before)[-_ANTECEDENT:])


def _other_numbered(claim: Clause, found: Sequence[Clause]) -> Objection | None:
    """The source is about another one of that name: Room 7 is not Room 4."""
    own, theirs = _numbered(claim.text), _numbered(" ".join(c.source.text for c in found))
    for name, (number, *_) in own.items():
        others = theirs.get(name, ())
        if others and number not in others:
            return other_words(f"{name} {number}", f"{name} {others[0]}")
    return None


def _numbered(text: str) -> dict[str, list[str]]:
    """Words with a capital and the numbers right behind them, as in "Room 4"."""
    found: dict[str, list[str]] = {}
    for match in _NUMBERED.finditer(text):
        if match[1].casefold() not in FUNCTION_WORDS and not is_date(match[1]):
            found.setdefault(match[1], []).append(match[2])
    return found


def _other_polarity(claim: Clause, found: Sequence[Clause]) -> Objection | None:
    whole = {clause.source.text for clause in found}
    why = opposed(polarity(claim.text), polarity(" ".join(c.text for c in found)), polarity(" ".join(sorted(whole))))
    if why and why.code == "opposite" and any(same_comparison(claim.text, text) for text in whole):
        return None
    return Objection(why, contrary=True) if why else None


def _other_modifier(claim: Clause, found: Sequence[Clause]) -> Objection | None:
    """The security team is not the platform team, if the passages know both words."""
    said = {key for clause in found for key in clause.keys}
    before = {after.key: (word, c.text) for c in found for word, after in pairwise(c.words) if after.follows}
    elsewhere = _keys(text for c in found for text in (c.source.text, *c.source.before))
    for word, after in pairwise(claim.words):
        if not after.follows or after.key not in before:
            continue
        other, text = before[after.key]
        if word.text[0].isupper() != other.text[0].isupper() or _stands_for(word, claim.text, other, text):
            continue
        if word.key not in said and other.key not in claim.keys and word.key in elsewhere:
            differ = {"words": f"{word.text} {after.text}", "other": f"{other.text} {after.text}"}
            return other_words(**differ)
    return None


def _stands_for(name: Token, claim: str, other: Token, source: str) -> bool:
    """Whether the source may mean the name by another word: "Apple" by "the Company" or by "it"."""
    if PRONOUN.fullmatch(other.text):
        return True
    written = other.text[0].isupper() and _ARTICLE.search(source, 0, other.start)
    return bool(written) and not _ARTICLE.search(claim, 0, name.start)


def _other_subject(claim: Clause, found: Sequence[Clause], named: Names) -> Objection | None:
    """The source says it of something else that its passage is about, too, or two names have changed places."""
    source = found[0].source
    first, second = (next(iter(tokens(text)), None) for text in (claim.text, source.opening))
    if not first or not second or first.key == second.key:
        return None
    objection = Objection(notice("other_subject", subject=first.text, other=second.text), contrary=True)
    said = _keys([source.text])
    if first.key in source.subjects - said - _keys([source.context]) and second.key not in claim.keys:
        return objection
    if source.cells:  # in whatever order they stand
        return None
    if _is_replaced(first, second, claim, found[0], named):
        return objection
    alike = len(claim.content & said) >= ALIKE * len(claim.content)
    same_voice = bool(_BY.search(claim.text)) == bool(_BY.search(source.text))
    swapped = {first.text.casefold(), second.text.casefold()} <= claim.names & named(source.text)
    return objection if alike and same_voice and swapped and not _joined(source.text, first.key, named) else None


def _is_replaced(first: Token, second: Token, claim: Clause, clause: Clause, named: Names) -> bool:
    """Whether an opening clause says all that the claim says, but not of the name that this opens with."""
    text = clause.source.text
    opens = text.startswith(clause.text) and clause.content >= claim.content and first.key not in clause.keys
    if not opens or not second.text[0].isupper() or PRONOUN.fullmatch(second.text) or second.key in claim.keys:
        return False
    if not first.text[0].isupper() or first.text.casefold() not in named(text) | named(" ".join(clause.source.before)):
        return False
    one_name = re.compile(
        rf"{re.escape(first.text)} {re.escape(second.text)}|{re.escape(second.text)} {re.escape(first.text)}"
    )
    stands_for = _stands_for(first, claim.text, second, text)
    return not stands_for and not any(
        one_name.search(each) for each in (text, clause.source.context, *clause.source.before)
    )


def _joined(text: str, name: str, named: Names) -> bool:
    """Whether the name follows the first one of the text in a mere list of names: "Ada, Bob and Cy", in any order."""
    words = tokens(text)
    at = next((i for i, word in enumerate(words) if word.key == name), 0)
    between = text[words[0].start : words[at].start] if at else ""
    return bool(_LISTED.search(between)) and {word.text.casefold() for word in words[:at]} <= named(text)


def _other_agent(claim: Clause, found: Sequence[Clause]) -> Objection | None:
    """What Voss built was not built by Hartmann."""
    agents = {done: by for clause in found for done, by in _agents(clause.text)}
    for done, by in _agents(claim.text):
        other = agents.get(done)
        if other and by.key != other.key and other.key not in claim.keys:
            return Objection(notice("other_agent", agent=by.text, other=other.text), contrary=True)
    return None


def _agents(text: str) -> Iterator[tuple[str, Token]]:
    """What is done and the first word of who does it, for each "by"."""
    words = tokens(text)
    for match in _BY.finditer(text):
        done = [word for word in words if word.start < match.start()]
        by = [word for word in words if word.start > match.end()]
        if done and by:
            yield done[-1].key, by[0]


def _stands_alone(text: str) -> bool:
    words, named = tokens(text), {name.casefold() for name in names(text)}
    others = sum(word.text.casefold() not in named for word in words)
    return others > 2 or 0 < others < len(words)


def _keys(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(word.key for text in texts for word in tokens(text))
