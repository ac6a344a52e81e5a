"""The engine's shards in an index folder: loaded on first use, one call at a time, failures as `StoreError`."""

import shutil
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import qdrant_edge as qe

from rag.errors import DamagedIndexError, RagError, StoreError
from rag.store.lock import OwnerLock
from rag.store.read_ahead import ReadAhead, allocated

FREE_BYTES = 256 * 2**20
"""Kept free beside twice what is written: on a full disk the engine does not fail, it kills the process."""
READ_WHOLE = ("quantized.data", "flags_a.dat")
"""Files that the engine goes through page by page when it loads a shard, and drops from the system's cache after it."""
PAYLOADS = "segments/*/payload_storage/page_*.dat"
AHEAD_BYTES = 2**29
"""Of payloads, that are read ahead: more may not stay in the system's cache until they are wanted."""


class Shards:
    """Every use of the engine, behind the owner's lock of the index folder.

    Args:
        folder: the index folder, for messages and free space.
        lock: held by this process as long as any shard is open.
    """

    def __init__(self, folder: Path, lock: OwnerLock) -> None:
        self._folder = folder
        self._lock = lock
        self._mutex = threading.RLock()
        self._open: dict[Path, qe.EdgeShard] = {}
        self._closed = False
        self._ahead = ReadAhead()
        self._read: set[Path] = set()

    @contextmanager
    def call(self, doing: str) -> Iterator[None]:
        """Run the engine's calls in the block alone.

        Raises:
            StoreError: the store is closed, belongs to another process, or the engine failed while `doing`.
        """
        self._lock.check_process()
        with self._mutex:
            if self._closed:
                raise StoreError(f"{self._folder}: {doing}: the store is closed")
            with self._engine_errors(doing):
                yield

    def create(self, path: Path, config: qe.EdgeConfig, operations: Sequence[qe.UpdateOperation]) -> None:
        """Make a shard, apply the operations and flush."""
        self.check_space(0)
        path.mkdir(parents=True)
        shard = qe.EdgeShard.create(str(path), config)
        for operation in operations:
            shard.update(operation)
        shard.flush()
        self._open[path] = shard

    def get(self, path: Path) -> qe.EdgeShard:
        """The shard, loaded on first use."""
        if path not in self._open:
            self._open[path] = self._load(path)
        return self._open[path]

    def read_ahead(self, path: Path) -> None:
        """Have everything of the shard in the system's cache before long: for one that is searched."""
        if path not in self._read:
            self._read.add(path)
            self._ahead.add(path / "segments")

    def read_payloads_ahead(self, path: Path) -> None:
        """Have all payloads in the system's cache: for a reader that goes through them in the order of their ids."""
        files = [*path.glob(PAYLOADS)]
        if sum(map(allocated, files)) <= AHEAD_BYTES:
            _read_ahead(files)

    def update(self, path: Path, operation: qe.UpdateOperation, size: int) -> None:
        """Apply an operation that writes about `size` bytes."""
        self.check_space(size)
        self.get(path).update(operation)

    def flush(self, path: Path) -> None:
        """Make everything written durable; a shard that is not open was flushed when it was closed."""
        if path in self._open:
            self._open[path].flush()

    def compact(self, path: Path, config: qe.EdgeConfig | None = None) -> None:
        """Rewrite the shard without deleted points; nothing else runs in this process meanwhile.

        Args:
            config: of the shard from now on; None leaves it as it is.
        """
        self.check_space(sum(allocated(file) for file in path.rglob("*")))
        if config is not None:
            self.unload(path)
            self._open[path] = self._load(path, config)
        self.get(path).optimize()
        self.unload(path)

    def largest_vectors(self, path: Path) -> int:
        """Bytes of the vectors of the shard's largest kind."""
        sizes: Counter[str] = Counter()
        for folder in path.glob("segments/*/vector_storage-*"):
            sizes[folder.name] += sum(allocated(file) for file in folder.rglob("*") if file.is_file())
        return max(sizes.values(), default=0)

    def unload(self, path: Path) -> None:
        """Close the shard until it is used next, for it counts the terms of deleted points until then."""
        shard = self.get(path)
        shard.flush()
        del self._open[path]
        self._read.discard(path)
        shard.close()

    def forget(self, path: Path) -> None:
        """Close a shard that is about to be removed; one that cannot be loaded is not touched."""
        self._read.discard(path)
        if path in self._open:
            self._open.pop(path).close()

    def close(self) -> None:
        """Flush and close every shard, then release the lock. In a forked child nothing: all is its parent's."""
        if self._closed or not self._lock.mine:
            self._closed = True
            return
        self._ahead.close()
        with self._mutex:
            self._closed = True
            try:
                while self._open:
                    path, shard = self._open.popitem()
                    with self._engine_errors(f"closing {path}"):
                        shard.flush()
                        shard.close()
            finally:
                self._open.clear()
                self._lock.release()

    def check_space(self, size: int) -> None:
        """Refuse to write where the disk could run full.

        Raises:
            StoreError: says how much is free and how much is needed.
        """
        free, needed = shutil.disk_usage(self._folder).free, FREE_BYTES + 2 * size
        if free < needed:
            raise StoreError(
                f"{self._folder}: {free / 2**20:.0f} MB free on this disk, writing needs {needed / 2**20:.0f} MB: "
                "make room, or choose another index folder with --set store.path=FOLDER"
            )

    def _load(self, path: Path, config: qe.EdgeConfig | None = None) -> qe.EdgeShard:
        _read_ahead(file for file in path.glob("segments/**/*.dat*") if file.name in READ_WHOLE)
        try:
            shard = qe.EdgeShard.load(str(path), config)
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:
            if _is_damage(error):
                raise DamagedIndexError(
                    f"{path}: the index is damaged and cannot be loaded ({_one_line(error)}): "
                    "rag ingest --rebuild writes it anew from the sources"
                ) from error
            raise
        leftovers = path / "temp_segments"  # the engine never removes what a killed optimize() left
        for leftover in leftovers.iterdir() if leftovers.is_dir() else ():
            if leftover.is_dir():
                shutil.rmtree(leftover)
            else:
                leftover.unlink()
        return shard

    @contextmanager
    def _engine_errors(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (KeyboardInterrupt, SystemExit, GeneratorExit, RagError):
            raise
        except BaseException as error:  # a panic in the engine is no Exception
            raise StoreError(f"{self._folder}: {doing} failed: {_one_line(error)}") from error


def _read_ahead(files: Iterable[Path]) -> None:
    """Have the system read in one go what the engine would have it read 4 kB at a time: seconds at 100,000 points."""
    for file in files:
        with file.open("rb", buffering=0) as content:
            while content.read(2**20):
                pass


def _is_damage(error: BaseException) -> bool:
    """Panics and broken logs; not missing rights or a full disk, which leave the files as they are."""
    text = str(error)
    return not isinstance(error, Exception) or any(sign in text for sign in ("WAL", "orrupted", "deserialize"))


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
