"""Parsers that crash, hang, leak or print: each is one failed document, and the next file is read."""

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from langchain_core.documents.base import Blob

from connectors.parsing import FormatParser, workers
from connectors.parsing.options import Options
from connectors.parsing.workers import WorkerParser
from rag.errors import DocumentError
from rag.types import Parsed, SourceItem

Make = Callable[..., SourceItem]

EVIL = """
import ctypes, os, socket, sys, time
from connectors.parsing.formats import Format
from connectors.parsing.text import parse as parse_text

FORMAT = Format("Evil", "text/x-evil", (".evil",), "evil_parser:parse")
kept = []

def parse(data, item):
    what = data.decode()
    if what == "segfault":
        ctypes.string_at(0)
    elif what == "exit":
        os._exit(9)
    elif what == "hang":
        while True:
            pass
    elif what == "sleep":
        ctypes.PyDLL(None).sleep(60)
    elif what == "grow":
        while True:
            kept.append(bytearray(50_000_000))
            time.sleep(0.02)
    elif what == "huge":
        bytearray(10**15)
    elif what == "print":
        print("noise", flush=True)
        os.write(1, b"more noise")
        sys.stderr.write("noise")
    elif what == "connect":
        socket.create_connection(("127.0.0.1", 9), timeout=1)
    elif what == "resolve":
        socket.getaddrinfo("example.org", 443)
    elif what == "pid":
        data = str(os.getpid()).encode()
    elif what == "recurse":
        return parse(data, item)
    return parse_text(data, item)
"""


@pytest.fixture
def evil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed distribution that brings a parser."""
    (tmp_path / "evil_parser.py").write_text(EVIL)
    info = tmp_path / "evil_parser-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: evil-parser\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[rag.parsers]\nevil = evil_parser:FORMAT\n")
    monkeypatch.syspath_prepend(tmp_path)
    from connectors.parsing import formats

    caches = (formats.all_formats, formats._by_suffix, formats._by_mime)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()
    sys.modules.pop("evil_parser", None)


@pytest.fixture
def parser(evil: None, request: pytest.FixtureRequest) -> Iterator[WorkerParser]:
    """A worker with time for a busy machine, or with the seconds that a test asks for."""
    parser = WorkerParser(Options(), workers=1, timeout_s=getattr(request, "param", 60), memory_mb=400)
    yield parser
    parser.close()


def read(parser: WorkerParser, item: SourceItem, text: str) -> str:
    (document,) = parser.parse(Blob.from_data(text.encode()), item).documents
    return document.text


@pytest.mark.parametrize(
    ("what", "kind", "words", "parser"),
    [
        ("segfault", "crash", "SIGSEGV", 60),
        ("exit", "crash", "status 9", 60),
        ("hang", "timeout", "parsing.timeout_s", 2),
        ("sleep", "timeout", "2 s", 2),
        ("grow", "memory", "400 MB of parsing.memory_mb", 60),
        ("huge", "memory", "parsing.memory_mb", 60),
        ("recurse", "parse", "RecursionError", 60),
        ("connect", "parse", "does not reach the network", 60),
        ("resolve", "parse", "does not reach the network", 60),
    ],
    indirect=["parser"],
)
def test_one_bad_file_is_one_failed_document(
    parser: WorkerParser, make_item: Make, what: str, kind: str, words: str
) -> None:
    started = time.monotonic()
    with pytest.raises(DocumentError, match=words) as error:
        read(parser, make_item("a.evil"), what)
    assert error.value.kind == kind
    assert time.monotonic() - started < 30  # long before the 60 s that most of them may take
    assert "\n" not in str(error.value)
    assert read(parser, make_item("b.md"), "# Fine") == "# Fine"


def test_what_a_parser_prints_goes_nowhere(
    parser: WorkerParser, make_item: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    assert read(parser, make_item("a.evil"), "print") == "print"
    assert capfd.readouterr() == ("", "")


def test_a_worker_is_replaced_after_a_number_of_files(
    parser: WorkerParser, make_item: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "FILES_A_WORKER", 2)
    first, second, third = (read(parser, make_item("a.evil"), "pid") for _ in range(3))
    assert first == second != third
    assert not psutil.pid_exists(int(first))


def test_files_are_read_side_by_side(evil: None, make_item: Make) -> None:
    parser = WorkerParser(Options(), workers=3, timeout_s=60, memory_mb=400)
    with ThreadPoolExecutor(3) as pool:
        texts = [*pool.map(lambda n: read(parser, make_item(f"{n}.md"), f"text {n}"), range(30))]
    pids = {worker._process.pid for worker in parser._workers if worker._process}
    parser.close()
    assert texts == [f"text {n}" for n in range(30)]
    assert len(pids) == 3
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_closing_twice_is_fine_and_a_closed_parser_starts_again(parser: WorkerParser, make_item: Make) -> None:
    parser.close()
    parser.close()
    assert read(parser, make_item("a.txt"), "words") == "words"


def test_workers_end_with_their_parent(evil: None, tmp_path: Path) -> None:
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[1])\n"
        "from langchain_core.documents.base import Blob\n"
        "from connectors.parsing.options import Options\n"
        "from connectors.parsing.workers import WorkerParser\n"
        "from rag.types import SourceItem\n"
        "p = WorkerParser(Options(), workers=1, timeout_s=60, memory_mb=400)\n"
        "p.parse(Blob.from_data(b'x'), SourceItem(source='s', key='a.md', uri='a', fingerprint='f'))\n"
        "print(p._workers[0]._process.pid, flush=True); os.kill(os.getpid(), 9)\n"
    )
    import subprocess

    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, cwd=Path.cwd())
    pid = int(done.stdout)
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the worker outlived its parent"
        time.sleep(0.05)


def test_a_worker_gives_exactly_what_the_parser_gives(
    parser: WorkerParser, make_item: Make, make_pdf: Callable[..., bytes]
) -> None:
    table = "---\ndate: 2024-01-01\n---\n# Ünï\n\n- a *b*\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\n\U0001f600 \ud83d"
    cases = {"a.md": table.encode("utf-8", "surrogatepass"), "a.txt": b"", "a.pdf": make_pdf([[(72, 720, "Words.")]])}
    for key, data in cases.items():
        item = make_item(key, metadata={"n": [1, 2.5, None, {"x": "ü"}]}, acl=("a", "b"))
        wanted: Parsed = FormatParser().parse(Blob.from_data(data), item)
        assert parser.parse(Blob.from_data(data), item) == wanted
