import io
import json
import os
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from connectors.jsonl import JsonlConnector
from rag.errors import DocumentError, SourceError
from rag.protocols import Connector
from rag.testing.connector_contract import ConnectorContract, SourceUnderTest
from rag.types import SourceItem


class Records(SourceUnderTest):
    def __init__(self, folder: Path) -> None:
        self.path = folder / "records.jsonl"
        self.records: dict[str, dict[str, Any]] = {}

    def put(self, key: str, text: str) -> None:
        self.records[key] = {"id": key, "text": text, "mime": "text/markdown"}
        self.write()

    def remove(self, key: str) -> None:
        del self.records[key]
        self.write()

    def write(self) -> None:
        self.path.write_text("".join(json.dumps(record) + "\n" for record in self.records.values()))

    def take_down(self) -> None:
        self.path.unlink()

    def connect(self) -> Connector:  # type: ignore[override]
        return JsonlConnector(name="jsonl", path=self.path, acl=["staff"], metadata={"team": "tea"})


@pytest.fixture
def source(tmp_path: Path) -> Records:
    return Records(tmp_path)


class TestJsonl(ConnectorContract):
    pass


def listed(folder: Path, *lines: object) -> list[SourceItem]:
    path = folder / "r.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    connector = JsonlConnector(name="jsonl", path=path, acl=["staff"], metadata={"team": "tea", "a": 1})
    try:
        return [item for item in connector.list() if isinstance(item, SourceItem)]
    finally:
        connector.close()


def test_what_a_record_says_wins_over_the_source(tmp_path: Path) -> None:
    record = {
        "id": 7,
        "text": "x",
        "title": "T",
        "uri": "https://x/7",
        "metadata": {"a": 2},
        "acl": [],
        "modified": "2024",
    }
    (item,) = listed(tmp_path, "", record, "  ")
    assert (item.key, item.uri, item.acl, item.modified, item.mime) == ("7", "https://x/7", (), "2024", "text/plain")
    assert item.metadata == {"team": "tea", "a": 2, "title": "T"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 1 is no JSON"),
        ("[]", "`id`"),
        ({"text": "x"}, "`id`"),
        ({"id": "", "text": "x"}, "`id`"),
        ({"id": 1}, "`text`, or the `path`"),
        ({"id": 1, "text": 3}, "`text`"),
        ({"id": 1, "text": "x", "txet": "y"}, "unknown key 'txet'.*text"),
        ({"id": 1, "text": "x", "acl": "staff"}, "`acl` is a list"),
        ({"id": 1, "text": "x", "metadata": []}, "`metadata` is an object"),
        ({"id": 1, "text": "x", "uri": 5}, "`uri` is a text, not 5"),
        ({"id": 1, "text": "x", "mime": ["a"]}, "`mime` is a text"),
    ],
)
def test_a_line_that_is_no_record_is_an_error_with_its_number(tmp_path: Path, line: object, words: str) -> None:
    with pytest.raises(SourceError, match=words) as error:
        listed(tmp_path, line, {"id": 2, "text": "y"})
    assert "line 1" in str(error.value)


def test_an_id_stands_once(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="line 2: the id 'a' stands twice"):
        listed(tmp_path, {"id": "a", "text": "x"}, {"id": "a", "text": "y"})


def test_a_file_that_a_record_names_is_read_and_followed(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.html").write_text("<p>x")
    (tmp_path.parent / "secret.md").write_text("secret")
    (tmp_path / "docs/link.md").symlink_to(tmp_path.parent / "secret.md")
    records = [
        {"id": "a", "path": "docs/a.html"},
        {"id": "b", "path": "../secret.md"},
        {"id": "c", "path": "docs/link.md"},
        {"id": "d", "path": "none.md"},
    ]
    path = tmp_path / "r.jsonl"
    path.write_text("\n".join(map(json.dumps, records)))
    connector = JsonlConnector(name="jsonl", path=path)
    items = {item.key: item for item in connector.list() if isinstance(item, SourceItem)}
    assert (connector.fetch(items["a"]).as_bytes(), items["a"].mime) == (b"<p>x", "text/html")
    for key in "bcd":
        with pytest.raises(DocumentError):
            connector.fetch(items[key])
    (tmp_path / "docs/a.html").write_text("<p>another")
    again = {item.key: item for item in connector.list() if isinstance(item, SourceItem)}
    assert again["a"].fingerprint != items["a"].fingerprint
    assert again["b"].fingerprint == items["b"].fingerprint
    connector.close()


def test_a_pipe_in_a_files_place_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    (item,) = listed(tmp_path, {"id": 1, "text": None, "path": "pipe.txt"})
    connector = JsonlConnector(name="jsonl", path=tmp_path / "r.jsonl")
    with closing(connector), pytest.raises(DocumentError, match="not a regular file"):
        connector.fetch(item)


def test_a_record_is_fetched_without_a_listing(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    listed(tmp_path, {"id": "a", "text": "x"}, {"id": "b", "text": "y"})
    with closing(JsonlConnector(name="jsonl", path=path)) as connector:
        items = [item for item in connector.list() if isinstance(item, SourceItem)]
    with closing(JsonlConnector(name="jsonl", path=path)) as another:
        assert another.fetch(items[1]).as_string() == "y"
        path.write_text('{"id": "a", "text": "x"}\n')
    later = JsonlConnector(name="jsonl", path=path)
    with closing(later), pytest.raises(DocumentError, match="does not have it any more"):
        later.fetch(items[1])


def test_stdin_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.TextIOWrapper(io.BytesIO(b'{"id": "a", "text": "x"}\n{"id": "b", "text": "y"}'))
    monkeypatch.setattr(sys, "stdin", text)
    connector = JsonlConnector(name="jsonl", path=Path("-"))
    for _ in range(2):
        items = [item for item in connector.list() if isinstance(item, SourceItem)]
        assert [connector.fetch(item).as_string() for item in items] == ["x", "y"]
    connector.close()


def test_a_record_that_was_moved_since_it_was_listed_is_not_taken_for_another(tmp_path: Path) -> None:
    secret, public = ({"id": id, "text": id * 20, "acl": acl} for id, acl in (("a", ["hr"]), ("b", ["*h"])))
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps(secret) + "\n" + json.dumps(public) + "\n")
    connector = JsonlConnector(name="j", path=path)
    items = [item for item in connector.list() if isinstance(item, SourceItem)]
    path.write_text(json.dumps(public) + "\n" + json.dumps(secret) + "\n")
    for item in items:
        with pytest.raises(DocumentError, match="written to since"):
            connector.fetch(item)
    connector.close()
