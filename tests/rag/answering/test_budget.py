"""Tokens are counted by the model's own means where these are here, and nothing is downloaded for it."""

import hashlib
import types
from pathlib import Path
from typing import Any

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.budget import estimated_tokens, token_count


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        (" \t ", 0),
        ("tea", 1),
        ("green tea", 2),
        ("Green tea", 3),  # 2.3
        ("temperature", 3),  # 1 + 6 x 0.3
        ("1234567", 3),
        ("a\nb", 3),
        ("(x)", 3),  # 2.8
        ("緑茶", 3),
        ("чай", 3),
        ("🍵", 2),
    ],
)
def test_the_estimate_by_hand(text: str, tokens: int) -> None:
    assert estimated_tokens(text) == tokens


@given(st.text(), st.text())
def test_the_estimate_of_two_texts_is_at_most_that_of_each(one: str, other: str) -> None:
    together = estimated_tokens(f"{one} {other}")
    assert max(estimated_tokens(one), estimated_tokens(other)) <= together
    assert together <= estimated_tokens(one) + estimated_tokens(other)


@pytest.mark.parametrize("name", [None, "ollama:llama3", "openai:gpt-4o", "openai:a-model-of-ones-own"])
def test_without_a_tokenizer_at_hand_it_is_an_estimate(
    name: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    counted = token_count(name, None)
    assert (counted.by, counted.count("Green tea")) == ("estimate", 3)


def test_an_encoding_that_tiktoken_has_kept_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
    (tmp_path / hashlib.sha1(address.encode()).hexdigest()).write_bytes(b"")
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    letters = tiktoken.Encoding(
        "t", pat_str=".", mergeable_ranks={bytes([n]): n for n in range(256)}, special_tokens={}
    )
    asked: list[str] = []
    monkeypatch.setattr(tiktoken, "get_encoding", lambda name: asked.append(name) or letters)
    counted = token_count("openai:gpt-4o", None)
    assert (counted.by, counted.count("tea <|endoftext|>")) == ("tiktoken o200k_base", 17)
    assert asked == ["o200k_base"]


def test_a_model_in_this_process_counts_itself() -> None:
    model: Any = types.SimpleNamespace(get_num_tokens=len)
    counted = token_count("hf:folder", model)
    assert (counted.by, counted.count("tea")) == ("the model's tokenizer", 3)
