"""The command that fits confidence."""

import argparse
from pathlib import Path
from typing import Any

from rag.cli.options import (
    DONE,
    command,
    held,
    json_option,
    positive,
    print_json,
    share,
    warn,
    writer_option,
    writer_override,
)
from rag.render import printable


def add(commands: Any) -> None:
    """Add this command."""
    calibrate = command(commands, "calibrate", _calibrate, "fit the confidence of answers on the corpus' own questions")
    calibrate.add_argument(
        "--risk", type=share, default=0.05, metavar="SHARE", help="of unanswerable questions answered (default: 5%%)"
    )
    calibrate.add_argument(
        "--data", metavar="FILE", help="JSONL of questions of your own: question, answers (none: not answered)"
    )
    calibrate.add_argument(
        "--questions", type=positive, default=200, metavar="N", help="to generate, without --data (default: 200)"
    )
    calibrate.add_argument("--seed", type=int, default=0, metavar="S", help="of what is drawn by chance (default: 0)")
    writer_option(calibrate)
    calibrate.add_argument("--dry-run", action="store_true", help="only say what would be fitted")
    json_option(calibrate)


def _calibrate(arguments: argparse.Namespace) -> int:
    from rag import build
    from rag.evaluation import tables
    from rag.evaluation.calibrate import calibrate
    from rag.progress import steps_bar

    with held(arguments, overrides=writer_override(arguments)) as corpus:
        with steps_bar() as show:
            report = calibrate(
                corpus,
                risk=arguments.risk,
                data=Path(arguments.data) if arguments.data else None,
                questions=arguments.questions,
                seed=arguments.seed,
                model=build.build_chat_model(corpus.settings),
                keep=not arguments.dry_run,
                progress=show,
            )
        warn(corpus)
    print_json(report) if arguments.json else print(printable(tables.calibration(report)))
    return DONE
