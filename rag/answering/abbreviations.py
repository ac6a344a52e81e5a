"""Short and long ways to write the same: Q3 and third quarter, CEO and chief executive officer."""

import re
from collections.abc import Iterator, Sequence

ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth"),
    *("seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"),
)
_QUARTER = re.compile(r"\bQ([1-4])\b")
_FISCAL = re.compile(r"\bFY[ -]?(?=\d{2})")
_NTH = re.compile(r"\b(1st|2nd|3rd|[4-9]th|1[0-2]th)\b", re.IGNORECASE)
_HOUR = re.compile(r"(?<=\d)(\s?)([ap])\.\s?m\b\.?", re.IGNORECASE)
_TIMES = re.compile(r"(?<=\d)(?:x|×)(?!\w)", re.IGNORECASE)
_SWITCHED = re.compile(r"\b(?:turn|switch)(ed)? (?:off|(on))\b", re.IGNORECASE)
_ANY = re.compile(
    r"\bQ[1-4]\b|\bFY[ -]?\d|\d(?:st|nd|rd|th)\b|\d\s?[ap]\.|\d[x×]|\b(?:turn|switch)(?:ed)? o", re.IGNORECASE
)
"""What of a text any of these may change: most texts have none."""
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_ACRONYM = re.compile(r"[A-ZÄÖÜ]{2,6}s?")
_SKIPPED = frozenset(("of", "the", "and", "for", "in", "on", "to", "a", "an"))
_SURE = 3
"""Letters from which words in small letters make an acronym, too; two letters are shared by chance."""


def written_out(text: str) -> str:
    """The text with quarters and small ordinals in words, and a.m., p.m. and "3x" as they are compared."""
    if not _ANY.search(text):
        return text
    text = _QUARTER.sub(lambda match: f"{ORDINALS[int(match[1]) - 1]} quarter", text)
    text = _NTH.sub(lambda match: ORDINALS[int(re.sub(r"\D", "", match[0])) - 1], text)
    text = _SWITCHED.sub(lambda match: f"{'enable' if match[2] else 'disable'}{'d' if match[1] else ''}", text)
    text = _FISCAL.sub("fiscal year ", text)
    return _TIMES.sub(" times", _HOUR.sub(r"\1\2m", text))


def same_abbreviated(words: str, others: str) -> frozenset[str]:
    """Words of a text, folded, that the other text has in short, or in full.

    Of "the CEO" and "the chief executive officer" it is the one word in one direction, and the three in the other.
    """
    found = {short.casefold() for short in _acronyms(words) if any(_spelled(short, others))}
    for short in _acronyms(others):
        for run in _spelled(short, words):
            found |= {word.casefold() for word in run}
    return frozenset(found)


def _acronyms(text: str) -> Iterator[str]:
    for word in _WORD.findall(text):
        if _ACRONYM.fullmatch(word):
            yield word.rstrip("s")


def _spelled(short: str, text: str) -> Iterator[Sequence[str]]:
    """The words of the text, in a row, that the letters of an acronym stand for."""
    words = [word for word in _WORD.findall(text) if word not in _SKIPPED]
    length = len(short)
    for start in range(len(words) - length + 1):
        run = words[start : start + length]
        initials = "".join(word[0] for word in run)
        if initials == short or (length >= _SURE and initials.upper() == short and any(len(w) > 1 for w in run)):
            yield run
