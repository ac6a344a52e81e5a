"""Run a command and measure the memory of its whole process tree."""

import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from rag.store.read_ahead import allocated

EVERY_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A finished command.

    Attributes:
        seconds: wall clock, from start to exit.
        cpu_seconds: of the process and all below it that it waited for; says more than `seconds` on a busy machine.
        peak_bytes: greatest sum over the process tree of PSS (memory, with shared pages divided by their users).
        parent_peak_bytes: greatest PSS of the first process alone.
        own_peak_bytes: as `peak_bytes`, without mapped files, which the system takes back when it needs the room.
        stopped: it took longer than it was given, and was ended.
    """

    status: int
    stdout: str
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    parent_peak_bytes: int
    own_peak_bytes: int
    stopped: bool = False


def measure(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    limit_s: float = math.inf,
    stderr: IO[str] | None = None,
) -> Run:
    """Run a command to its end, or until it has taken too long.

    Args:
        environment: all variables of the command. None is ours. Python may keep what it compiles, as installed packages
            have it, also where ours forbids that.
        stderr: where its stderr goes. None is ours.
    """
    with tempfile.TemporaryFile("w+") as stdout:
        started, cpu_before = time.perf_counter(), _cpu_seconds()
        variables = {**(os.environ if environment is None else environment)}
        variables.pop("PYTHONDONTWRITEBYTECODE", None)
        process = subprocess.Popen(command, stdout=stdout, stderr=stderr or sys.stderr, env=variables)
        peaks = [0, 0, 0]
        stopped = False
        while process.poll() is None:
            if not stopped and time.perf_counter() - started > limit_s:
                stopped = True
                _end(process.pid)
            peaks = [*map(max, peaks, _tree_bytes(process.pid))]
            time.sleep(EVERY_S)
        seconds = time.perf_counter() - started
        stdout.seek(0)
        return Run(
            status=process.returncode,
            stdout=stdout.read(),
            seconds=seconds,
            cpu_seconds=_cpu_seconds() - cpu_before,
            peak_bytes=peaks[0],
            parent_peak_bytes=peaks[1],
            own_peak_bytes=peaks[2],
            stopped=stopped,
        )


def _cpu_seconds() -> float:
    """Of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _end(pid: int) -> None:
    """End a process and all below it."""
    try:
        root = psutil.Process(pid)
        for process in (*root.children(recursive=True), root):
            process.kill()
    except psutil.NoSuchProcess:
        pass


def _tree_bytes(pid: int) -> tuple[int, int, int]:
    """Of the process with all below it, of itself alone, and of all without mapped files."""
    try:
        children = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return 0, 0, 0
    sizes = [_bytes(number) for number in (pid, *(child.pid for child in children))]
    return sum(pss for pss, _ in sizes), sizes[0][0], sum(own for _, own in sizes)


def _bytes(pid: int) -> tuple[int, int]:
    """PSS, and how much of it is in no file; elsewhere than on Linux what the process has to itself, twice."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return (_unshared(pid),) * 2
    sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in rollup.splitlines()[1:]}
    return sizes.get("Pss", 0), sizes.get("Pss_Anon", 0)  # a process that has just ended has none


def _unshared(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_full_info().uss)
    except psutil.Error:
        return 0


def allocated_bytes(folder: Path) -> int:
    """Blocks that a folder's files take on disk; index files are sparse, their lengths say little."""
    return sum(allocated(path) for path in folder.rglob("*") if path.is_file())
