"""Whether sentences that share a claim's words say the same.

What is compared is what makes a statement false though nearly all of its words stand in the source: other numbers,
other names, a negation, an opposite. No grammar is read; of languages, English is covered best, then German, French
and Spanish.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from rag.answering.names import capitalises_nouns, names, recurring_names
from rag.answering.numbers import is_date, month_value
from rag.answering.tokens import Token, tokens
from rag.answering.verification.alignment import Clause, Names, Source, aligned, clauses, in_bound, sharing
from rag.answering.verification.assertion import only_told
from rag.answering.verification.cells import other_cell
from rag.answering.verification.copies import changed
from rag.answering.verification.objection import ABSENT, Objection, other_words
from rag.answering.verification.polarity import opposed, polarity
from rag.answering.verification.quantities import other_quantity
from rag.answering.verification.reservation import reserved
from rag.models.words import FUNCTION_WORDS
from rag.notices import notice

_AND = re.compile(r"\s{0,9}[,;]?\s{1,9}(?:and|but|while|whereas|und|aber|et|mais|pero)\s+|;\s+", re.IGNORECASE)
_BY = re.compile(r"\b(?:by|durch|par|por)\b")
ALIKE = 0.75
"""Share of the claim's words that a sentence has which differs from it by the places of two names."""
_THAN, _AFTER = ("than", "als", "que"), ("after", "nach", "nachdem", "après", "después")
_ORDER = re.compile(r"\b(?:before|after|than|bevor|nachdem|als|avant|après|antes|después)\b", re.IGNORECASE)
_TOLD = 300
"""Characters of a part of a claim that tell whether it can stand alone."""
_NUMBERED = re.compile(r"\b([A-ZÄÖÜ][\w-]*[^\W\d_]) (\d+)\b(?![.,:]\d)")
_ARTICLE = re.compile(r"\b(?:the|this|our|der|die|das|le|la|el)\s+$", re.IGNORECASE)
_LISTED = re.compile(r"[,&]|\b(?:and|or|und|oder|et|ou|y|e|o)\b")
_CODE = re.compile(r"`([^`\s]+)`")


def statements(claim: str) -> list[str]:
    """The parts of a claim that can stand alone, such as what is on either side of an "and"."""
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
        self._code = frozenset(code.casefold() for text in passages for code in _CODE.findall(text))
        self._known = recurring_names(passages)

    def objection(self, claim: str, sources: Sequence[Source]) -> Objection | None:
        """What speaks against the sentences saying what the claim says; None where nothing does.

        It does not ask whether they say enough: that is for the share of the claim's words that they have.

        Args:
            claim: one statement, without citation markers.
            sources: the sentences that it may rest on together.
        """
        # German capitalises every noun: there a capital makes no name
        by_capital = not capitalises_nouns(" ".join(text for s in sources for text in (s.text, *s.before)))

        known = self._known | {name.casefold() for name in names(claim)}

        def named(text: str) -> frozenset[str]:
            found = {name.casefold() for name in names(text, known)} if by_capital else set()
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
            or changed(claimed, found, named)
            or _other_polarity(claimed, found)
            or _other_modifier(claimed, found)
            or _other_agent(claimed, found)
            or _other_subject(claimed, found, named)
            or _other_order(claimed, found)
        )


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
    said = {key for clause in found for key in clause.keys}
    figures = frozenset().union(*(clause.values for clause in found))
    context = _keys(source.context for source in sources)
    missing = [
        word
        for word in claim.words
        if word.text.casefold() in claim.names
        and word.key not in said | context
        and month_value(word.text) not in figures
    ]
    if not missing:
        return None
    others = [
        w.text for c in found for w in c.words if w.text.casefold() in c.names and w.key not in claim.keys | context
    ]
    if others:
        return Objection(notice("other_name", name=missing[0].text, other=others[0]), contrary=True)
    # "it", "the company": who that is stands nearby, in what names somebody last
    for clause in found:
        naming = (text for text in (clause.source.text, *clause.source.before) if named(text))
        if {word.key for word in missing} <= _keys([next(naming, "")]):
            return None
    return Objection(notice("unknown_name", name=missing[0].text), contrary=False)


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
    """Whether the source may mean the name by a word with an article: "Apple" by "the Company"."""
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
    alike = len(claim.content & said) >= ALIKE * len(claim.content)
    same_voice = bool(_BY.search(claim.text)) == bool(_BY.search(source.text))
    swapped = {first.text.casefold(), second.text.casefold()} <= claim.names & named(source.text)
    return objection if alike and same_voice and swapped and not _joined(source.text, first.key, named) else None


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


def _other_order(claim: Clause, found: Sequence[Clause]) -> Objection | None:
    """What is before, or more, in the claim is after, or less, in the source."""
    own = _sides(claim.text)
    theirs = [sides for text in dict.fromkeys(c.source.text for c in found) if (sides := _sides(text))]
    if own is None or not theirs or own[0] != theirs[0][0]:
        return None
    (_, left, right), (_, first, second) = own, theirs[0]
    if len(left & second) + len(right & first) > len(left & first) + len(right & second):
        return Objection(notice("other_order"), contrary=True)
    return None


def _sides(text: str) -> tuple[str, frozenset[str], frozenset[str]] | None:
    """What is compared, and the words on the side that is earlier or more and on the other."""
    match = _ORDER.search(text)
    if match is None or in_bound(match):
        return None
    words, kind = tokens(text), match[0].casefold()
    before = [word.key for word in words if word.start < match.start()]
    if kind in _THAN and before:
        compared = before.pop()  # "smaller" itself
        return compared, frozenset(before), _behind(words, match.end())
    left, right = frozenset(before), _behind(words, match.end())
    return ("time", right, left) if kind in _AFTER else ("time", left, right)


def _behind(words: Sequence[Token], start: int) -> frozenset[str]:
    return frozenset(word.key for word in words if word.start >= start)


def _stands_alone(text: str) -> bool:
    words, named = tokens(text), {name.casefold() for name in names(text)}
    others = sum(word.text.casefold() not in named for word in words)
    return others > 2 or 0 < others < len(words)


def _keys(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(word.key for text in texts for word in tokens(text))
