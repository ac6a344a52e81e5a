"""An owner among clients that are not as they should be, that end, and that are many. In this process; see also
test_commands.py and test_processes.py, where it is a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Lock
from typing import Any

import pytest

from rag.cli import main
from rag.corpus import Rag
from rag.doctor import Check, diagnose
from rag.errors import RagError, StoreError, StoreInUseError
from rag.ingest.job import Progress
from rag.jobs import Jobs, JobStoppedError
from rag.reports import IngestReport
from rag.serving.address import new_address, read_address, write_address
from rag.serving.client import OwnedCorpus, reach, refuse_if_served
from rag.serving.owner import Owner, owning
from rag.store.lock import LOCK_FILE, OWNER_FILE
from rag.store.shards import Shards
from tests.corpora import FACTS, MakeFolder
from tests.rag.serving.process import folder_of, until
from ui.served import Served


def test_the_address_is_there_while_the_corpus_is_open(facts: Rag, owner: Owner, index: Path) -> None:
    address = read_address(index)
    assert address is not None
    assert address.pid == os.getpid()
    facts.close()
    until(lambda: not (index / OWNER_FILE).exists())
    with Rag(facts.settings, wait_s=0) as alone:
        assert alone.search("tea")
    facts.search("tea")
    until(lambda: read_address(index) == address)
    owner.close()
    assert not (index / OWNER_FILE).exists()


def test_an_owner_makes_no_index(make_folder: MakeFolder) -> None:
    with Rag.open(make_folder()) as corpus, owning([Served(corpus)]):
        index = Path(corpus.settings.store.path)  # type: ignore[union-attr,arg-type]
        assert not index.exists()
        corpus.ingest()
        until(lambda: read_address(index))


def test_an_owner_leaves_an_index_that_is_in_use_until_it_is_needed(facts: Rag, index: Path) -> None:
    with Rag(facts.settings, wait_s=5) as later, owning([Served(later)]):
        assert not later.held
        assert facts.search("tea")
        assert not (index / OWNER_FILE).exists()
        facts.close()
        assert later.search("tea")
        until(lambda: read_address(index))


def test_an_owner_takes_over_the_sources_that_a_client_ingested(
    facts: Rag, owner: Owner, make_folder: MakeFolder, tmp_path: Path
) -> None:
    """Its own next ingestion would delete what the client's brought."""
    more = tmp_path / "more"
    more.mkdir()
    (more / "quokka.md").write_text("# Quokkas\n\nA quokka lives on an island.\n")
    (source,) = facts.settings.sources
    added = source.model_copy(update={"name": "more", "path": more})
    client = reach(facts.settings.model_copy(update={"sources": (source, added)}), wait_s=5)
    assert isinstance(client, OwnedCorpus)
    assert client.ingest().new == 1
    again = facts.ingest()
    assert (again.new, again.deleted) == (0, 0)
    assert facts.search("Where does a quokka live?", top_k=1)[0].document_id == "more:quokka.md"
    assert client.ingest().unchanged == again.unchanged


def test_a_corpus_on_a_server_has_no_owner(make_folder: MakeFolder) -> None:
    with Rag.open(make_folder(), overrides=["store={kind: server, url: ':memory:'}"]) as corpus:
        with owning([Served(corpus)]):
            assert "owner" not in [thread.name for thread in threading.enumerate()]
        assert isinstance(reach(corpus.settings, wait_s=0), Rag)


def test_a_file_that_a_killed_owner_left_does_no_harm(facts: Rag, index: Path) -> None:
    write_address(index, new_address(9))
    facts.close()
    with reach(facts.settings, wait_s=0) as corpus:
        assert isinstance(corpus, Rag), "the lock is free: nobody is asked"
        assert corpus.search("tea")
    assert (index / OWNER_FILE).exists()


