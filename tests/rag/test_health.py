"""The health of real corpora: what failed, what is missing, what would be truncated."""

import threading

import pytest

from rag import Rag
from rag.errors import CorpusMissingError, RagError
from rag.health import Checks, check, health
from rag.ingest.generations import current_generation


@pytest.fixture
def corpus(make_folder):
    pages = {"good.md": "# Good\n\nSome text that is read.", "empty.md": "", "broken.pdf": b"%PDF-1.4 broken"}
    with Rag.open(make_folder(pages)) as opened:
        opened.ingest()
        yield opened


def test_health_names_what_failed_and_counts_the_rest(corpus):
    found = health(corpus)
    assert (found.documents, found.chunks, found.empty) == (2, 1, 1)
    (failed,) = found.failed
    assert failed.id == "files:broken.pdf"
    assert failed.error


def test_a_sound_corpus_is_checked_and_loses_nothing(corpus):
    found = check(corpus)
    assert found.verified.ok
    assert found.tokens_truncated == 0
    assert found.seconds > 0


def test_a_check_finds_missing_chunks_and_tokens_that_are_lost(corpus, monkeypatch):
    from rag import build

    counter = build.build_counter(corpus.settings)
    monkeypatch.setattr(counter, "max_tokens", 3)
    monkeypatch.setattr(build, "build_counter", lambda _: counter)
    assert check(corpus).tokens_truncated > 0
    store, _ = corpus._opened.generation()
    generation = current_generation(store, corpus.name)
    store.delete(generation.chunks, [record.id for record in store.scroll(generation.chunks, fields=())])
    found = check(corpus)
    assert (found.verified.missing_chunks, found.tokens_truncated) == (1, 0)


def test_principals_see_the_failures_that_are_theirs(make_folder, tmp_path):
    make_folder({"closed/a.pdf": b"%PDF-1.4 broken", "open/b.md": "# B\n\nText."})
    config = tmp_path / "c.yaml"
    config.write_text(
        "sources:\n  - {kind: files, name: closed, path: docs/closed, acl: [staff]}\n"
        "  - {kind: files, name: open, path: docs/open}\n"
    )
    with Rag.open(config) as corpus:
        corpus.ingest()
        assert [len(health(corpus, principals=who).failed) for who in (None, ["staff"], [])] == [1, 1, 0]


def test_a_corpus_that_was_not_ingested_has_no_health(make_folder):
    with Rag.open(make_folder({"a.md": "A"})) as corpus, pytest.raises(CorpusMissingError):
        health(corpus)


def test_everyone_joins_the_check_that_is_running():
    go, made = threading.Event(), []

    def slow():
        made.append(1)
        go.wait(10)
        return "found"

    checks = Checks(slow)
    checks.start()
    checks.start()
    assert checks.running
    go.set()
    checks.wait(10)
    assert (made, checks.last, checks.error, checks.running) == ([1], "found", None, False)


@pytest.mark.parametrize(("error", "said"), [(RagError("run it"), "run it"), (ValueError("x"), "ValueError: x")])
def test_a_check_that_fails_says_why_and_the_next_one_may_work(error, said):
    outcomes = [error, "found"]

    def once():
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    checks = Checks(once)
    checks.start()
    checks.wait(10)
    assert checks.last is None
    assert checks.error.startswith(said)
    checks.start()
    checks.wait(10)
    assert (checks.last, checks.error) == ("found", None)
