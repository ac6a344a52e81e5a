import os
import socket
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest

from connectors.files import FilesConnector
from rag.errors import DocumentError, SourceError
from rag.types import Skip, SourceItem


def tree(root: Path, names: Sequence[str]) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text", encoding="utf-8")
    return root


def listed(path: Path, **settings: object) -> tuple[list[SourceItem], dict[str, str]]:
    found = list(FilesConnector(name="docs", path=path, **settings).list())
    skips = {Path(s.uri).name: s.reason for s in found if isinstance(s, Skip)}
    return [i for i in found if isinstance(i, SourceItem)], skips


def keys(path: Path, **settings: object) -> list[str]:
    return [item.key for item in listed(path, **settings)[0]]


def test_items_say_what_is_known_without_reading(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"12345")
    os.utime(path, ns=(0, 1_700_000_000_123_456_789))
    (item,), _ = listed(tmp_path, acl=["staff"], metadata={"team": "x"})
    assert item == SourceItem(
        source="docs",
        key="a.md",
        uri=str(path),
        fingerprint="1700000000123456789-5",
        mime="text/markdown",
        size=5,
        modified="2023-11-14T22:13:20Z",
        metadata={"team": "x"},
        acl=("staff",),
    )


def test_listing_opens_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, ["a.md", "b/c.txt"])

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("opened")

    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr(os, "open", refuse)
    assert keys(tmp_path) == ["a.md", "b/c.txt"]


def test_keys_are_sorted_as_a_whole(tmp_path: Path) -> None:
    names = ["a-b.md", "a/x.md", "a/b/y.md", "a.md", "B.md", "ä.md", "日本/語 1.md"]
    assert keys(tree(tmp_path, names)) == sorted(names)


def test_a_plain_folder_takes_documents_and_says_why_not_the_rest(tmp_path: Path) -> None:
    items, skips = listed(tree(tmp_path, ["a.md", "b.TXT", "c.pdf", "d.bin", "e", "f.log", ".hidden.md", ".git/x.md"]))
    assert [(i.key, i.mime) for i in items] == [
        ("a.md", "text/markdown"),
        ("b.TXT", "text/plain"),
        ("c.pdf", "application/pdf"),
    ]
    assert skips == {
        "d.bin": "no parser for .bin files",
        "e": "no parser for files without a suffix",
        "f.log": ".log files are taken only where `include` names them",
    }


def test_patterns(tmp_path: Path) -> None:
    tree(tmp_path, ["a.md", "x/b.md", "x/c.bin", "x/d.txt", "y/e.md", "drafts/f.md", "drafts/deep/g.md", "l.log"])
    items, skips = listed(tmp_path, include=["**/*.md", "*.bin", "*.log"], exclude=["y/*.md", "drafts"])
    assert [i.key for i in items] == ["a.md", "l.log", "x/b.md"]
    assert skips == {
        "c.bin": "no parser for .bin files",
        "e.md": "excluded by 'y/*.md'",
        "drafts": "excluded by 'drafts'",
    }


def test_large_files_are_skipped_with_both_sizes(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"x" * 1500)
    (tmp_path / "b.md").write_bytes(b"x" * 1000)
    items, skips = listed(tmp_path, max_file_mb=0.001)
    assert [i.key for i in items] == ["b.md"]
    assert skips == {"a.md": "0.0015 MB, more than the 0.001 MB of parsing.max_file_mb"}


def test_links_are_followed_to_files_inside_only(tmp_path: Path) -> None:
    root = tree(tmp_path / "docs", ["real.md", "sub/x.md", ".secret/s.md"])
    outside = tree(tmp_path / "docs-other", ["o.md"])
    (root / "in.md").symlink_to("real.md")
    (root / "out.md").symlink_to(outside / "o.md")
    (root / "up.md").symlink_to("../docs-other/o.md")
    (root / "broken.md").symlink_to("nothing.md")
    (root / "loop.md").symlink_to("loop.md")
    (root / "hidden.md").symlink_to(".secret/s.md")
    (root / "sub/all").symlink_to(root)
    (root / "other").symlink_to(outside)
    for settings in ({}, {"include": ["**/*.md"]}):
        items, skips = listed(root, **settings)
        assert [i.key for i in items] == ["in.md", "real.md", "sub/x.md"]
        assert skips == {
            "out.md": "a link out of the folder",
            "up.md": "a link out of the folder",
            "broken.md": "a broken link",
            "loop.md": "a broken link",
            "hidden.md": "a link to a hidden file",
            "all": "a link to a folder, which is not followed",
            "other": "a link out of the folder",
        }


