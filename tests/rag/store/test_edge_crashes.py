"""Writers killed at random moments. This file starts the writers as well: `python test_edge_crashes.py FOLDER`."""

import os
import random
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from rag.points import CollectionSchema, Point
from rag.store.edge import EdgeStore
from rag.types import stable_id

KILLS = 16
SCHEMA = CollectionSchema(name="chunks", dense={"raw": 384}, indexes={"acl": "keyword"})
BATCH = 5


@cache
def point(batch: int, n: int) -> Point:
    vector = np.random.default_rng([batch, n]).standard_normal(384).astype(np.float32)
    return Point(id=stable_id(str(batch), str(n)), vectors={"raw": vector}, payload={"batch": batch, "acl": ["*"]})


def state(batches: int) -> dict[str, tuple[dict[str, Any], bytes]]:
    """Payload and vector by id once this many batches were written."""
    expected = {}
    for batch in range(batches):
        for n in range(BATCH):
            p = point(batch, n)
            payload = {**p.payload, "acl": ["late"]} if n == 1 and batch + 1 < batches else p.payload
            if not (n == 0 and batch + 2 < batches):
                expected[p.id] = (dict(payload), np.asarray(p.vectors["raw"]).tobytes())
    return expected


def say(line: object) -> None:
    """Print a line with one call of the system, which a kill cannot cut in two."""
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


def write(folder: Path, first: int) -> None:
    """Write batches for ever, each with an upsert, a change and a delete; print each once it is flushed."""
    store = EdgeStore(folder, create=True, wait_s=0)
    if not store.collections():
        store.create(SCHEMA)
    for batch in range(first, sys.maxsize):
        store.upsert("chunks", [point(batch, n) for n in range(BATCH)])
        store.set_payload("chunks", {point(batch - 1, 1).id: {"acl": ["late"]}} if batch else {})
        store.delete("chunks", [point(batch - 2, 0).id] if batch > 1 else [])
        store.flush("chunks")
        say(batch)


def start_writers(folder: Path) -> None:
    """A process for each first batch on stdin: its pid, what it prints, and a blank line once it has died.

    They are forked off before the engine has been touched, because starting an interpreter takes longer than the rest.
    """
    for line in sys.stdin:
        writer = os.fork()
        if writer == 0:
            say(os.getpid())
            write(folder, int(line))
        os.waitpid(writer, 0)
        say("")


def test_what_was_flushed_survives_kills_at_any_moment(index_folder: Path) -> None:
    rng = random.Random(7)
    written = 0
    command = [sys.executable, __file__, str(index_folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as writers:
        assert writers.stdin is not None
        assert writers.stdout is not None
        for _ in range(KILLS):
            writers.stdin.write(f"{written}\n")
            pid, first = int(writers.stdout.readline()), writers.stdout.readline()
            assert first.strip(), "the writer died by itself"
            time.sleep(rng.uniform(0, 0.05))
            os.kill(pid, signal.SIGKILL)
            written = int([first, *iter(writers.stdout.readline, "\n")][-1]) + 1
            assert_intact(index_folder, written)
    assert written > KILLS


def assert_intact(folder: Path, written: int) -> None:
    """Every point is as the flushed batches left it, or as the batch that was being written would have."""
    with EdgeStore(folder, create=False, wait_s=0) as store:
        stored = {
            r.id: (dict(r.payload), np.asarray(r.vectors["raw"]).tobytes())
            for r in store.scroll("chunks", vectors=("raw",))
        }
        assert store.count("chunks") == len(stored)
    before, after = state(written), state(written + 1)
    for i in before.keys() | after.keys() | stored.keys():
        assert stored.get(i) in (before.get(i), after.get(i))


if __name__ == "__main__":
    start_writers(Path(sys.argv[1]))
