"""Repositories made by the test, fetched by the real git."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.git import GitConnector
from rag import Rag
from rag.errors import DocumentError, SettingsError, SourceError
from rag.protocols import Connector
from rag.testing.connector_contract import ConnectorContract, SourceUnderTest
from rag.types import Skip, SourceItem


class Repository(SourceUnderTest):
    """A repository with a working tree."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder, self.cache = folder, cache
        folder.mkdir()
        self.commits, self.author = 0, "Ann"
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        identity = {
            "GIT_AUTHOR_NAME": self.author,
            "GIT_AUTHOR_EMAIL": "a@x",
            "GIT_COMMITTER_NAME": "Ann",
            "GIT_COMMITTER_EMAIL": "a@x",
        }
        self.commits += 1
        when = f"2024-01-01T00:{self.commits // 60 % 60:02}:{self.commits % 60:02}Z"
        environment = {
            **os.environ,
            **identity,
            "GIT_AUTHOR_DATE": when,
            "GIT_COMMITTER_DATE": when,
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, capture_output=True, text=True, env=environment, check=True
        )
        return done.stdout.strip()

    def put(self, key: str, text: str | bytes) -> None:
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.commit()

    def remove(self, key: str) -> None:
        (self.folder / key).unlink()
        self.commit()

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "change")

    def take_down(self) -> None:
        self.folder.rename(self.folder.with_name("gone"))

    def connect(self, **settings: object) -> Connector:  # type: ignore[override]
        given = {
            "url": f"file://{self.folder}",
            "acl": ["staff"],
            "metadata": {"team": "tea"},
            "cache_dir": self.cache,
            **settings,
        }
        return GitConnector(name="repo", **given)  # type: ignore[arg-type]


