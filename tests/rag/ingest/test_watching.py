"""A watched folder is followed: what changes in it is in the corpus soon, and what does not costs nothing."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from rag import Rag
from rag.errors import RagError, SettingsError, SourceError
from rag.ingest import watching as watching_module
from rag.ingest.watching import changed_sources, follow
from rag.reports import IngestReport
from tests.corpora import MakeFolder

SOON_S = 20
TICK_MS = 100


class Watching:
    """`changed_sources` in a thread, and what it has named so far."""

    def __init__(self, roots: dict[str, Path], ignored: tuple[Path, ...] = ()) -> None:
        self.stop, self.named = Event(), []
        self._iterator = changed_sources(roots, ignored=ignored, stop=self.stop)
        assert next(self._iterator) == frozenset(roots)
        self._thread = Thread(target=lambda: self.named.extend(self._iterator))
        self._thread.start()

    def wait(self, names: set[str]) -> None:
        self._until(lambda: names in self.named, names)

    def wait_for(self, name: str) -> None:
        """The source, alone or with others."""
        self._until(lambda: any(name in names for names in self.named), name)

    def _until(self, came: Callable[[], bool], wanted: object) -> None:
        until = time.monotonic() + SOON_S
        while not came():
            assert time.monotonic() < until, f"{wanted} did not come, {self.named} did"
            time.sleep(0.05)
        self.named.clear()

    def end(self) -> None:
        self.stop.set()
        self._thread.join(SOON_S)
        assert not self._thread.is_alive()


@pytest.fixture
def roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    monkeypatch.setattr("rag.ingest.watching.TICK_MS", TICK_MS)
    for name in ("one", "two"):
        (tmp_path / name / "sub").mkdir(parents=True)
    (tmp_path / "single.md").write_text("one")
    return {"one": tmp_path / "one", "two": tmp_path / "two", "single": tmp_path / "single.md"}


@pytest.fixture
def watching(roots: dict[str, Path]) -> Iterator[Watching]:
    watching = Watching(roots, ignored=(roots["one"] / "index",))
    yield watching
    watching.end()


def test_changes_name_their_source_alone(roots: dict[str, Path], watching: Watching) -> None:
    (roots["one"] / "sub/new.md").write_text("new")
    watching.wait({"one"})
    (roots["one"] / "sub/new.md").rename(roots["one"] / "renamed.md")
    watching.wait({"one"})
    (roots["two"] / "fresh").mkdir()
    watching.wait({"two"})
    (roots["two"] / "fresh/in a new folder.md").write_text("new")
    watching.wait({"two"})
    (roots["one"] / "renamed.md").unlink()
    watching.wait({"one"})
    roots["single"].write_text("two, longer")
    watching.wait({"single"})


def test_hidden_files_and_the_index_are_no_changes(roots: dict[str, Path], watching: Watching) -> None:
    (roots["one"] / ".hidden").write_text("x")
    (roots["one"] / "index").mkdir()
    (roots["one"] / "index/segment").write_text("x")
    time.sleep(5 * TICK_MS / 1000)
    assert watching.named == []


def test_a_folder_that_goes_and_comes_back_is_followed_again(roots: dict[str, Path], watching: Watching) -> None:
    shutil.rmtree(roots["one"])
    watching.wait_for("one")
    roots["one"].mkdir()
    watching.wait_for("one")
    (roots["one"] / "after.md").write_text("x")
    watching.wait_for("one")


def test_all_folders_are_read_again_where_they_are_watched_anew(
    roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changes in one of them before its new watcher stands is reported by nobody."""
    begun: list[list[Path]] = []

    def changes(folders: list[Path], stop: Event) -> Iterator[list[Path]]:
        begun.append(folders)
        if len(begun) == 2:
            (roots["two"] / "between.md").write_text("x")
        while not stop.is_set():
            time.sleep(TICK_MS / 1000)
            yield []

    monkeypatch.setattr("rag.ingest.watching._changes", changes)
    watching = Watching(roots)
    shutil.rmtree(roots["one"])
    watching.wait_for("one")
    watching.wait_for("two")
    watching.end()
    assert begun == [[roots["one"], roots["two"]], [roots["two"]]]


