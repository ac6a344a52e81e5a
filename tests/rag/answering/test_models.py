"""Several models to choose from: each has its own server, key, patience and price."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag import Rag, load_settings
from rag.errors import SettingsError
from tests.chat_server import ScriptedServer

QUESTION = "How long does a French press steep?"


@pytest.fixture
def config(tmp_path: Path, server: ScriptedServer) -> Path:
    """A corpus file with a model that cannot be had, and two that can be chosen in its place."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/press.md").write_text("# Press\n\nA French press steeps for four minutes.\n")
    offered = f"base_url: {server.base_url}, api_key_env: LARGE_KEY, price_per_million: {{input: 2, output: 10}}"
    (tmp_path / "c.yaml").write_text(
        "sources: [{kind: files, path: docs}]\n"
        "answer:\n  llm: openai:small\n  base_url: http://127.0.0.1:9/v1\n  timeout_s: 5\n"
        f"  models: [{{llm: 'openai:large', {offered}}}, {{llm: 'openai:slow', base_url: {server.base_url}, "
        "timeout_s: 0.2}]\n"
    )
    return tmp_path / "c.yaml"


@pytest.fixture
def corpus(config: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rag]:
    monkeypatch.setenv("LARGE_KEY", "secret-of-large")
    with Rag.open(config) as corpus:
        corpus.ingest()
        yield corpus


def test_the_chosen_model_answers_by_its_own_server_key_and_price(corpus: Rag, server: ScriptedServer) -> None:
    server.replies("A French press steeps for four minutes [1].")
    answer = corpus.with_settings({"answer.llm": "openai:large"}).ask(QUESTION)
    assert answer.model == "openai:large"
    assert [request["model"] for request in server.requests] == ["large"]
    assert server.keys == ["Bearer secret-of-large"]
    assert answer.usage is not None
    assert answer.usage["cost"] == pytest.approx(0.00015)


def test_the_chosen_model_is_waited_for_as_long_as_it_says(corpus: Rag, server: ScriptedServer) -> None:
    server.replies("A French press steeps for four minutes [1].", wait_s=1)
    answer = corpus.with_settings({"answer.llm": "openai:slow"}).ask(QUESTION)
    assert answer.model == "extractive"
    assert server.keys == ["Bearer none"], "the key of another model is not sent"


def test_the_command_line_chooses_as_the_chat_does(config: Path, server: ScriptedServer) -> None:
    chosen = load_settings(config, ["answer.llm=openai:slow"]).answer.model
    assert (chosen.base_url, chosen.timeout_s, chosen.api_key_env) == (server.base_url, 0.2, None)
    other = load_settings(config, ["answer.llm=openai:other"]).answer.model
    assert (other.llm, other.base_url, other.timeout_s) == ("openai:other", "http://127.0.0.1:9/v1", 5)


def test_a_key_that_is_missing_is_named_where_it_belongs(corpus: Rag, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LARGE_KEY")
    with pytest.raises(SettingsError, match=r"answer\.models\.0\.api_key_env"):
        corpus.with_settings({"answer.llm": "openai:large"}).ask(QUESTION)


def test_what_was_chosen_shares_the_model_of_before_only_where_it_is_the_same(corpus: Rag, config: Path) -> None:
    overrides: list[dict[str, Any]] = [{"answer.llm": "openai:large"}, {"retrieval.top_k": 3}]
    chosen, fewer = (corpus.with_settings(each) for each in overrides)
    assert (corpus.model_name, chosen.model_name, fewer.model_name) == ("openai:small", "openai:large", "openai:small")
