"""Text -> words -> lexical terms. A word's terms depend on its own characters alone, never on the text around it.

| word | terms (weight in a query) |
|---|---|
| Latin letters, diacritics stripped | English Snowball stem; of 6 letters and more also the first 5 letters (.7, .3) |
| identifiers, compounds with digits: `getUserName`, `snake_case`, `10-Q` | the whole (1) and its parts (1 each) |
| numbers: `1998`, `3.14`, `1,000` | the whole, without thousands separators |
| Han, kana, Hangul | pairs of characters (.7) and single characters (.3) |
| other scripts | character 4-grams of the word between boundary marks, 1 / their number each |

The first letters stand in for the stemmers of other languages: recall@1 on German questions 87 -> 90 %, and English
gains, too. 33 English stop words have no terms.
"""

import hashlib
import re
import threading
import unicodedata
from functools import lru_cache
from typing import TypeAlias

import Stemmer

Terms: TypeAlias = tuple[tuple[int, float], ...]
"""Term ids (uint32) and their weights in a query, at most 1; a term that a run of Han holds twice is in it twice."""

_ENGLISH = """a an and are as at be but by for if in into is it no not of on or such that the their then there these
they this to was will with"""
STOP_WORDS = frozenset(_ENGLISH.split())
"""Lucene's English list: words that have no terms."""

_BUILDING = """am been being is are was were do does did has have had having may might must can could will would shall
should than who which what when where how so also only too very from about after before until its his her cannot
each every all both some any together two three
der die das den dem des ein eine einen einem einer ist sind war waren wird werden wurde wurden hat haben hatte kann
können darf dürfen muss müssen soll sollen im am zum zur von mit für auf aus bei und oder
le la les un une des du de est sont était a ont et ou el los las es son fue y o en que se"""
FUNCTION_WORDS = STOP_WORDS | frozenset(_BUILDING.split())
"""Words that say no more of a statement than how it is built. They have terms, for they may tell two texts apart."""

_PREFIX, _PREFIX_FROM, _PREFIX_WEIGHT = 5, 6, 0.3
_CHARACTER_WEIGHT = 0.3
_GRAM = 4

# scripts written without spaces between words, or with words of two or three characters
DENSE_SCRIPTS = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003ffff"
# `\w` leaves out combining marks, without which words of Indic scripts, Thai and pointed Hebrew fall apart
_MARKS = "".join(
    chr(code)
    for block in (range(0x300, 0x1E00), range(0xA66F, 0xABF0))
    for code in block
    if unicodedata.category(chr(code)).startswith("M")
)
_INVISIBLE = re.compile("[\u00ad\u0640\u200b\u200c\u200d\u2060\ufeff]")
"""Soft hyphen, tatweel, joiners and byte order mark: inside words, but no part of them."""


def _pattern(letter: str, letters: str) -> re.Pattern[str]:
    # bounded, so that no single word of a hostile document is long; compounds are taken apart below
    return re.compile(
        rf"['’][sS](?!\w)|[{DENSE_SCRIPTS}]+|{letter}{letters}{{0,99}}(?:[.,-]{letter}{letters}{{0,99}}){{0,9}}"
    )


_WORD = _pattern(rf"[^\W{DENSE_SCRIPTS}]", rf"(?:[^\W{DENSE_SCRIPTS}]|[{_MARKS}])")
_PLAIN_WORD = _pattern(r"\w", r"\w")
"""The same, in less than half the time, for a text without any of `_SPECIAL`."""
_ASCII_WORD = _pattern("[A-Za-z0-9_]", "[A-Za-z0-9_]")
_SPECIAL = re.compile(f"[{DENSE_SCRIPTS}{_MARKS}]")
_DENSE_RUN = re.compile(f"[{DENSE_SCRIPTS}]")
_LATIN = re.compile("[A-Za-z\u00aa-\u024f\u1e00-\u1eff]")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_PARTS = re.compile(r"\d+(?:\.\d+)*|[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+")
_stemmer = Stemmer.Stemmer("english", 0)
_stemmer_lock = threading.Lock()  # a stemmer is not thread-safe


