"""Where the words of a query stand in a text, in every form that the lexical legs take for the same word."""

import re

from rag.models.words import FUNCTION_WORDS, is_dense, terms, words

_RUN = re.compile(r"\w+(?:[.,-]\w+)*")


def matches(query: str, text: str) -> list[tuple[int, int]]:
    """(start, end) of each word of the text that shares a term with the query, in order.

    Words such as "how" and "have" count where the query has no others.
    Of a run of Han, kana or Hangul, which has no words, it is the characters that two neighbours of the query share.
    """
    asked = [*words(query)]
    telling = [word for word in asked if word.casefold() not in FUNCTION_WORDS]
    wanted = {term for word in telling or asked for term, _ in terms(word)}
    found: list[tuple[int, int]] = []
    for run in _RUN.finditer(text) if wanted else ():
        start, end = run.span()
        if is_dense(run[0]):
            pairs = [(n, n + 2) for n in range(start, end - 1)] or [(start, end)]
            found += [(a, b) for a, b in pairs if {term for term, _ in terms(text[a:b])} <= wanted]
        elif any(term in wanted for word in words(run[0]) for term, _ in terms(word)):
            found.append((start, end))
    return found