def test_a_process_that_serves_nobody_is_waited_for(facts: Rag, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (index / OWNER_FILE).unlink(missing_ok=True)
    monkeypatch.setattr("rag.store.lock.os.getpid", lambda: 4)
    started = time.monotonic()
    with pytest.raises(StoreInUseError, match=r"in use by process \d+ .*waited 0.3 s: wait until it is done"):
        reach(facts.settings, wait_s=0.3)
    assert 0.3 <= time.monotonic() - started < 5
    monkeypatch.undo()
    threading.Timer(0.3, facts.close).start()
    with reach(facts.settings, wait_s=10) as corpus:
        assert isinstance(corpus, Rag)


def test_an_owner_that_does_not_answer_is_named(facts: Rag, index: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    write_address(index, new_address(port))
    with pytest.raises(StoreInUseError, match=f"process {os.getpid()} .*serves the corpus, but does not answer"):
        reach(facts.settings, wait_s=0)


def test_python_beside_an_owner_is_told_that_commands_go_through_it(facts: Rag, owner: Owner, index: Path) -> None:
    code = "import sys; from rag import Rag; Rag.open(sys.argv[1], wait_s=0).search('tea')"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder_of(facts))], capture_output=True, text=True, check=False, timeout=120
    )
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("rag.errors.StoreInUseError: ")
    assert "rag plan, ingest, verify, show, search, why and ask go through it" in last


def test_a_second_app_is_refused_and_names_the_first(facts: Rag, owner: Owner) -> None:
    with Rag.open(folder_of(facts), wait_s=0) as second:
        with pytest.raises(StoreInUseError, match=r"already open in this process|serves the corpus"):
            refuse_if_served(second)
        owner.close()
        refuse_if_served(second)  # whoever holds it serves nobody: it is waited for when it is needed
    refuse_if_served(facts)


def test_the_doctor_says_which_process_serves(facts: Rag, owner: Owner, index: Path) -> None:
    def lock() -> Check:
        return next(check for check in diagnose(facts.settings, offline=True).checks if check.name == "lock")

    assert lock().status == "ok"
    assert f"process {os.getpid()} (" in lock().detail
    owner.close()
    assert lock().status == "fail"


# --- jobs


class Gated:
    """Real ingestions that wait half way through for the gate."""

    def __init__(self, corpus: Rag) -> None:
        self.corpus, self.gate, self.runs = corpus, Event(), 0

    def ingest(self, *, progress: Callable[[Progress], object], **options: Any) -> IngestReport:
        def waiting(at: Progress) -> None:
            progress(at)
            self.gate.wait(30)
            progress(at)

        self.runs += 1
        return self.corpus.ingest(progress=waiting, **options)


@pytest.fixture
def gated(facts: Rag) -> Iterator[tuple[Gated, Jobs]]:
    """Owns `facts` with ingestions that wait."""
    ingestions = Gated(facts)
    jobs = Jobs(ingestions.ingest)
    owner = Owner(facts, jobs)
    owner.start()
    (folder_of(facts) / "new.md").write_text("# New\n\nSomething about cocoa.\n")
    yield ingestions, jobs
    ingestions.gate.set()
    jobs.close()
    owner.close()


