"""Commands that measure."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.cli.options import (
    DONE,
    INCOMPLETE,
    command,
    held,
    json_option,
    positive,
    print_json,
    warn,
    writer_option,
    writer_override,
)
from rag.render import printable

if TYPE_CHECKING:
    from rag.evaluation.beir import Dataset
    from rag.evaluation.retrieval import RetrievalReport

_BEIR = "folder in the BEIR layout: corpus.jsonl, queries.jsonl, qrels/test.tsv"


def add(commands: Any) -> None:
    """Add these commands."""
    evaluate = commands.add_parser("eval", help="measure quality", description="Measure quality.")
    kinds = evaluate.add_subparsers(title="commands", metavar="COMMAND", required=True)

    retrieval = command(kinds, "retrieval", _retrieval, "measure retrieval with the settings on judged queries")
    retrieval.add_argument("--data", required=True, metavar="DIR", help=_BEIR)
    retrieval.add_argument("--keep", metavar="PATH", help="keep the corpus that is made of the data in this new folder")
    retrieval.add_argument(
        "--per-query", metavar="FILE", help="write every query's metrics there, a JSON object a line"
    )
    retrieval.add_argument(
        "--foreign",
        action="append",
        default=[],
        metavar="FILE",
        help="queries.jsonl of questions that the data do not answer: how well scores tell them apart; may be repeated",
    )
    retrieval.add_argument(
        "--picture", metavar="FILE", help="draw how the scores of own and foreign questions are spread there, as SVG"
    )
    json_option(retrieval)

    generate = command(kinds, "generate", _generate, "make questions from an ingested corpus to measure it with")
    generate.add_argument("--out", required=True, metavar="DIR", help="new folder for them, in the BEIR layout")
    generate.add_argument(
        "--questions", type=positive, default=100, metavar="N", help="at most, and as many unanswerable (default: 100)"
    )
    generate.add_argument("--seed", type=int, default=0, metavar="S", help="of what is drawn by chance (default: 0)")
    writer_option(generate)
    json_option(generate)

    compare = command(kinds, "compare", _compare, "measure two settings on the same queries, and test the difference")
    compare.add_argument("other", metavar="OTHER", help="the corpus file to compare with; --set is about this one")
    compare.add_argument("--data", required=True, metavar="DIR", help=_BEIR)
    compare.add_argument("--by", default="ndcg@10", metavar="METRIC", help="order queries by it (default: ndcg@10)")
    compare.add_argument("--picture", metavar="FILE", help="draw every query's gain or loss there, as SVG")
    json_option(compare)

    chunking = command(kinds, "chunking", _chunking, "measure how well chunks fit passages that answer questions")
    chunking.add_argument(
        "--data", required=True, metavar="DIR", help="folder with questions.csv and the texts in corpora/"
    )
    chunking.add_argument("-n", type=positive, default=5, metavar="N", help="hits that count (default: 5)")
    json_option(chunking)

    answers = command(kinds, "answers", _answers, "ask questions with known answers: answers, citations, abstention")
    answers.add_argument(
        "--data", required=True, metavar="FILE", help="JSONL: question, answers (none: not answered), perhaps evidence"
    )
    answers.add_argument(
        "--corpus", metavar="DIR", help=f"ask a temporary corpus of this {_BEIR}, instead of the corpus itself"
    )
    answers.add_argument("--per-question", metavar="FILE", help="write every answer there, a JSON object a line")
    answers.add_argument(
        "--picture", metavar="FILE", help="draw there how many answers are wrong if only the surest are given, as SVG"
    )
    json_option(answers)

    gate = command(kinds, "gate", _gate, "measure retrieval, and exit with 3 where a metric fell below a baseline")
    gate.add_argument("--data", required=True, metavar="DIR", help=_BEIR)
    gate.add_argument(
        "--baseline", required=True, metavar="FILE", help="what `rag eval retrieval --json` printed, or {metric: value}"
    )
    gate.add_argument(
        "--tolerance", type=float, default=0.0, metavar="SHARE", help="how far below it may fall (default: 0)"
    )
    json_option(gate)


def _retrieval(arguments: argparse.Namespace) -> int:
    from rag.evaluation import tables
    from rag.evaluation.beir import load_beir
    from rag.evaluation.picture import spread
    from rag.evaluation.separation import read_foreign

    dataset, foreign = load_beir(Path(arguments.data)), read_foreign([Path(path) for path in arguments.foreign])
    report = _measured(arguments.config, arguments.set, dataset, keep=arguments.keep, foreign=foreign)
    if arguments.picture:
        Path(arguments.picture).write_text(spread(report), encoding="utf-8")
    if arguments.per_query:
        rows = [json.dumps({"query": id, **values}, ensure_ascii=False) for id, values in report.per_query.items()]
        Path(arguments.per_query).write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    print_json(report) if arguments.json else print(printable(tables.retrieval(report)))
    return DONE


def _generate(arguments: argparse.Namespace) -> int:
    from rag import build
    from rag.evaluation import tables
    from rag.evaluation.generate import generate
    from rag.progress import steps_bar

    with held(arguments, overrides=writer_override(arguments)) as corpus:
        with steps_bar() as show:
            report = generate(
                corpus,
                Path(arguments.out),
                questions=arguments.questions,
                seed=arguments.seed,
                model=build.build_chat_model(corpus.settings),
                progress=show,
            )
        warn(corpus)
    print_json(report) if arguments.json else print(printable(tables.generation(report)))
    return DONE


def _compare(arguments: argparse.Namespace) -> int:
    """`--set` is about the second, so that a file can be compared with a variant of itself."""
    from rag.errors import EvaluationError
    from rag.evaluation import tables
    from rag.evaluation.beir import load_beir
    from rag.evaluation.comparison import compare
    from rag.evaluation.metrics import NAMES
    from rag.evaluation.picture import bars

    if arguments.by not in NAMES:
        raise EvaluationError(f"--by {arguments.by}: metrics are {', '.join(NAMES)}")
    dataset = load_beir(Path(arguments.data))
    first = _measured(arguments.config, [], dataset)
    second = _measured(arguments.other, arguments.set, dataset)
    names = (Path(arguments.config).stem, " ".join([Path(arguments.other).stem, *arguments.set]))
    found = compare(first, second, names=names, queries=dataset.queries, by=arguments.by)
    if arguments.picture:
        Path(arguments.picture).write_text(bars(found), encoding="utf-8")
    print_json(found) if arguments.json else print(printable(tables.comparison(found)))
    return DONE


def _chunking(arguments: argparse.Namespace) -> int:
    from rag.evaluation import tables
    from rag.evaluation.chunking import evaluate_chunking
    from rag.progress import steps_bar
    from rag.settings import load_settings

    with steps_bar() as show:
        settings = load_settings(arguments.config, arguments.set)
        report = evaluate_chunking(settings, Path(arguments.data), passages=arguments.n, progress=show)
    print_json(report) if arguments.json else print(printable(tables.chunking(report)))
    return DONE


def _answers(arguments: argparse.Namespace) -> int:
    from rag.evaluation import tables
    from rag.evaluation.answers import load_questions
    from rag.evaluation.asking import evaluate_corpus, evaluate_passages
    from rag.evaluation.beir import load_beir
    from rag.evaluation.picture import risk
    from rag.progress import steps_bar
    from rag.settings import load_settings

    path = Path(arguments.data)
    questions = load_questions(path)
    with steps_bar() as show:
        if arguments.corpus:
            settings, dataset = load_settings(arguments.config, arguments.set), load_beir(Path(arguments.corpus))
            report = evaluate_passages(settings, dataset, questions, path, progress=show)
        else:
            with held(arguments) as corpus:
                report = evaluate_corpus(corpus, questions, path, progress=show)
                warn(corpus)
    if arguments.picture:
        Path(arguments.picture).write_text(risk(report), encoding="utf-8")
    if arguments.per_question:
        rows = [json.dumps(marked.to_dict(), ensure_ascii=False) for marked in report.marked]
        Path(arguments.per_question).write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    print_json(report) if arguments.json else print(printable(tables.answers(report)))
    return DONE


def _gate(arguments: argparse.Namespace) -> int:
    from rag.evaluation import tables
    from rag.evaluation.beir import load_beir
    from rag.evaluation.gate import check, read_baseline

    baseline = read_baseline(Path(arguments.baseline))
    report = _measured(arguments.config, arguments.set, load_beir(Path(arguments.data)))
    found = check(report.metrics, baseline, tolerance=arguments.tolerance)
    print_json(found) if arguments.json else print(printable(tables.gate(found)))
    return DONE if found.ok else INCOMPLETE


def _measured(
    config: str,
    overrides: list[str],
    dataset: "Dataset",
    *,
    keep: str | None = None,
    foreign: Mapping[str, Sequence[str]] | None = None,
) -> "RetrievalReport":
    from rag.evaluation.retrieval import evaluate_retrieval
    from rag.progress import steps_bar
    from rag.settings import load_settings

    settings = load_settings(config, overrides)
    with steps_bar() as show:
        kept = Path(keep) if keep else None
        return evaluate_retrieval(settings, dataset, foreign=foreign, keep=kept, progress=show)
