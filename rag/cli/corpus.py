"""Commands that make a corpus and look after it."""

import argparse
import json
import sys
from contextlib import nullcontext
from typing import Any

from rag.cli.options import (
    DONE,
    INCOMPLETE,
    as_option,
    at_a_job,
    command,
    held,
    json_option,
    opened,
    print_json,
    share,
)
from rag.errors import RagError


def add(commands: Any) -> None:
    """Add these commands."""
    plan = command(commands, "plan", _plan, "say what an ingest would do; writes nothing")
    json_option(plan)

    ingest = command(commands, "ingest", _ingest, "make the corpus equal its sources")
    ingest.add_argument(
        "--max-delete",
        type=share,
        default=0.3,
        metavar="SHARE",
        help="refuse to delete more than this share of the documents (default: 30%%); up to 20 always may go",
    )
    ingest.add_argument(
        "--yes",
        action="store_true",
        help="delete however many are gone from the sources, or cannot be read any more at a rebuild",
    )
    ingest.add_argument(
        "--rebuild",
        action="store_true",
        help="build everything anew, for changed index settings; the old state stays until the new one is complete, "
        "and answers meanwhile",
    )
    ingest.add_argument(
        "--watch",
        action="store_true",
        help="go on until Ctrl-C, and take over what changes in sources with `watch: true` as it happens",
    )
    ingest.add_argument(
        "--profile",
        action="store_true",
        help="also say where the time went, by stage and by library; not while another process serves the corpus",
    )
    json_option(ingest)

    verify = command(commands, "verify", _verify, "check documents and chunks against each other")
    verify.add_argument(
        "--repair",
        action="store_true",
        help="delete orphan chunks, and read and encode damaged documents again; nothing else is changed",
    )
    json_option(verify)

    show = command(commands, "show", _show, "print a document as stored")
    show.add_argument("document", metavar="DOCUMENT", help="its id, <source>:<key>")
    as_option(show)
    json_option(show)


def _plan(arguments: argparse.Namespace) -> int:
    from rag import render
    from rag.progress import steps_bar

    with opened(arguments, job=True) as corpus, steps_bar() as show:
        plan = corpus.plan(progress=show)
    print_json(plan) if arguments.json else print(render.printable(render.plan(plan)))
    return DONE


def _ingest(arguments: argparse.Namespace) -> int:
    from rag import render
    from rag.profiling import Profiler
    from rag.progress import progress_bar

    if arguments.watch:
        return _follow(arguments)
    # what another process does cannot be measured here
    opening = held if arguments.profile else at_a_job
    profiling = Profiler() if arguments.profile else nullcontext()
    with opening(arguments) as corpus, progress_bar() as show, profiling as profiler:
        share = 1.0 if arguments.yes else arguments.max_delete
        report = corpus.ingest(progress=show, max_delete=share, rebuild=arguments.rebuild)
    spent = profiler.result if profiler else None
    if arguments.json:
        profile = {"profile": spent.to_dict()} if spent else {}
        print(json.dumps({**report.to_dict(), **profile}, ensure_ascii=False))
    else:
        text = render.ingest(report)
        print(render.printable(f"{text}\n\n{render.profile(report, spent)}" if spent else text))
    return INCOMPLETE if report.failed else DONE


def _follow(arguments: argparse.Namespace) -> int:
    """A line or a JSON object a run; the first run's error ends it, a later one's is printed."""
    from threading import Event

    from rag import render
    from rag.errors import SettingsError
    from rag.progress import progress_bar

    if arguments.rebuild:
        raise SettingsError("--rebuild ends, --watch does not: rebuild first")
    if arguments.profile:
        raise SettingsError("--profile is about one run, --watch does not end: leave one of them out")
    share = 1.0 if arguments.yes else arguments.max_delete
    with at_a_job(arguments) as corpus, progress_bar() as show:
        for run, outcome in enumerate(corpus.follow(Event(), progress=show, max_delete=share)):
            if isinstance(outcome, RagError):
                if run == 0:
                    raise outcome
                print(f"rag: {outcome}", file=sys.stderr)
            elif arguments.json:
                print(json.dumps(outcome.to_dict(), ensure_ascii=False), flush=True)
            else:
                print(render.printable(render.ingest(outcome)), flush=True)
    return DONE


def _verify(arguments: argparse.Namespace) -> int:
    from rag import render
    from rag.progress import steps_bar

    with at_a_job(arguments) as corpus, steps_bar() as show:
        report = corpus.verify(repair=arguments.repair, progress=show)
    print_json(report) if arguments.json else print(render.printable(render.verify(report)))
    return DONE if report.ok else INCOMPLETE


def _show(arguments: argparse.Namespace) -> int:
    from rag import render

    with opened(arguments) as corpus:
        document = corpus.show(arguments.document, principals=arguments.principals)
    print_json(document) if arguments.json else print(render.printable(render.document(document)))
    return DONE
