"""The owner is a process of its own: other settings, several clients, its violent end."""

import threading
import time

import pytest

from rag.cli import main
from rag.errors import StoreError
from rag.reports import IngestReport
from rag.results import Answer
from rag.serving.client import OwnedCorpus, reach
from rag.settings import load_settings
from rag.store.lock import OWNER_FILE
from tests.chat_server import ScriptedServer
from tests.rag.serving.process import OwnerProcess, reached

QUESTION = "At what temperature is green tea brewed?"


def test_two_clients_are_answered_at_once(process: OwnerProcess) -> None:
    alone = reached(process).search("guide")
    found: list[list[str]] = []

    def search() -> None:
        corpus = reached(process)
        found.extend([hit.chunk_id for hit in corpus.search("guide")] for _ in range(5))

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [[hit.chunk_id for hit in alone]] * 20


def test_a_clients_model_answers(process: OwnerProcess, server: ScriptedServer) -> None:
    server.replies("Green tea is brewed at 75 degrees Celsius for two minutes [1].")
    model = ["answer.llm=openai:scripted", f"answer.base_url={server.base_url}"]
    answer = reached(process, *model).ask(QUESTION)
    assert isinstance(answer, Answer)
    assert (answer.model, answer.abstained) == ("openai:scripted", False)
    assert reached(process).ask(QUESTION).model == "extractive", "the owner's settings are as they were"


def test_closing_a_stream_stops_the_owners_model(process: OwnerProcess, server: ScriptedServer) -> None:
    server.replies(*["Green tea. "] * 400, pause_s=0.05)
    model = ["answer.llm=openai:scripted", f"answer.base_url={server.base_url}"]
    events = reached(process, *model).stream(QUESTION)
    assert [next(events)["type"] for _ in range(3)] == ["retrieval", "token", "token"]
    started = time.monotonic()
    events.close()
    assert reached(process).search("tea")
    assert time.monotonic() - started < 10, "20 s are left of the model's answer"


def test_a_search_is_answered_while_an_ingestion_runs(process: OwnerProcess) -> None:
    for n in range(60):
        text = "".join(
            f"## Part {m}\n\nSentence {m} of text {n} tells of the cocoa of lot {n * m}.\n\n" for m in range(8)
        )
        (process.config.parent / "docs" / "alpha" / f"{n}.md").write_text(f"# Text {n}\n\n{text}", encoding="utf-8")
    reports: list[IngestReport] = []
    seen: list[int] = []
    corpus = reached(process)
    job = threading.Thread(target=lambda: reports.append(corpus.ingest(progress=lambda at: seen.append(at.done))))
    job.start()
    times = []
    while job.is_alive():
        started = time.monotonic()
        assert reached(process).search("French press")[0].document_id == "closed:guide.md"
        times.append(time.monotonic() - started)
    assert reports[0].new == 60
    assert seen[-1] == 60
    assert len(times) >= 3
    assert sorted(times)[len(times) // 2] < 2, "half of them are much faster; a busy machine may hold one up"


# the last test of this file, for the process is gone then
def test_a_killed_owner_is_one_clear_line_and_no_harm(
    process: OwnerProcess, server: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.replies("Green tea is brewed at 75 degrees Celsius [1].", wait_s=5)
    words = ["--set", "answer.llm=openai:scripted", "--set", f"answer.base_url={server.base_url}"]
    client = reach(load_settings(process.config), wait_s=5)
    assert isinstance(client, OwnedCorpus)

    def kill() -> None:
        while not server.requests:
            time.sleep(0.01)
        process.kill()

    killing = threading.Thread(target=kill)
    killing.start()
    capsys.readouterr()
    assert main(["ask", str(process.config), QUESTION, *words]) == 1
    killing.join()
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert f"process {process.pid} (" in err
    assert "ended before it answered" in err
    assert "run the command again" in err
    with pytest.raises(StoreError, match="run the command again"):
        client.search("tea")
    assert (process.index / OWNER_FILE).exists(), "what a killed owner leaves"
    assert main(["search", str(process.config), "tea"]) == 0
    assert main(["verify", str(process.config)]) == 0
    assert capsys.readouterr().err == ""
