"""`python -m benchmarks NAME --data DIR`: what the README's figures come from. See docs/benchmarks.md for the data."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import (
    ablation,
    citations,
    claims,
    conversations,
    files,
    ingest,
    memory,
    pages,
    pdf,
    retrieval,
    scale,
    streaming,
)

BENCHMARKS: Mapping[str, Callable[..., int]] = {
    "ablation": ablation.run,
    "citations": citations.run,
    "claims": claims.run,
    "conversations": conversations.run,
    "files": files.run,
    "ingest": ingest.run,
    "memory": memory.run,
    "pages": pages.run,
    "pdf": pdf.run,
    "retrieval": retrieval.run,
    "scale": scale.run,
    "streaming": streaming.run,
}


def main() -> int:
    """Run one benchmark and print its table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure on real documents.")
    parser.add_argument("name", choices=sorted(BENCHMARKS))
    parser.add_argument("--data", type=Path, required=True, help="folder with the data sets, see docs/benchmarks.md")
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N", help="of scale: corpora of so many chunks")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="of scale: where its indexes stay and are used again")
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        parser.error(f"--data {arguments.data}: no such folder")
    given = {name: value for name in ("sizes", "keep") if (value := getattr(arguments, name)) is not None}
    if given and arguments.name != "scale":
        parser.error(f"--{min(given)} is an option of scale alone")
    return BENCHMARKS[arguments.name](arguments.data, **given)


if __name__ == "__main__":
    sys.exit(main())
