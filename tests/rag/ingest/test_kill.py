"""SIGKILL at any moment loses nothing that was finished, and the next run completes the corpus."""

import random
import signal
import subprocess
import sys
import time

import pytest

from rag import Rag, build
from rag.settings import Settings
from rag.testing import HashEncoder
from tests.corpora import MakeFolder

DOCUMENTS, KILLS = 120, 6
# the real command with an encoder that needs no torch, so that the test is about the job
COMMAND = """
import sys, time
from rag import build
from rag.cli import main
from rag.testing import HashEncoder
class Slow(HashEncoder):
    def encode(self, texts, *, kind):
        print("encoding", flush=True)
        time.sleep(0.02)
        return super().encode(texts, kind=kind)
build.build_encoder = lambda settings: Slow()
sys.exit(main(["ingest", sys.argv[1], "--set", "embedding.batch_tokens=256"]))
"""


def _hash_encoder(settings: Settings) -> HashEncoder:
    return HashEncoder()


def test_kills_lose_nothing_that_was_finished(make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "build_encoder", _hash_encoder)
    folder = make_folder({f"n{n:03}.md": f"# Note {n}\n\n" + f"Word zebra{n:03}. " * 30 for n in range(DOCUMENTS)})
    chance = random.Random(5)
    finished, killed, window = 0, 0, 0.3
    for _ in range(KILLS):
        with subprocess.Popen([sys.executable, "-c", COMMAND, str(folder)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()  # it has begun to work
            time.sleep(chance.uniform(0.0, window))
            process.send_signal(signal.SIGKILL)
        killed += process.returncode == -signal.SIGKILL
        with Rag.open(folder) as corpus:
            plan = corpus.plan()
        assert plan.unchanged >= finished, "a kill lost finished documents"
        assert plan.changed == 0
        finished = plan.unchanged
        window *= 1.0 if finished else 1.5  # a busy machine is not as far after the same time
    assert killed >= KILLS // 2, "the kills came too late to test anything"
    assert finished > 0, "a job writes as it goes"
    with Rag.open(folder) as corpus:
        report = corpus.ingest()
        assert (report.unchanged, report.new) == (finished, DOCUMENTS - finished)
        state = corpus.verify()
        assert state.ok
        assert state.documents == DOCUMENTS
