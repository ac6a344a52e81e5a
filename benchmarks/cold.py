"""What a command takes in a fresh process, beside a bare script that only encodes a sentence."""

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
load_encoder(Embedding()).encode([{QUESTION!r}], kind="query")
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
    spent: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, arguments in commands.items():
            spent[name].append(_seconds(arguments))
    print(f"\n## in a fresh process, median of {RUNS}\n")
    bare = statistics.median(spent["bare script"])
    for name, seconds in spent.items():
        median = statistics.median(seconds)
        print(
            f"{name:12} {median:5.2f} s  {median / bare:.2f} of the bare script",
            f"({min(seconds):.2f} to {max(seconds):.2f})",
        )


def _seconds(arguments: Sequence[str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started
