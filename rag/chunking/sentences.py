"""Where sentences begin and end, in any script, in time linear in the text."""

import re
from collections.abc import Iterator

SHORTEST = 30
"""Characters of a part that is worth a vector of its own."""

_CLOSERS = "\"'”’»)\\]}*_`~」』）】〉》〕］｝"
_ALWAYS = "。！？｡؟۔।॥።፧፨։။។"
"""Ends a sentence whether or not white space follows."""

# Both parts are possessive and nothing is asked of what follows: a run of full stops is read once.
_END = re.compile(f"[.!?…{_ALWAYS}]++(?:[{_CLOSERS}]|\\[\\d{{1,3}}\\])*+")
_WORD_BEFORE = re.compile(r"[^\W_][\w.'’-]*\Z")
_WORD_BEHIND = re.compile(r"\s+([^\W\d_]+)")
_LIST_ITEM = re.compile(r"\s*(?:[-*+•‣◦▪–]|\d{1,9}[.)]|\(?[a-zA-Z0-9]{1,2}\))\s")
_ALONE = re.compile(r"\s*(?:\||#{1,6}\s|```|~~~)")
_NUMBER = re.compile(r"\W*(?:\d{1,9}|[a-zA-Z])\Z")

_ABBREVIATION = re.compile(
    r"(?:\w\.)+\w|eg|ie|dr|mr|mrs|ms|mx|prof|st|vs|cf|al|approx|figs?|ca|resp|incl|excl|viz|capt|lt|sgt|gov|sen|hon|"
    r"messrs|jan|feb|aug|sept|oct|nov|ph\.d|m\.sc|b\.sc"
)
"""Followed by more of the same sentence, whatever its case; so are dotted letters ("e.g.", "U.S.") and initials."""
_BEFORE_NUMBERS = re.compile(
    r"nos?|nr|pp?|art|para?|sect?|ch|vol|eqs?|pt|ver|v|ed|tel|ext|jun|jul|mar|apr|dec",
)
"""Abbreviations only where a number follows: "No. 5", but not "No. I do not."."""
_BEFORE_SMALL = re.compile(
    r"etc|inc|ltd|co|corp|jr|sr|a\.m|p\.m|bros|llc|esq|min|max|avg|est|ft|dept|misc",
)
"""Often the last word of a sentence: they end one unless a small letter or a number follows."""
_ORDINAL = re.compile(r"\d{1,3}")
_COUNTED = re.compile(
    r"januar|jänner|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember|jahrhunderts?|"
    r"quartals?|semesters?|geburtstags?|weltkriegs?|auflage|kapitels?|klasse|etage|stock|platz|tage?s?|woche|monats?|jahre?s?"
)
"""What German counts with a full stop behind the number: "31. März", "im 19. Jahrhundert"."""
_LONGEST = 24
"""Characters before a full stop that are looked at."""


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences of a text.

    A sentence ends after `. ! ? …` and the like in other scripts (closing quotes, brackets, emphasis and footnotes such
    as `[12]` included), at a blank line, before a list item, and on either side of a table row, a heading or a code
    fence. Abbreviations, initials, decimals, versions, addresses and file names end none.

    Args:
        text: any text; a whole document or a chunk of it.

    Returns:
        `(start, end)` in code points, in order and disjoint, without white space at either end; together they cover
        every character that is not white space.
    """
    spans: list[tuple[int, int]] = []
    for low, high in _blocks(text):
        at = low
        for match in _END.finditer(text, low, high):
            if _ends_sentence(text, at, match, high):
                spans.append((at, match.end()))
                at = match.end()
        spans.append((at, high))
    return [span for low, high in spans if (span := trimmed(text, low, high))]


def part_spans(text: str) -> list[tuple[int, int]]:
    """Sentences of at least `SHORTEST` characters: shorter ones go with the next, the last with the one before.

    Returns:
        `(start, end)` as of `sentence_spans`.
    """
    parts: list[tuple[int, int]] = []
    start: int | None = None
    end = 0
    for low, end in sentence_spans(text):
        start = low if start is None else start
        if end - start >= SHORTEST:
            parts.append((start, end))
            start = None
    if start is not None and parts:
        parts[-1] = (parts[-1][0], end)
    elif start is not None:
        parts.append((start, end))
    return parts


def line_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Spans of the lines of `text[start:end]`, without their line ends."""
    while start < end:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop
        yield start, stop
        start = stop + 1


def trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The span without white space at its ends; None where nothing else is in it."""
    piece = text[start:end]
    stripped = piece.lstrip()
    if not stripped:
        return None
    start = end - len(stripped)
    return start, start + len(stripped.rstrip())


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """What no sentence crosses: paragraphs, list items, rows, headings."""
    low = 0
    for start, stop in line_spans(text, 0, len(text)):
        line = text[start:stop]
        blank, alone = not line.strip(), _ALONE.match(line) is not None
        if start > low and (blank or alone or _LIST_ITEM.match(line)):
            yield low, start
            low = start
        if alone:
            yield low, stop
        if alone or blank:
            low = stop + 1
    if low < len(text):
        yield low, len(text)


def _ends_sentence(text: str, start: int, match: re.Match[str], high: int) -> bool:
    marks, end = match[0], match.end()
    if any(mark in _ALWAYS for mark in marks):
        return True
    if end == high:
        return True
    if not text[end].isspace():
        return False
    following = _next_letter(text, end, high)
    if not marks.startswith(".") or marks.startswith(".."):
        return not following.islower()
    before = text[max(start, match.start() - _LONGEST) : match.start()]
    if match.start() - start <= _LONGEST and _NUMBER.fullmatch(before):
        return False  # "1." or "a." that opens a list item
    found = _WORD_BEFORE.search(before)
    if found is None:
        return True
    word = found[0]
    if len(word) == 1 and word.isupper():
        return False
    word = word.lower()
    if _ORDINAL.fullmatch(word):
        return not (following.islower() or _COUNTED.fullmatch(_next_word(text, end, high)))
    if _BEFORE_SMALL.fullmatch(word):
        return not (following.islower() or following.isdigit())
    if _BEFORE_NUMBERS.fullmatch(word):
        return not following.isdigit()
    return _ABBREVIATION.fullmatch(word) is None


def _next_word(text: str, at: int, high: int) -> str:
    """The word behind the white space at `at`, in small letters; of a long one the beginning."""
    found = _WORD_BEHIND.match(text, at, min(high, at + _LONGEST))
    return found[1].lower() if found else ""


def _next_letter(text: str, at: int, high: int) -> str:
    """The first letter or digit in the 16 characters after the white space at `at`; "" where there is none."""
    while at < high and text[at].isspace():
        at += 1
    return next((char for char in text[at : min(at + 16, high)] if char.isalnum()), "")
