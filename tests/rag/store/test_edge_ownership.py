import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rag.errors import StoreInUseError
from rag.store.edge import EdgeStore
from rag.testing.store_contract.data import SCHEMA, point_id, points

NAME = SCHEMA.name

RIVAL = """
import sys
from pathlib import Path
from rag.errors import StoreInUseError
from rag.store.edge import EdgeStore
print("ready", flush=True)
for _ in range(int(sys.argv[3])):
    try:
        store = EdgeStore(Path(sys.argv[1]), create=True, wait_s=float(sys.argv[2]))
    except StoreInUseError as error:
        print(error, flush=True)
    else:
        print("opened", store.count("chunks__g1"), flush=True)
        store.close()
"""

FORK = """
import os, sys
from pathlib import Path
from rag.errors import StoreError, StoreInUseError
from rag.store.edge import EdgeStore
store = EdgeStore(Path(sys.argv[1]), create=False)
assert store.count("chunks__g1") == 20
child = os.fork()
if child == 0:
    code = 1
    try:
        store.count("chunks__g1")
    except StoreError as error:
        code = 0 if "spawn" in str(error) and str(os.getppid()) in str(error) else 2
    store.close()
    os._exit(code)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
try:
    EdgeStore(Path(sys.argv[1]), create=False, wait_s=0)
except StoreInUseError:
    print("still locked", store.count("chunks__g1"))
store.close()
"""


def script(source: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", source, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_rival_process_is_told_who_owns_the_index_and_does_no_harm(index_folder: Path) -> None:
    with EdgeStore(index_folder, create=True) as store:
        store.create(SCHEMA)
        rival = script(RIVAL, index_folder, 0, 25)
        written = 0
        while rival.poll() is None:
            store.upsert(NAME, points(100))
            store.flush(NAME)
            written += 1
        out, err = rival.communicate(timeout=30)
    assert written > 0
    lines = out.splitlines()[1:]
    assert len(lines) == 25, err
    for line in lines:
        assert f"in use by process {os.getpid()} (" in line
        assert "--wait SECONDS" in line
        assert "kind: server" in line
    with EdgeStore(index_folder, create=False) as store:
        records = store.retrieve(NAME, [p.id for p in points(100)], vectors=("raw",))
        assert all(records[p.id].payload == p.payload for p in points(100))
        assert all((records[p.id].vectors["raw"] == p.vectors["raw"]).all() for p in points(100))  # type: ignore[union-attr]


def test_a_rival_in_the_same_process_is_refused(index_folder: Path) -> None:
    with EdgeStore(index_folder, create=True) as store:
        store.create(SCHEMA)
        with pytest.raises(StoreInUseError, match="already open in this process"):
            EdgeStore(index_folder, create=True, wait_s=0)
        store.upsert(NAME, points(3))
        store.flush(NAME)
    with EdgeStore(index_folder, create=True, wait_s=0) as store:
        assert store.count(NAME) == 3


def test_the_next_process_waits_until_the_owner_is_done(index_folder: Path) -> None:
    store = EdgeStore(index_folder, create=True)
    store.create(SCHEMA)
    store.upsert(NAME, points(7))
    waiting = script(RIVAL, index_folder, 60, 1)
    assert waiting.stdout is not None
    assert waiting.stdout.readline() == "ready\n"
    time.sleep(0.2)
    assert waiting.poll() is None
    store.close()
    out, err = waiting.communicate(timeout=60)
    assert out == "opened 7\n", err


def test_waiting_ends_in_time(index_folder: Path) -> None:
    with EdgeStore(index_folder, create=True):
        start = time.monotonic()
        with pytest.raises(StoreInUseError):
            EdgeStore(index_folder, create=True, wait_s=0.3)
        assert 0.3 <= time.monotonic() - start < 5


def test_the_lock_file_names_its_owner_only_while_it_is_held(index_folder: Path) -> None:
    with EdgeStore(index_folder, create=True):
        owner = json.loads((index_folder / "owner.lock").read_text())
        assert owner["pid"] == os.getpid()
        assert set(owner) == {"pid", "host", "command", "since"}
    assert (index_folder / "owner.lock").read_text() == ""


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}', "\x00\x00"])
def test_an_owner_that_wrote_nothing_readable_is_still_the_owner(index_folder: Path, content: str) -> None:
    with EdgeStore(index_folder, create=True):
        (index_folder / "owner.lock").write_text(content)
        with pytest.raises(StoreInUseError, match="in use by"):
            EdgeStore(index_folder, create=True, wait_s=0)


def test_a_full_disk_keeps_nobody_from_searching(index_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only who holds the lock could not be said."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with EdgeStore(index_folder, create=True, wait_s=0) as store:
        store.create(SCHEMA)
    monkeypatch.setattr("rag.store.lock.os.write", full)
    with EdgeStore(index_folder, create=False, wait_s=0) as store:
        assert store.count(SCHEMA.name) == 0
        with pytest.raises(StoreInUseError):
            EdgeStore(index_folder, create=False, wait_s=0)


def test_a_lock_file_that_a_killed_owner_left_excludes_nobody(index_folder: Path) -> None:
    index_folder.mkdir()
    (index_folder / "owner.lock").write_text('{"pid": 1, "host": "h", "command": "c", "since": "s"}')
    EdgeStore(index_folder, create=True, wait_s=0).close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_is_refused_and_leaves_the_parents_lock_alone(index_folder: Path) -> None:
    with EdgeStore(index_folder, create=True) as store:
        store.create(SCHEMA)
        store.upsert(NAME, points(20))
    forking = script(FORK, index_folder)
    out, err = forking.communicate(timeout=60)
    assert (forking.returncode, out) == (0, "still locked 20\n"), err
    with EdgeStore(index_folder, create=False, wait_s=0) as store:
        assert list(store.retrieve(NAME, [point_id(19)])) == [point_id(19)]
