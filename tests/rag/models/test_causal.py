"""A chat model in this process against transformers' own greedy decoding."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from langchain_core.exceptions import ContextOverflowError
from tokenizers import Tokenizer

from rag import Rag
from rag.answering.llm import is_cut_off, stream_model
from rag.answering.providers import chat_model
from rag.errors import ModelError
from rag.models.causal import LocalChatModel
from rag.models.devices import computes_bfloat16
from rag.settings import AnswerSettings
from tests.corpora import MakeFolder

TEMPLATE = (
    "{% for message in messages %}{{ message['role'][0] }} {{ message['content'] }} {% endfor %}"
    "{% if add_generation_prompt %}a {% endif %}"
)
ASKED = [{"role": "system", "content": "the big cat"}, {"role": "user", "content": "red dog ran"}]
Make = Callable[..., Path]
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def make(tmp_path: Path, tiny_tokenizer: Tokenizer) -> Make:
    def folder(*, template: str | None = TEMPLATE, window: int = 96, eos: int = 3) -> Path:
        torch.manual_seed(5)
        config = transformers.LlamaConfig(
            vocab_size=60, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
            intermediate_size=48, max_position_embeddings=window, eos_token_id=eos, bos_token_id=2, pad_token_id=0,
            initializer_range=0.5,
        )  # fmt: skip
        made = tmp_path / f"causal{window}"
        transformers.LlamaForCausalLM(config).save_pretrained(made)
        tiny_tokenizer.no_truncation()
        tiny_tokenizer.no_padding()
        tokenizer = transformers.PreTrainedTokenizerFast(
            tokenizer_object=tiny_tokenizer, eos_token="[SEP]", pad_token="[PAD]", chat_template=template
        )
        tokenizer.save_pretrained(made)
        return made

    return folder


def reference(folder: Path, new_tokens: int) -> str:
    """What transformers' `generate` makes."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    dtype = torch.bfloat16 if computes_bfloat16("auto", torch.device("cpu")) else torch.float32
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()
    given = tokenizer.apply_chat_template(ASKED, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    out = model.generate(**given, do_sample=False, max_new_tokens=new_tokens)
    return str(tokenizer.decode(out[0, given["input_ids"].shape[1] :], skip_special_tokens=True))


def test_replies_are_those_of_transformers(make: Make) -> None:
    folder = make()
    model = LocalChatModel(folder)
    pieces = [*stream_model(model, ASKED, 20)]
    (usage,) = (piece.usage_metadata for piece in pieces if piece.usage_metadata)
    text = "".join(str(piece.text) for piece in pieces)
    assert text == reference(folder, usage["output_tokens"])
    assert text
    assert len(pieces) > 2
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] <= model.window
    assert str(model.invoke(ASKED).content) == text


def test_a_reply_may_be_given_up(make: Make) -> None:
    model = LocalChatModel(make())
    pieces = stream_model(model, ASKED, 20)
    next(pieces)
    pieces.close()
    assert "".join(str(piece.text) for piece in stream_model(model, ASKED, 20))  # the next one is not kept waiting


def test_a_request_that_fills_the_window_is_an_error(make: Make) -> None:
    model = LocalChatModel(make(window=8))
    with pytest.raises(ContextOverflowError, match=r"reads 8: lower answer\.max_evidence_tokens"):
        [*stream_model(model, ASKED, 20)]


def test_a_request_that_leaves_room_for_a_few_words_is_an_error(make: Make) -> None:
    model = LocalChatModel(make(window=96))
    words = len(model._tokenizer.apply_chat_template(ASKED, add_generation_prompt=True, return_dict=True)["input_ids"])
    long = [{"role": "user", "content": " ".join(["the big cat"] * 40)}]
    with pytest.raises(ContextOverflowError):
        [*stream_model(model, long, 20)]
    fits = 96 - words - 12  # a window of 96 leaves at least 12
    padded = [ASKED[0], {"role": "user", "content": ASKED[1]["content"] + " dog" * fits}]
    assert [*stream_model(model, padded, 20)]
    padded = [ASKED[0], {"role": "user", "content": ASKED[1]["content"] + " dog" * (fits + 1)}]
    with pytest.raises(ContextOverflowError, match="lower answer"):
        [*stream_model(model, padded, 20)]


def test_a_reply_that_fills_the_window_says_so(make: Make) -> None:
    pieces = [*stream_model(LocalChatModel(make(window=32, eos=59)), ASKED, 20)]
    (usage,) = (piece.usage_metadata for piece in pieces if piece.usage_metadata)
    assert usage["total_tokens"] == 32
    assert any(map(is_cut_off, pieces))


def test_a_model_without_a_chat_template_is_refused(make: Make) -> None:
    with pytest.raises(ModelError, match="no chat template"):
        LocalChatModel(make(template=None))


@pytest.mark.parametrize("name", ["nowhere", "owner/name"])
def test_a_model_that_is_not_there_is_an_error(name: str) -> None:
    with pytest.raises(ModelError, match="pinned revision"):
        chat_model(AnswerSettings(llm=f"hf:{name}"))


def test_a_corpus_is_answered_by_it(make: Make, make_folder: MakeFolder) -> None:
    """Its words are noise: nothing of them is supported, and the answer says so."""
    settings: list[Any] = [f"answer.llm=hf:{make(window=4096)}", "answer.max_evidence_tokens=150"]
    with Rag.open(make_folder(), overrides=settings) as corpus:
        corpus.ingest()
        answer = corpus.ask("How long does a French press steep?")
    assert answer.model.startswith("hf:")
    assert answer.usage["output_tokens"] > 0 or answer.notice
    assert answer.packing.counted_by == "the model's tokenizer"
    assert 0 < answer.packing.tokens <= 150
    assert not any(sentence.supported for sentence in answer.sentences) or answer.notice
