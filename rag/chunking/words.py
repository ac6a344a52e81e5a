"""Words that are too long for a tokenizer."""

import re
import unicodedata

# Unicode's White_Space less what tokenizers delete as control characters instead of reading it as a space
_RUN = r"[^\t\n\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
_DECOMPOSED = 4
"""Most code points that one code point becomes in NFD; BERT's normaliser decomposes before it measures a word."""


def split_long_words(text: str, limit: int) -> str:
    """Insert spaces so that no run without white space is longer than a tokenizer accepts.

    WordPiece turns any word of more than 100 characters into one unknown token.

    Args:
        text: any text.
        limit: most characters of a run, counted in NFD; a character that alone is longer stands alone.

    Returns:
        The text with spaces added, nothing else changed.
    """

    def split(match: re.Match[str]) -> str:
        run = match[0]
        if len(run) <= limit and unicodedata.is_normalized("NFD", run):
            return run
        pieces, start, size = [], 0, 0
        for at, char in enumerate(run):
            length = len(unicodedata.normalize("NFD", char))
            if size and size + length > limit:
                pieces.append(run[start:at])
                start, size = at, 0
            size += length
        return " ".join([*pieces, run[start:]])

    if limit < 1:
        raise ValueError(f"limit={limit}: a word has at least 1 character")
    suspicious = limit // _DECOMPOSED + 1
    return re.sub(f"(?<!{_RUN}){_RUN}{{{suspicious},}}", split, text)