def test_the_folder_itself_may_be_a_link_or_below_a_hidden_one(tmp_path: Path) -> None:
    tree(tmp_path / ".cache/docs", ["a.md"])
    (tmp_path / "link").symlink_to(tmp_path / ".cache/docs")
    (item,), _ = listed(tmp_path / "link")
    assert (item.key, item.uri) == ("a.md", str(tmp_path / "link/a.md"))
    connector = FilesConnector(name="docs", path=tmp_path / "link")
    assert connector.fetch(item).as_bytes() == b"text"


def test_names_are_keyed_in_normal_form_and_collisions_skipped(tmp_path: Path) -> None:
    composed, decomposed = "café.md", unicodedata.normalize("NFD", "café.md")
    tree(tmp_path, [composed, decomposed])
    if len(list(tmp_path.iterdir())) < 2:
        pytest.skip("this file system normalises names")
    (item,), skips = listed(tmp_path)
    (reason,) = skips.values()
    assert item.key == composed
    assert item.uri in reason
    assert FilesConnector(name="docs", path=tmp_path).fetch(item).as_bytes() == b"text"


def test_special_files_and_impossible_names_are_skipped(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.md"))
    os.close(os.open(os.fsencode(tmp_path) + b"/bad\xff.md", os.O_CREAT))
    items, skips = listed(tmp_path)
    assert items == []
    assert skips == {
        "pipe.md": "not a regular file",
        "socket.md": "not a regular file",
        "bad�.md": "its name is not valid UTF-8: rename it",
    }


def test_one_file_is_a_source(tmp_path: Path) -> None:
    tree(tmp_path, ["one.log", "other.md"])
    (item,), skips = listed(tmp_path / "one.log")
    assert (item.key, skips) == ("one.log", {})
    assert FilesConnector(name="docs", path=tmp_path / "one.log").fetch(item).as_bytes() == b"text"


def test_an_empty_folder_has_nothing(tmp_path: Path) -> None:
    assert listed(tmp_path) == ([], {})


def test_a_missing_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="missing"):
        listed(tmp_path / "missing")


def test_an_unreadable_folder_is_an_error_and_no_deletion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, ["a.md", "locked/b.md"])
    scandir = os.scandir

    # permissions do not stop root, so the system's refusal is played
    def refuse(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SourceError, match=r"locked.*Permission denied"):
        listed(tmp_path)
    assert keys(tmp_path, exclude=["locked"]) == ["a.md"]


def changed(tmp_path: Path, change: str) -> SourceItem:
    root, outside = tree(tmp_path / "docs", ["a.md", "sub/b.md"]), tree(tmp_path / "other", ["a.md", "b.md"])
    _, item = listed(root)[0]
    path = Path(item.uri)
    path.unlink()
    match change:
        case "link":
            path.symlink_to(outside / "b.md")
        case "folder link":
            path.parent.rmdir()
            path.parent.symlink_to(outside)
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "large":
            path.write_bytes(b"x" * 2000)
    return item


@pytest.mark.parametrize("change", ["gone", "link", "folder link", "pipe", "folder", "large"])
def test_a_file_that_was_replaced_after_listing_is_not_read(tmp_path: Path, change: str) -> None:
    item = changed(tmp_path, change)
    with pytest.raises(DocumentError, match=r"b\.md") as error:
        FilesConnector(name="docs", path=tmp_path / "docs", max_file_mb=0.001).fetch(item)
    assert error.value.kind == "read"


def test_fetch_gives_the_bytes_and_the_type(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"\xff\0x")
    connector = FilesConnector(name="docs", path=tmp_path)
    (item,) = connector.list()
    assert isinstance(item, SourceItem)
    blob = connector.fetch(item)
    assert (blob.as_bytes(), blob.mimetype, blob.source) == (b"\xff\0x", "text/markdown", str(tmp_path / "a.md"))
