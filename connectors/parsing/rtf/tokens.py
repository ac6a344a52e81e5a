"""Rich text as a row of tokens."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    rb"\\([A-Za-z]{1,32})(-?[0-9]{1,10})? ?|\\'([0-9A-Fa-f]{2})|\\(.)|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.DOTALL
)


class Token(NamedTuple):
    """One of: a control word with its number, `{`, `}`, or bytes of text.

    Attributes:
        word: control word or symbol, `{`, `}`; empty for text.
        number: that follows a control word; None without one.
        text: bytes in the character set that holds here.
    """

    word: str
    number: int | None = None
    text: bytes = b""


def tokens(data: bytes) -> Iterator[Token]:
    r"""All tokens in order; the bytes that `\bin` announces are passed over."""
    position = 0
    while match := _TOKEN.search(data, position):
        position = match.end()
        word, number, code, symbol, brace, text = match.groups()
        if word:
            value = int(number) if number else None
            if word == b"bin":
                position += max(value or 0, 0)
            else:
                yield Token(word.decode("ascii"), value)
        elif code:
            yield Token("", text=bytes.fromhex(code.decode("ascii")))
        elif symbol:
            if symbol in b"\\{}":
                yield Token("", text=symbol)
            else:
                yield Token("par" if symbol in b"\r\n" else symbol.decode("latin-1"))
        elif brace:
            yield Token(brace.decode("ascii"))
        elif text:
            yield Token("", text=text)
