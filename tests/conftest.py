"""Shared fixtures: a clean environment, small corpora, one encoder for the whole run."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # a worker a core: with a pool of threads each, they would wait for one another
    os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", GRADIO_ANALYTICS_ENABLED="False")

# temporary folders in memory where there is room: flushes to a disk would be most of the time
if Path("/dev/shm").is_dir() and shutil.disk_usage("/dev/shm").free > 2**31 * (os.cpu_count() or 1):
    os.environ.setdefault("TMPDIR", "/dev/shm")
    tempfile.tempdir = None

from rag import Rag, build
from rag.protocols import Encoder, Parser, TokenCounter
from rag.settings import Embedding, Parsing, Settings
from tests.chat_server import server
from tests.corpora import FACTS, MakeFolder
from tests.pdf_files import make_pdf

hypothesis.settings.register_profile("any machine", deadline=None)  # how busy one is says nothing about the code
hypothesis.settings.load_profile("any machine")

__all__ = ["make_pdf", "server"]

_load_encoder, _load_counter = build.build_encoder, build.build_counter


def _settings(embedding: str) -> Settings:
    settings = Settings.model_validate({"name": "x", "sources": [{"kind": "files", "path": "."}]})
    return settings.model_copy(update={"embedding": Embedding.model_validate_json(embedding)})


@cache
def _encoder(embedding: str) -> Encoder:
    return _load_encoder(_settings(embedding))


@cache
def _counter(embedding: str) -> TokenCounter:
    return _load_counter(_settings(embedding))


@pytest.fixture(scope="session", autouse=True)
def _one_encoder_for_all() -> Iterator[None]:
    """Loading takes seconds: every test that asks for the same encoder gets the same real one, and its tokenizer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "build_encoder", lambda settings: _encoder(settings.embedding.model_dump_json()))
        patch.setattr(build, "build_counter", lambda settings: _counter(settings.embedding.model_dump_json()))
        yield


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Models as small as a test makes them are faster without a thread pool, above all on a busy machine."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


build_parser = build.build_parser


_kept: list[Parser] = []


class _KeptParser:
    """Real worker processes that outlive the corpus that uses them."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        _kept.append(parser)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._parser, name)

    def close(self) -> None:
        pass


@cache
def _parser(parsing: str) -> _KeptParser:
    settings = Settings.model_validate({"name": "x", "sources": [{"kind": "files", "path": "."}]})
    return _KeptParser(build_parser(settings.model_copy(update={"parsing": Parsing.model_validate_json(parsing)})))


@pytest.fixture(scope="session", autouse=True)
def _one_parser_for_all() -> Iterator[None]:
    """Worker processes take a moment to start: every test that asks for the same ones gets the same real ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "build_parser", lambda settings: _parser(settings.parsing.model_dump_json()))
        yield


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("RAG_", "OPENAI_")) and name != "RAG_TEST_QDRANT_URL":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def wordpiece() -> TokenCounter:
    """The packaged encoder's tokenizer."""
    return build.build_counter(Settings.model_validate({"name": "x", "sources": [{"kind": "files", "path": "."}]}))


def _folder_maker(parent: Path) -> MakeFolder:
    def make(files: dict[str, str | bytes] = FACTS) -> Path:  # type: ignore[assignment]
        root = parent / "docs"
        root.mkdir(exist_ok=True)
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return root

    return make


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """Write files below `tmp_path/docs` and return that folder."""
    return _folder_maker(tmp_path)


@pytest.fixture(scope="module")
def make_shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeFolder]:
    """Write files into a new folder, which the tests of a file share, and return it."""
    shared = tmp_path_factory.mktemp("shared")
    yield lambda *files: _folder_maker(Path(tempfile.mkdtemp(dir=shared)))(*files)
    shutil.rmtree(shared)


@pytest.fixture
def facts(make_folder: MakeFolder) -> Iterator[Rag]:
    """A small ingested corpus."""
    with Rag.open(make_folder()) as corpus:
        corpus.ingest()
        yield corpus


@pytest.fixture(scope="module")
def shared_facts(make_shared_folder: MakeFolder) -> Iterator[Rag]:
    """`facts` for the tests of a file that only read it."""
    with Rag.open(make_shared_folder()) as corpus:
        corpus.ingest()
        yield corpus


@pytest.fixture
def index_folder(tmp_path: Path) -> Path:
    """A folder that does not exist yet."""
    return tmp_path / "index"


LONG = (
    "tests/ui/test_chat.py",
    "tests/ui/test_documents.py",
    "tests/ui/test_app.py",
    "tests/ui/test_se",
    "tests/ui/test_map_and_quality.py",
    "tests/ui/test_passages",
    "tests/rag/ingest/",
    "tests/rag/evaluation/",
    "tests/rag/serving/",
    "tests/test_docs.py",
    "tests/rag/answering/test_claims.py",
)
"""What takes longest, first: a file goes to one worker, and the others have something left to do beside it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: next((n for n, path in enumerate(LONG) if item.nodeid.startswith(path)), len(LONG)))


EXPECTED_SKIPS = ("root may write everywhere", "RAG_TEST_QDRANT_URL names no Qdrant server")
_skipped: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and isinstance(report.longrepr, tuple):
        _skipped.append(report.longrepr[2])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a test that is skipped for any other reason than an expected one is a failure."""
    for parser in _kept:
        parser.close()
    unexpected = [reason for reason in _skipped if not reason.endswith(EXPECTED_SKIPS)]
    if os.environ.get("CI") and unexpected:
        print(f"\nskipped without being expected: {unexpected}")  # noqa: T201
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
