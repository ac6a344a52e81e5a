"""Starts the processes of the contestants and reads what they measured."""

import json
import math
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.contestants import Contestant
from benchmarks.peers.work import Task
from benchmarks.processes import measure

ROOT = Path(__file__).parents[2]
TAIL = 400
"""Characters of a failed run's stderr that are shown."""

OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HAYSTACK_TELEMETRY_ENABLED": "False"}


class StoppedError(Exception):
    """A run that gave no figures: it failed, or took longer than it was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Runs tasks, each in a process of its own.

    Attributes:
        python: interpreter of the peers' environment.
        models: cache of FastEmbed's models.
        logs: folder for the stderr of the runs.
    """

    python: Path
    models: Path
    logs: Path

    def run(self, contestant: Contestant, task: Task, *, limit_s: float = math.inf) -> dict[str, float]:
        """What the process printed, and `seconds`, `cpu_seconds` and `peak_mb` of it and all below it.

        `cold_start_s` is from the start of the process to its first answer, where it is one that answers.

        Args:
            limit_s: seconds that it may take.

        Raises:
            StoppedError: there is nothing to read.
        """
        python = sys.executable if contestant.ours else str(self.python)
        command = [python, "-m", "benchmarks.peers.work", contestant.module, task.to_json()]
        environment = {**os.environ, **OFFLINE, "PYTHONPATH": str(ROOT), "FASTEMBED_CACHE_PATH": str(self.models)}
        log = self.logs / f"{contestant.name}-{task.kind}-{time.time_ns()}.log"
        started_at = time.time()
        with log.open("w", encoding="utf-8") as stderr:
            done = measure(command, environment=environment, limit_s=limit_s, stderr=stderr)
        if done.stopped:
            raise StoppedError(f"stopped after {limit_s:.0f} s")
        if done.status:
            raise StoppedError(f"status {done.status}: {log.read_text(encoding='utf-8', errors='replace')[-TAIL:]}")
        figures = last_line(done.stdout)
        if "first_answer_at" in figures:
            figures = {"cold_start_s": figures.pop("first_answer_at") - started_at, **figures}
        return {"seconds": done.seconds, "cpu_seconds": done.cpu_seconds, "peak_mb": done.peak_bytes / 1e6, **figures}


def last_line(output: str) -> dict[str, float]:
    """The figures that end a run's output; libraries print what they like before.

    Raises:
        StoppedError: the last line is no JSON object.
    """
    lines = output.strip().splitlines()
    try:
        figures = json.loads(lines[-1]) if lines else None
    except json.JSONDecodeError:
        figures = None
    if not isinstance(figures, dict):
        raise StoppedError(f"no figures at the end of its output: {output[-TAIL:]!r}")
    return figures
