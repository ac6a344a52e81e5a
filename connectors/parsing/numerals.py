"""The numbers of lists as office programs show them."""

_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
          (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip
_MAX_ROMAN = 4000
_MAX_REPEATS = 10


def numeral(count: int, kind: str) -> str:
    """A number in a style.

    Args:
        kind: `lowerLetter`, `upperLetter`, `lowerRoman`, `upperRoman` or `decimalZero` (01); in any other, and where
            a style ends, it is in digits.
    """
    if kind in ("lowerRoman", "upperRoman") and 0 < count < _MAX_ROMAN:
        return _case(_roman(count), kind)
    if kind in ("lowerLetter", "upperLetter") and 0 < count <= 26 * _MAX_REPEATS:
        # 27 is aa, 28 is bb
        return _case(chr(ord("a") + (count - 1) % 26) * ((count - 1) // 26 + 1), kind)
    return f"{count:02}" if kind == "decimalZero" else str(count)


def _case(text: str, kind: str) -> str:
    return text.upper() if kind.startswith("upper") else text


def _roman(count: int) -> str:
    parts = []
    for unit, sign in _ROMAN:
        parts.append(sign * (count // unit))
        count %= unit
    return "".join(parts)
