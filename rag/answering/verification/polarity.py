"""What a statement denies, and words that say the opposite of each other."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from rag.answering.tokens import Token, tokens
from rag.models.words import stem
from rag.notices import Notice, notice

_NEGATOR = re.compile(
    r"(?<!-)\b(?:no longer|not|no|never|none|nobody|nothing|neither|nor|cannot|without|unless|except|\w+n['’]t|"
    r"nicht|keine?[nmrs]?|nie|niemals|niemand|nichts|ohne|weder|"
    r"pas|jamais|aucune?|sans|ni|nunca|jamás|ningún|ninguna|ninguno|sin|nadie|tampoco)\b(?!-\w)",
    re.IGNORECASE,
)
_NONE = re.compile(r"nicht|pas|no|none|nothing|keine?[nmrs]?|nichts|aucune?|ningún|ninguna", re.IGNORECASE)
_NOT = re.compile(r"not|nicht", re.IGNORECASE)
_DENSE_NEGATOR = re.compile("[不没沒無无非未勿]")
_NOT_ONLY = re.compile(
    r"\b(?:(?:no|not) (?:later|less|more|fewer|earlier) than|not least|not only|nicht später als|nicht nur|"
    r"non seulement|no sólo|no solo)\b",
    re.IGNORECASE,
)
_ONLY = re.compile(r"\b(?:only|erst|seulement|sólo|solo)\b", re.IGNORECASE)
_UNTIL = re.compile(r"\b(?:until|till|before|bis|vor|avant|hasta|antes)\b", re.IGNORECASE)
_LASTS = re.compile(r"\b(?:until|till|bis|hasta)\b|\bjusqu", re.IGNORECASE)
_SCOPE = 3
"""Content words behind a negation that it may be about."""
_DENIALS = """forbid forbidden prohibited banned refuse reject fail lack deny free except unless prevent exclude only
stop avoid drop remove cease end impossible verboten interdit prohibido"""
_DENYING = frozenset(stem(word) for word in _DENIALS.split())
_OPPOSITES = """
rise rose risen grow grew increase raise climb gain / fall fell fallen drop decrease decline lower reduce shrink shrank
more / less fewer
high higher / low lower
large larger big bigger / small smaller
long longer / short shorter
fast faster quick / slow slower
early earlier / late later
above over / below under
open opened / close closed
allow permit approve accept / forbid forbidden prohibit refuse reject
include / exclude
enable / disable
double / halve
start begin began / stop end finish
buy bought / sell sold
win won / lose lost
keep kept / change remove drop delete
add / remove delete
true / false
possible / impossible
legal / illegal
safe / unsafe dangerous
better best / worse worst
maximum most / minimum least
import / export
profit / loss
cheap cheaper / expensive dear dearer
hot hotter warm / cold colder
strong stronger / weak weaker
older / younger newer
north northern / south southern
east eastern / west western
left / right
absorb / reflect
steigen gestiegen erhöht / sinken gesunken fallen gesenkt
mehr / weniger
größer / kleiner
länger / kürzer
erlaubt / verboten
augmenter / diminuer
plus / moins
permis / interdit
más / menos
permitido / prohibido
"""


@dataclass(frozen=True, slots=True)
class Polarity:
    """What a text says and what it denies.

    Attributes:
        words: keys of its content words.
        denied: keys of those that stand shortly behind a negation.
        heads: of each negation the first of them.
        denials: keys of words such as "forbidden" and "refuse".
        refused: keys of those that stand shortly behind such a word: "drops support".
        late: "only", "not until": it denies nothing but an earlier time.
        lasts: "until", "bis": what is open until five closes at five.
        privative: keys of its words in "un", without that.
    """

    words: frozenset[str]
    denied: frozenset[str]
    heads: frozenset[str]
    denials: frozenset[str]
    refused: frozenset[str]
    late: bool
    lasts: bool
    privative: frozenset[str]

    def beside(self, other: "Polarity") -> "Polarity":
        """With what its words in "un" deny, where the other text has the words without: unhurt, hurt."""
        met = self.privative & other.words
        return replace(self, denied=self.denied | met, heads=self.heads | met)


def polarity(text: str) -> Polarity:
    """What a text says and what it denies."""
    words = tokens(text)
    scopes = [*_scopes(text, words)]
    order = [word.key for word in words]
    keys, refusing = frozenset(order), [i for i, key in enumerate(order) if key in _DENYING]
    return Polarity(
        words=keys,
        denied=frozenset(key for scope in scopes for key in scope),
        heads=frozenset(scope[0] for scope in scopes if scope),
        denials=keys & _DENYING,
        refused=frozenset(key for i in refusing for key in order[i + 1 : i + 1 + _SCOPE]),
        late=bool(_ONLY.search(text)) or bool(scopes and _UNTIL.search(text)),
        lasts=bool(_LASTS.search(text)),
        privative=frozenset(stem(w.text.casefold()[2:]) for w in words if re.match("un....", w.text, re.IGNORECASE)),
    )


def opposed(claim: Polarity, source: Polarity, around: Polarity) -> Notice | None:
    """How a claim and a source that share words contradict each other; None where they do not.

    Args:
        source: what the source says of the same matter.
        around: the sentences that this is a part of.
    """
    claim, source, around = claim.beside(source), source.beside(claim), around.beside(claim)
    alone = source.words - claim.words
    turned = {
        x: y
        for x in claim.words - source.words
        for y in _opposites().get(x, frozenset()) & alone
        # "kept for 14 days before they are deleted", "is enabled and can be turned off"
        if not claim.words & _opposites()[x] and not source.words & _opposites()[y]
    }
    if claim.lasts or source.lasts:
        turned = {}
    for own, theirs in turned.items():
        if own not in claim.denied and theirs not in source.denied and not (claim.heads or source.heads):
            return notice("opposite")
    if claim.late and source.late:
        return None
    denied = around.heads or around.denials or around.late
    if claim.heads & source.words - source.denied - source.refused or (claim.heads and not denied and not turned):
        return notice("denies")
    if source.heads & claim.words - claim.denied and not (turned or claim.heads or claim.denials - source.words):
        return notice("denied")
    return None


def _scopes(text: str, words: tuple[Token, ...]) -> Iterator[tuple[str, ...]]:
    """For each negation the keys of the content words that it may be about."""
    skipped = {match.start() for match in _NOT_ONLY.finditer(text)}
    for match in [*_NEGATOR.finditer(text), *_DENSE_NEGATOR.finditer(text)]:
        if match.start() in skipped:
            continue
        behind = [word.key for word in words if word.start >= match.end() and not _NEGATOR.fullmatch(word.text)]
        # "pay no fines" denies the paying, too
        ahead = [word.key for word in words if word.start < match.start()][-1:] if _NONE.fullmatch(match[0]) else []
        # "Not all" and "Nicht genommener Urlaub" deny one word
        yield tuple(behind[: 1 if not match.start() and _NOT.fullmatch(match[0]) else _SCOPE] + ahead)


def are_opposites(word: str, other: str) -> bool:
    """Whether two words say the opposite of each other, as "enabled" and "disabled" do."""
    return stem(other.casefold()) in _opposites().get(stem(word.casefold()), frozenset())


def is_negator(word: str) -> bool:
    """Whether it denies what stands beside it, as "not" and "never" do."""
    return _NEGATOR.fullmatch(word) is not None


@cache
def _opposites() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for line in _OPPOSITES.strip().splitlines():
        first, second = ({stem(word) for word in side.split()} for side in line.split("/"))
        for one, other in ((first, second), (second, first)):
            for word in one:
                found.setdefault(word, set()).update(other - one)
    return {word: frozenset(others) for word, others in found.items()}
