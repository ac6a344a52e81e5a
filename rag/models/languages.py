"""Which texts an encoder can read, by their language."""

import re
import threading
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from rag.models.files import PACKAGED
from rag.settings import Embedding

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

FOREIGN_BELOW = 0.01
"""Probability of all languages that the encoder reads below which a text is foreign. None of 3,158 English questions
and 6,600 English passages falls below it, 96 % of German questions and all Chinese and Arabic ones do."""
_NO_LANGUAGE = "zxx"
"""ISO 639's code for what is in no language: numbers, code, ciphers. Any encoder reads it as well as another."""
_ENGLISH = frozenset(
    ("the", "and", "what", "which", "how", "does", "who", "when", "where", "why", "with", "that", "this", "these")
)
"""No other language writes two of these in one text; nearly every English text does."""
_ASKS = re.compile(r"\W*(?:[Hh]ow|[Ww]hat|[Ww]hen|[Ww]here|[Ww]hich|[Ww]hy|[Dd]oes)\b")
"""How English questions begin, 90 % of SQuAD's among them, and none of 4,290 questions and passages in German, Arabic
and Chinese. Whatever is told by its words does not wait for the model, which takes .4 s to load."""
_FEWEST = 3
_LATIN = 0x250
_FIRST = 5_000
"""Characters that are looked at."""
_lock = threading.Lock()


class Languages:
    """The languages that an encoder reads.

    Args:
        codes: ISO 639-1; None is every language.
    """

    def __init__(self, codes: Iterable[str] | None) -> None:
        self._codes = None if codes is None else frozenset(codes)

    def cover(self, text: str) -> bool:
        """Whether the encoder can read the text: False only where it is surely in other languages.

        Fewer than three words in Latin letters are in many languages at once, and count as readable.
        """
        if self._codes is None:
            return True
        text = text[:_FIRST]
        if "en" in self._codes and _surely_english(text):
            return True
        words = re.findall(r"[^\W\d_]+", text)
        if len(words) < _FEWEST and all(ord(character) < _LATIN for word in words for character in word):
            return True
        with _lock:  # the model's scratch space is not for two threads
            probabilities = dict(_identifier().rank(text))
        known = sum(float(probabilities.get(code, 0.0)) for code in (*self._codes, _NO_LANGUAGE))
        return known >= FOREIGN_BELOW

    def load(self) -> None:
        """Have the model at hand, which takes half a second: else the first text that needs it waits."""
        if self._codes is not None:
            with _lock:
                _identifier()


def _surely_english(text: str) -> bool:
    return bool(_ASKS.match(text)) or len(_ENGLISH.intersection(re.findall(r"[a-z]+", text.lower()))) > 1


def languages_of(settings: Embedding) -> Languages:
    """Those that the settings name, else those that the model is known for."""
    if settings.languages is not None:
        return Languages(settings.languages)
    known = PACKAGED.get(settings.model)
    return Languages(known.languages if known else None)


def likeliest(text: str, codes: Sequence[str]) -> str:
    """Which of these languages a text is in, if it is in one of them.

    Args:
        codes: ISO 639-1; the first one where the text tells nothing.
    """
    with _lock:
        probabilities = dict(_identifier().rank(text[:_FIRST]))
    return max(codes, key=lambda code: float(probabilities.get(code, 0.0)))


@cache
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