@pytest.fixture
def source(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repo", tmp_path / "cache")


class TestGit(ConnectorContract):
    pass


def entries(connector: Connector) -> tuple[dict[str, SourceItem], dict[str, str]]:
    found = [*connector.list()]
    connector.close()
    return (
        {entry.key: entry for entry in found if isinstance(entry, SourceItem)},
        {entry.uri.rpartition("#")[2]: entry.reason for entry in found if isinstance(entry, Skip)},
    )


def test_each_file_has_the_commit_that_last_touched_it(source: Repository) -> None:
    source.put("a.md", "# One")
    first = source.git("rev-parse", "HEAD")
    source.put("b/b.md", "# Two")
    second = source.git("rev-parse", "HEAD")
    before, _ = entries(source.connect())
    assert {key: item.metadata["commit"] for key, item in before.items()} == {"a.md": first, "b/b.md": second}
    item = before["b/b.md"]
    assert (item.metadata["path"], item.metadata["author"], item.metadata["team"]) == ("b/b.md", "Ann", "tea")
    assert item.uri == f"file://{source.folder}#b/b.md"
    assert item.modified
    assert item.modified.startswith("2024-01-01T00:")
    source.put("b/b.md", "# Changed")
    after, _ = entries(source.connect())
    assert after["a.md"] == before["a.md"]
    assert after["b/b.md"].fingerprint != item.fingerprint


def test_what_is_no_document_is_skipped_with_its_reason(source: Repository) -> None:
    (source.folder / "link.md").symlink_to("a.md")
    source.put("a.md", "# One")
    source.put("code.py", "x = 1")
    source.put("x.unknown", "?")
    source.put("big.md", "x" * 2_000)
    source.put("old/b.md", "x")
    source.put(".github/c.md", "hidden")
    items, skips = entries(source.connect(max_file_mb=0.001, exclude=["old/**"]))
    assert set(items) == {"a.md"}
    assert skips == {
        "link.md": "a link, which is not followed",
        "code.py": "Python files are taken only where `include` names them",
        "x.unknown": "no parser for files of this kind",
        "big.md": "0.002 MB, more than the 0.001 MB of parsing.max_file_mb",
        "old/b.md": "excluded by 'old/**'",
    }
    assert set(entries(source.connect(include=["*.py"]))[0]) == {"code.py"}


def test_a_folder_and_a_ref_choose_what_is_listed(source: Repository) -> None:
    source.put("docs/a.md", "# Old")
    source.git("tag", "v1")
    commit = source.git("rev-parse", "HEAD")
    source.git("checkout", "--quiet", "-b", "next")
    source.put("docs/b.md", "# New")
    for ref, keys in (
        ("v1", {"a.md"}),
        ("main", {"a.md"}),
        ("next", {"a.md", "b.md"}),
        (commit[:12], {"a.md"}),
        (None, {"a.md", "b.md"}),
    ):
        assert set(entries(source.connect(ref=ref, path="docs/"))[0]) == keys, ref
    for settings in ({"ref": "nothing"}, {"path": "nowhere"}):
        with pytest.raises(SourceError, match="there is no"):
            entries(source.connect(**settings))


@pytest.mark.parametrize("folder", ["tea [green]", ":(top)", "a*"])
def test_a_folder_is_no_pattern(source: Repository, folder: str) -> None:
    source.put(f"{folder}/a.md", "# A")
    first = source.git("rev-parse", "HEAD")
    source.put("ax/b.md", "# B")
    items, _ = entries(source.connect(path=folder))
    assert {key: item.metadata["commit"] for key, item in items.items()} == {"a.md": first}


def test_names_of_other_scripts_and_with_signs_are_read(source: Repository) -> None:
    for name in ("Käse – é.md", "日本.md", "a b'\"c.md", "tab\there.md"):
        source.put(name, f"# {name}")
    connector = source.connect()
    items = [entry for entry in connector.list() if isinstance(entry, SourceItem)]
    assert len(items) == 4
    assert all(connector.fetch(item).as_string() for item in items)
    connector.close()


def test_a_large_file_pointer_is_no_document(source: Repository) -> None:
    source.put("a.pdf", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n")
    connector = source.connect()
    (item,) = [entry for entry in connector.list() if isinstance(entry, SourceItem)]
    with pytest.raises(DocumentError, match="large-file storage"):
        connector.fetch(item)
    connector.close()


@pytest.mark.parametrize(
    "settings", [{"url": "--upload-pack=touch x"}, {"url": "-x"}, {"ref": "--output=x"}, {"ref": "a b"}]
)
def test_what_could_be_an_option_is_refused(source: Repository, settings: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        source.connect(**settings)


def test_programs_are_not_run_for_an_address(source: Repository, tmp_path: Path) -> None:
    connector = source.connect(url=f"ext::sh -c touch% {tmp_path}/ran".replace(" ", "%20"))
    with pytest.raises(SourceError):
        [*connector.list()]
    assert not (tmp_path / "ran").exists()


def test_a_token_is_sent_to_its_host_and_shown_nowhere(source: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    connector = source.connect(url="https://127.0.0.1:9/me/repo.git", token_env="TOKEN")
    with pytest.raises(SourceError) as error:
        [*connector.list()]
    assert "s3cret" not in str(error.value)
    with pytest.raises(SettingsError, match="https://"):
        source.connect(token_env="TOKEN")
    monkeypatch.delenv("TOKEN")
    with pytest.raises(SettingsError, match="'TOKEN', which is not set"):
        source.connect(url="https://127.0.0.1:9/x.git", token_env="TOKEN")


@pytest.mark.parametrize(
    ("url", "uri"),
    [
        ("https://github.com/a/b.git", "https://github.com/a/b/blob/HEAD/c%20d.md"),
        ("https://gitlab.example.org/a/b", "https://gitlab.example.org/a/b/-/blob/HEAD/c%20d.md"),
        ("git@github.com:a/b.git", "git@github.com:a/b.git#c d.md"),
    ],
)
def test_a_file_leads_to_its_page(source: Repository, url: str, uri: str) -> None:
    connector = source.connect(url=url)
    assert isinstance(connector, GitConnector)
    assert connector._uri("c d.md") == uri


def test_a_corpus_follows_a_repository(source: Repository, tmp_path: Path, make_config: Callable[[str], Path]) -> None:
    source.put("a.md", "# Tea\n\nGreen tea.")
    source.put("b.md", "# Coffee\n\nFrench press.")
    with Rag.open(make_config(f"{{kind: git, url: 'file://{source.folder}'}}")) as corpus:
        assert corpus.ingest().new == 2
        assert corpus.ingest().unchanged == 2
        source.put("a.md", "# Tea\n\nBlack tea.")
        source.git("mv", "b.md", "c.md")
        source.commit()
        plan, report = corpus.plan(), corpus.ingest()
        assert (plan.new, plan.changed, plan.deleted) == (report.new, report.changed, report.deleted) == (1, 1, 1)
        source.take_down()
        with pytest.raises(SourceError):
            corpus.ingest()
        assert corpus.search("black tea", top_k=1)[0].document_id == "git:a.md"


def test_authors_and_names_may_hold_anything(source: Repository) -> None:
    source.author = "a\x02b\x01 c"
    source.put("\x01evil.md", "# Evil")
    source.put("b\n\x01c.md", "# Line")
    found = entries(source.connect())[0]
    assert {"\x01evil.md", "b\n\x01c.md"} <= set(found)
    assert found["\x01evil.md"].metadata["author"].startswith("a\x02b")
    assert found["b\n\x01c.md"].metadata["commit"] != found["\x01evil.md"].metadata["commit"]


def test_a_branch_is_read_where_head_leads_nowhere(source: Repository) -> None:
    source.put("a.md", "# A")
    source.git("symbolic-ref", "HEAD", "refs/heads/unborn")
    assert set(entries(source.connect(ref="main"))[0]) == {"a.md"}
