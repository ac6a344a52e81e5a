"""A profile counts processor time where it is spent."""

import json
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread
from uuid import UUID

import numpy as np
import pytest

from rag.cli import main
from rag.points import CollectionSchema, Point
from rag.profiling import _DRIVE, CHILDREN, Profiler
from rag.store.edge import EdgeStore
from tests.corpora import MakeFolder
from tests.rag.test_architecture import ROOT, imports_of

TEXT = "# Tea\n\n" + "".join(f"Cup {n} of green tea is brewed at {n} degrees.\n\n" for n in range(400))


def test_an_ingest_says_where_its_time_went(make_folder: MakeFolder, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_folder({"tea.md": TEXT})
    # a process of its own: this one has children of other tests, which come and go
    command = [sys.executable, "-m", "rag", "ingest", str(folder), "--profile", "--json"]
    report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    profile, libraries = report["profile"], report["profile"]["libraries"]
    assert {"openvino", "rag", CHILDREN} <= set(libraries)
    assert all(seconds > 0 for seconds in libraries.values())
    assert sum(libraries.values()) == pytest.approx(profile["processor_seconds"], rel=0.05)
    assert profile["seconds"] >= report["seconds"]
    (folder / "more.md").write_text("# Coffee\n\nA French press steeps four minutes.\n")
    assert main(["ingest", str(folder), "--profile"]) == 0
    out = capsys.readouterr().out
    assert all(word in out for word in ("1 new", "encode", "cores busy", "seconds"))
    assert main(["ingest", str(folder), "--watch", "--profile"]) == 1


def test_work_is_counted_where_it_is_done_and_waiting_nowhere() -> None:
    released, waiting = Event(), Thread(target=lambda: released.wait(30))
    waiting.start()
    with Profiler() as profiler:
        working = Thread(target=_spend, args=(0.3,))
        working.start()
        working.join()
        pow(3, 2_500_000)  # holds the interpreter all the time: nobody can look meanwhile
        subprocess.run([sys.executable, "-c", "pow(3, 2_500_000)"], check=True)
    released.set()
    waiting.join()
    found = profiler.result
    assert found.libraries["tests"] >= 0.3
    assert found.libraries["tests"] > 0.7 * sum(s for name, s in found.libraries.items() if name != CHILDREN)
    assert found.libraries[CHILDREN] > 0.05


def test_what_the_engine_does_is_the_engines(tmp_path: Path) -> None:
    """In a small ingestion it is too little to be seen for certain."""
    points = [Point(id=str(UUID(int=n)), vectors={"v": np.ones(64, np.float32) / 8}, payload={}) for n in range(500)]
    with EdgeStore(tmp_path, create=True) as store:
        store.create(CollectionSchema(name="a", dense={"v": 64}))
        end = time.thread_time() + 0.5
        with Profiler() as profiler:
            while time.thread_time() < end:
                store.upsert("a", points)
    assert profiler.result.libraries["qdrant_edge"] > 0.1


def _spend(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(1000))


@pytest.mark.parametrize(("module", "library"), _DRIVE.items())
def test_what_a_module_drives_it_imports(module: str, library: str) -> None:
    assert library in {
        name.partition(".")[0] for name in imports_of(ROOT / Path(*module.split(".")).with_suffix(".py"))
    }
