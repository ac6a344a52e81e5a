"""`python -m benchmarks NAME --data DIR`: what the README's figures come from. See docs/benchmarks.md for the data."""

import argparse
import sys
from pathlib import Path

from benchmarks import (
    ablation,
    chat,
    citations,
    claims,
    conversations,
    encoding,
    files,
    ingest,
    memory,
    pages,
    pdf,
    retrieval,
    streaming,
)

BENCHMARKS = {
    "ablation": ablation.run,
    "chat": chat.run,
    "citations": citations.run,
    "claims": claims.run,
    "conversations": conversations.run,
    "encoding": encoding.run,
    "files": files.run,
    "ingest": ingest.run,
    "memory": memory.run,
    "pages": pages.run,
    "pdf": pdf.run,
    "retrieval": retrieval.run,
    "streaming": streaming.run,
}


def main() -> int:
    """Run one benchmark and print its table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure on real documents.")
    parser.add_argument("name", choices=sorted(BENCHMARKS))
    parser.add_argument("--data", type=Path, required=True, help="folder with the data sets, see docs/benchmarks.md")
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        parser.error(f"--data {arguments.data}: no such folder")
    return BENCHMARKS[arguments.name](arguments.data)


if __name__ == "__main__":
    sys.exit(main())
