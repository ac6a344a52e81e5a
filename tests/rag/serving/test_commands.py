"""Every command through the owner does what it does alone."""

import json
import re
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from rag.cli import main
from tests.rag.serving.process import OwnerProcess, reached

QUESTION = "At what temperature is green tea brewed?"
GUIDE = "open:guide.md"
REBUILT = "chunking.max_tokens=60"

COMMANDS = [
    ["plan", "--json"],
    ["ingest", "--json"],
    ["verify", "--json"],
    ["show", GUIDE, "--json"],
    ["search", "How long does a French press steep?"],
    ["search", "guide", "-k", "1", "--trace", "--json"],
    ["search", "guide", "--where", "year=2024", "--json"],
    ["search", "guide", "--as", "guest"],
    ["why", "tea", GUIDE],
    ["ask", QUESTION],
    ["ask", QUESTION, "--json"],
    ["ask", QUESTION, "--stream"],
    ["ask", "What is the capital of Mongolia?"],
    # with other settings than the owner's
    ["search", "guide", "--set", "retrieval.top_k=1", "--json"],
    ["search", "guide", "--set", REBUILT],
    ["ask", QUESTION, "--set", "answer.max_sentences=1", "--set", "retrieval.weights.lexical=0.9", "--json"],
    # that fail
    ["show", "open:none.md"],
    ["show", "closed:guide.md", "--as", "guest", "--json"],
    ["ingest", "--set", REBUILT, "--json"],
    ["search", "guide", "--set", "lexical.k1=2"],
    ["ask", QUESTION, "--set", "answer.llm=nobody:none", "--json"],
    ["ask", QUESTION, "--set", "answer.llm=openai:none"],
]


def printed(config: Path, command: list[str]) -> tuple[int, Any, str]:
    """Exit status, stdout, stderr; without times."""
    name, *words = command
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
        status = main([name, str(config), *words])
    if "--json" in words:
        return status, [_timeless(json.loads(line)) for line in out.getvalue().splitlines()], err.getvalue()
    return status, re.sub(r"\d+(\.\d+)? m?s\b", "<time>", out.getvalue()), err.getvalue()


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        times = {key: sorted(value[key]) for key in ("timings_ms", "stages") if key in value}
        return {key: _timeless(item) for key, item in value.items() if key != "seconds"} | times
    return [_timeless(item) for item in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def alone(process: OwnerProcess) -> dict[str, tuple[int, Any, str]]:
    """What every command prints while nobody owns the corpus."""
    with process.away():
        return {" ".join(command): printed(process.config, command) for command in COMMANDS}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_prints_the_same(
    process: OwnerProcess, alone: dict[str, tuple[int, Any, str]], command: list[str]
) -> None:
    assert printed(process.config, command) == alone[" ".join(command)]
    assert process.address.pid == process.pid


def test_the_words_of_an_answer_come_one_by_one(process: OwnerProcess) -> None:
    with reached(process) as corpus:
        events = corpus.stream(QUESTION)
        assert next(events)["type"] == "retrieval"
        assert [event["type"] for event in events][-1] == "done"
        assert corpus.warnings == []
