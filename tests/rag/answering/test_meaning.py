from typing import Any

import numpy as np
import pytest

from rag import Rag
from rag.answering.meaning import SentenceVectors
from rag.answering.quotable import quotable
from rag.retrieval.documents import ChunkSentences
from rag.testing import HashEncoder
from tests.corpora import MakeFolder

TEXT = "Green tea is brewed at 75 degrees. Ok. Black tea is brewed with water that boils."


class Counting(HashEncoder):
    """Remembers what it encoded."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def encode(self, texts: Any, *, kind: Any) -> Any:
        self.seen += texts
        return super().encode(texts, kind=kind)


def vectors_of(corpus: Any, stored: Any) -> tuple[SentenceVectors, Counting, list[str]]:
    evidence = corpus.evidence("tea")
    sentences, encoder = quotable(evidence), Counting()
    texts = [sentence.text for sentence in sentences]
    return SentenceVectors(sentences, [evidence], stored=stored, encoder=encoder), encoder, texts


def test_stored_vectors_are_taken_at_unit_length(library: Any) -> None:
    stored = {"tea#0": ChunkSentences(TEXT, np.array([[3.0, 0.0], [0.0, 2.0]], np.float32))}
    vectors, encoder, texts = vectors_of(library({"tea": TEXT}), lambda ids: {id: stored[id] for id in ids})
    assert texts == ["Green tea is brewed at 75 degrees.", "Ok.", "Black tea is brewed with water that boils."]
    # a short sentence shares the vector of the next
    assert vectors.of([2, 0, 1]).tolist() == [[0, 1], [1, 0], [0, 1]]
    assert encoder.seen == []


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_what_does_not_fit_the_sentences_is_encoded(library: Any, rows: int) -> None:
    def stored(ids: Any) -> Any:
        return dict.fromkeys(ids, ChunkSentences(TEXT, np.ones((rows, 2), np.float32))) if rows else {}

    vectors, encoder, texts = vectors_of(library({"tea": TEXT}), stored)
    assert vectors.of([0, 2]).shape == (2, HashEncoder().dimension)
    vectors.of([0])
    assert encoder.seen == [texts[0], texts[2]]
    assert vectors.of([]).shape == (0, HashEncoder().dimension)


def test_what_was_encoded_without_its_markup_is_found(library: Any) -> None:
    """Parts of the encoded text need not end where quotable sentences do."""
    text = (
        "- Green [tea](https://example.org/green-tea) is *brewed*\n- at `75` degrees, for as long as you like to wait"
    )
    encoded = ChunkSentences(
        "Green tea is brewed\nat 75 degrees, for as long as you like to wait", np.array([[0.0, 1.0]], np.float32)
    )
    vectors, encoder, texts = vectors_of(library({"tea": text}), lambda ids: dict.fromkeys(ids, encoded))
    assert len(texts) == 2
    assert vectors.of([0, 1]).tolist() == [[0, 1], [0, 1]]
    assert encoder.seen == []


def test_an_answer_encodes_the_question_and_no_sentence(make_folder: MakeFolder) -> None:
    """With the real store and encoder: what was written at ingestion is found again."""
    text = "# Tea\n\nGreen [tea](https://example.org/tea) is brewed at 75 degrees, not more. Black tea is *boiled*.\n\n"
    with Rag.open(
        make_folder({"a.md": text + "- It is kept in dark and dry places.\n- It is drunk hot everywhere.\n"})
    ) as corpus:
        corpus.ingest()
        before = corpus.encoder.tokens_encoded
        answer = corpus.ask("How hot is green tea brewed?")
        assert answer.sentences[0].text.startswith("Green [tea]")
        assert corpus.encoder.tokens_encoded - before < 30
