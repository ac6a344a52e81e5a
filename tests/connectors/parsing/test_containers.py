import io
import zipfile
from collections.abc import Callable

import pytest
from langchain_core.documents.base import Blob

from connectors.parsing import FormatParser, expansion
from connectors.parsing.options import Options
from rag.errors import DocumentError
from rag.types import Parsed, SourceItem

Make = Callable[..., SourceItem]


def archive(members: dict[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return data.getvalue()


def read(make_item: Make, data: bytes, options: Options | None = None) -> Parsed:
    item = make_item("a.zip", metadata={"team": "tea"}, acl=("staff",))
    return FormatParser(options).parse(Blob.from_data(data), item)


def test_files_of_an_archive_are_documents_with_its_rights_and_metadata(make_item: Make) -> None:
    members = {"b/tea.md": "# Tea", "notes.txt": "x", ".hidden/x.md": "x", "__MACOSX/y.md": "x", "b/": "", "z.xyz": "?"}
    parsed = read(make_item, archive(members))
    assert [d.id for d in parsed.documents] == ["docs:a.zip!/b/tea.md", "docs:a.zip!/notes.txt"]
    assert {(d.acl, d.metadata["team"], d.uri[:9]) for d in parsed.documents} == {(("staff",), "tea", "/x/a.zip!")}
    assert parsed.documents[0].modified
    assert [skip.uri for skip in parsed.skipped] == ["/x/a.zip!/z.xyz"]


def test_archives_in_archives_are_opened(make_item: Make) -> None:
    inner = archive({"tea.md": "# Tea"})
    parsed = read(make_item, archive({"in/b.zip": inner, "bad.zip": b"no"}))
    assert [d.id for d in parsed.documents] == ["docs:a.zip!/in/b.zip!/tea.md"]
    assert [(part.id, part.kind) for part in parsed.failed] == [("docs:a.zip!/bad.zip", "parse")]


@pytest.mark.parametrize("name", ["../../etc/x.md", "/etc/x.md", "a\\..\\x.md"])
def test_names_that_lead_elsewhere_lead_nowhere(make_item: Make, name: str) -> None:
    (document,) = read(make_item, archive({name: "# X"})).documents
    assert ".." not in document.id
    assert not document.id.startswith("docs:a.zip!//")


def test_names_in_utf8_without_the_flag_are_read(make_item: Make) -> None:
    data = archive({"XXXXX.md": "# X"}).replace(b"XXXXX", "Käse".encode())
    assert read(make_item, data).documents[0].id == "docs:a.zip!/Käse.md"


def nested(depth: int) -> bytes:
    data = archive({"tea.md": "# Tea"})
    for _ in range(depth):
        data = archive({"b.zip": data})
    return data


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (b"", "parse", "ZIP"),
        (b"PK\x03\x04 broken", "parse", "ZIP"),
        (archive({}), "empty", "nothing in it"),
        (archive({"a.xyz": "?", "b.xyz": "?"}), "empty", "none of the 2 files"),
        (archive({"a.txt": b"0" * 60_000_000}), "archive", "unpacks|more than"),
        (archive({f"{n}.txt": b"0" * 900_000 for n in range(60)}), "archive", "bytes"),
    ],
    ids=["nothing", "broken", "empty", "unread", "bomb", "many"],
)
def test_what_is_no_archive_of_documents_says_why(make_item: Make, data: bytes, kind: str, words: str) -> None:
    with pytest.raises(DocumentError, match=words) as error:
        read(make_item, data, Options(max_unpacked_bytes=50_000_000))
    assert error.value.kind == kind


def test_what_is_nested_too_deep_fails_alone(make_item: Make) -> None:
    parsed = read(make_item, archive({"tea.md": "# Tea", "b.zip": nested(5)}))
    assert [d.id for d in parsed.documents] == ["docs:a.zip!/tea.md"]
    (part,) = parsed.failed
    assert part.kind == "archive"
    assert "nested more than 5 deep" in part.error
    assert part.error.startswith(part.uri)


def test_names_of_containers_and_members_cannot_be_mistaken(make_item: Make) -> None:
    data = archive({"x.zip": archive({"a.md": "one"}), "x.zip!/a.md": "two"})
    assert [d.id for d in read(make_item, data).documents] == ["docs:a.zip!/x.zip!/a.md", "docs:a.zip!/x.zip!_/a.md"]


def test_more_members_than_anybody_has_are_refused(make_item: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expansion, "MAX_MEMBERS", 3)
    monkeypatch.setattr(expansion.Budget.__init__, "__defaults__", (3, 0))
    with pytest.raises(DocumentError, match="more than 3 files"):
        read(make_item, archive({f"{n}.md": "# X" for n in range(4)}))


def test_a_member_whose_size_is_a_lie_fails_alone(make_item: Make) -> None:
    data = archive({"a.md": b"# A" * 1000, "b.md": "# B"}, zipfile.ZIP_STORED)
    lie = data.replace((3000).to_bytes(4, "little"), (30).to_bytes(4, "little"))
    parsed = read(make_item, lie)
    assert [d.id for d in parsed.documents] == ["docs:a.zip!/b.md"]
    assert [part.id for part in parsed.failed] == ["docs:a.zip!/a.md"]


def test_a_member_that_needs_a_password_fails_alone(make_item: Make) -> None:
    data = bytearray(archive({"a.md": "# A", "b.md": "# B"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    parsed = read(make_item, bytes(data))
    assert [(part.id, part.kind) for part in parsed.failed] == [("docs:a.zip!/a.md", "encrypted")]
    assert [d.id for d in parsed.documents] == ["docs:a.zip!/b.md"]
