"""What a command takes in a fresh process, beside a bare script that encodes a sentence with torch."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

RUNS = 5
QUESTION = "How do refunds work?"
BARE = f"""
import torch
from rag.models.encoder import load_encoder
from rag.settings import Embedding
load_encoder(Embedding(backend="torch")).encode([{QUESTION!r}], kind="query")
"""


def print_cold(config: Path) -> None:
    """Alternating runs, so that whatever else the machine does slows all of them alike.

    Args:
        config: of a corpus that was ingested.
    """
    commands = {
        "bare script": ["-c", BARE],
        "rag search": ["-m", "rag", "search", str(config), QUESTION],
        "rag --help": ["-m", "rag", "--help"],
    }
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, arguments in commands.items():
            spent[name].append(_seconds(arguments))
    print(f"\n## in a fresh process, median of {RUNS}\n")
    for which, unit in enumerate(("s by the clock", "s of processor time")):
        bare = statistics.median(run[which] for run in spent["bare script"])
        for name, runs in spent.items():
            found = [run[which] for run in runs]
            median = statistics.median(found)
            print(
                f"{name:12} {median:5.2f} {unit}  {median / bare:.2f} of the bare script",
                f"({min(found):.2f} to {max(found):.2f})",
            )


def _seconds(arguments: Sequence[str]) -> tuple[float, float]:
    """By the clock, and of processor time, which other processes disturb less."""
    started, before = time.perf_counter(), _processor_s()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started, _processor_s() - before


def _processor_s() -> float:
    """Of the processes that were started and have ended."""
    times = os.times()
    return times.children_user + times.children_system
