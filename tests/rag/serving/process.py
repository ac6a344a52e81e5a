"""A corpus, and a real second process that owns it."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rag.corpus import Rag
from rag.serving.address import Address, read_address
from rag.serving.client import OwnedCorpus, reach
from rag.settings import load_settings
from tests.corpora import FACTS

OWNER = """
import sys
from rag import Rag
from rag.serving.owner import owning
from ui.served import Served
with Rag.open(sys.argv[1]) as corpus:
    assert corpus.ingest().failed == ()
    corpus.search("loads the encoder")
    with owning([Served(corpus)]):
        print("ready", flush=True)
        for line in sys.stdin:
            corpus.close() if line == "release\\n" else corpus.hold()
            print("done", flush=True)
"""

CONFIG = """
name: facts
sources:
  - {kind: files, name: open, path: docs/alpha, metadata: {year: 2024}}
  - {kind: files, name: closed, path: docs/beta, acl: [staff], metadata: {year: 2025}}
"""


class OwnerProcess:
    """A process that serves a corpus without any web app."""

    def __init__(self, config: Path) -> None:
        self.config, self.index = config, config.parent / ".rag" / "facts"
        self._process = subprocess.Popen(
            [sys.executable, "-c", OWNER, str(config)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._hear("ready")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def address(self) -> Address:
        found = read_address(self.index)
        assert found is not None
        return found

    @contextmanager
    def away(self) -> Iterator[None]:
        """The corpus is closed during the block: commands are alone with it."""
        self._tell("release")
        try:
            yield
        finally:
            self._tell("take")

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate(timeout=60)

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.communicate(timeout=60)

    def _tell(self, what: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        self._hear("done")

    def _hear(self, what: str) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == f"{what}\n"


def write_corpus(folder: Path) -> Path:
    """The corpus file of a corpus with documents for everyone and for the staff."""
    for name, text in FACTS.items():
        path = folder / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    config = folder / "facts.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    return config


def reached(owner: OwnerProcess, *overrides: str) -> OwnedCorpus:
    """The corpus as the command line has it, through the owner."""
    corpus = reach(load_settings(owner.config, overrides), wait_s=10)
    assert isinstance(corpus, OwnedCorpus)
    return corpus


def folder_of(corpus: Rag | OwnedCorpus) -> Path:
    """Where the documents of its first source are."""
    return Path(corpus.settings.sources[0].path)  # type: ignore[union-attr,arg-type]


def until(condition: Callable[[], Any]) -> None:
    """Wait for it."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)
