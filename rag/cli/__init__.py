"""The command line. Handlers only parse, call `Rag` and print."""

import argparse
import atexit
import gc
import json
import logging
import sys
from collections.abc import Sequence

from rag.cli import calibration, corpus, evaluation, machine, questions, users
from rag.cli.options import DONE, FAILED, INTERRUPTED
from rag.errors import RagError

EPILOG = """examples:
  rag ingest docs                              make a corpus of a folder, or bring it up to date
  rag ask docs "How do refunds work?"          an answer with checked citations
  rag search docs "refund" --where team=billing -k 5
  rag ingest corpus.yaml --set chunking.max_tokens=120 --rebuild
  rag ingest corpus.yaml --set chunking.kind=topic --rebuild     cut by topic; encodes every text twice
  rag chat docs                                the web chat

exit status: 0 done, 1 an error in one line, 2 wrong usage, 3 finished with failed documents or findings,
130 interrupted
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    # 200,000 objects of imports stay: looking for garbage among them takes .2 s meanwhile, and .4 s at the end; with
    # Python's threshold of 700 new objects, a large listing is looked through often, too
    gc.set_threshold(50_000)
    atexit.register(gc.freeze)
    arguments = build_parser().parse_args(argv)
    logging.basicConfig(level=logging.DEBUG if arguments.debug else logging.WARNING, stream=sys.stderr)
    try:
        status: int = arguments.run(arguments)
    except KeyboardInterrupt as interrupt:
        print(str(interrupt) or "interrupted; what was finished is kept", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe went away, as `| head` does
        sys.stderr.close()
        return DONE
    except RagError as error:
        if arguments.debug:
            raise
        print(f"rag: {error}", file=sys.stderr)
        if getattr(arguments, "json", False):
            print(json.dumps({"error": {"type": type(error).__name__, "message": str(error)}}, ensure_ascii=False))
        return FAILED
    return status


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="rag",
        description="Ask your documents: retrieval with situated chunks and checked citations, offline by default.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    for group in (corpus, questions, users, machine, evaluation, calibration):
        group.add(commands)
    return parser


class _Version(argparse.Action):
    """Looks the version up when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # 40 ms

        print(f"situated-rag {version('situated-rag')}")
        parser.exit()
