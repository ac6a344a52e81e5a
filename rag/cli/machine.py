"""Commands about this machine and the settings."""

import argparse
import json
from typing import Any

from rag.cli.options import DONE, FAILED, command, held, json_option


def add(commands: Any) -> None:
    """Add these commands."""
    doctor = command(commands, "doctor", _doctor, "say what would fail here, and the line that mends it")
    doctor.add_argument("--offline", action="store_true", help="there is no network: name what needs one, try nothing")
    doctor.add_argument(
        "--benchmark",
        action="store_true",
        help="also measure how fast the encoder is here by each embedding.backend and embedding.dtype, and what they "
        "change in what is found; on chunks of the corpus, which has to be ingested and not in use",
    )
    json_option(doctor)

    config = commands.add_parser("config", help="look at settings", description="Look at settings.")
    inner = config.add_subparsers(title="commands", metavar="COMMAND", required=True)
    shown = command(inner, "show", _config_show, "print the effective settings, and where each comes from")
    json_option(shown)


def _doctor(arguments: argparse.Namespace) -> int:
    from rag import render
    from rag.benchmark import benchmark
    from rag.doctor import diagnose
    from rag.settings import load_settings

    found = diagnose(load_settings(arguments.config, arguments.set), offline=arguments.offline)
    measured = None
    if arguments.benchmark and found.ok:
        with held(arguments) as corpus:
            measured = benchmark(corpus)
    if arguments.json:
        speeds = {"benchmark": measured.to_dict()} if measured else {}
        print(json.dumps({**found.to_dict(), **speeds}, ensure_ascii=False))
    else:
        text = render.doctor(found)
        print(render.printable(f"{text}\n\n{render.benchmark(measured)}" if measured else text))
    return DONE if found.ok else FAILED


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
