"""Run a command and measure the memory of its whole process tree."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

EVERY_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A finished command.

    Attributes:
        seconds: wall clock, from start to exit.
        peak_bytes: greatest sum over the process tree of PSS (memory, with shared pages divided by their users).
        parent_peak_bytes: greatest PSS of the first process alone.
    """

    status: int
    stdout: str
    seconds: float
    peak_bytes: int
    parent_peak_bytes: int


def measure(command: Sequence[str]) -> Run:
    """Run a command to its end; its stderr goes to ours."""
    with tempfile.TemporaryFile("w+") as stdout:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=stdout, stderr=sys.stderr)
        peak = parent_peak = 0
        while process.poll() is None:
            parent, children = _tree_bytes(process.pid)
            peak, parent_peak = max(peak, parent + children), max(parent_peak, parent)
            time.sleep(EVERY_S)
        seconds = time.perf_counter() - started
        stdout.seek(0)
        return Run(
            status=process.returncode,
            stdout=stdout.read(),
            seconds=seconds,
            peak_bytes=peak,
            parent_peak_bytes=parent_peak,
        )


def _tree_bytes(pid: int) -> tuple[int, int]:
    """Of the process itself, and of all below it."""
    try:
        root = psutil.Process(pid)
        return _bytes(root), sum(_bytes(process) for process in root.children(recursive=True))
    except psutil.NoSuchProcess:
        return 0, 0


def _bytes(process: psutil.Process) -> int:
    try:
        info = process.memory_full_info()
        return int(getattr(info, "pss", info.uss))  # PSS is Linux's; elsewhere what the process has to itself
    except psutil.Error:
        return 0


def allocated_bytes(folder: Path) -> int:
    """Blocks that a folder's files take on disk; index files are sparse, their lengths say little."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())
