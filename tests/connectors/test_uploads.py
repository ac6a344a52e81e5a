"""What people hand over: names that do no harm, collisions that are said, pages that keep their address."""

import shutil
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.parsing.formats import format_of_mime, format_of_name
from connectors.uploads import UploadsConnector, UploadsFolder
from connectors.uploads.names import MAX_BYTES, numbered, page_name, safe_name
from rag.errors import UploadRefusedError
from rag.protocols import Uploads
from rag.testing.connector_contract import ConnectorContract, SourceUnderTest
from rag.types import SourceItem
from tests.connectors.web_site import Reply, serving


def folder_at(path: Path, *, max_file_mb: float = 1, allow_private: bool = True) -> Uploads:
    return UploadsFolder(
        path, source="uploads", max_file_mb=max_file_mb, allow_private=allow_private, others="how to exclude {}".format
    )


@pytest.fixture
def folder(tmp_path: Path) -> Uploads:
    return folder_at(tmp_path / "data/uploads")


def kept(folder: Uploads) -> dict[str, str]:
    return {upload.name: upload.uri for upload in folder.list()}


def items(path: Path) -> dict[str, SourceItem]:
    connector = UploadsConnector(name="uploads", folder=path)
    return {item.key: item for item in connector.list() if isinstance(item, SourceItem)}