def in_background(call: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(call())
        except RagError as error:
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


def test_who_asks_during_a_job_gets_what_is_there_when_they_ask(facts: Rag, gated: tuple[Gated, Jobs]) -> None:
    ingestions, jobs = gated
    seen: list[Progress] = []
    jobs.start()
    until(lambda: jobs.last and jobs.last.progress)
    (folder_of(facts) / "newer.md").write_text("# Newer\n\nAfter the job had listed the files.\n")
    clients = [
        in_background(lambda: reach(facts.settings, wait_s=5).ingest(progress=seen.append)),
        in_background(lambda: reach(facts.settings, wait_s=5).ingest()),
    ]
    until(lambda: seen)
    assert reach(facts.settings, wait_s=5).search("tea"), "the corpus answers meanwhile"
    ingestions.gate.set()
    for thread, _ in clients:
        thread.join(30)
    assert jobs.last is not None
    assert jobs.last.report is not None
    assert [found for _, (found,) in clients] == [jobs.last.report] * 2, "they share one"
    assert (jobs.last.report.new, jobs.last.report.unchanged) == (1, 4)
    assert ingestions.runs == 2
    assert seen[-1].done == seen[-1].total == 1


def test_an_ingestion_with_other_options_follows_the_one_under_way(facts: Rag, gated: tuple[Gated, Jobs]) -> None:
    ingestions, jobs = gated
    jobs.start()
    rebuilding, results = in_background(lambda: reach(facts.settings, wait_s=5).ingest(rebuild=True))
    until(lambda: jobs.last and jobs.last.progress)
    ingestions.gate.set()
    rebuilding.join(60)
    assert [report.new + report.changed for report in results] == [4], "all documents, where the first found one"
    assert jobs.last is not None
    assert (jobs.last.number, dict(jobs.last.options)) == (2, {"rebuild": True})


def test_an_ingestion_by_other_settings_is_a_job_too(facts: Rag, owner: Owner, client: OwnedCorpus) -> None:
    chunking = facts.settings.chunking.model_copy(update={"max_tokens": 60})
    changed = reach(facts.settings.model_copy(update={"chunking": chunking}), wait_s=0)
    assert changed.ingest(rebuild=True).chunks_written > 0
    changed.search("tea")
    assert changed.warnings == []
    client.search("tea")
    assert "chunking.max_tokens" in client.warnings[0], "now the corpus differs from what the owner's settings say"


def test_a_stopped_job_is_an_error_at_the_client(facts: Rag, gated: tuple[Gated, Jobs]) -> None:
    ingestions, jobs = gated
    thread, results = in_background(lambda: reach(facts.settings, wait_s=5).ingest())
    until(lambda: jobs.last and jobs.last.progress)
    jobs.stop()
    ingestions.gate.set()
    thread.join(30)
    assert [type(error) for error in results] == [JobStoppedError]
    assert "goes on where it was" in str(results[0])


def test_ctrl_c_leaves_the_job_running_and_says_so(facts: Rag, gated: tuple[Gated, Jobs]) -> None:
    ingestions, jobs = gated
    code = (
        "import signal, sys; from rag.cli import main; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); sys.exit(main(sys.argv[1:]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "ingest", str(folder_of(facts))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: jobs.last and jobs.last.progress)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert len(err.splitlines()) == 1
    assert f"the ingestion goes on in process {os.getpid()} (" in err
    assert "stop it in the web app" in err
    assert jobs.last is not None
    assert jobs.last.state == "running"
    ingestions.gate.set()
    *_, ended = jobs.watch()
    assert ended.report is not None
    assert ended.report.new == 1


def test_a_client_that_goes_before_its_turn_begins_nothing(facts: Rag, gated: tuple[Gated, Jobs]) -> None:
    ingestions, jobs = gated
    jobs.start()
    until(lambda: jobs.last and jobs.last.progress)
    client = reach(facts.settings, wait_s=5)
    assert isinstance(client, OwnedCorpus)
    waiting = client._call("ingest", {"rebuild": True})
    assert next(waiting)[0] == "progress"
    waiting.close()
    ingestions.gate.set()
    [*jobs.watch()]
    time.sleep(0.2)
    assert ingestions.runs == 1


def test_verify_shows_the_job_that_it_waits_for(facts: Rag, gated: tuple[Gated, Jobs]) -> None:
    ingestions, jobs = gated
    jobs.start()
    until(lambda: jobs.last and jobs.last.progress)
    steps: list[tuple[str, int, int]] = []
    client = reach(facts.settings, wait_s=5)
    thread, results = in_background(lambda: client.verify(progress=lambda *at: steps.append(at)))
    until(lambda: steps)
    assert {step for step, _, _ in steps} == {"ingest"}
    ingestions.gate.set()
    thread.join(60)
    assert results[0].ok
    assert steps[-1][0] == "verify"


def test_an_ingestion_while_serving_does_not_rewrite_the_index(
    facts: Rag, owner: Owner, client: OwnedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewritten: list[Path] = []
    monkeypatch.setattr(Shards, "compact", lambda _, path, __: rewritten.append(path))
    for n in range(4):
        (folder_of(facts) / "water.md").write_text(f"# Water\n\nTea needs soft water. Take {n}.\n")
        assert client.ingest().changed == 1
    assert rewritten == [], "which holds up everything in this process"
    fresh = tmp_path / "fresh"
    with Rag.open(folder_of(facts), overrides=[f"store.path={fresh}"]) as alone:
        alone.ingest()
        (folder_of(facts) / "water.md").write_text("# Water\n\nSoft.\n")
        expected = [(hit.chunk_id, hit.score) for hit in alone.search("soft water for tea")]
        assert [(hit.chunk_id, hit.score) for hit in client.search("soft water for tea")] == expected
        alone.ingest()
    assert rewritten, "a process that serves nobody takes its time"


def test_ingestions_never_overlap(make_folder: MakeFolder) -> None:
    with Rag.open(make_folder(), overrides=["embedding.batch_tokens=256"]) as corpus:
        corpus.ingest()
        make_folder({f"{n}.md": f"# Text {n}\n\nSome words about {n}." for n in range(6)})
        inside = Lock()
        overlaps: list[Progress] = []

        def moved(at: Progress) -> None:
            if not inside.acquire(blocking=False):
                overlaps.append(at)
                return
            time.sleep(0.05)
            inside.release()

        others = [corpus, corpus.beside(corpus.settings), corpus.beside(corpus.settings)]
        threads = [threading.Thread(target=each.ingest, kwargs={"progress": moved}) for each in others]
        for thread in threads:
            thread.start()
        assert corpus.verify().ok, "it waits: half written documents would be findings"
        for thread in threads:
            thread.join(60)
        assert overlaps == []
        assert corpus.verify().documents == 6 + len(FACTS)


def test_watched_sources_are_followed_through_the_owner(make_folder: MakeFolder, tmp_path: Path) -> None:
    make_folder()
    config = tmp_path / "c.yaml"
    config.write_text("name: t\nsources: [{kind: files, path: docs, watch: true}]\n")
    with Rag.open(config) as corpus:
        corpus.ingest()
        with owning([Served(corpus)]):
            client, stop = reach(corpus.settings, wait_s=5), Event()
            outcomes = client.follow(stop)
            first = next(outcomes)
            assert isinstance(first, IngestReport)
            assert first.unchanged == len(FACTS)
            (tmp_path / "docs" / "later.md").write_text("# Later\n\nText.\n")
            second = next(outcomes)
            assert isinstance(second, IngestReport)
            assert second.new == 1
            stop.set()
            assert [*outcomes] == []


# --- the end


def test_the_end_of_the_owner_stops_its_job_and_tells_the_client(facts: Rag) -> None:
    ingestions = Gated(facts)
    served = Served(facts)
    object.__setattr__(served, "jobs", Jobs(ingestions.ingest))
    (folder_of(facts) / "new.md").write_text("# New\n\nSomething about cocoa.\n")
    with owning([served]):
        thread, results = in_background(lambda: reach(facts.settings, wait_s=5).ingest())
        until(lambda: served.jobs.last and served.jobs.last.progress)
        threading.Timer(0.3, ingestions.gate.set).start()
    thread.join(20)
    assert [type(error) for error in results] == [JobStoppedError]


def test_a_client_of_an_owner_that_ended_says_what_to_do(facts: Rag, owner: Owner, client: OwnedCorpus) -> None:
    assert client.search("tea")
    owner.close()
    with pytest.raises(StoreError, match="has ended: run the command again"):
        client.search("tea")


def test_commands_reach_the_owner_again_after_they_were_alone(
    facts: Rag, owner: Owner, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["search", str(folder_of(facts)), "tea"]) == 0
    facts.close()
    assert main(["search", str(folder_of(facts)), "tea"]) == 0
    assert facts.search("tea")
    until(lambda: main(["search", str(folder_of(facts)), "tea", "--wait", "0"]) == 0)
    assert LOCK_FILE not in capsys.readouterr().err