def test_files_are_looked_at_where_the_operating_system_reports_no_changes(
    roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    watch = watching_module.watch

    def without_reports(*folders: Path, force_polling: bool, **options: Any) -> Iterator[Any]:
        if not force_polling:
            raise OSError(28, "OS file watch limit reached")
        return watch(*folders, force_polling=True, **options)

    monkeypatch.setattr("rag.ingest.watching.watch", without_reports)
    monkeypatch.setattr("rag.ingest.watching.POLL_MS", TICK_MS)
    watching = Watching(roots)
    assert "file watch limit reached" in caplog.text
    assert "fs.inotify.max_user_watches" in caplog.text
    (roots["two"] / "new.md").write_text("new")
    watching.wait({"two"})
    watching.end()


def test_a_folder_that_came_later_is_read_again_once_it_is_watched(
    roots: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written to it between the first look and its watcher is reported by nobody."""
    begun: list[set[Path]] = []

    def changes(folders: list[Path], stop: Event) -> Iterator[list[Path]]:
        begun.append(set(folders))
        while not stop.is_set():
            time.sleep(TICK_MS / 1000)
            yield []

    monkeypatch.setattr("rag.ingest.watching._changes", changes)
    late = tmp_path / "late"
    stop = Event()
    names = changed_sources({"one": roots["one"], "late": late}, ignored=(), stop=stop)
    assert next(names) == {"one", "late"}
    late.mkdir()
    assert next(names) == {"late"}
    assert next(names) == {"one", "late"}
    assert begun == [{roots["one"]}, {roots["one"], late}]
    stop.set()


def test_missing_roots_are_awaited(roots: dict[str, Path], tmp_path: Path) -> None:
    watching = Watching({"late": tmp_path / "late"})
    (tmp_path / "late").mkdir()
    watching.wait({"late"})
    watching.end()


def corpus_file(folder: Path, watch: str = "true") -> Path:
    path = folder.parent / "corpus.yaml"
    path.write_text(
        f"name: facts\nsources:\n  - {{kind: files, name: seen, path: ./{folder.name}, watch: {watch}}}\n"
        "  - {kind: files, name: still, path: ./other}\n"
    )
    (folder.parent / "other").mkdir()
    (folder.parent / "other/fixed.md").write_text("# Fixed\n\nGranite is an igneous rock.\n")
    return path


def test_a_corpus_follows_its_watched_sources(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder()
    stop = Event()
    with Rag.open(corpus_file(folder)) as corpus:
        runs = corpus.follow(stop)
        first = next(runs)
        assert isinstance(first, IngestReport)
        assert first.new == 4
        (folder / "sugar.md").write_text("# Sugar\n\nMuscovado is an unrefined cane sugar.\n")
        (folder / "water.md").unlink()
        (tmp_path / "other/fixed.md").write_text("# Fixed\n\nBasalt is another.\n")
        second = next(runs)
        assert isinstance(second, IngestReport)
        assert (second.new, second.deleted, second.changed) == (1, 1, 0), "the source that is not watched is left alone"
        assert corpus.search("unrefined cane sugar").hits[0].title == "Sugar"
        assert corpus.search("granite").hits[0].document_id == "still:fixed.md"
        assert corpus.verify().ok

        shutil.move(folder, tmp_path / "away")
        third = next(runs)
        assert isinstance(third, SourceError), "a folder that is gone deletes nothing"
        assert corpus.search("unrefined cane sugar").hits[0].title == "Sugar"
        shutil.move(tmp_path / "away", folder)
        fourth = next(runs)
        assert isinstance(fourth, IngestReport)
        assert (fourth.new, fourth.changed, fourth.deleted, fourth.unchanged) == (0, 0, 0, 3)
        stop.set()
        assert list(runs) == []


def test_stop_ends_a_run_under_way(make_folder: MakeFolder) -> None:
    stop = Event()
    folder = make_folder({f"{n}.md": f"# Part {n}\n\n" + f"The {n}th of many words. " * 60 for n in range(12)})
    with Rag.open(corpus_file(folder), overrides=["embedding.batch_tokens=256"]) as corpus:
        assert list(corpus.follow(stop, progress=lambda at: at.done and stop.set())) == []
        assert 0 < corpus.ingest().new < 13, "what was finished is kept, the rest is done the next time"


def test_only_the_named_sources_are_brought_up_to_date(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder()
    with Rag.open(corpus_file(folder)) as corpus:
        assert corpus.ingest(sources=["still"]).new == 1
        assert corpus.ingest(sources=["seen"]).new == 3
        (tmp_path / "other/fixed.md").unlink()
        assert corpus.ingest(sources=["seen"]).deleted == 0
        assert corpus.verify().ok
        assert corpus.ingest().deleted == 1
        with pytest.raises(SettingsError, match=r"no source is called 'sene': there are seen, still"):
            corpus.ingest(sources=["sene"])
        with pytest.raises(SettingsError, match="rebuild"):
            corpus.ingest(sources=["seen"], rebuild=True)


def test_without_a_watched_source_there_is_nothing_to_follow(make_folder: MakeFolder) -> None:
    with Rag.open(corpus_file(make_folder(), watch="false")) as corpus, pytest.raises(RagError, match="watch: true"):
        next(corpus.follow(Event()))


def test_what_failed_is_tried_again_with_the_next_change(roots: dict[str, Path]) -> None:
    asked: list[set[str] | None] = []
    stop = Event()

    def ingest(names: frozenset[str] | None, _: object) -> Any:
        asked.append(None if names is None else set(names))
        if names == {"one"}:
            raise SourceError("down")
        return object()

    runs = follow(roots, ingest, ignored=(), stop=stop, progress=None)
    next(runs)
    (roots["one"] / "a.md").write_text("x")
    assert isinstance(next(runs), SourceError)
    (roots["two"] / "b.md").write_text("x")
    next(runs)
    stop.set()
    assert list(runs) == []
    assert asked == [None, {"one"}, {"one", "two"}]


def test_a_source_that_is_down_does_not_keep_others_from_being_followed(roots: dict[str, Path]) -> None:
    stop = Event()

    def ingest(names: frozenset[str] | None, _: object) -> Any:
        if names is None:
            raise SourceError("the web is down")
        return names

    runs = follow(roots, ingest, ignored=(), stop=stop, progress=None)
    assert isinstance(next(runs), SourceError)
    assert next(runs) == frozenset(roots)
    stop.set()
    assert list(runs) == []
