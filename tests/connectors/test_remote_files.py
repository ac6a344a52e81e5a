"""The same tests on a file system in memory and on an S3 server on loopback."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from connectors.remote_files import RemoteFilesConnector
from rag import Rag
from rag.errors import DocumentError, SettingsError, SourceError
from rag.testing.connector_contract import ConnectorContract, SourceUnderTest
from rag.types import Skip, SourceItem

CREDENTIALS = {"key": "testing", "secret": "s3cret-word"}


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """An S3 server of the test's own."""
    os.environ.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", AWS_DEFAULT_REGION="us-east-1")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


class Bucket(SourceUnderTest):
    """A folder of a file system, by its URL."""

    def __init__(self, url: str, **options: Any) -> None:
        self.url, self.options = url, options
        self.system, self.root = fsspec.core.url_to_fs(
            url, use_listings_cache=False, skip_instance_cache=True, **options
        )
        self.changes = 0

    def put(self, key: str, text: str | bytes) -> None:
        self.system.pipe_file(f"{self.root}/{key}", text if isinstance(text, bytes) else text.encode())

    def remove(self, key: str) -> None:
        self.system.rm_file(f"{self.root}/{key}")

    def take_down(self) -> None:
        self.system.rm(self.root.split("/")[0] if "endpoint_url" in self.options else self.root, recursive=True)

    def connect(self, **settings: Any) -> RemoteFilesConnector:  # type: ignore[override]
        given = {"path": self.url, "options": self.options, "acl": ["staff"], "metadata": {"team": "tea"}, **settings}
        return RemoteFilesConnector(name="remote", **given)


@pytest.fixture(params=["memory", "s3"])
def source(request: pytest.FixtureRequest) -> Iterator[Bucket]:
    name = f"bucket-{threading.get_ident()}-{id(request)}"
    if request.param == "memory":
        made = Bucket(f"memory://{name}/docs")
        made.system.mkdirs(made.root, exist_ok=True)
        yield made
        if made.system.exists(made.root):
            made.system.rm(made.root, recursive=True)
        return
    url = request.getfixturevalue("s3_server")
    made = Bucket(f"s3://{name}/docs", endpoint_url=url, **CREDENTIALS)
    made.system.mkdir(name)
    yield made


class TestRemoteFiles(ConnectorContract):
    pass


def entries(connector: RemoteFilesConnector) -> tuple[dict[str, SourceItem], dict[str, str]]:
    found = [*connector.list()]
    connector.close()
    return (
        {entry.key: entry for entry in found if isinstance(entry, SourceItem)},
        {entry.uri.rpartition("/")[2]: entry.reason for entry in found if isinstance(entry, Skip)},
    )


def test_the_rules_are_those_of_a_local_folder(source: Bucket) -> None:
    for key in ("a.md", "sub/b c.md", ".hidden/c.md", "x.unknown", "code.py", "old/d.md"):
        source.put(key, "# X")
    source.put("big.md", "x" * 2_000)
    items, skips = entries(source.connect(max_file_mb=0.001, exclude=["old/"]))
    assert set(items) == {"a.md", "sub/b c.md"}
    assert skips == {
        "x.unknown": "no parser for files of this kind",
        "code.py": "Python files are taken only where `include` names them",
        "big.md": "0.002 MB, more than the 0.001 MB of parsing.max_file_mb",
    }
    item = items["sub/b c.md"]
    assert item.uri == f"{source.url}/sub/b c.md"
    assert (item.mime, item.size) == ("text/markdown", 3)
    assert set(entries(source.connect(include=["*.py"]))[0]) == {"code.py"}


def test_one_file_is_a_source(source: Bucket) -> None:
    source.put("a.md", "# X")
    connector = source.connect(path=f"{source.url}/a.md")
    (item,) = [entry for entry in connector.list() if isinstance(entry, SourceItem)]
    assert (item.key, connector.fetch(item).as_string()) == ("a.md", "# X")


def test_a_file_that_is_gone_when_it_is_fetched_is_a_failed_document(source: Bucket) -> None:
    source.put("a.md", "# X")
    source.put("b.md", "# Y")
    connector = source.connect()
    items = {entry.key: entry for entry in connector.list() if isinstance(entry, SourceItem)}
    source.remove("a.md")
    with pytest.raises(DocumentError, match="cannot be read"):
        connector.fetch(items["a.md"])


def test_secrets_come_from_the_environment_and_are_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3_KEY", "s3cret-word")
    options = {"endpoint_url": "http://127.0.0.1:9", "key": "k", "config_kwargs": {"retries": {"max_attempts": 0}}}
    connector = RemoteFilesConnector(name="r", path="s3://b/docs", options=options, options_env={"secret": "S3_KEY"})
    with pytest.raises(SourceError) as error:
        [*connector.list()]
    assert "s3cret" not in str(error.value)
    monkeypatch.delenv("S3_KEY")
    with pytest.raises(SettingsError, match="'S3_KEY', which is not set"):
        RemoteFilesConnector(name="r", path="s3://b/docs", options_env={"secret": "S3_KEY"})


@pytest.mark.parametrize("path", ["nothing://x/y", "sftp-typo://x"])
def test_an_unknown_file_system_is_a_settings_error(path: str) -> None:
    with pytest.raises(SettingsError, match=r"nothing|sftp-typo"):
        RemoteFilesConnector(name="r", path=path)


def test_a_corpus_follows_a_bucket(s3_server: str, make_config: Callable[[str], Path]) -> None:
    bucket = Bucket("s3://followed/docs", endpoint_url=s3_server, **CREDENTIALS)
    bucket.system.mkdir("followed")
    bucket.put("a.md", "# Tea\n\nGreen tea.")
    bucket.put("b.md", "# Coffee\n\nFrench press.")
    options = f"options: {{endpoint_url: '{s3_server}', key: testing, secret: testing}}"
    with Rag.open(make_config(f"{{kind: files, path: '{bucket.url}', {options}}}")) as corpus:
        assert corpus.ingest().new == 2
        assert corpus.ingest().unchanged == 2
        bucket.put("a.md", "# Tea\n\nBlack tea.")
        bucket.remove("b.md")
        report = corpus.ingest()
        assert (report.new, report.changed, report.deleted) == (0, 1, 1)
        bucket.take_down()
        with pytest.raises(SourceError):
            corpus.ingest()
        assert corpus.search("black tea")[0].uri == "s3://followed/docs/a.md"
