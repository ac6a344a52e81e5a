"""The words of a statement that carry its content, as they are compared."""

import re
from dataclasses import dataclass
from functools import lru_cache

from rag.models.words import FUNCTION_WORDS, is_dense, stem

_WORD = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*")
_IRREGULAR = """beat beaten|become became|begin began begun|break broke broken|bring brought|build built|buy bought
catch caught|choose chose chosen|come came|cut cutting|deal dealt|do did done|draw drew drawn|drive drove driven
eat ate eaten|fall fell fallen|feel felt|fight fought|find found|fly flew flown flight|forget forgot forgotten|get got
give gave given|go went gone|grow grew grown|hear heard|hide hid hidden|hold held|keep kept|know knew known|lead led
leave left|lend lent|lose lost|make made|mean meant|meet met|pay paid|ride rode ridden|rise rose risen|run ran
say said|see saw seen|sell sold|send sent|shrink shrank shrunk|sing sang sung|sink sank sunk|sit sat|sleep slept
speak spoke spoken|spend spent|stand stood|steal stole stolen|strike struck|swim swam swum|take took taken|teach taught
tell told|think thought|throw threw thrown|understand understood|wear wore worn|win won|withdraw withdrew withdrawn
write wrote written|child children|man men|woman women|foot feet"""
_BASE = {form: group.split()[0] for group in _IRREGULAR.replace("\n", "|").split("|") for form in group.split()[1:]}


@dataclass(frozen=True, slots=True)
class Token:
    """A content word.

    Attributes:
        key: the same for forms of one word.
        start: where it begins in the text.
        follows: nothing but a blank is between it and the content word before it.
    """

    text: str
    key: str
    start: int
    follows: bool


@lru_cache(maxsize=4096)
def tokens(text: str) -> tuple[Token, ...]:
    """The content words of a text in order; of Han, kana and Hangul every two neighbouring characters."""
    found: list[Token] = []
    end = -1
    for match in _WORD.finditer(text):
        word = match[0].removesuffix("'s").removesuffix("’s")
        folded = word.casefold()
        if is_dense(word):
            found += [Token(word[i : i + 2], word[i : i + 2], match.start() + i, i > 0) for i in range(len(word) - 1)]
        elif folded not in FUNCTION_WORDS:
            follows = end >= 0 and text[end : match.start()].isspace()
            found.append(Token(word, stem(_BASE.get(folded, folded)), match.start(), follows))
            end = match.end()
    return tuple(found)
