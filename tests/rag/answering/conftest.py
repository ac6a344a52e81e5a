"""A corpus in memory, words as terms, and an OpenAI-compatible server on loopback that replies as scripted."""

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.answering.answerer import ExtractiveAnswerer
from rag.points import SparseVector
from rag.results import ChunkSpan, Evidence, Hit, SearchResult
from rag.settings import AnswerSettings
from rag.testing import HashEncoder

STOP_WORDS = "a an and are as at be by for from how i in is it of on or the this to was what when where which who"


class Words:
    """Every word is a term, every two neighbouring Chinese characters too; plural s is cut."""

    max_term_weight = 1.0

    def encode(self, texts: Sequence[str], *, kind: str) -> list[SparseVector]:
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> SparseVector:
        terms: set[str] = set()
        for word in re.findall(r"[\u4e00-\u9fff]+|[^\W_]+", text.casefold()):
            if "\u4e00" <= word[0] <= "\u9fff":
                terms |= {word[i : i + 2] for i in range(max(1, len(word) - 1))}
            elif word not in STOP_WORDS.split():
                terms.add(word if len(word) < 4 else word.removesuffix("s"))
        ids = sorted({int.from_bytes(hashlib.sha256(t.encode()).digest()[:4], "little") for t in terms})
        return SparseVector(np.array(ids, dtype=np.uint32), np.ones(len(ids), dtype=np.float32))


def flat_idf(terms: NDArray[np.uint32]) -> NDArray[np.float32]:
    return np.ones(len(terms), dtype=np.float32)


@dataclass
class Library:
    """Documents by id, each chunked at blank lines; counts how often texts are read."""

    texts: dict[str, str]
    reads: int = 0

    def read_text(self, document_id: str) -> str | None:
        self.reads += 1
        return self.texts.get(document_id)

    def chunk_spans(self, document_id: str) -> list[ChunkSpan]:
        spans = re.finditer(r"\S.*?(?=\n\n|\Z)", self.texts.get(document_id, ""), re.DOTALL)
        return [
            ChunkSpan(chunk_id=f"{document_id}#{n}", start=m.start(), end=m.end(), page=n + 1)
            for n, m in enumerate(spans)
        ]

    def hit(self, document_id: str, ordinal: int, score: float = 0.5, headings: tuple[str, ...] = ()) -> Hit:
        span = self.chunk_spans(document_id)[ordinal]
        return Hit(
            rank=1,
            score=score,
            chunk_id=span.chunk_id,
            document_id=document_id,
            uri=f"/docs/{document_id}",
            title=f"Title of {document_id}",
            headings=headings,
            page=span.page,
            start=span.start,
            end=span.end,
            text=self.texts[document_id][span.start : span.end],
            situation="",
            metadata={},
            scores={},
            ranks={},
            ordinal=ordinal,
        )

    def evidence(self, document_id: str, number: int = 1, score: float = 0.5) -> Evidence:
        """The whole document as one passage."""
        spans = self.chunk_spans(document_id)
        start, end = spans[0].start, spans[-1].end
        return Evidence(
            number=number,
            document_id=document_id,
            uri=f"/docs/{document_id}",
            title=f"Title of {document_id}",
            headings=(),
            page=1,
            start=start,
            end=end,
            text=self.texts[document_id][start:end],
            chunks=tuple(spans),
            score=score,
        )

    def result(self, *hits: Hit, coverage: float = 0.9) -> SearchResult:
        return SearchResult(query="q", hits=hits, timings_ms={"search": 1.0}, coverage=coverage)


@pytest.fixture
def library() -> Callable[[Mapping[str, str]], Library]:
    return lambda texts: Library(dict(texts))


@pytest.fixture
def tools() -> dict[str, Any]:
    return {"encoder": HashEncoder(), "lexical": Words(), "idf": flat_idf}


@pytest.fixture
def quoting(tools: dict[str, Any]) -> Callable[..., ExtractiveAnswerer]:
    """An extractive answerer over a library, with settings as keywords."""

    def make(corpus: Library, **settings: Any) -> ExtractiveAnswerer:
        return ExtractiveAnswerer(
            settings=AnswerSettings.model_validate(settings),
            read_text=corpus.read_text,
            chunk_spans=corpus.chunk_spans,
            **tools,
        )

    return make


@dataclass
class Reply:
    """What the server does with one request."""

    pieces: Sequence[str] = ()
    status: int = 200
    error: str = ""
    wait_s: float = 0.0
    cut_after: int | None = None


@dataclass
class ScriptedServer:
    base_url: str
    script: list[Reply] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def replies(self, *pieces: str, **how: Any) -> None:
        self.script.append(Reply(pieces, **how))

    def next_reply(self) -> Reply:
        """In order; the last one is repeated."""
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.paths.append(self.path)
            server.requests.append(json.loads(body))
            server.keys.append(self.headers.get("Authorization", ""))
            reply = server.next_reply()
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
                self._event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": piece}}]})
            self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
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


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
    scripted = ScriptedServer(base_url="")
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(scripted))
    scripted.base_url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield scripted
    http.shutdown()
    http.server_close()
    thread.join()
