"""Cross-encoders against transformers' own computation."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from tokenizers import Tokenizer

from rag.errors import ModelError
from rag.models.cross_encoder import CrossEncoder

SIZES = {
    "vocab_size": 60, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48,
    "max_position_embeddings": 24, "type_vocab_size": 2, "pad_token_id": 0, "initializer_range": 0.3,
}  # fmt: skip
TEXTS = ["the cat sat", "dog", "", "red dog ran big cat", "the the the cat"]
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path, tiny_tokenizer: Tokenizer) -> Make:
    def folder(outputs: int = 1, kind: str = "BertForSequenceClassification") -> Path:
        torch.manual_seed(outputs)
        config = transformers.BertConfig(**SIZES, num_labels=outputs)
        made = tmp_path / f"{kind}{outputs}"
        getattr(transformers, kind)(config).save_pretrained(made)
        tiny_tokenizer.save(str(made / "tokenizer.json"))
        return made

    return folder


def reference(folder: Path, query: str, text: str) -> float:
    """One pair at a time, without padding."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    pair = tokenizer.encode(query, text)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        found = model(input_ids=torch.tensor([pair.ids]), token_type_ids=torch.tensor([pair.type_ids])).logits[0]
    return float(found[0] if len(found) == 1 else found[1] - found[0])


@pytest.mark.parametrize("outputs", [1, 2])
def test_scores_are_those_of_transformers(make: Make, outputs: int) -> None:
    folder = make(outputs)
    scores = CrossEncoder(str(folder), dtype="float32", batch_tokens=24).score("big cat", TEXTS)
    assert scores == pytest.approx([reference(folder, "big cat", text) for text in TEXTS], abs=1e-4)
    assert len(set(scores.tolist())) == len(TEXTS)


def test_no_text_has_no_score(make: Make) -> None:
    assert CrossEncoder(str(make())).score("cat", []).shape == (0,)


def test_the_best_window_of_a_long_text_counts(make: Make) -> None:
    folder = make()
    encoder = CrossEncoder(str(folder), dtype="float32")
    words = "red dog ran the big cat sat red red dog big big cat the sat ran dog red cat big"
    windows = [" ".join(words.split()[at : at + 19]) for at in (0, 19)]  # 24 tokens less [CLS] cat cat? [SEP] [SEP]
    (long,) = encoder.score("cat sat", [words])
    assert long == pytest.approx(max(reference(folder, "cat sat", window) for window in windows), abs=1e-4)


def test_of_a_question_longer_than_half_the_window_the_first_half_is_read(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    encoder = CrossEncoder(str(make()), dtype="float32")
    with caplog.at_level(logging.WARNING):
        scores = encoder.score("cat " * 50, ["dog"])
    assert scores == pytest.approx(encoder.score("cat " * 10, ["dog"]), abs=1e-5)
    assert "of the question 10 of 50 tokens are read" in caplog.text


def test_what_is_no_reranker_is_named(make: Make, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="3 outputs"):
        CrossEncoder(str(make(3)))
    with pytest.raises(ModelError, match="BertModel"):
        CrossEncoder(str(make(1, "BertModel")))
    with pytest.raises(ModelError, match="nowhere"):
        CrossEncoder(str(tmp_path / "nowhere"))


def test_numbers_that_are_none_are_an_error(make: Make) -> None:
    folder = make()
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    weights["classifier.bias"] = torch.full_like(weights["classifier.bias"], np.nan)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="not numbers"):
        CrossEncoder(str(folder)).score("cat", ["dog"])


def test_a_classifier_without_its_head_is_refused(make: Make) -> None:
    folder = make(1, "BertModel")
    config = json.loads((folder / "config.json").read_text())
    config["architectures"] = ["BertForSequenceClassification"]
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="weights are missing"):
        CrossEncoder(str(folder))
