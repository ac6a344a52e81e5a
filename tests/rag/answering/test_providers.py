"""Chat models by provider, each over HTTP from a server on loopback that speaks its protocol."""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from rag.answering.llm import is_cut_off, stream_model
from rag.answering.providers import chat_model, needs_network
from rag.build import build_chat_model
from rag.errors import MissingDependencyError, SettingsError
from rag.settings import AnswerSettings, Settings

FILES = {"kind": "files", "path": "."}
SECRET = "sk-very-secret-4711"
ASKED = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]


class Protocols(BaseHTTPRequestHandler):
    """Anthropic's messages and Ollama's chat, streamed."""

    seen: list[tuple[str, dict[str, Any], dict[str, str]]]
    reason = "end_turn"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.path, body, {name.lower(): value for name, value in self.headers.items()}))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson" if self.path == "/api/chat" else "text/event-stream")
        self.end_headers()
        self._ollama() if self.path == "/api/chat" else self._anthropic()

    def _ollama(self) -> None:
        for text in ("Hello", " there"):
            self._line({"model": "m", "message": {"role": "assistant", "content": text}, "done": False})
        counts, end = {"prompt_eval_count": 4, "eval_count": 2}, {"done_reason": self.reason}
        self._line({"model": "m", "message": {"role": "assistant", "content": ""}, "done": True} | counts | end)

    def _line(self, data: dict[str, Any]) -> None:
        self.wfile.write(json.dumps({"created_at": "2026-01-01T00:00:00Z", **data}).encode() + b"\n")

    def _anthropic(self) -> None:
        message = {
            "id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
            "stop_sequence": None, "usage": {"input_tokens": 4, "output_tokens": 0},
        }  # fmt: skip
        self._event("message_start", {"message": message})
        self._event("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}})
        for text in ("Hello", " there"):
            self._event("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": text}})
        self._event("content_block_stop", {"index": 0})
        end = {"delta": {"stop_reason": self.reason, "stop_sequence": None}, "usage": {"output_tokens": 2}}
        self._event("message_delta", end)
        self._event("message_stop", {})

    def _event(self, kind: str, data: dict[str, Any]) -> None:
        self.wfile.write(f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode())

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
    Protocols.seen = []
    http = ThreadingHTTPServer(("127.0.0.1", 0), Protocols)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{http.server_address[1]}"
    http.shutdown()
    http.server_close()
    thread.join()


def made(**settings: Any) -> AnswerSettings:
    return AnswerSettings.model_validate(settings)


@pytest.mark.parametrize(("provider", "path"), [("anthropic", "/v1/messages"), ("ollama", "/api/chat")])
def test_a_provider_streams_with_its_usage(
    provider: str, path: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEA_KEY", SECRET)
    key = {"api_key_env": "TEA_KEY"} if provider == "anthropic" else {}
    model = chat_model(made(llm=f"{provider}:tea-1:free", base_url=address, **key))
    pieces = [*stream_model(model, ASKED, 10)]
    assert "".join(str(piece.text) for piece in pieces) == "Hello there"
    assert sum((piece.usage_metadata or {}).get("output_tokens", 0) for piece in pieces) == 2
    ((asked_path, request, headers),) = Protocols.seen
    assert asked_path.split("?")[0] == path
    assert (request["model"], request["stream"]) == ("tea-1:free", True)
    assert "be brief" in json.dumps(request)
    assert any(SECRET in value for value in headers.values()) == (provider == "anthropic")
    assert SECRET not in repr(model) + str(model)


def test_the_key_of_a_provider_is_not_sent_to_another_address(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    [*stream_model(chat_model(made(llm="anthropic:tea", base_url=address)), ASKED, 10)]
    assert SECRET not in json.dumps(Protocols.seen)


def test_google_is_asked_where_google_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", SECRET)
    settings = made(llm="google:gemini-2.5-flash")
    model: Any = chat_model(settings)
    assert str(model.root_client.base_url) == "https://generativelanguage.googleapis.com/v1beta/openai/"
    assert (model.root_client.api_key, model.model_name) == (SECRET, "gemini-2.5-flash")
    assert needs_network(settings)
    monkeypatch.delenv("GOOGLE_API_KEY")
    with pytest.raises(SettingsError, match="GOOGLE_API_KEY"):
        chat_model(settings)


def test_a_missing_key_names_the_providers_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(SettingsError, match="ANTHROPIC_API_KEY"):
        chat_model(made(llm="anthropic:tea"))


def test_ollama_is_told_how_much_it_has_to_read(address: str) -> None:
    settings = Settings.model_validate(
        {"name": "tea", "sources": [FILES], "answer": {"llm": "ollama:tea", "base_url": address}}
    )
    _, model = build_chat_model(settings) or (None, None)
    assert model is not None
    [*stream_model(model, ASKED, 10)]
    ((_, request, _),) = Protocols.seen
    answer = settings.answer
    room = request["options"]["num_ctx"] - answer.max_evidence_tokens - answer.max_history_tokens
    assert 3072 <= room < 4096
    assert request["options"]["num_ctx"] % 1024 == 0
    assert settings.contexts.window >= settings.contexts.max_document_tokens + 3072


def test_a_key_for_ollama_is_one_that_is_named(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEA_KEY", SECRET)
    model = chat_model(made(llm="ollama:tea", base_url=address, api_key_env="TEA_KEY"))
    [*stream_model(model, ASKED, 10)]
    ((_, _, headers),) = Protocols.seen
    assert headers["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in repr(model) + str(model)
    monkeypatch.delenv("TEA_KEY")
    with pytest.raises(SettingsError, match="TEA_KEY"):
        chat_model(made(llm="ollama:tea", base_url=address, api_key_env="TEA_KEY"))


@pytest.mark.parametrize(
    ("provider", "reason", "cut_off"),
    [("anthropic", "max_tokens", True), ("anthropic", "end_turn", False), ("ollama", "length", True)],
)
def test_a_model_that_was_stopped_is_told_from_one_that_ended(
    provider: str, reason: str, cut_off: bool, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Protocols, "reason", reason)
    pieces = [*stream_model(chat_model(made(llm=f"{provider}:tea", base_url=address)), ASKED, 10)]
    assert any(map(is_cut_off, pieces)) is cut_off


@pytest.mark.parametrize("provider", ["anthropic", "ollama"])
def test_a_missing_package_is_named_with_the_line_that_installs_it(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, f"langchain_{provider}", None)
    with pytest.raises(MissingDependencyError, match=rf"langchain-{provider}.*situated-rag\[{provider}\]"):
        chat_model(made(llm=f"{provider}:tea"))


@pytest.mark.parametrize(
    ("settings", "leaves"),
    [
        ({"llm": "openai:m"}, True),
        ({"llm": "anthropic:m"}, True),
        ({"llm": "openai:m", "base_url": "http://localhost:8000/v1"}, False),
        ({"llm": "ollama:m"}, False),
        ({"llm": "ollama:m", "base_url": "http://gpu.example.org"}, True),
        ({"llm": "hf:models/tea"}, False),
    ],
)
def test_what_leaves_the_machine_is_known(settings: dict[str, str], leaves: bool) -> None:
    assert needs_network(made(**settings)) is leaves
