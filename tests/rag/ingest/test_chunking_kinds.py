"""Corpora whose documents are cut in other ways than by structure."""

from threading import Barrier, Thread
from typing import Any

import pytest

from rag import Rag, RagError, build
from rag.models.lazy import LazyEncoder
from rag.protocols import Encoder
from rag.testing import HashEncoder
from tests.corpora import FACTS, MakeFolder

LONG = "# Guide\n\n" + "".join(
    f"## Part {n}\n\n"
    + "".join(f"Sentence {m} of part {n} names the number {100 * n + m}. " for m in range(12))
    + "\n\n"
    for n in range(4)
)
KINDS: dict[str, tuple[str, ...]] = {
    "sentences": ("chunking.kind=sentences",),
    "sentences that overlap": ("chunking.kind=sentences", "chunking.overlap=2"),
    "fixed": ("chunking.kind=fixed",),
    "fixed that overlap": ("chunking.kind=fixed", "chunking.overlap=20"),
    "topic": ("chunking.kind=topic",),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_corpus_of_any_kind_is_sound_and_repeats_nothing_in_evidence(make_folder: MakeFolder, kind: str) -> None:
    folder = make_folder({**FACTS, "long.md": LONG})
    with Rag.open(folder, overrides=["chunking.max_tokens=64", *KINDS[kind]]) as corpus:
        report = corpus.ingest()
        assert (report.new, report.failed, report.tokens_truncated) == (4, (), 0)
        again = corpus.ingest()
        assert (again.unchanged, again.tokens_encoded) == (4, 0)
        assert corpus.verify().ok
        (folder / "long.md").write_text(LONG.replace("number 105", "number 999"))
        changed = corpus.ingest()
        assert changed.changed == 1
        assert 0 < changed.chunks_written < report.chunks_written
        assert corpus.verify().ok
        answer = corpus.ask("Which sentence of part 2 names the number 205?")
        shown = [(e.document_id, p) for e in answer.evidence for p in range(e.start, e.end)]
        assert len(shown) == len(set(shown)) > 0
        assert all(s.supported and all(c.verified for c in s.citations) for s in answer.sentences)


def test_another_kind_needs_a_rebuild(make_folder: MakeFolder) -> None:
    folder = make_folder()
    with Rag.open(folder, overrides=["chunking.kind=fixed"]) as corpus:
        corpus.ingest()
    with Rag.open(folder) as corpus:
        keys = {change.key: (change.stored, change.wanted) for change in corpus.plan().settings_changed}
        assert keys == {"chunking.kind": ("fixed", "structure"), "chunking.overlap": (0, None)}
        corpus.ingest(rebuild=True)
        assert corpus.plan().settings_changed == ()


def test_the_settings_of_a_corpus_by_structure_are_what_they_were(make_folder: MakeFolder) -> None:
    with Rag.open(make_folder(), overrides=["chunking.max_tokens=99"]) as corpus:
        flat = corpus.settings.index_settings()
    assert {k: v for k, v in flat.items() if k.startswith("chunking")} == {
        "chunking.kind": "structure",
        "chunking.max_tokens": 99,
    }


def test_topics_cost_a_second_encoding_which_the_report_and_the_plan_count(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_folder({"long.md": LONG})
    overrides = ["chunking.kind=topic", "situating=none"]
    with monkeypatch.context() as patched, Rag.open(folder, overrides=overrides) as corpus:
        patched.setattr(build, "build_encoder", lambda _: pytest.fail("a plan loaded the encoder"))
        estimate = corpus.plan().estimate["tokens"]
    with Rag.open(folder, overrides=overrides) as corpus:
        report = corpus.ingest()
        (chunks,) = [corpus.show("files:long.md").chunks]
        texts = [corpus.show("files:long.md").text[c["start"] : c["end"]] for c in chunks]
    once = sum(build.build_counter(corpus.settings).count(texts))
    assert 1.8 * once < report.tokens_encoded < 2.2 * once
    assert 0.8 * report.tokens_encoded < estimate < 1.2 * report.tokens_encoded


def test_an_encoder_that_fails_while_topics_are_looked_for_ends_the_job(make_folder: MakeFolder) -> None:
    folder = make_folder({"long.md": LONG})
    with Rag.open(folder, overrides=["chunking.kind=topic"]) as corpus:
        corpus.ingest()
    (folder / "long.md").write_text(LONG + "One more sentence. And another one.\n")
    with (
        Rag.open(folder, overrides=["chunking.kind=topic", "embedding.device=warp9"]) as corpus,
        pytest.raises(RagError, match="warp9"),
    ):
        corpus.ingest()
    with Rag.open(folder, overrides=["chunking.kind=topic"]) as corpus:
        assert corpus.ingest().changed == 1


def test_an_encoder_is_loaded_once_whichever_thread_asks_first() -> None:
    together = Barrier(4)
    loaded: list[Encoder] = []

    def load() -> Encoder:
        loaded.append(HashEncoder())
        return loaded[-1]

    lazy = LazyEncoder(load)
    found: list[Any] = []

    def ask() -> None:
        together.wait()
        found.append(lazy())

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loaded) == 1
    assert found == loaded * 4


def test_a_lazy_encoder_counts_from_its_first_use() -> None:
    encoder = HashEncoder()
    encoder.encode(["words of somebody else"], kind="document")
    lazy = LazyEncoder(lambda: encoder)
    assert lazy.counts == (0, 0, 0)
    lazy().encode(["two words"], kind="document")
    assert lazy.counts == (2, 0, 0)
