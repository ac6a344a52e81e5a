"""How long an answer waits for this program: the first token after retrieval, and checking a sentence.

The model is a server on this machine that replies at once with sentences of the first passage it is given, not word for
word.
"""

import json
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from rag.chunking.sentences import sentence_spans
from rag.evaluation.beir import load_beir
from rag.evaluation.retrieval import indexed, placed_in
from rag.settings import load_settings

CONFIG = Path(__file__).parents[1] / "configs/quickstart.yaml"
DATA, QUESTIONS, SENTENCES = "squad2", 100, 3
_EVIDENCE = re.compile(r"<evidence-(\w+) number=1>\n.*?\n\n(.*?)\n</evidence-\1>", re.DOTALL)


@dataclass
class _Waits:
    """Milliseconds: to the first token, and of each checked sentence behind the last token."""

    first_token: list[float] = field(default_factory=list)
    sentence: list[float] = field(default_factory=list)


def run(data: Path) -> int:
    """Print percentiles; 1 where the data are missing."""
    if not (data / DATA).is_dir():
        print(f"{DATA}: not in {data}; see docs/benchmarks.md", file=sys.stderr)
        return 1
    waits = _Waits()
    with _server() as address, tempfile.TemporaryDirectory() as folder:
        overrides = ("answer.llm=openai:echo", f"answer.base_url={address}", "answer.min_confidence=0")
        dataset = load_beir(data / DATA)
        with indexed(placed_in(Path(folder), load_settings(CONFIG, overrides)), dataset) as corpus:
            answerer = corpus.answerer()
            for number, question in enumerate([*dataset.queries.values()][: QUESTIONS + 1]):
                found = corpus.searcher.search(question, top_k=16)
                measured = _measure(answerer.stream(question, found))
                if number:  # the first one loads what the others find loaded
                    waits.first_token += measured.first_token
                    waits.sentence += measured.sentence
    for name, values in (("first token", waits.first_token), ("a sentence", waits.sentence)):
        p50, p95 = np.percentile(values, (50, 95))
        print(f"{name:12} mean {np.mean(values):5.1f} ms  p50 {p50:5.1f} ms  p95 {p95:5.1f} ms  of {len(values)}")
    return 0


def _measure(events: Iterator[dict[str, Any]]) -> _Waits:
    found = _Waits()
    last = time.perf_counter()
    seen = False
    for event in events:
        now = time.perf_counter()
        if event["type"] == "retrieval":
            seen = False
        elif event["type"] == "token" and not seen:
            found.first_token.append(1000 * (now - last))
            seen = True
        elif event["type"] == "sentence":
            found.sentence.append(1000 * (now - last))
        last = now
    return found


class _Echo(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        match = _EVIDENCE.search(asked["messages"][-1]["content"])
        text = match[2] if match else ""
        sentences = [text[start:end].rstrip(". ") for start, end in sentence_spans(text)]
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for sentence in sentences[:SENTENCES]:
            self._send({"choices": [{"index": 0, "delta": {"content": f"As it says, {sentence} [1]. "}}]})
        self._send({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self.wfile.write(b"data: [DONE]\n\n")

    def _send(self, data: dict[str, Any]) -> None:
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "echo", **data}
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.flush()

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def _server() -> Iterator[str]:
    http = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{http.server_address[1]}/v1"
    http.shutdown()
    http.server_close()
    thread.join()
