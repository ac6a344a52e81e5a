"""Tokens put together from those of runs are those of the whole text."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers

from rag.models import token_cache
from rag.models.files import model_folder
from rag.models.token_cache import Located, TokenCache, looks_no_further_than_runs

PIECES = [
    "the",
    "cat",
    "sat",
    "##s",
    "##at",
    ".",
    ",",
    "!",
    "e",
    "##e",
    "1",
    "##2",
    "中",
    "文",
    "ss",
    "σ",
    "ς",
    "[UNK]",
]
EDGES = st.sampled_from(
    [*"thecasz., !\t\n\r\x0b\x0c\x1c\x1f\x85\xa0\xad\u2028\u3000\u200b中文éΣσẞ\u0301\u0308\ufffd", "[SEP]"]
)


def wordpiece(**normalizer: bool) -> Tokenizer:
    vocabulary = {piece: i for i, piece in enumerate(PIECES)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=20))
    tokenizer.normalizer = normalizers.BertNormalizer(**normalizer)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(["[SEP]"])
    tokenizer.encode_special_tokens = True
    return tokenizer


def whole(tokenizer: Tokenizer, texts: Sequence[str]) -> list[Located]:
    encodings = [tokenizer.encode(text, add_special_tokens=False) for text in texts]
    return [(encoding.ids, [start for start, _ in encoding.offsets]) for encoding in encodings]


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("clean_text", [True, False])
@given(texts=st.lists(st.lists(EDGES | st.characters(codec="utf-8")).map("".join), max_size=4))
def test_tokens_are_those_of_the_whole_text(texts: list[str], clean_text: bool, lowercase: bool) -> None:
    tokenizer = wordpiece(lowercase=lowercase, clean_text=clean_text)
    cache = TokenCache(lambda runs: whole(tokenizer, runs))
    expected = whole(tokenizer, texts)
    for _ in range(2):  # looked up the second time
        assert cache.located(texts) == expected
        assert cache.ids(texts) == [ids for ids, _ in expected]
        assert cache.count(texts) == [len(ids) for ids, _ in expected]


def test_a_run_is_tokenised_once() -> None:
    asked: list[str] = []
    tokenizer = wordpiece()

    def tokenize(runs: Sequence[str]) -> list[Located]:
        asked.extend(runs)
        return whole(tokenizer, runs)

    cache = TokenCache(tokenize)
    assert cache.count(["the cat\nsat", "the cat"]) == [3, 2]
    cache.located(["cat  sat the!"])
    assert sorted(asked) == ["cat", "sat", "the", "the!"]


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_cache, "MOST_RUNS", 10)
    tokenizer = wordpiece()
    cache = TokenCache(lambda runs: whole(tokenizer, runs))
    for start in range(0, 100, 5):
        texts = [f"cat{n} sat" for n in range(start, start + 5)]
        assert cache.located(texts) == whole(tokenizer, texts)
        assert len(cache._known) <= 10 + 6


def byte_level() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(), decoders.ByteLevel()
    return tokenizer


def with_a_token_of_two_words() -> Tokenizer:
    tokenizer = wordpiece()
    tokenizer.add_tokens([AddedToken("cat sat")])
    return tokenizer


def without_a_normalizer() -> Tokenizer:
    tokenizer = wordpiece()
    tokenizer.normalizer = None
    return tokenizer


def test_only_tokenizers_that_look_no_further_take_part() -> None:
    assert looks_no_further_than_runs(Tokenizer.from_file(str(model_folder("minilm") / "tokenizer.json")))
    assert looks_no_further_than_runs(wordpiece())
    for other in (byte_level, with_a_token_of_two_words, without_a_normalizer):
        assert not looks_no_further_than_runs(other())
