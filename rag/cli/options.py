"""What the commands share: arguments, exit statuses, printing."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.corpus import Rag
    from rag.serving.client import OwnedCorpus

DONE, FAILED, USAGE, INCOMPLETE, INTERRUPTED = 0, 1, 2, 3, 130


def command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], text: str, *, many: bool = False
) -> argparse.ArgumentParser:
    """A command that takes a corpus."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.set_defaults(run=run)
    parser.add_argument(
        "config", metavar="CONFIG", nargs="+" if many else None, help="a corpus file (YAML), or a folder of documents"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a key, for example chunking.max_tokens=100",
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=10.0,
        metavar="SECONDS",
        help="wait so long for another process that holds the index (default: 10)",
    )
    parser.add_argument("--debug", action="store_true", help="show the trace of an error")
    return parser


def json_option(parser: argparse.ArgumentParser) -> None:
    """--json."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def where_option(parser: argparse.ArgumentParser) -> None:
    """--where."""
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="only documents whose field or metadata key has this value; a name given twice means either value; with "
        "NAME>=VALUE and NAME<VALUE (in quotes) numbers and dates from one value up to another",
    )


def as_option(parser: argparse.ArgumentParser) -> None:
    """--as."""
    parser.add_argument(
        "--as",
        dest="principals",
        action="append",
        default=None,
        metavar="PRINCIPAL",
        help="see only what this principal may see; may be repeated (default: everything)",
    )


def share(text: str) -> float:
    """An argument that is a share: 30%, or 0.3."""
    number, percent = text.removesuffix("%"), text.endswith("%")
    try:
        value = float(number) / 100 if percent else float(number)
    except ValueError:
        value = -1
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text}: a share is 0% to 100%, or 0 to 1")
    return value


def positive(text: str) -> int:
    """An argument that is a whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: a whole number, at least 1")
    return int(text)


def megabytes(text: str) -> float:
    """An argument that is a size of files, from 0."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: megabytes, at least 0")
    return value


def writer_option(parser: argparse.ArgumentParser) -> None:
    """`--llm`, who writes questions."""
    parser.add_argument(
        "--llm",
        metavar="MODEL",
        help="provider:model that writes the questions, or none: sentences are taken out (default: answer.llm)",
    )


def writer_override(arguments: argparse.Namespace) -> list[str]:
    """What `--llm` sets."""
    if not arguments.llm:
        return []
    return [f"answer.llm={'null' if arguments.llm == 'none' else arguments.llm}"]


def opened(arguments: argparse.Namespace, *, job: bool = False) -> "Rag | OwnedCorpus":
    """The corpus that the arguments name; through the process that serves it, where there is one.

    Args:
        job: it is not only asked: see `rag.serving.client.reach`.
    """
    from rag.serving.client import reach
    from rag.settings import load_settings

    return reach(load_settings(arguments.config, arguments.set), wait_s=arguments.wait, job=job)


@contextmanager
def at_a_job(arguments: argparse.Namespace) -> "Iterator[Rag | OwnedCorpus]":
    """The corpus, for a job with it; where this process holds its index, other commands may ask it meanwhile."""
    from rag.corpus import Rag
    from rag.serving.owner import answering

    with opened(arguments, job=True) as corpus, answering(corpus) if isinstance(corpus, Rag) else nullcontext():
        yield corpus


def held(arguments: argparse.Namespace, *, overrides: Sequence[str] = ()) -> "Rag":
    """The corpus that the arguments name, for commands that read all of it: no other process may hold it.

    Args:
        overrides: after those of `--set`.
    """
    from rag.corpus import Rag

    return Rag.open(arguments.config, overrides=[*arguments.set, *overrides], wait_s=arguments.wait)


def warn(corpus: "Rag | OwnedCorpus") -> None:
    """Print the corpus' warnings."""
    for warning in corpus.warnings:
        print(f"rag: warning: {warning}", file=sys.stderr)


def print_json(value: Any) -> None:
    """Print a result as one JSON object."""
    print(json.dumps(value.to_dict(), ensure_ascii=False))