def words(text: str) -> list[str]:
    """The words of a text in order, in compatibility form (NFKC) and with their case; see `terms`."""
    pattern = _ASCII_WORD
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
        pattern = _WORD if _SPECIAL.search(text) else _PLAIN_WORD
    found = pattern.findall(text)
    return [word for word in found if word[0] not in "'’"]


def terms(word: str) -> Terms:
    """The terms of one of `words(text)`; none for a stop word."""
    return _dense_terms(word) if is_dense(word) else _word_terms(word)


def is_dense(word: str) -> bool:
    """Whether the word is a run of Han, kana or Hangul, in which two characters are about a word."""
    return not word.isascii() and _DENSE_RUN.match(word) is not None


@lru_cache(maxsize=1 << 17)
def term_id(term: str) -> int:
    """A stable id: the first 4 bytes of BLAKE2b.

    Among a corpus's 100,000 terms, one in 43,000 shares its id with another.
    """
    return int.from_bytes(hashlib.blake2b(term.encode("utf-8", "replace"), digest_size=4).digest(), "little")


def _dense_terms(run: str) -> Terms:
    if len(run) == 1:
        return ((term_id(run), 1.0),)
    characters = [(term_id(character), _CHARACTER_WEIGHT) for character in run]
    pairs = [(term_id(run[i : i + 2]), 1 - _CHARACTER_WEIGHT) for i in range(len(run) - 1)]
    return (*characters, *pairs)


@lru_cache(maxsize=1 << 16)
def _word_terms(word: str) -> Terms:
    weights: dict[str, float] = {}
    for piece in pieces(word):
        for term, weight in _piece_terms(piece).items():
            weights[term] = max(weight, weights.get(term, 0.0))
    return tuple({term_id(term): weight for term, weight in weights.items()}.items())


def pieces(word: str) -> list[str]:
    """The parts of one of `words(text)`, without accents and outer underscores.

    A compound is one word where it has a digit (10-Q, 3.14), else several (state-of-the-art, end.Start).
    """
    word = _stripped(word)
    digits = any(character.isdigit() for character in word)
    parts = _THOUSANDS.sub("", word).split(",") if digits else re.split("[.,-]", word)
    return [piece for part in parts if (piece := part.strip("_"))]


def grams(word: str) -> list[str]:
    """The 4-grams of a word between boundary marks: `_cat`, `cat_`."""
    marked = f"_{word}_"
    return [f"#{marked[i : i + _GRAM]}" for i in range(max(1, len(marked) - _GRAM + 1))]


def _piece_terms(piece: str) -> dict[str, float]:
    folded = piece.casefold()
    if folded in STOP_WORDS:
        return {}
    if not piece.isascii() and not _LATIN.search(piece):
        return _gram_terms(folded)
    parts = _PARTS.findall(piece)
    if len(parts) < 2:
        return _latin_terms(folded)
    return {stem(folded): 1.0} | {stem(part.casefold()): 1.0 for part in parts if part.casefold() not in STOP_WORDS}


def _latin_terms(word: str) -> dict[str, float]:
    if len(word) < _PREFIX_FROM or not word.isalpha():
        return {stem(word): 1.0}
    return {stem(word): 1 - _PREFIX_WEIGHT, f"^{word[:_PREFIX]}": _PREFIX_WEIGHT}


def _gram_terms(word: str) -> dict[str, float]:
    distinct = dict.fromkeys(grams(word))
    return dict.fromkeys(distinct, 1 / len(distinct))


def _stripped(word: str) -> str:
    """Without accents, Arabic and Hebrew vowel points; with the marks that are letters of Indic scripts and Thai.

    The canonical combining class tells them apart: 10 to 35 are points, 200 and more stand above or below.
    """
    if word.isascii():
        return word
    kept = (
        c for c in unicodedata.normalize("NFD", word) if not 10 <= (k := unicodedata.combining(c)) <= 35 and k < 200
    )
    return unicodedata.normalize("NFC", "".join(kept))


def fold(word: str) -> str:
    """In lower case and without accents, as terms are."""
    return _stripped(word).casefold()


def stem(word: str) -> str:
    """English Snowball stem of a word in lower case."""
    with _stemmer_lock:
        return str(_stemmer.stemWord(word))
