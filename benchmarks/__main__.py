"""`python -m benchmarks NAME --data DIR`: what the README's figures come from. See docs/benchmarks.md for the data."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import (
    chat,
    citations,
    claims,
    conversations,
    encoding,
    files,
    graph,
    ingest,
    memory,
    pages,
    pdf,
    planning,
    retrieval,
    scale,
    spelling,
    streaming,
)
from benchmarks.ablation import table as ablation
from benchmarks.peers import harness as peers

BENCHMARKS: Mapping[str, Callable[..., int]] = {
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
    "spelling": spelling.run,
    "streaming": streaming.run,
}


def main() -> int:
    """Run one benchmark and print its table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure on real documents.")
    of_all = argparse.ArgumentParser(add_help=False)
    of_all.add_argument("--data", type=Path, required=True, help="folder with the data sets, see docs/benchmarks.md")
    names = parser.add_subparsers(dest="name", required=True, metavar="NAME")
    for name, run in BENCHMARKS.items():
        names.add_parser(name, parents=[of_all]).set_defaults(run=lambda options, run=run: run(options.data))
    for name, benchmark in (("ablation", ablation), ("graph", graph), ("peers", peers), ("scale", scale)):
        with_options = names.add_parser(name, parents=[of_all])
        benchmark.add_options(with_options)
        with_options.set_defaults(run=benchmark.run)
    of_none = names.add_parser("planning")
    planning.add_options(of_none)
    of_none.set_defaults(run=planning.run, data=Path())
    options = parser.parse_args()
    if not options.data.is_dir():
        parser.error(f"--data {options.data}: no such folder")
    return int(options.run(options))


if __name__ == "__main__":
    sys.exit(main())
