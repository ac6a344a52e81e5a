"""Ingest real folders from scratch and once more unchanged: time by stage, tokens per second, peak memory, size."""

import json
import sys
import tempfile
from pathlib import Path

from benchmarks.processes import Run, allocated_bytes, measure

SETS = {"handbook": "handbook/content", "sec10q": "sec10q/pdf"}
STAGES = ("list", "fetch", "parse", "chunk", "situate", "encode", "write")


def run(data: Path) -> int:
    """Print a table for each data set that is there; 1 where none is."""
    present = {name: data / path for name, path in SETS.items() if (data / path).is_dir()}
    if not present:
        print(f"none of {', '.join(SETS.values())} is in {data}; see docs/benchmarks.md", file=sys.stderr)
        return 1
    for name, folder in present.items():
        with tempfile.TemporaryDirectory() as temporary:
            index = Path(temporary, "index")
            first, second = _ingest(folder, index), _ingest(folder, index)
            _print(name, first, second, allocated_bytes(index))
    return 0


def _ingest(folder: Path, index: Path) -> Run:
    done = measure([sys.executable, "-m", "rag", "ingest", str(folder), "--json", "--set", f"store.path={index}"])
    if done.status not in (0, 3):
        raise SystemExit(f"rag ingest {folder} ended with status {done.status}")
    return done


def _print(name: str, first: Run, second: Run, index_bytes: int) -> None:
    report, again = json.loads(first.stdout), json.loads(second.stdout)
    encode = report["stages"]["encode"]
    print(f"\n## {name}\n")
    print(f"documents: {report['new']} new, {len(report['failed'])} failed, {len(report['skipped'])} skipped")
    print(f"chunks: {report['chunks_written']}, tokens encoded: {report['tokens_encoded']}", end=", ")
    print(f"truncated: {report['tokens_truncated']}, unknown: {report['tokens_unknown']}")
    print(f"first run: {first.seconds:.1f} s, {report['tokens_encoded'] / encode:.0f} tokens/s while encoding")
    print("busy seconds: " + ", ".join(f"{stage} {report['stages'][stage]:.1f}" for stage in STAGES))
    print(f"peak memory of the process tree: {first.peak_bytes / 1e6:.0f} MB")
    print(f"index: {index_bytes / 1e6:.0f} MB, {index_bytes / max(1, report['chunks_written']):.0f} bytes a chunk")
    print(f"second run: {second.seconds:.1f} s, {again['tokens_encoded']} tokens encoded", end=", ")
    print(f"{again['unchanged']} documents unchanged, peak {second.peak_bytes / 1e6:.0f} MB")
