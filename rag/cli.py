"""The command line. Handlers only parse, call `Rag` and print."""

import argparse
import json
import logging
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rag.errors import RagError

if TYPE_CHECKING:
    from rag.corpus import Rag

DONE, FAILED, USAGE, INCOMPLETE, INTERRUPTED = 0, 1, 2, 3, 130

EPILOG = """examples:
  rag ingest docs                              make a corpus of a folder, or bring it up to date
  rag ask docs "How do refunds work?"          an answer with checked citations
  rag search docs "refund" --where team=billing -k 5
  rag ingest corpus.yaml --set chunking.max_tokens=120 --rebuild
  rag chat docs                                the web chat

exit status: 0 done, 1 an error in one line, 2 wrong usage, 3 finished with failed documents or findings,
130 interrupted
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    arguments = build_parser().parse_args(argv)
    logging.basicConfig(level=logging.DEBUG if arguments.debug else logging.WARNING, stream=sys.stderr)
    try:
        status: int = arguments.run(arguments)
    except KeyboardInterrupt:
        print("interrupted; what was finished is kept", file=sys.stderr)
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
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    plan = _command(commands, "plan", _plan, "say what an ingest would do; writes nothing")
    _json_option(plan)

    ingest = _command(commands, "ingest", _ingest, "make the corpus equal its sources")
    ingest.add_argument(
        "--max-delete",
        type=_share,
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
        help="build everything anew, for changed index settings; the old state answers until the new one is complete",
    )
    ingest.add_argument(
        "--watch",
        action="store_true",
        help="go on until Ctrl-C, and take over what changes in sources with `watch: true` as it happens",
    )
    _json_option(ingest)

    verify = _command(commands, "verify", _verify, "check documents and chunks against each other")
    verify.add_argument(
        "--repair",
        action="store_true",
        help="delete orphan chunks, and read and encode damaged documents again; nothing else is changed",
    )
    _json_option(verify)

    show = _command(commands, "show", _show, "print a document as stored")
    show.add_argument("document", metavar="DOCUMENT", help="its id, <source>:<key>")
    _as_option(show)
    _json_option(show)

    search = _command(commands, "search", _search, "print the chunks that fit a query best")
    search.add_argument("query", metavar="QUERY")
    search.add_argument("-k", type=_positive, default=None, metavar="N", help="how many (default: retrieval.top_k)")
    _where_option(search)
    _as_option(search)
    _json_option(search)

    ask = _command(commands, "ask", _ask, "answer a question, with citations")
    ask.add_argument("question", metavar="QUESTION")
    ask.add_argument("--stream", action="store_true", help="print the answer as it comes")
    _where_option(ask)
    _as_option(ask)
    _json_option(ask)

    chat = _command(commands, "chat", _chat, "open the web chat", many=True)
    chat.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    chat.add_argument("--port", type=int, default=7860, help="port to listen on (default: 7860)")

    doctor = _command(commands, "doctor", _doctor, "say what would fail here, and the line that mends it")
    doctor.add_argument("--offline", action="store_true", help="there is no network: name what needs one, try nothing")
    _json_option(doctor)

    evaluate = commands.add_parser("eval", help="measure quality", description="Measure quality.")
    kinds = evaluate.add_subparsers(title="commands", metavar="COMMAND", required=True)
    retrieval = _command(kinds, "retrieval", _eval_retrieval, "measure retrieval with the settings on judged queries")
    retrieval.add_argument(
        "--data",
        required=True,
        metavar="DIR",
        help="folder in the BEIR layout: corpus.jsonl, queries.jsonl, qrels/test.tsv",
    )
    retrieval.add_argument("--keep", metavar="PATH", help="keep the corpus that is made of the data in this new folder")
    retrieval.add_argument(
        "--per-query", metavar="FILE", help="write every query's metrics there, a JSON object a line"
    )
    _json_option(retrieval)

    config = commands.add_parser("config", help="look at settings", description="Look at settings.")
    inner = config.add_subparsers(title="commands", metavar="COMMAND", required=True)
    shown = _command(inner, "show", _config_show, "print the effective settings, and where each comes from")
    _json_option(shown)
    return parser


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], text: str, *, many: bool = False
) -> argparse.ArgumentParser:
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


def _json_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _where_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="only documents whose field or metadata key has this value; a name given twice means either value",
    )


def _as_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--as",
        dest="principals",
        action="append",
        default=None,
        metavar="PRINCIPAL",
        help="see only what this principal may see; may be repeated (default: everything)",
    )


def _share(text: str) -> float:
    number, percent = text.removesuffix("%"), text.endswith("%")
    try:
        value = float(number) / 100 if percent else float(number)
    except ValueError:
        value = -1
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text}: a share is 0% to 100%, or 0 to 1")
    return value


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: a whole number, at least 1")
    return int(text)


def _opened(arguments: argparse.Namespace) -> "Rag":
    from rag.corpus import Rag

    return Rag.open(arguments.config, overrides=arguments.set, wait_s=arguments.wait)


def _warn(corpus: "Rag") -> None:
    for warning in corpus.warnings:
        print(f"rag: warning: {warning}", file=sys.stderr)


def _print_json(value: Any) -> None:
    print(json.dumps(value.to_dict(), ensure_ascii=False))


def _plan(arguments: argparse.Namespace) -> int:
    from rag import render

    with _opened(arguments) as corpus:
        plan = corpus.plan()
    _print_json(plan) if arguments.json else print(render.printable(render.plan(plan)))
    return DONE


def _ingest(arguments: argparse.Namespace) -> int:
    from rag import render
    from rag.progress import progress_bar

    if arguments.watch:
        return _follow(arguments)
    with _opened(arguments) as corpus, progress_bar() as show:
        share = 1.0 if arguments.yes else arguments.max_delete
        report = corpus.ingest(progress=show, max_delete=share, rebuild=arguments.rebuild)
    _print_json(report) if arguments.json else print(render.printable(render.ingest(report)))
    return INCOMPLETE if report.failed else DONE


def _follow(arguments: argparse.Namespace) -> int:
    """A line or a JSON object a run; the first run's error ends it, a later one's is printed."""
    from threading import Event

    from rag import render
    from rag.errors import SettingsError
    from rag.progress import progress_bar

    if arguments.rebuild:
        raise SettingsError("--rebuild ends, --watch does not: rebuild first")
    share = 1.0 if arguments.yes else arguments.max_delete
    with _opened(arguments) as corpus, progress_bar() as show:
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

    with _opened(arguments) as corpus:
        report = corpus.verify(repair=arguments.repair)
    _print_json(report) if arguments.json else print(render.printable(render.verify(report)))
    return DONE if report.ok else INCOMPLETE


def _show(arguments: argparse.Namespace) -> int:
    from rag import render

    with _opened(arguments) as corpus:
        document = corpus.show(arguments.document, principals=arguments.principals)
    _print_json(document) if arguments.json else print(render.printable(render.document(document)))
    return DONE


def _search(arguments: argparse.Namespace) -> int:
    from rag import render
    from rag.retrieval.filters import parse_where

    with _opened(arguments) as corpus:
        result = corpus.search(
            arguments.query, top_k=arguments.k, where=parse_where(arguments.where), principals=arguments.principals
        )
        _warn(corpus)
    _print_json(result) if arguments.json else print(render.printable(render.search(result)))
    return DONE


def _ask(arguments: argparse.Namespace) -> int:
    from rag import render
    from rag.retrieval.filters import parse_where

    scope = {"where": parse_where(arguments.where), "principals": arguments.principals}
    with _opened(arguments) as corpus:
        if arguments.stream:
            return _stream(corpus, arguments, scope)
        answer = corpus.ask(arguments.question, **scope)
        _warn(corpus)
    _print_json(answer) if arguments.json else print(render.printable(render.answer(answer)))
    return DONE


def _stream(corpus: "Rag", arguments: argparse.Namespace, scope: dict[str, Any]) -> int:
    """With --json one event a line; else the words as they come, then the sources."""
    from rag import render

    printed = False
    for event in corpus.stream(arguments.question, **scope):
        if arguments.json:
            print(json.dumps(event, ensure_ascii=False), flush=True)
        elif event["type"] == "token":
            print(render.printable(event["text"]), end="", flush=True)
            printed = True
        elif event["type"] == "retrieval" and printed:  # the model failed half way: the answer starts over
            print("\n---")
        elif event["type"] == "done":
            print(render.printable("\n" + render.after_stream(event["answer"])))
    _warn(corpus)
    return DONE


def _chat(arguments: argparse.Namespace) -> int:
    from rag.corpus import Rag
    from ui.app import serve

    corpora = [Rag.open(config, overrides=arguments.set, wait_s=arguments.wait) for config in arguments.config]
    try:
        serve(corpora, host=arguments.host, port=arguments.port)
    finally:
        for corpus in corpora:
            corpus.close()
    return DONE


def _doctor(arguments: argparse.Namespace) -> int:
    from rag import render
    from rag.doctor import diagnose
    from rag.settings import load_settings

    found = diagnose(load_settings(arguments.config, arguments.set), offline=arguments.offline)
    _print_json(found) if arguments.json else print(render.printable(render.doctor(found)))
    return DONE if found.ok else FAILED


def _eval_retrieval(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from rag import render
    from rag.evaluation.beir import load_beir
    from rag.evaluation.retrieval import evaluate_retrieval
    from rag.progress import steps_bar
    from rag.settings import load_settings

    settings = load_settings(arguments.config, arguments.set)
    dataset = load_beir(Path(arguments.data))
    with steps_bar() as show:
        keep = Path(arguments.keep) if arguments.keep else None
        report = evaluate_retrieval(settings, dataset, keep=keep, progress=show)
    if arguments.per_query:
        rows = [json.dumps({"query": id, **values}, ensure_ascii=False) for id, values in report.per_query.items()]
        Path(arguments.per_query).write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    _print_json(report) if arguments.json else print(render.printable(render.retrieval(report)))
    return DONE


def _config_show(arguments: argparse.Namespace) -> int:
    from rag import render
    from rag.settings import load_with_origins

    settings, origins = load_with_origins(arguments.config, arguments.set)
    values = settings.model_dump(mode="json")
    if arguments.json:
        print(json.dumps({**values, "origins": origins}, ensure_ascii=False))
    else:
        print(render.printable("\n".join(render.settings(values, origins))))
    return DONE
