"""Late vectors are the means of token states that transformers computes for the whole window."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from rag import Rag
from rag.errors import ModelError
from rag.models.encoder import DenseEncoder, load_encoder
from rag.points import Vector
from rag.settings import Embedding
from rag.situating import situator_for
from rag.situating.late import LateSituator
from rag.situating.none import NoSituator
from rag.testing import HashEncoder
from rag.types import Chunk, Document
from tests.corpora import MakeFolder

WORDS = ["tea", "leaf", "water", "hot", "cold", "press", "bean", "roast", "cup", "it", "they"]
POSITIONS = 26
DOCUMENT = Document(id="a", source="a", uri="", title="Tea", mime="", text="", elements=())


pytestmark = pytest.mark.usefixtures("one_thread")


def words_apart() -> Tokenizer:
    """As BERT's: white space belongs to no token."""
    ids = {token: n for n, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS])}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=20))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    return tokenizer


def words_with_space() -> Tokenizer:
    """As XLM-R's: the white space before a word belongs to its token."""
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *(f"▁{word}" for word in WORDS)]
    tokenizer = Tokenizer(models.Unigram([(token, -float(n)) for n, token in enumerate(tokens)], unk_id=1))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Strip(left=False), normalizers.Replace("\n", " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    return tokenizer


@pytest.fixture(scope="module", params=[words_apart, words_with_space], ids=lambda make: make.__name__)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    made = tmp_path_factory.mktemp("bert")
    config = transformers.BertConfig(
        vocab_size=15, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
        max_position_embeddings=POSITIONS, pad_token_id=0, initializer_range=0.5,
    )  # fmt: skip
    transformers.BertModel(config).save_pretrained(made)
    request.param().save(str(made / "tokenizer.json"))
    return made


@pytest.fixture(scope="module")
def encoder(folder: Path) -> DenseEncoder:
    return load_encoder(Embedding(model=str(folder), dtype="float32"))


def chunks_of(encoder: Any, *texts: str) -> list[Chunk]:
    tokens = encoder.tokenizer.count(list(texts))
    return [
        Chunk(id=str(n), document_id="a", ordinal=n, start=0, end=1, text=text, plain=text, tokens=size)
        for n, (text, size) in enumerate(zip(texts, tokens, strict=True))
    ]


def reference(folder: Path, texts: Sequence[str]) -> Vector:
    """The means of each text's states, where all texts stand behind one another in one window."""
    model = transformers.BertModel.from_pretrained(folder).eval()
    numbers = {word: 4 + n for n, word in enumerate(WORDS)}
    words = [[numbers[word] for word in text.split()] for text in texts]
    ids = [2, *(i for text in words for i in text), 3]
    with torch.inference_mode():
        states = model(input_ids=torch.tensor([ids])).last_hidden_state[0].numpy()
    rows, at = [], 1
    for text in words:
        rows.append(states[at : at + len(text)].mean(axis=0))
        at += len(text)
    return np.stack([row / np.linalg.norm(row) for row in rows])


def late(encoder: DenseEncoder, chunks: Sequence[Chunk]) -> Vector:
    raw = encoder.encode([chunk.plain for chunk in chunks], kind="document")
    return LateSituator(NoSituator(), encoder.tokenizer).vectors(DOCUMENT, chunks, raw, encoder)


def test_vectors_are_those_of_transformers(folder: Path, encoder: DenseEncoder) -> None:
    texts = ["tea leaf water", "it press", "they roast bean hot"]
    found = late(encoder, chunks_of(encoder, *texts))
    np.testing.assert_allclose(found, reference(folder, texts), atol=2e-6)
    alone = encoder.encode(texts, kind="document")
    assert (np.einsum("nd,nd->n", found, alone) < 0.99).all(), "the context makes no difference"


def test_a_longer_document_is_read_in_windows_that_overlap(folder: Path, encoder: DenseEncoder) -> None:
    assert encoder.tokenizer.max_tokens == POSITIONS - 2 == 24
    chunks = chunks_of(encoder, *(" ".join(WORDS[n : n + 4]) for n in (0, 3, 6, 1, 4, 7, 2, 5)))
    truncated = encoder.tokens_truncated
    found = late(encoder, chunks)
    assert encoder.tokens_truncated == truncated
    # of 8 chunks of 4 tokens, 6 fit: the first four have most context in chunks 0-5, the others in chunks 2-7
    texts = [chunk.plain for chunk in chunks]
    np.testing.assert_allclose(found[:4], reference(folder, texts[:6])[:4], atol=2e-6)
    np.testing.assert_allclose(found[4:], reference(folder, texts[2:])[2:], atol=2e-6)


def test_a_chunk_that_fills_the_window_keeps_its_raw_vector(encoder: DenseEncoder) -> None:
    chunks = chunks_of(encoder, "tea " * 23, "leaf hot", "cup cold")
    found = late(encoder, chunks)
    raw = encoder.encode([chunk.plain for chunk in chunks], kind="document")
    np.testing.assert_allclose(found[0], raw[0], atol=1e-6)
    assert not np.allclose(found[1:], raw[1:], atol=1e-3)


def test_a_document_of_one_chunk_is_not_encoded_twice(encoder: DenseEncoder) -> None:
    chunks = chunks_of(encoder, "tea leaf")
    raw = encoder.encode(["tea leaf"], kind="document")
    before = encoder.tokens_encoded
    np.testing.assert_array_equal(
        LateSituator(NoSituator(), encoder.tokenizer).vectors(DOCUMENT, chunks, raw, encoder), raw
    )
    assert encoder.tokens_encoded == before


def test_headings_are_composed_with_late_vectors(folder: Path, encoder: DenseEncoder) -> None:
    texts = ["tea leaf water", "it press hot"]
    chunks = chunks_of(encoder, *texts)
    rows = reference(folder, texts)
    line = encoder.encode(["Tea"], kind="document")
    expected = rows + line + rows.mean(axis=0)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    raw = encoder.encode(texts, kind="document")
    situator = situator_for(["headings", "late"], encoder.tokenizer)
    assert situator.lines(DOCUMENT, chunks) == ["Tea", "Tea"]
    np.testing.assert_allclose(situator.vectors(DOCUMENT, chunks, raw, encoder), expected, atol=2e-6)


def test_an_encoder_that_loses_chunks_is_refused(encoder: DenseEncoder) -> None:
    class Forgetful(HashEncoder):
        def encode_parts(self, texts: Any, parts: Any, *, kind: Any) -> Any:
            whole, rows = super().encode_parts(texts, parts, kind=kind)
            return whole, [row * (np.arange(len(row)) > 0)[:, None] for row in rows]

    chunks = chunks_of(encoder, "tea leaf", "hot cup")
    with pytest.raises(ModelError, match="1 vectors of 2 chunks"):
        LateSituator(NoSituator(), encoder.tokenizer).vectors(
            DOCUMENT, chunks, np.eye(2, 64, dtype=np.float32), Forgetful()
        )


def test_a_corpus_is_built_and_searched_with_late_chunks(make_folder: MakeFolder) -> None:
    sections = "\n\n".join(f"## Part {n}\n\n" + f"It has {n} leaves, and they are dried slowly. " * 6 for n in range(5))
    folder = make_folder({"tea.md": f"# Oolong tea\n\n{sections}\n", "b.md": "# Note\n\nBeans are roasted.\n"})

    def built(kinds: str) -> tuple[int, int, dict[str, Any]]:
        with Rag.open(folder, overrides=[f"situating={kinds}", f"name=k{len(kinds)}"]) as corpus:
            report = corpus.ingest()
            assert corpus.verify().ok
            assert corpus.search("how oolong leaves are dried")[0].document_id == "files:tea.md"
            assert corpus.ask("How are the leaves dried?").confidence is None or kinds == "[headings]"
            store, generation = corpus._opened.generation()
            records = store.scroll(generation.chunks, vectors=("situated",))
            return report.tokens_encoded, report.tokens_truncated, {r.id: r.vectors["situated"] for r in records}

    plain, _, situated = built("[headings]")
    twice, truncated, late = built("[headings, late]")
    assert plain * 1.3 < twice
    assert truncated == 0
    changed = [id for id in late if not np.allclose(late[id], situated[id], atol=1e-3)]
    assert len(changed) == len(late) - 1, "the document of one chunk has no context"
