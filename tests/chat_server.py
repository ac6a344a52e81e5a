"""An OpenAI-compatible server on loopback that replies as scripted; see the fixture `server`."""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass
class Reply:
    """What the server does with one request."""

    pieces: Sequence[str] = ()
    status: int = 200
    error: str = ""
    wait_s: float = 0.0
    pause_s: float = 0.0
    cut_after: int | None = None
    reason: str = "stop"


@dataclass
class ScriptedServer:
    base_url: str
    script: list[Reply] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    reply_to: Callable[[dict[str, Any]], Reply] | None = None
    """Instead of the script: what a request is answered with."""

    def replies(self, *pieces: str, **how: Any) -> None:
        self.script.append(Reply(pieces, **how))

    def next_reply(self, request: dict[str, Any]) -> Reply:
        """In order; the last one is repeated."""
        if self.reply_to is not None:
            return self.reply_to(request)
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.paths.append(self.path)
            request = json.loads(body)
            server.requests.append(request)
            server.keys.append(self.headers.get("Authorization", ""))
            reply = server.next_reply(request)
            time.sleep(reply.wait_s)
            if reply.status != 200:
                self._send(reply.status, "application/json", json.dumps({"error": {"message": reply.error}}))
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for number, piece in enumerate(reply.pieces):
                if number == reply.cut_after:
                    self.wfile.write(b"data: {broken\n\n")
                    return
                time.sleep(reply.pause_s)
                self._event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": piece}}]})
            self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": reply.reason}]})
            self._event({"choices": [], "usage": {"prompt_tokens": 40, "completion_tokens": 7, "total_tokens": 47}})
            self.wfile.write(b"data: [DONE]\n\n")

        def _send(self, status: int, mime: str, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", mime)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def _event(self, data: dict[str, Any]) -> None:
            chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "scripted", **data}
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
            self.wfile.flush()

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client that leaves half way is what some tests do
            super().handle_error(request, client_address)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
    scripted = ScriptedServer(base_url="")
    http = _Server(("127.0.0.1", 0), _handler(scripted))
    scripted.base_url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield scripted
    http.shutdown()
    http.server_close()
    thread.join()
