from typing import Any

import pytest

from rag.chunking.windows import FixedChunker, SentenceChunker
from rag.protocols import Chunker, TokenCounter
from tests.rag.chunking.contract import ChunkerContract, Words, document, words


class TestSentenceChunker(ChunkerContract):
    def chunker(self, counter: TokenCounter, max_tokens: int) -> Chunker:
        return SentenceChunker(counter, max_tokens=max_tokens)


class TestSentenceChunkerWithOverlap(ChunkerContract):
    overlapping = True

    def chunker(self, counter: TokenCounter, max_tokens: int) -> Chunker:
        return SentenceChunker(counter, max_tokens=max_tokens, overlap=2)


class TestFixedChunker(ChunkerContract):
    def chunker(self, counter: TokenCounter, max_tokens: int) -> Chunker:
        return FixedChunker(counter, max_tokens=max_tokens)


class TestFixedChunkerWithOverlap(ChunkerContract):
    overlapping = True

    def chunker(self, counter: TokenCounter, max_tokens: int) -> Chunker:
        return FixedChunker(counter, max_tokens=max_tokens, overlap=max_tokens // 4)


def texts(chunker: Chunker, *parts: Any) -> list[str]:
    return [chunk.text for chunk in chunker.split(document(*parts))]


SENTENCES = [f"Sentence number {n} ends." for n in range(6)]
PROSE = ("paragraph", " ".join(SENTENCES))


@pytest.mark.parametrize(
    ("overlap", "expected"),
    [
        (0, [SENTENCES[:3], SENTENCES[3:]]),
        (1, [SENTENCES[:3], SENTENCES[2:5], SENTENCES[4:]]),
        (2, [SENTENCES[n : n + 3] for n in range(4)]),
        (9, [SENTENCES[n : n + 3] for n in range(4)]),
    ],
)
def test_sentences_are_packed_and_the_last_ones_repeated(overlap: int, expected: list[list[str]]) -> None:
    found = texts(SentenceChunker(Words(), max_tokens=12, overlap=overlap), PROSE)
    assert found == [" ".join(part) for part in expected]


def test_fewer_sentences_are_repeated_where_the_next_one_is_long() -> None:
    long = words(10) + "."
    found = texts(SentenceChunker(Words(), max_tokens=12, overlap=2), ("paragraph", f"One two. Three. Four. {long}"))
    assert found == ["One two. Three. Four.", f"Three. Four. {long}"]
    longer = words(12) + "."
    found = texts(SentenceChunker(Words(), max_tokens=12, overlap=2), ("paragraph", f"One. Two. {longer}"))
    assert found == ["One. Two.", longer]


def test_short_sentences_count_as_sentences() -> None:
    found = texts(SentenceChunker(Words(), max_tokens=64, overlap=1), ("paragraph", "Yes. No. " + words(63) + "."))
    assert found[1].startswith("No. w0")


def test_sentences_are_packed_across_headings() -> None:
    assert (
        len(texts(SentenceChunker(Words(), max_tokens=12), ("h1", "One"), PROSE, ("h2", "Two"), ("paragraph", "x")))
        == 3
    )


@pytest.mark.parametrize(("overlap", "starts"), [(0, [0, 10, 20]), (3, [0, 7, 14]), (5, [0, 5, 10, 15])])
def test_windows_have_a_fixed_size_and_repeat_tokens(overlap: int, starts: list[int]) -> None:
    every = words(25).split()
    found = texts(FixedChunker(Words(), max_tokens=10, overlap=overlap), ("paragraph", words(25)))
    assert found[:-1] == [" ".join(every[n : n + 10]) for n in starts][: len(found) - 1]
    assert found[-1].endswith("w24")


def test_windows_are_blind_to_structure() -> None:
    found = texts(FixedChunker(Words(), max_tokens=10), ("h1", "One"), ("paragraph", "A b. C d."), ("h1", "Two"))
    assert len(found) == 1


def test_a_window_is_counted_in_the_encoders_tokens_and_cuts_no_word(wordpiece: TokenCounter) -> None:
    text = " ".join(["unbelievably", "antidisestablishmentarianism", "cat"] * 40)
    chunks = FixedChunker(wordpiece, max_tokens=64).split(document(("paragraph", text)))
    assert all(50 < chunk.tokens <= 64 for chunk in chunks[:-1])
    assert " ".join(chunk.text for chunk in chunks) == text


@pytest.mark.parametrize("overlap", [-1, 6])
def test_an_overlap_of_more_than_half_a_window_is_refused(overlap: int) -> None:
    with pytest.raises(ValueError, match=f"overlap={overlap}"):
        FixedChunker(Words(), max_tokens=10, overlap=overlap)


def test_a_negative_overlap_of_sentences_is_refused() -> None:
    with pytest.raises(ValueError, match="overlap=-1"):
        SentenceChunker(Words(), max_tokens=10, overlap=-1)
