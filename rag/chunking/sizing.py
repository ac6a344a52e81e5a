"""What the encoder reads of a piece of a document, and how much that is."""

import re
from collections.abc import Sequence

from rag.chunking.words import split_long_words
from rag.errors import SettingsError
from rag.protocols import Spans, TokenCounter
from rag.types import Document

_SPACES = re.compile(r"\s{2,}|[^\S \n]")


class Sizer:
    """Plain texts of spans, and their sizes.

    Args:
        counter: the encoder's tokenizer.
        max_tokens: most tokens of a chunk, special tokens not counted.

    Raises:
        SettingsError: the encoder's window is shorter than `max_tokens`.
    """

    def __init__(self, counter: TokenCounter, max_tokens: int) -> None:
        if max_tokens < 1:
            raise ValueError(f"max_tokens={max_tokens}: a chunk has at least 1 token")
        if max_tokens > counter.max_tokens:
            raise SettingsError(
                f"chunking.max_tokens: {max_tokens} is more than the encoder reads at a time: set it to at most "
                f"{counter.max_tokens}, or take an encoder with a longer window"
            )
        self.max_tokens = max_tokens
        self._counter = counter

    def plain(self, document: Document, start: int, end: int) -> str:
        """`document.text[start:end]` without markup and needless white space, over-long words split."""
        text = _SPACES.sub(lambda m: "\n" if "\n" in m[0] else " ", document.plain(start, end)).strip()
        return split_long_words(text, self._counter.max_word_chars)

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of plain texts."""
        return self._counter.count(texts)

    def sizes(self, document: Document, spans: Spans) -> list[int]:
        """Tokens of each span's plain text."""
        plains = [self.plain(document, *span) for span in spans]
        distinct = list(dict.fromkeys(plains))  # words are the same again and again
        known = dict(zip(distinct, self.count(distinct), strict=True))
        return [known[plain] for plain in plains]

    def fits(self, document: Document, start: int, end: int) -> bool:
        """Whether a span is within the budget."""
        return self.sizes(document, [(start, end)])[0] <= self.max_tokens