class TestContract(ConnectorContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> SourceUnderTest:
        class Source(SourceUnderTest):
            def connect(self) -> UploadsConnector:  # type: ignore[override]
                return UploadsConnector(name="up", folder=path, acl=["staff"], metadata={"team": "tea"})

            def put(self, key: str, text: str) -> None:
                folder_at(path).add(key, text.encode(), replace=True)

            def remove(self, key: str) -> None:
                folder_at(path).remove(f"uploads:{key}")

            def take_down(self) -> None:
                shutil.rmtree(path)
                path.write_text("no folder")

        path = tmp_path / "uploads"
        return Source()


def test_nothing_is_made_before_the_first_upload(folder: Uploads, tmp_path: Path) -> None:
    assert folder.list() == []
    assert items(tmp_path / "data/uploads") == {}
    assert not (tmp_path / "data").exists()


def test_a_file_is_kept_as_it_is_and_the_given_one_stays(folder: Uploads, tmp_path: Path) -> None:
    given_file = tmp_path / "given.md"
    given_file.write_bytes(b"# Tea\r\n")
    upload = folder.add("Käse.md", given_file)
    assert (upload.document_id, upload.name, upload.size, upload.outcome) == ("uploads:Käse.md", "Käse.md", 7, "added")
    assert Path(upload.uri).read_bytes() == given_file.read_bytes() == b"# Tea\r\n"
    assert [entry.name for entry in Path(upload.uri).parent.iterdir()] == ["Käse.md"], "no draft is left"
    assert [u.name for u in folder.list()] == ["Käse.md"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "needs a name"),
        (" \t ", "needs a name"),
        ("../evil.md", "not a path"),
        ("/etc/passwd.md", "not a path"),
        ("a\\b.md", "not a path"),
        ("..", "hidden"),
        (".hidden.md", "hidden"),
        ("a\x00.md", "cannot be seen"),
        ("a\x1b[2J.md", "cannot be seen"),
        ("a\ud800.md", "cannot be seen"),
        ("evil\u202efdp.md", "cannot be seen"),
        ("x" * 250 + ".md", "at most 200 bytes"),
        ("program.exe", "no parser for .exe files"),
        ("Makefile", "no parser for files without an ending"),
    ],
)
def test_a_name_that_is_none_is_refused(folder: Uploads, tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(UploadRefusedError, match=words) as refused:
        folder.add(name, b"text")
    assert str(refused.value).isprintable()
    assert not any(tmp_path.rglob("*.md"))


@pytest.mark.parametrize(
    ("name", "as_kept"),
    [
        ("Bildschirmfoto\u202f12.04.md", "Bildschirmfoto 12.04.md"),
        (" a\u00a0 b.md\n", "a b.md"),
        (unicodedata.normalize("NFD", "Übung.md"), "Übung.md"),
        ("<img src=x onerror=alert(1)>.md", "<img src=x onerror=alert(1)>.md"),
        ("a;rm -rf $HOME `x`.md", "a;rm -rf $HOME `x`.md"),
        ("👩‍🚀.md", "👩‍🚀.md"),
        ("data.csv", "data.csv"),
    ],
)
def test_odd_names_are_kept_and_found_again(folder: Uploads, name: str, as_kept: str) -> None:
    upload = folder.add(name, b"a,b\n1,2\n")
    assert upload.name == as_kept
    assert [*kept(folder)] == [as_kept]
    folder.remove(upload.document_id)
    assert kept(folder) == {}


@given(st.text(st.characters() | st.sampled_from("./\\ \u0301\u202e\x00"), max_size=300))
def test_a_name_is_refused_or_one_visible_entry_of_a_folder(name: str) -> None:
    try:
        found = safe_name(name)
    except UploadRefusedError:
        return
    assert found == safe_name(found), "kept as it is from then on"
    assert unicodedata.is_normalized("NFC", found)
    assert Path("/folder", found).parent == Path("/folder")
    assert Path("/folder", found).name == found
    assert not found.startswith(".")
    assert 0 < len(numbered(found, 10_000).encode()) <= MAX_BYTES + 10


@given(
    st.builds("https://{}.example/{}".format, st.from_regex(r"[a-z]{1,9}", fullmatch=True), st.text(max_size=300)),
    st.sampled_from(["text/html", "application/pdf", "text/plain"]),
)
def test_the_name_of_a_page_is_a_safe_one_of_its_format(address: str, mime: str) -> None:
    format = format_of_mime(mime)
    assert format is not None
    name = page_name(address, format)
    assert safe_name(name) == name
    assert format_of_name(name) is format


def test_another_file_of_a_name_gets_a_number_or_its_place(folder: Uploads) -> None:
    assert folder.add("a.md", b"one").outcome == "added"
    assert folder.add("a.md", b"one").outcome == "unchanged"
    second = folder.add("a.md", b"two")
    assert (second.outcome, second.name, second.document_id) == ("renamed", "a (2).md", "uploads:a (2).md")
    assert folder.add("a.md", b"two").outcome == "unchanged", "what is there under its number is there"
    assert folder.add("a.md", b"three").name == "a (3).md"
    replaced = folder.add("a.md", b"four", replace=True)
    assert (replaced.outcome, replaced.name) == ("replaced", "a.md")
    assert {Path(u.uri).name: Path(u.uri).read_bytes() for u in folder.list()} == {
        "a.md": b"four",
        "a (2).md": b"two",
        "a (3).md": b"three",
    }


def test_uploads_at_the_same_time_take_no_name_twice(folder: Uploads) -> None:
    with ThreadPoolExecutor(8) as pool:
        uploads = [*pool.map(lambda n: folder.add("a.md", f"text {n}".encode()), range(16))]
    assert len({upload.name for upload in uploads}) == 16
    assert {Path(upload.uri).read_text() for upload in uploads} == {f"text {n}" for n in range(16)}


@pytest.mark.parametrize(("given_mb", "limit"), [(None, "1 MB"), (0.5, "0.5 MB"), (5, "1 MB")])
def test_what_is_too_large_is_refused(folder: Uploads, tmp_path: Path, given_mb: float | None, limit: str) -> None:
    large = tmp_path / "large.md"
    large.write_bytes(b"x" * 1_000_001)
    for content in (large, large.read_bytes()):
        with pytest.raises(UploadRefusedError, match=rf"large\.md.*1 MB, and files may have up to {limit}"):
            folder.add("large.md", content, max_file_mb=given_mb)
    assert folder.list() == []


def test_only_uploads_can_be_removed(folder: Uploads) -> None:
    folder.add("a.zip", b"no zip")
    for id, words in {
        "files:a.md": "no upload and cannot be deleted: how to exclude files:a.md",
        "uploads:b.md": "no upload 'uploads:b.md'",
        "uploads:a.zip!/b.md": "part of another file: delete 'uploads:a.zip'",
        "uploads:../a.zip": "no upload",
        "uploads:": "no upload",
    }.items():
        with pytest.raises(UploadRefusedError, match=words):
            folder.remove(id)
    assert [*kept(folder)] == ["a.zip"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder")
    with pytest.raises(UploadRefusedError, match=r"data/uploads: cannot be written: "):
        folder_at(tmp_path / "data/uploads").add("a.md", b"text")
    with pytest.raises(UploadRefusedError, match=r"gone\.md: cannot be read: "):
        folder_at(tmp_path / "uploads").add("a.md", tmp_path / "gone.md")


def test_a_page_goes_by_its_address(folder: Uploads, tmp_path: Path) -> None:
    path = tmp_path / "data/uploads"
    with serving() as site:
        site.html("/handbook/leave", text="Leave is 30 days.")
        upload = folder.add_url(f" {site.url}/handbook/leave#top ")
        assert (upload.outcome, upload.uri) == ("added", f"{site.url}/handbook/leave")
        assert upload.name == f"{site.host.replace(':', '-')}-handbook-leave.html"
        assert folder.add_url(f"{site.url}/handbook/leave").outcome == "unchanged"
        site.html("/handbook/leave", text="Leave is 31 days.")
        assert folder.add_url(f"{site.url}/handbook/leave").outcome == "replaced"
        (item,) = items(path).values()
        assert (item.uri, item.mime) == (upload.uri, "text/html")
        assert b"31 days" in UploadsConnector(name="uploads", folder=path).fetch(item).as_bytes()
        site.html("/handbook-leave", text="Another page with the same name.")
        assert folder.add_url(f"{site.url}/handbook-leave").outcome == "renamed"
    assert folder.add(upload.name, b"a file", replace=True).outcome == "replaced"
    assert kept(folder)[upload.name] == str(path / upload.name), "a file has no address"
    folder.remove(upload.document_id)
    assert folder.add(upload.name, b"text").uri == str(path / upload.name)


def test_a_page_that_cannot_be_had_says_why(folder: Uploads, tmp_path: Path) -> None:
    with serving() as site:
        site.pages["/noindex"] = Reply(b"<p>text</p>", headers={"X-Robots-Tag": "noindex"})
        site.pages["/secret"] = Reply(b"<p>text</p>")
        site.pages["/robots.txt"] = Reply(b"User-agent: *\nDisallow: /secret\n", mime="text/plain")
        site.pages["/film"] = Reply(b"x", mime="video/mp4")
        site.pages["/large"] = Reply(b"x" * 1_000_001)
        for address, words in {
            "ftp://x/a": "http:// or https://",
            "javascript:alert(1)": "http:// or https://",
            "http://me:secret@example.org/": "no password",
            f"{site.url}/gone": "404",
            f"{site.url}/noindex": "not to index",
            f"{site.url}/secret": "robots.txt",
            f"{site.url}/film": "no parser for video/mp4",
            f"{site.url}/large": "1 MB",
        }.items():
            with pytest.raises(UploadRefusedError, match=words) as refused:
                folder.add_url(address)
            assert "secret@" not in str(refused.value)
        private = folder_at(tmp_path / "other", allow_private=False)
        site.html("/page")
        site.requests.clear()
        with pytest.raises(UploadRefusedError, match=r"127\.0\.0\.1.*not a public one"):
            private.add_url(f"{site.url}/page")
        assert site.requests == []
    assert folder.list() == []
