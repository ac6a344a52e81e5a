"""A process that is at a job with a corpus answers the questions of others meanwhile."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from rag.cli import main
from rag.cli.options import INTERRUPTED
from rag.corpus import Rag
from rag.doctor import diagnose
from rag.errors import StoreError, StoreInUseError
from rag.results import Answer
from rag.serving import owner
from rag.serving.address import read_address
from rag.serving.client import OwnedCorpus, reach, refuse_if_served
from rag.serving.owner import answering
from rag.settings import Settings
from rag.store.lock import OWNER_FILE
from tests.chat_server import ScriptedServer
from tests.rag.serving.process import folder_of, until, write_corpus

QUESTION = "At what temperature is green tea brewed?"


@contextmanager
def following(config: Path) -> Iterator["subprocess.Popen[str]"]:
    """`rag ingest --watch` as a process of its own."""
    # a shell starts what runs in the background so that it is deaf to Ctrl-C, and so are its children
    code = (
        "import signal, sys; from rag.cli import main; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "ingest", str(config), "--watch", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_what_follows_a_folder_is_asked_meanwhile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write_corpus(tmp_path)
    config.write_text(config.read_text().replace("name: open,", "name: open, watch: true,"))

    def asked(question: str) -> str:
        assert main(["ask", str(config), question]) == 0
        return capsys.readouterr().out

    with following(config) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["new"]
        assert "75 degrees" in asked(QUESTION)
        assert main(["show", str(config), "open:guide.md"]) == 0
        assert main(["search", str(config), "tea", "--json"]) == 0
        assert json.loads(capsys.readouterr().out.splitlines()[-1])["hits"]
        for job in (["plan"], ["ingest"], ["verify"]):
            assert main([*job, str(config), "--wait", "0.1"]) == 1
            said = capsys.readouterr().err
            assert f"in use by process {process.pid} " in said
            assert "wait until it is done" in said
            assert "search, why and ask go through it" in said
        (tmp_path / "docs" / "alpha" / "cocoa.md").write_text("# Cocoa\n\nThe cocoa of Tabora is stirred 41 times.")
        assert json.loads(process.stdout.readline())["new"] == 1
        assert "41 times" in asked("How often is the cocoa of Tabora stirred?")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == INTERRUPTED
    assert not (tmp_path / ".rag" / "facts" / OWNER_FILE).exists()
    assert main(["ingest", str(config)]) == 0


def test_beside_a_job_there_are_questions_and_no_other_job(facts: Rag, index: Path) -> None:
    with answering(facts):
        corpus = reached(facts.settings)
        assert corpus.search("tea").hits
        assert corpus.show("files:alpha/guide.md").text
        assert [event["type"] for event in corpus.stream(QUESTION)][-1] == "done"
        for job in (corpus.plan, corpus.ingest, corpus.verify):
            with pytest.raises(StoreInUseError, match="is at a job of its own: wait until it is done"):
                job()
        with pytest.raises(StoreInUseError, match="already open in this process"):  # as a job does not go through it
            reach(facts.settings, wait_s=0.1, job=True)
        lock = next(check for check in diagnose(facts.settings, offline=True).checks if check.name == "lock")
        assert (lock.status, f"process {os.getpid()} " in lock.detail) == ("ok", True)
        assert "is at a job with the corpus; questions go through it" in lock.detail
        with Rag.open(folder_of(facts), wait_s=0) as app:
            refuse_if_served(app)  # it waits for the end of the job
    assert read_address(index) is None


def test_the_job_of_an_empty_corpus_is_asked_once_there_is_something(tmp_path: Path) -> None:
    config = write_corpus(tmp_path)
    with Rag.open(config) as corpus, answering(corpus):
        assert not (tmp_path / ".rag").exists()
        corpus.ingest()
        until(lambda: read_address(tmp_path / ".rag" / "facts"))
        assert reached(corpus.settings).ask(QUESTION).sentences


def test_the_end_of_a_job_waits_for_an_answer_under_way(facts: Rag, server: ScriptedServer) -> None:
    server.replies("Green tea is brewed at 75 degrees Celsius for two minutes [1].", wait_s=2.5)
    answers: list[Answer] = []
    with answering(facts):
        thread = threading.Thread(target=lambda: answers.append(slow(facts.settings, server).ask(QUESTION)))
        thread.start()
        until(lambda: server.requests)
    thread.join(20)
    assert [answer.model for answer in answers] == ["openai:scripted"]


def test_a_job_that_is_interrupted_does_not_wait_for_long(
    facts: Rag, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, "PATIENCE_S", 0.2)
    server.replies("Green tea.", wait_s=6)
    errors: list[str] = []

    def ask() -> None:
        try:
            slow(facts.settings, server).ask(QUESTION)
        except StoreError as error:
            errors.append(str(error))

    started = time.monotonic()
    with suppress(KeyboardInterrupt), answering(facts):
        thread = threading.Thread(target=ask)
        thread.start()
        until(lambda: server.requests)
        raise KeyboardInterrupt
    assert time.monotonic() - started < 5
    thread.join(20)
    assert "ended before it answered" in errors[0]


def slow(settings: Settings, server: ScriptedServer) -> OwnedCorpus:
    """The corpus with a model, through its owner."""
    answer: dict[str, Any] = {"llm": "openai:scripted", "base_url": server.base_url}
    return reached(settings.model_copy(update={"answer": settings.answer.model_copy(update=answer)}))


def reached(settings: Settings) -> OwnedCorpus:
    corpus = reach(settings, wait_s=5)
    assert isinstance(corpus, OwnedCorpus)
    return corpus
