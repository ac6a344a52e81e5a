import re
from collections.abc import Sequence

import numpy as np
import pytest

from rag.chunking.topic import TopicChunker, depths
from rag.chunking.windows import SentenceChunker
from rag.protocols import Chunker, Encoder, TokenCounter
from rag.testing import HashEncoder
from tests.rag.chunking.contract import ChunkerContract, Words, document

TEA = "Green tea leaves steep in hot water. Black tea leaves steep in boiling water. Tea leaves steep for minutes."
BANKS = "The bank raised interest rates. Banks paid interest on bonds. The bank sold bonds at rates."


class TestTopicChunker(ChunkerContract):
    def chunker(self, counter: TokenCounter, max_tokens: int) -> Chunker:
        encoder = HashEncoder()
        return TopicChunker(counter, max_tokens=max_tokens, encoder=lambda: encoder, readable=lambda _: True)


class TestTopicChunkerWithoutAnEncoder(ChunkerContract):
    def chunker(self, counter: TokenCounter, max_tokens: int) -> Chunker:
        return TopicChunker(counter, max_tokens=max_tokens, encoder=None, readable=lambda _: True)


class Counting(HashEncoder):
    """Notes what each call encodes."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[list[str]] = []

    def encode(self, texts: Sequence[str], *, kind: str) -> np.ndarray:  # type: ignore[override]
        self.calls.append(list(texts))
        return super().encode(texts, kind="document")


def chunker(max_tokens: int = 40, encoder: Encoder | None = None, foreign: str = "$^") -> TopicChunker:
    encoder = encoder or HashEncoder()
    return TopicChunker(
        Words(), max_tokens=max_tokens, encoder=lambda: encoder, readable=lambda text: not re.search(foreign, text)
    )


def texts(chunker: Chunker, *paragraphs: str) -> list[str]:
    return [c.text for c in chunker.split(document(*(("paragraph", paragraph) for paragraph in paragraphs)))]


def test_a_chunk_ends_where_the_topic_changes_though_more_would_fit() -> None:
    assert texts(chunker(), f"{TEA} {BANKS}") == [TEA, BANKS]


def test_a_paragraph_is_no_topic() -> None:
    first, second, third = re.split(r"(?<=\.) ", TEA)
    assert texts(chunker(), first, second, f"{third} {BANKS}")[1] == BANKS


def test_every_heading_is_cut_at_and_goes_with_what_follows_it() -> None:
    doc = document(
        ("h1", "Guide"), ("h2", "Tea"), ("paragraph", "Tea."), ("h3", "More"), ("paragraph", "Tea."), ("h2", "Tea")
    )
    assert [chunk.text for chunk in chunker().split(doc)] == ["Guide\n\nTea\n\nTea.", "More\n\nTea.", "Tea"]


def test_the_sentences_of_a_document_are_encoded_in_one_call() -> None:
    encoder = Counting()
    doc = document(("h1", "Tea"), ("paragraph", TEA), ("h1", "Banks"), ("paragraph", BANKS), ("h1", "Rest"))
    chunker(encoder=encoder).split(doc)
    assert len(encoder.calls) == 1
    assert sorted(encoder.calls[0]) == sorted(re.split(r"(?<=\.) ", f"{TEA} {BANKS}"))


def test_nothing_is_encoded_where_there_is_nothing_to_compare() -> None:
    encoder = Counting()
    doc = document(("h1", "One"), ("paragraph", "A single sentence with some words in it."), ("h1", "Two"))
    assert len(chunker(encoder=encoder).split(doc)) == 2
    assert encoder.calls == []


def test_sections_that_the_encoder_does_not_read_are_filled_with_sentences() -> None:
    encoder = Counting()
    foreign = f"{TEA} {BANKS}".replace("ea", "ee")
    doc = document(("h1", "Tea"), ("paragraph", f"{TEA} {BANKS}"), ("h1", "Tee"), ("paragraph", foreign))
    found = chunker(encoder=encoder, foreign="Tee").split(doc)
    assert [chunk.text for chunk in found] == [f"Tea\n\n{TEA}", BANKS, f"Tee\n\n{foreign}"]
    assert all("Tee" not in text for text in encoder.calls[0])
    alone = document(("h1", "Tee"), ("paragraph", foreign * 3))
    filled = SentenceChunker(Words(), max_tokens=40).split(alone)
    assert [c.text for c in chunker(foreign="Tee").split(alone)] == [c.text for c in filled]


@pytest.mark.parametrize("rows", [2, 3, 7])
def test_depths_are_those_of_the_formula(rows: int) -> None:
    vectors = np.random.default_rng(rows).standard_normal((rows, 5)).astype(np.float32)

    def likeness(place: int) -> float:
        before, after = vectors[max(0, place - 2) : place].sum(0), vectors[place : place + 2].sum(0)
        return float(before @ after / np.linalg.norm(before) / np.linalg.norm(after))

    s = [likeness(place) for place in range(1, rows)]
    expected = []
    for i in range(len(s)):
        low = high = i
        while low > 0 and s[low - 1] >= s[low]:
            low -= 1
        while high + 1 < len(s) and s[high + 1] >= s[high]:
            high += 1
        expected.append(s[low] + s[high] - 2 * s[i])
    assert depths(vectors) == pytest.approx(expected, abs=1e-5)


def test_sentences_that_cancel_out_have_a_depth() -> None:
    vectors = np.array([[1, 0], [-1, 0], [0, 1], [0, 1]], dtype=np.float32)
    assert np.isfinite(depths(vectors)).all()
