"""Connectors from elsewhere: other distributions, Python; where caches go."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents.base import Blob

from rag import Rag, build, load_settings
from rag.errors import DeletionRefusedError, SettingsError
from rag.settings import sources
from rag.types import Skip, SourceItem

PLUGIN = """
from langchain_core.documents.base import Blob
from rag.types import SourceItem

class NotesConnector:
    def __init__(self, *, name, acl, metadata, max_file_mb, cache_dir, notes):
        self.name, self.acl, self.metadata, self.notes = name, acl, metadata, notes
        self.cache_dir = cache_dir

    def list(self):
        for key, text in self.notes.items():
            yield SourceItem(
                source=self.name, key=key, uri=f"notes://{key}", fingerprint=text, mime="text/markdown",
                acl=self.acl, metadata=self.metadata,
            )

    def fetch(self, item):
        return Blob.from_data(self.notes[item.key], mime_type=item.mime)

    def close(self):
        pass
"""


@pytest.fixture
def notes_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed distribution that brings a connector."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site/notes_connector.py").write_text(PLUGIN)
    info = tmp_path / "site/notes_connector-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: notes-connector\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[rag.connectors]\nnotes = notes_connector:NotesConnector\n")
    monkeypatch.syspath_prepend(tmp_path / "site")
    sources.plugin_kinds.cache_clear()
    yield
    sources.plugin_kinds.cache_clear()
    sys.modules.pop("notes_connector", None)


def written(folder: Path, source: str) -> Path:
    path = folder / "corpus.yaml"
    path.write_text(f"name: t\nsources:\n- {source}\n")
    return path


def test_a_connector_of_another_distribution_is_a_kind_of_source(notes_plugin: None, tmp_path: Path) -> None:
    config = written(tmp_path, "{kind: notes, acl: [me], metadata: {team: tea}, notes: {a: '# Tea', b: '# Coffee'}}")
    with Rag.open(config) as corpus:
        report = corpus.ingest()
        assert (report.new, report.failed) == (2, ())
        hit = corpus.search("tea", principals=["me"], where={"team": "tea"})[0]
        assert (hit.document_id, hit.uri) == ("notes:a", "notes://a")
        assert not corpus.search("tea", principals=["you"])


def test_a_key_that_the_connector_does_not_take_is_a_settings_error(notes_plugin: None, tmp_path: Path) -> None:
    corpus = Rag.open(written(tmp_path, "{kind: notes, notes: {}, colour: red}"))
    with pytest.raises(SettingsError, match=r"'notes'.*colour"):
        corpus.plan()


@pytest.mark.parametrize(("caches", "expected"), [(True, "elsewhere/sources/notes"), (False, None)])
def test_caches_of_sources_are_in_the_data_folder(
    notes_plugin: None, tmp_path: Path, caches: bool, expected: str | None
) -> None:
    settings = load_settings(written(tmp_path, "{kind: notes, notes: {}}"), ("data_dir=elsewhere",))
    connector: Any = build.build_connectors(settings, caches=caches)[0]
    assert connector.cache_dir == (tmp_path / expected if expected else None)


class Notes:
    """A source made in Python."""

    name = "notes"

    def __init__(self, **notes: str) -> None:
        self.notes = notes

    def list(self) -> Iterator[SourceItem | Skip]:
        for key, text in self.notes.items():
            yield SourceItem(source=self.name, key=key, uri=key, fingerprint=text, mime="text/markdown")

    def fetch(self, item: SourceItem) -> Blob:
        return Blob.from_data(self.notes[item.key])

    def close(self) -> None:
        raise AssertionError("whoever made it closes it")


def test_a_connector_made_in_python_is_one_more_source(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/water.md").write_text("# Water")
    notes = Notes(a="# Tea", b="# Coffee")
    with Rag.open(tmp_path / "docs", connectors=[notes]) as corpus:
        assert corpus.ingest().new == 3
        del notes.notes["a"]
        assert corpus.ingest().deleted == 1
        with pytest.raises(SettingsError, match="'files'"):
            Rag(corpus.settings, connectors=[notes, type("Files", (Notes,), {"name": "files"})()])


def test_a_source_that_lists_nothing_any_more_deletes_nothing(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/water.md").write_text("# Water")
    notes = Notes(a="# Tea")
    with Rag.open(tmp_path / "docs", connectors=[notes]) as corpus:
        corpus.ingest()
        notes.notes.clear()
        with pytest.raises(DeletionRefusedError, match=r"'notes' lists nothing.*1 documents.*--yes"):
            corpus.ingest()
        assert corpus.search("tea")[0].document_id == "notes:a"
        assert corpus.ingest(max_delete=1.0).deleted == 1
