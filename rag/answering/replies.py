"""The "yes" and "no" that an answer begins with: no source says it, only what follows can be found in one."""

import re

from rag.answering.tokens import tokens

_REPLIES = """yes yeah yep no nope correct incorrect right wrong true false exactly indeed certainly absolutely sure
ja nein doch genau richtig falsch stimmt korrekt oui non exact sí si correcto claro 是 是的 不是 否 对 不对"""
_WORDS = _REPLIES.split()
_AROUND = r"[\s*_`\"'“”]*"
_OPENING = re.compile(
    rf"(?!no\. ?\d)"  # "No. 5"
    rf"(?:{_AROUND}\b(?:{'|'.join(_WORDS)})\b{_AROUND}(?:[.!,;:–—。！，]+{_AROUND}|$))+",
    re.IGNORECASE,
)


def after_reply(text: str) -> str:
    """The text without a "Yes." or "No," at its beginning, which may be all of it."""
    opening = _OPENING.match(text)
    return text[opening.end() :] if opening else text


def only_replies(text: str) -> bool:
    """Whether it says yes or no and nothing else, as "Yes." and "No, it does not." do.

    Args:
        text: without citation markers.
    """
    rest = after_reply(text)
    return rest != text and all(word.text.casefold() in _WORDS for word in tokens(rest))
