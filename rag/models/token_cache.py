"""Tokens of texts, put together from those of runs that were seen before."""

import re
from collections.abc import Callable, Sequence
from typing import Any

Located = tuple[Sequence[int], Sequence[int]]
"""Token ids, and the code point at which each token begins."""

MOST_RUNS = 1 << 16
"""Kept at a time: some 20 MB."""
_RUN = re.compile(r"[^ \t\n\r]+")


class TokenCache:
    """Tokenises each run of characters without white space once, for tokenizers that look no further than a run.

    Words of a language come again and again: what a text's tokens are is looked up ten times as fast as it is computed.
    For any thread.

    Args:
        tokenize: texts -> ids and places of their tokens.
    """

    def __init__(self, tokenize: Callable[[Sequence[str]], Sequence[Located]]) -> None:
        self._tokenize = tokenize
        self._known: dict[str, Located] = {}

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        runs = [_RUN.findall(text) for text in texts]
        known = self._of(runs)
        return [sum([len(known[run][0]) for run in of_text]) for of_text in runs]

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text."""
        runs = [_RUN.findall(text) for text in texts]
        known = self._of(runs)
        return [[token for run in of_text for token in known[run][0]] for of_text in runs]

    def located(self, texts: Sequence[str]) -> list[tuple[list[int], list[int]]]:
        """Token ids of each text, and the code point at which each token begins."""
        found = [[(m[0], m.start()) for m in _RUN.finditer(text)] for text in texts]
        known = self._of([[run for run, _ in of_text] for of_text in found])
        return [
            (
                [token for run, _ in of_text for token in known[run][0]],
                [begin + start for run, begin in of_text for start in known[run][1]],
            )
            for of_text in found
        ]

    def _of(self, runs: Sequence[Sequence[str]]) -> dict[str, Located]:
        """What is known of at least these runs."""
        if len(self._known) > MOST_RUNS:
            self._known = {}  # another thread goes on with the dict that it has
        known = self._known
        if new := list({run for of_text in runs for run in of_text if run not in known}):
            known.update(zip(new, self._tokenize(new), strict=True))
        return known


def looks_no_further_than_runs(tokenizer: Any) -> bool:
    """Whether a text's tokens are those of its runs without white space: so it is with BERT's.

    Its normaliser and its splitting look at single characters, and WordPiece at what is between white space.
    """
    from tokenizers import models, normalizers, pre_tokenizers

    return (
        isinstance(tokenizer.model, models.WordPiece)
        and isinstance(tokenizer.normalizer, normalizers.BertNormalizer)
        and isinstance(tokenizer.pre_tokenizer, pre_tokenizers.BertPreTokenizer)
        and not any(_RUN.sub("", token.content) for token in tokenizer.get_added_tokens_decoder().values())
    )
