import logging
import os
import sys
import time
from typing import Any

import langsmith.utils
import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.tracers.context import _tracing_v2_is_enabled

from rag.answering.llm import stream_model, why_failed
from rag.answering.providers import chat_model
from rag.errors import MissingDependencyError, SettingsError
from rag.settings import AnswerSettings

SECRET = "sk-very-secret-4711"


def made(**settings: Any) -> AnswerSettings:
    return AnswerSettings.model_validate(settings)


ASK = [{"role": "user", "content": "hi"}]


def test_the_server_gets_model_key_and_messages(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEA_KEY", SECRET)
    server.replies("Hello", " there")
    settings = made(llm="openai:tea-1:free", base_url=server.base_url, api_key_env="TEA_KEY")
    pieces = list(stream_model(chat_model(settings), ASK, 5))
    assert "".join(str(p.text) for p in pieces) == "Hello there"
    (request,) = server.requests
    assert (request["model"], request["stream"], request["messages"]) == ("tea-1:free", True, ASK)
    assert server.keys == [f"Bearer {SECRET}"]
    assert server.paths == ["/v1/chat/completions"]


def test_the_key_of_openai_is_not_sent_to_another_server(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    server.replies("Hello")
    list(stream_model(chat_model(made(llm="openai:tea", base_url=server.base_url)), ASK, 5))
    assert SECRET not in server.keys[0]


def test_the_key_of_openai_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    model: Any = chat_model(made(llm="openai:tea"))
    assert model.openai_api_key.get_secret_value() == SECRET
    assert SECRET not in repr(model) + str(model)


@pytest.mark.parametrize(("variable", "settings"), [("OPENAI_API_KEY", {}), ("TEA_KEY", {"api_key_env": "TEA_KEY"})])
def test_a_missing_key_is_an_error_that_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, settings: dict[str, str]
) -> None:
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(SettingsError, match=variable):
        chat_model(made(llm="openai:tea", **settings))


@pytest.mark.parametrize("llm", ["gpt-4o", "openai:", "cohere:command", ":x", None])
def test_other_providers_are_an_error_that_says_what_is_supported(llm: str | None) -> None:
    with pytest.raises(SettingsError, match="openai:MODEL"):
        chat_model(made(llm=llm))


def test_a_missing_package_is_an_error_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setitem(sys.modules, "langchain_openai", None)
    with pytest.raises(MissingDependencyError, match=r"situated-rag\[llm\]"):
        chat_model(made(llm="openai:tea"))


def test_passing_server_errors_are_tried_again(server: Any) -> None:
    server.replies(status=500)
    server.replies("Hello")
    model = chat_model(made(llm="openai:tea", base_url=server.base_url))
    assert "".join(str(p.text) for p in stream_model(model, ASK, 5)) == "Hello"
    assert len(server.requests) == 2


def test_the_limit_holds_for_every_model(server: Any) -> None:
    server.replies("Hello", wait_s=1.0)
    model = chat_model(made(llm="openai:tea", base_url=server.base_url))
    started = time.perf_counter()
    with pytest.raises(TimeoutError) as error:
        list(stream_model(model, ASK, 0.2))
    assert time.perf_counter() - started < 0.9
    assert why_failed(error.value).text == "no answer in time"


def test_nothing_is_traced_to_another_service(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cache: Any = langsmith.utils.get_env_var
    cache.cache_clear()
    for prefix in ("LANGSMITH", "LANGCHAIN"):
        monkeypatch.setenv(f"{prefix}_TRACING_V2", "true")
        monkeypatch.setenv(f"{prefix}_ENDPOINT", server.base_url)
        monkeypatch.setenv(f"{prefix}_API_KEY", SECRET)
    traced: list[bool] = []

    class Watching(GenericFakeChatModel):
        def _stream(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
            traced.append(bool(_tracing_v2_is_enabled()))
            return super()._stream(messages, stop, run_manager, **kwargs)

    try:
        list(stream_model(Watching(messages=iter([AIMessage("Hello")])), ASK, 5))
    finally:
        cache.cache_clear()
    assert traced == [False]


def test_errors_are_put_in_words_without_their_own_text(
    server: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TEA_KEY", SECRET)
    server.replies(status=401, error=f"Incorrect API key provided: {SECRET}")
    model = chat_model(made(llm="openai:tea", base_url=server.base_url, api_key_env="TEA_KEY"))
    with pytest.raises(Exception, match="401") as error:
        list(stream_model(model, ASK, 5))
    assert why_failed(error.value).text == "HTTP 401, the API key was refused"
    assert os.environ["TEA_KEY"] == SECRET
    assert not [r for r in caplog.records if r.name.startswith("rag") and SECRET in r.getMessage()]
