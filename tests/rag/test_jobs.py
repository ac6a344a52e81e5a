"""Ingestion in the background: one job at a time, seen by everyone, stopped or failed in one line."""

from collections.abc import Callable
from threading import Event
from typing import Any

import pytest

from rag.corpus import Rag
from rag.errors import RagError, SourceError
from rag.ingest.job import Progress
from rag.jobs import Jobs
from tests.corpora import MakeFolder


def at(done: int) -> Progress:
    return Progress(done=done, total=9, tokens=0, seconds=1.0, eta_s=None)


@pytest.fixture
def gate() -> Event:
    return Event()


@pytest.fixture
def jobs(gate: Event) -> Jobs:
    """A job that reports, waits for the gate, and reports again."""

    def ingest(*, progress: Callable[[Progress], object], **options: Any) -> Any:
        progress(at(1))
        gate.wait(20)
        progress(at(2))
        return options

    return Jobs(ingest)


def test_there_is_no_job_before_the_first(jobs: Jobs) -> None:
    assert jobs.last is None
    assert [*jobs.watch()] == []
    jobs.stop()
    jobs.close()


def test_a_second_start_joins_the_job_that_runs(jobs: Jobs, gate: Event) -> None:
    first = jobs.start(rebuild=True)
    assert (first.number, first.state) == (1, "running")
    assert jobs.start(rebuild=False).number == 1
    gate.set()
    *_, last = jobs.watch()
    assert (last.number, last.state, last.report) == (1, "done", {"rebuild": True})
    assert jobs.start().number == 2
    *_, last = jobs.watch()
    assert last.progress == at(2)


def test_everyone_sees_the_job_move(jobs: Jobs, gate: Event) -> None:
    jobs.start()
    watched = jobs.watch()
    for state in watched:
        if state.progress == at(1):
            gate.set()
            break
    assert [state.state for state in watched][-1] == "done"
    assert [state.state for state in jobs.watch()] == ["done"]


def test_what_came_too_late_for_a_job_gets_one_of_its_own(jobs: Jobs, gate: Event) -> None:
    assert jobs.follow_up(["a"]).number == 1, "nothing runs: at once"
    watched = jobs.watch()
    assert next(watched).options == {"sources": ["a"]}
    assert jobs.follow_up(["b"]).number == jobs.follow_up(["c", "b"]).number == 1
    gate.set()
    *_, first = watched
    assert (first.number, first.state, first.report) == (1, "done", {"sources": ["a"]}), "its own outcome, not the next"
    *_, second = jobs.watch()
    assert (second.number, second.report) == (2, {"sources": ["b", "c"]}), "one job for both"
    assert [*jobs.watch()][-1].number == 2, "and none after it"


def test_stopping_a_job_stops_what_would_follow(jobs: Jobs, gate: Event) -> None:
    jobs.start()
    jobs.follow_up(["a"])
    jobs.stop()
    gate.set()
    *_, last = jobs.watch()
    assert (last.number, last.state) == (1, "stopped")
    jobs.close()
    assert jobs.last is last


def test_a_job_that_hangs_is_still_shown_now_and_then(jobs: Jobs, gate: Event) -> None:
    jobs.start()
    watched = jobs.watch(timeout_s=0.01)
    states = [next(watched) for _ in range(5)]
    assert {state.state for state in states} == {"running"}
    gate.set()
    assert [*watched][-1].state == "done"


def test_a_job_is_stopped(jobs: Jobs, gate: Event) -> None:
    jobs.start()
    jobs.stop()
    gate.set()
    *_, last = jobs.watch()
    assert last.state == "stopped"
    assert "goes on where it was" in str(last.error)
    assert jobs.start().state == "running", "stopping one stops no later one"
    assert [*jobs.watch()][-1].state == "done"


@pytest.mark.parametrize(
    ("error", "words"),
    [(SourceError("the folder is gone"), "the folder is gone"), (KeyError("x"), "KeyError: 'x'; the log shows where")],
)
def test_a_job_that_fails_says_why(error: Exception, words: str) -> None:
    def ingest(**_: Any) -> Any:
        raise error

    jobs = Jobs(ingest)
    jobs.start()
    *_, last = jobs.watch()
    assert (last.state, last.error, last.report) == ("failed", words, None)
    assert last.raised is (error if isinstance(error, RagError) else None)


def test_a_corpus_is_ingested_stopped_and_gone_on_with(make_folder: MakeFolder) -> None:
    folder = make_folder({f"{n}.md": f"# Text {n}\n\nSome words about {n}." for n in range(5)})
    with Rag.open(folder, overrides=["embedding.batch_tokens=256"]) as corpus:
        jobs = Jobs(corpus.ingest)
        jobs.start()
        jobs.close()
        first = jobs.last
        assert first is not None
        assert first.state in ("stopped", "done")
        jobs.start()
        *_, last = jobs.watch()
        assert last.report is not None
        assert last.report.new + last.report.unchanged == 5
        assert corpus.search("words")
