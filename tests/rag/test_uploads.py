"""What was handed over is part of the corpus by whichever door it is ingested, until somebody removes it."""

import shutil
from pathlib import Path

import pytest

from connectors.files import FilesConnector
from rag import Rag, load_settings
from rag.errors import DeletionRefusedError, RagError, SettingsError, UploadRefusedError
from rag.ingest.job import Progress
from rag.settings import Settings
from rag.settings.exclusion import exclude_line, how_to_exclude
from rag.settings.sources import FilesSource, GitSource, SqlSource, WebSource
from rag.types import SourceItem
from tests.connectors.web_site import serving
from tests.corpora import FACTS, MakeFolder

TEA = b"# Rooibos\n\nRooibos is steeped for seven minutes in boiling water.\n"
QUESTION = "How long is rooibos steeped?"


def test_an_upload_answers_until_it_is_removed(make_folder: MakeFolder) -> None:
    folder = make_folder()
    with Rag.open(folder) as corpus:
        corpus.ingest()
        upload = corpus.uploads.add("rooibos.md", TEA)
        plan = corpus.plan(sources=["uploads"])
        assert [(d.id, d.action) for d in plan.documents] == [("uploads:rooibos.md", "new")]
        assert plan.unchanged == 0, "the plan is about the uploads alone"
        assert corpus.ingest(sources=["uploads"]).new == 1
        answer = corpus.ask(QUESTION)
        assert answer.answer.startswith("Rooibos is steeped for seven minutes")
        assert answer.evidence[0].document_id == upload.document_id
    with Rag.open(folder) as corpus:  # another door, which knows nothing of the upload
        report = corpus.ingest()
        assert (report.new, report.unchanged, report.deleted) == (0, len(FACTS) + 1, 0)
        corpus.uploads.remove(upload.document_id)
        assert corpus.ingest(sources=["uploads"]).deleted == 1
        assert corpus.ask(QUESTION).abstained
    assert sorted(path.name for path in folder.rglob("*.md")) == sorted(Path(name).name for name in FACTS)


def test_the_first_upload_may_be_the_first_document(make_folder: MakeFolder) -> None:
    with Rag.open(make_folder()) as corpus:
        corpus.uploads.add("rooibos.md", TEA)
        told: list[Progress] = []
        assert corpus.ingest(sources=["uploads"], progress=told.append).new == 1
        assert (told[0].done, told[0].total) == (0, 1), "what there is to do is known before the first is done"
        assert ("uploads:rooibos.md",) in [at.current for at in told]
        assert (told[-1].done, told[-1].current) == (1, ())
        assert [entry.id for entry in corpus.documents().overview()] == ["uploads:rooibos.md"]
        assert corpus.ingest().new == len(FACTS)


def test_a_corpus_file_names_the_uploads_to_say_more(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    config = tmp_path / "shop.yaml"
    config.write_text(
        "sources:\n- {kind: files, path: ./docs}\n"
        "- {kind: uploads, name: given, acl: [staff], metadata: {team: tea}, allow_private: true}\n"
        "data_dir: ./elsewhere\n"
    )
    with serving() as site, Rag.open(config) as corpus:
        site.html("/mate", text="Mate is drunk through a bombilla.")
        page = corpus.uploads.add_url(f"{site.url}/mate")
        assert Path(tmp_path, "elsewhere/uploads", page.name).is_file()
        corpus.ingest()
        hit = corpus.search("bombilla", principals=["staff"], where={"team": "tea"})[0]
        assert (hit.document_id, hit.uri) == (f"given:{page.name}", f"{site.url}/mate"), "a citation leads to the page"
        assert not corpus.search("bombilla", principals=["guest"])
        entries = corpus.documents().overview(principals=["guest"])
        assert entries == []


def test_addresses_of_this_machine_are_refused_by_default(make_folder: MakeFolder) -> None:
    with (
        serving() as site,
        Rag.open(make_folder()) as corpus,
        pytest.raises(UploadRefusedError, match="not a public one"),
    ):
        corpus.uploads.add_url(f"{site.url}/")


def test_a_folder_that_was_lost_deletes_nothing(make_folder: MakeFolder) -> None:
    with Rag.open(make_folder()) as corpus:
        corpus.uploads.add("rooibos.md", TEA)
        corpus.ingest()
        folder = corpus.settings.uploads_folder
        assert folder is not None
        shutil.move(folder, folder.with_name("away"))
        with pytest.raises(DeletionRefusedError, match=r"'uploads' lists nothing any more.*1 documents"):
            corpus.ingest()
        assert corpus.ask(QUESTION).answer
        shutil.move(folder.with_name("away"), folder)
        assert corpus.ingest().unchanged == len(FACTS) + 1


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ("[{kind: uploads}, {kind: uploads, name: more}]", "two sources are of the kind uploads"),
        ("[{kind: uploads, path: x}]", "unknown key.*path"),
    ],
)
def test_a_corpus_has_one_source_of_uploads(tmp_path: Path, sources: str, words: str) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(f"sources: {sources}\n")
    with pytest.raises(SettingsError, match=words):
        load_settings(config)


