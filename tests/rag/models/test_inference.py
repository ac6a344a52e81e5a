"""Natural language inference against transformers' own computation."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tokenizers import Tokenizer

from rag import Rag
from rag.errors import ModelError
from rag.models import pairs
from rag.models.inference import InferenceModel
from tests.chat_server import ScriptedServer
from tests.corpora import MakeFolder

SIZES = {
    "vocab_size": 60, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48,
    "max_position_embeddings": 24, "type_vocab_size": 2, "pad_token_id": 0, "initializer_range": 0.3,
}  # fmt: skip


@pytest.fixture
def make(tmp_path: Path, tiny_tokenizer: Tokenizer) -> Callable[..., Path]:
    def folder(*labels: str) -> Path:
        torch.manual_seed(1)
        config = transformers.BertConfig(**SIZES, id2label=dict(enumerate(labels)), num_labels=len(labels))
        made = tmp_path / "-".join(labels)
        transformers.BertForSequenceClassification(config).save_pretrained(made)
        tiny_tokenizer.save(str(made / "tokenizer.json"))
        return made

    return folder


def reference(folder: Path, premise: str, hypothesis: str, label: int) -> float:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    pair = tokenizer.encode(premise, hypothesis)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([pair.ids]), token_type_ids=torch.tensor([pair.type_ids])).logits[0]
    return float(logits.softmax(dim=0)[label])


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    ("labels", "label"), [(("ENTAILMENT", "NEUTRAL", "CONTRADICTION"), 0), (("not_it", "entailment"), 1)]
)
def test_entailment_is_that_of_transformers(
    make: Any, labels: tuple[str, ...], label: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairs, "computes_bfloat16", lambda *_: False)  # fewer digits on machines that have it
    folder = make(*labels)
    model = InferenceModel(str(folder))
    for premise, hypothesis in (("the big cat sat", "red dog"), ("dog", "the cat ran")):
        assert model.entails(premise, hypothesis) == pytest.approx(
            reference(folder, premise, hypothesis, label), abs=1e-4
        )
    long = "red dog ran the big cat sat red red dog big big cat the sat ran dog red cat big"
    windows = [" ".join(long.split()[at : at + 19]) for at in (0, 19)]
    best = max(reference(folder, window, "cat sat", label) for window in windows)
    assert model.entails(long, "cat sat") == pytest.approx(best, abs=1e-4)


@pytest.mark.parametrize("labels", [("LABEL_0", "LABEL_1"), ("entailment",), ("entailment", "entailed")])
def test_a_classifier_of_something_else_is_refused(make: Any, labels: tuple[str, ...]) -> None:
    with pytest.raises(ModelError, match="one that is called entailment"):
        InferenceModel(str(make(*labels)))


@pytest.mark.usefixtures("one_thread")
def test_a_corpus_may_name_one(make: Any, make_folder: MakeFolder, server: ScriptedServer) -> None:
    server.replies("Tea tins are kept dark [1].")
    folder = make("entailment", "other")
    settings = ["answer.llm=openai:m", f"answer.base_url={server.base_url}", f"answer.judge={folder}"]
    with Rag.open(make_folder(), overrides=settings) as corpus:
        corpus.ingest()
        (sentence,) = corpus.ask("How are tea leaves stored?").sentences
    assert sentence.supported or sentence.reason == "the judge does not find it in the source"
