"""Numbers, sizes, times and days as people read them, in their language."""


def number(value: float, language: str, digits: int = 0) -> str:
    """`12,345.6`, or in German `12.345,6`."""
    return _spoken(f"{value:,.{digits}f}", language)


class Figure(float):
    """A number that is written in a language wherever it is formatted.

    Args:
        value: an int stays one.
    """

    def __new__(cls, value: float, language: str) -> "Figure":
        made = super().__new__(cls, value)
        made.value, made.language = value, language
        return made

    value: float
    language: str

    def __format__(self, spec: str) -> str:
        return _spoken(format(self.value, spec), self.language)


def size(value: float | None, language: str) -> str:
    """Bytes in the unit that gives few digits; "–" where nobody knows."""
    if value is None:
        return "–"
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{number(value, language, 0 if value >= 100 or round(value, 1) == int(value) else 1)} {unit}"
        value /= 1000
    return f"{number(value, language, 1)} GB"


def duration(seconds: float) -> str:
    """`45 s`, `3 min`, `2 h 5 min`."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def day(iso: str | None, language: str) -> str:
    """The day of a time in ISO 8601; "–" where nobody knows."""
    if not iso:
        return "–"
    year, month, date = iso[:4], iso[5:7], iso[8:10]
    return f"{date}.{month}.{year}" if language == "de" and year and month and date else iso[:10]


def _spoken(number: str, language: str) -> str:
    return number.translate(str.maketrans(",.", ".,")) if language == "de" else number
