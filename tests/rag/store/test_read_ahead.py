"""Files of an index are read before they are asked for, within bounds."""

import os
import threading
import time
from pathlib import Path

import pytest

from rag.points import Leg
from rag.store import read_ahead
from rag.store.edge import EdgeStore
from rag.store.read_ahead import ReadAhead, read
from rag.testing.store_contract.data import SCHEMA, points, unit_vectors

pytestmark = pytest.mark.skipif(not hasattr(os, "SEEK_DATA"), reason="this system does not tell where files have holes")
MEGABYTE = 2**20


def written(path: Path, size: int, *, hole: int = 0) -> Path:
    """A file with so many bytes at both ends of a hole."""
    with path.open("wb") as file:
        file.write(b"x" * size)
        if hole:
            file.seek(hole, os.SEEK_CUR)
            file.write(b"y" * size)
        os.fsync(file.fileno())
    return path


def test_data_is_read_and_holes_are_not(tmp_path: Path) -> None:
    files = [written(tmp_path / "a", 3 * MEGABYTE), written(tmp_path / "b", 4096, hole=64 * MEGABYTE)]
    done = read(files, 100 * MEGABYTE, threading.Event())
    assert 3 * MEGABYTE + 8192 <= done < 4 * MEGABYTE


@pytest.mark.parametrize("size", [0, 1, 4095, MEGABYTE + 1])
def test_files_of_any_size(tmp_path: Path, size: int) -> None:
    assert read([written(tmp_path / "a", size)], 100 * MEGABYTE, threading.Event()) == size


def test_it_ends_before_a_file_that_is_too_large(tmp_path: Path) -> None:
    files = [written(tmp_path / name, MEGABYTE) for name in "abc"]
    assert read(files, int(2.5 * MEGABYTE), threading.Event()) == 2 * MEGABYTE


def test_it_ends_when_it_is_told_to(tmp_path: Path) -> None:
    ended = threading.Event()
    ended.set()
    assert read([written(tmp_path / "a", MEGABYTE)], 100 * MEGABYTE, ended) == 0


def test_a_folder_that_is_gone_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_ahead, "AFTER_S", 0.01)
    found: list[list[str]] = []
    monkeypatch.setattr(read_ahead, "read", lambda files, *_: found.append([file.name for file in files]))
    ahead = ReadAhead()
    written(tmp_path / "large", 9000)
    written(tmp_path / "small", 10)
    for folder in (tmp_path / "gone", tmp_path):
        ahead.add(folder)
    until = time.monotonic() + 30
    while len(found) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    ahead.close()
    assert found == [[], ["small", "large"]]


def test_a_store_that_is_searched_is_read_and_one_that_is_written_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added: list[Path] = []
    monkeypatch.setattr(ReadAhead, "add", lambda _, folder: added.append(folder))
    leg = Leg(vector="raw", query=unit_vectors(1, 60)[0], limit=3)
    with EdgeStore(tmp_path, create=True) as store:
        store.create(SCHEMA)
        store.upsert(SCHEMA.name, points(10))
        store.compact(SCHEMA.name)
        assert added == []
        store.search(SCHEMA.name, [leg])
        store.search(SCHEMA.name, [leg])
        assert len(added) == 1, "once"
        assert (added[0].name, added[0].is_dir()) == ("segments", True)
        store.refresh(SCHEMA.name)
        store.search(SCHEMA.name, [leg])
        assert len(added) == 2, "again after it was loaded again"


def test_a_store_that_is_closed_reads_on_no_longer(tmp_path: Path) -> None:
    with EdgeStore(tmp_path, create=True) as store:
        store.create(SCHEMA)
        store.search(SCHEMA.name, [Leg(vector="raw", query=unit_vectors(1, 60)[0], limit=3)])
        assert any(thread.name == "read-ahead" for thread in threading.enumerate())
    assert not any(thread.name == "read-ahead" for thread in threading.enumerate())
