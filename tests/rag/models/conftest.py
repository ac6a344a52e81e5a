import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from tests.rag.models.tiny import CONFIGS

VOCABULARY = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    *"abcdefghijklmnopqrstuvwxyz",
    *(f"##{c}" for c in "abcdefghijklmnop"),
]
WORDS = ["the", "cat", "dog", "sat", "ran", "red", "big", "query", "text", ":", "[", "]"]


@pytest.fixture(scope="session")
def tiny_tokenizer() -> Tokenizer:
    """A WordPiece tokenizer of 60 entries; saved, as MiniLM's is, with truncation and padding switched on."""
    vocabulary = {token: i for i, token in enumerate([*VOCABULARY, *WORDS])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=20))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=4)
    return tokenizer


@pytest.fixture
def tokenizer_folder(tmp_path: Path, tiny_tokenizer: Tokenizer) -> Path:
    tiny_tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "config.json").write_text('{"model_type": "bert", "max_position_embeddings": 12, "pad_token_id": 0}')
    return tmp_path


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory, tiny_tokenizer: Tokenizer) -> dict[str, Path]:
    torch.manual_seed(0)
    made = {}
    for name, config in CONFIGS.items():
        made[name] = tmp_path_factory.mktemp(name)
        transformers.AutoModel.from_config(config).save_pretrained(made[name])
        tiny_tokenizer.save(str(made[name] / "tokenizer.json"))
    return made


@pytest.fixture
def copy(tmp_path: Path, folders: dict[str, Path]) -> Callable[[str], Path]:
    return lambda name: Path(shutil.copytree(folders[name], tmp_path / name))
