"""The names in a text, by their capitals."""

import re
from collections import Counter
from collections.abc import Collection
from functools import lru_cache

from rag.answering.measures import is_currency
from rag.answering.numbers import is_date
from rag.models.words import STOP_WORDS

NOUNS, GERMAN = 0.2, 0.1
"""Shares of capitalised words and of German function words above which capitals make nouns, not names."""
_NAME = re.compile(r"[^\W\d_][\w’'-]*")
PRONOUN = re.compile(
    r"s?he|it|they|we|you|i|his|hers?|its|their|our|your|my|this|that|these|those|"
    r"er|sie|es|wir|ihre?|seine?|diese[rsn]?|ils?|elles?|nous|vous|son|sa|ses|leurs?|ellos|ellas?|nosotros|sus?",
    re.IGNORECASE,
)
"""Words that stand for a name."""
_FUNCTION_WORDS = frozenset(
    ("der", "die", "das", "und", "ist", "den", "dem", "von", "mit", "nicht", "ein", "eine", "zu")
)


_TITLED = re.compile(r"\b(?:Herrn?|Frau|Dr\.?|Prof\.?)\s([A-ZÄÖÜ][^\W\d_]+(?:-[^\W\d_]+)?)")
_GENITIVE = re.compile(r"['’]s?$")
_ENDINGS, _ROOT = ("n", "an", "ian", "ean", "ese", "ish", "i", "er", "ers", "ns", "ans", "ians"), 4


def names(text: str, known: Collection[str] = ()) -> list[str]:
    """Capitalised words that are not merely first in the text.

    Args:
        known: names, folded; such a word is one where it is first, too.
    """
    found = []
    for match in _NAME.finditer(text):
        if match[0].islower():  # nearly all are
            continue
        word = plain_name(match[0])
        if is_date(word) or is_currency(word):
            continue
        inner = any(c.isupper() or (c.isdigit() and word[0].isupper()) for c in word[1:])
        first = _starts_sentence(text, match.start())
        if inner or (word[0].isupper() and (not first or word.casefold() in known)):
            found.append(word)
    return found


def titled(text: str) -> list[str]:
    """Names behind a title, which are names also where every noun has a capital."""
    return [plain_name(name) for name in _TITLED.findall(text)]


def recurring_names(texts: Collection[str]) -> frozenset[str]:
    """Names of some texts, folded: those inside of sentences, and what begins two and is never written small."""
    inside = {name.casefold() for text in texts for name in names(text)}
    words = [[plain_name(word) for word in _NAME.findall(text)] for text in texts]
    firsts = Counter(of_text[0].casefold() for of_text in words if of_text and of_text[0][0].isupper())
    small = {word for of_text in words for word in of_text if word.islower()}
    twice = {word for word, count in firsts.items() if count > 1 and word not in small and word not in STOP_WORDS}
    return frozenset(inside | twice)


def capitalises_nouns(text: str) -> bool:
    """Whether it is German: there a capital makes no name."""
    words = _NAME.findall(text)
    german = sum(word.casefold() in _FUNCTION_WORDS for word in words)
    return german > GERMAN * len(words) and len(names(text)) > NOUNS * len(words)


@lru_cache(maxsize=4096)
def roots(word: str) -> frozenset[str]:
    """What a name of a place and the words made of it have in common: Vienna and Viennese, Germany and German."""
    name = plain_name(word).casefold()
    if not word[:1].isupper():
        return frozenset()
    stems = {name, *(name.removesuffix(ending) for ending in _ENDINGS)}
    return frozenset(stem for each in stems if len(stem := each.rstrip("aeiouy")) >= _ROOT)


def plain_name(word: str) -> str:
    """A name without the s of its genitive."""
    return _GENITIVE.sub("", word) if "'" in word or "’" in word else word


def _starts_sentence(text: str, position: int) -> bool:
    before = text[:position].rstrip(" \t\n\"'“„«(*_`")
    return not before or before[-1] in ".!?:。！？"
