"""What a job takes of the memory: files of every kind at once, and few or many small files."""

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.processes import Run, measure

MIXED = {"files": "files", "reports": "sec10q/pdf"}
SMALL = (1_000, 10_000, 100_000)
WORDS = [
    "granite",
    "basalt",
    "marble",
    "slate",
    "gneiss",
    "schist",
    "quartz",
    "shale",
    "tuff",
    "chalk",
    "flint",
    "amber",
    "jasper",
    "onyx",
    "opal",
    "coal",
]


def run(data: Path) -> int:
    """Print the peaks; the mixed folders are left out where they are not there."""
    present = {name: data / path for name, path in MIXED.items() if (data / path).is_dir()}
    with tempfile.TemporaryDirectory() as folder:
        if present:
            sources = [{"kind": "files", "name": n, "path": str(p), "include": ["**/*"]} for n, p in present.items()]
            _print(f"{' and '.join(map(str, MIXED.values()))}, two workers", _ingest(Path(folder), "mixed", sources))
        else:
            print(f"none of {', '.join(MIXED.values())} is in {data}; see docs/benchmarks.md", file=sys.stderr)
        for number in SMALL:
            path = Path(folder, f"small-{number}")
            _write_small(path, number)
            _print(f"{number:,} small files", _ingest(Path(folder), path.name, [{"kind": "files", "path": str(path)}]))
    return 0


def _ingest(folder: Path, name: str, sources: Sequence[Mapping[str, object]]) -> Run:
    config = folder / f"{name}.yaml"
    config.write_text(json.dumps({"name": name, "sources": sources, "parsing": {"workers": 2}}))
    done = measure([sys.executable, "-m", "rag", "ingest", str(config), "--json"])
    if done.status not in (0, 3):
        raise SystemExit(f"rag ingest {config} ended with status {done.status}")
    return done


def _write_small(path: Path, number: int) -> None:
    path.mkdir()
    for n in range(number):
        first, second = WORDS[n % len(WORDS)], WORDS[n // len(WORDS) % len(WORDS)]
        (path / f"{n:05}.md").write_text(f"# Sample {n}\n\nSample {n} is {first} with {second}, found at site {n}.\n")


def _print(what: str, done: Run) -> None:
    report = json.loads(done.stdout)
    print(
        f"{what}: {report['new']} documents, {len(report['failed'])} failed, {report['chunks_written']} chunks, ",
        end="",
    )
    print(f"{done.seconds:.0f} s")
    print(f"    peak of the process tree {done.peak_bytes / 1e6:,.0f} MB, ", end="")
    print(f"of the parent process alone {done.parent_peak_bytes / 1e6:,.0f} MB, ", end="")
    print(f"of the tree without mapped files {done.own_peak_bytes / 1e6:,.0f} MB", flush=True)