def test_where_there_can_be_no_uploads_it_is_said(tmp_path: Path) -> None:
    settings = Settings.model_validate({"name": "x", "sources": [{"kind": "files", "path": tmp_path}]})
    with pytest.raises(SettingsError, match="data_dir"):
        _ = Rag(settings).uploads
    taken = Settings.model_validate(
        {"name": "x", "sources": [{"kind": "files", "name": "uploads", "path": tmp_path}], "data_dir": tmp_path}
    )
    with pytest.raises(SettingsError, match="a source is called 'uploads'"):
        _ = Rag(taken).uploads
    assert taken.all_sources == taken.sources


def test_an_overview_says_what_became_of_every_document(make_folder: MakeFolder) -> None:
    folder = make_folder({"good.md": "# Good\n\nText.", "bad.pdf": b"no pdf", "turns.md": "# Turns\n\nText."})
    with Rag.open(folder) as corpus:
        corpus.ingest()
        (folder / "turns.md").write_bytes(b"PK\x03\x04" + bytes(range(256)) * 40)
        corpus.ingest()
        bad, good, turns = corpus.documents().overview()
        assert (bad.id, bad.state, bad.chunks) == ("files:bad.pdf", "failed", 0)
        assert bad.error
        assert bad.error_kind
        assert (good.title, good.state, good.error, good.chunks) == ("Good", "ready", None, 1)
        assert (good.size, good.uri, good.source) == (13, str(folder / "good.md"), "files")
        assert (turns.state, turns.chunks) == ("stale", 1), "the last good version answers"
        assert turns.error
        (folder / "turns.md").write_text("# Turns\n\nText.")
        corpus.ingest()
        mended = corpus.documents().overview()[2]
        assert (mended.id, mended.state, mended.error, mended.error_kind) == ("files:turns.md", "ready", None, None)


@pytest.mark.parametrize("name", ["water.md", "alpha/guide.md", "odd [1] *?!.md", 'say "tea".md'])
def test_the_line_that_excludes_a_document_excludes_it_alone(tmp_path: Path, name: str) -> None:
    names = {"water.md", "alpha/guide.md", "alpha/water.md", "odd [1] *?!.md", "odd 1 x.md", 'say "tea".md', "old.md"}
    for each in names:
        path = tmp_path / "docs" / each
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")
    config = tmp_path / "c.yaml"
    text = "sources:\n- kind: files\n  path: ./docs\n  {}\n".format
    config.write_text(text("exclude: [old.md]"))
    line = exclude_line(load_settings(config).sources[0], f"{name}!/member.txt")
    config.write_text(text(line))
    source = load_settings(config).sources[0]
    assert isinstance(source, FilesSource)
    found = FilesConnector(name="x", path=Path(source.path), exclude=source.exclude).list()
    assert {item.key for item in found if isinstance(item, SourceItem)} == names - {name, "old.md"}


def test_a_document_that_no_pattern_excludes_says_what_to_do(make_folder: MakeFolder) -> None:
    web = WebSource(kind="web", urls=("https://x.org/start",))
    assert exclude_line(web, "https://x.org/handbook/le%20ave?x=1") == 'exclude: ["/handbook/le ave"]'
    assert exclude_line(web, "https://x.org/start") is None
    assert exclude_line(web, "https://x.org/all/") is None
    assert exclude_line(GitSource(kind="git", url="x"), "a/b.md") == 'exclude: ["/a/b.md"]'
    assert exclude_line(SqlSource(kind="sql", url="sqlite://", query="q", key="k", text=("t",)), "1") is None
    settings = load_settings(make_folder())
    assert 'line exclude: ["/water.md"], or take the file' in how_to_exclude(settings, "files:water.md").text
    assert "in the corpus no longer" in how_to_exclude(settings, "gone:water.md").text
    with Rag.open(make_folder()) as corpus, pytest.raises(RagError, match=r"no upload.*exclude: \[\"/water\.md\"\]"):
        corpus.uploads.remove("files:water.md")
