"""Whether a claim is in another language than its sources, so that their words cannot be compared."""

import re
from collections import Counter

_FUNCTION_WORDS = {
    code: frozenset(words.split())
    for code, words in {
        "en": "the and of to is was are were in for with that it by on as from at this which who has have be or an its "
        "not they their can will",
        "de": "der die das und ist sind war waren wurde wurden von mit für auf ein eine einen einem im zum zur nicht "
        "auch sich dem den des bei nach seit als es wird werden hat haben um aus ins ihre seine kann vor",
        "fr": "le la les et est sont était été par pour dans sur une un des du au aux qui que avec ce cette ont il "
        "elle en de ne pas se",
        "es": "el la los las y es son fue fueron por para en una un del con que se su al ha han lo de no",
        "it": "il lo la gli le e è sono di che per con una un nel della del dei da non si",
        "nl": "de het een van en is zijn werd werden met voor op niet door in te dat",
        "pt": "o os as e é são foi por para em uma um do da dos com que não de se ao no na",
    }.items()
}
_WORD = re.compile(r"[^\W\d_]+")
_LATIN = 0x250
_FEWEST = 2
"""Function words, or letters of another script, from which a claim is in a language."""
_SHARE = 0.2
"""Share of a language in the sources from which they are in it, too."""
_NAME = r"[A-ZÄÖÜ][\w'’-]+"
_TWO_NAMES = re.compile(rf"(?<![.!?:] )(?<!^)(?<!\d )\b({_NAME}) (?=({_NAME}))")


def differ(claim: str, source: str) -> bool:
    """Whether the claim is surely in a language that the source is not in.

    Args:
        claim: one sentence.
        source: all that it may rest on.
    """
    if _other_letters(claim) >= _FEWEST and _other_letters(source) < _SHARE * len(source):
        return True
    own, theirs = _counts(claim), _counts(source)
    if not own or not theirs:
        return False
    most, main = own.most_common(1)[0][0], theirs.most_common(1)[0][0]
    sure = own[most] >= _FEWEST and own[most] >= 2 * own[main]
    return sure and theirs[most] < _SHARE * theirs[main]


def two_names(text: str) -> list[tuple[str, str]]:
    """Neighbouring words with capitals: a name also in German, where every noun has one."""
    return [(match[1], match[2]) for match in _TWO_NAMES.finditer(text)]


def _other_letters(text: str) -> int:
    return sum(c.isalpha() and ord(c) >= _LATIN for c in text)


def _counts(text: str) -> Counter[str]:
    """How many function words of each language a text has."""
    words = [word.casefold() for word in _WORD.findall(text)]
    return Counter({code: n for code, known in _FUNCTION_WORDS.items() if (n := sum(word in known for word in words))})
