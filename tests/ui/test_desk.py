"""What the documents tab does with a real corpus, and what it does not do for whoever asks."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rag.corpus import Rag
from rag.errors import DeletionRefusedError
from rag.retrieval.documents import DocumentReader
from tests.corpora import FACTS
from tests.ui.test_view import Parsed
from ui.desk import LARGE_FILES, Desk
from ui.served import Served
from ui.shelf import View

TEA = b"# Rooibos\n\nRooibos is steeped for seven minutes.\n"


@pytest.fixture
def corpus(make_folder):
    with Rag.open(make_folder({**FACTS, "bad.pdf": b"no pdf"})) as corpus:
        yield corpus


@pytest.fixture
def arrived(tmp_path):
    """Puts a file where the browser's uploads arrive, and says where that is."""

    def put(name, content=TEA):
        path = tmp_path / "received" / str(len([*tmp_path.glob("received/*")])) / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        return {"name": name, "path": str(path)}

    (tmp_path / "received").mkdir()
    return put


@pytest.fixture
def served(corpus):
    served = Served(corpus, 1.0)
    yield served
    served.jobs.close()


@pytest.fixture
def desk(served, tmp_path):
    return Desk(served, tmp_path / "received")


def act(desk, does, **said):
    """The parts after somebody did something, those that changed several times as they are at last."""
    shown = {}
    for parts in desk.act({"do": does, **said}, View(), "en"):
        shown.update(parts)
    return shown


def finished(served):
    *_, last = served.jobs.watch()
    return last


def test_an_upload_is_taken_read_and_removed(desk, served, arrived, tmp_path):
    sent = arrived("rooibos.md")
    shown = act(desk, "upload", files=[sent, {"name": "big.md", "error": "larger than 1 MB"}], replace=False)
    results = [attributes["class"] for tag, attributes in Parsed(shown["zone"]).tags if tag == "li"]
    assert results == ["rag-good", "rag-bad"]
    assert [*tmp_path.glob("received/*")] == [], "nothing lingers where it arrived"
    assert finished(served).report.new == 1
    assert "Rooibos" in desk.news(View(), "en")["shelf"]
    assert "seven minutes" in Parsed(act(desk, "show", id="uploads:rooibos.md")["dialog"]).text
    assert "Delete this upload?" in Parsed(act(desk, "confirm", id="uploads:rooibos.md")["dialog"]).text
    act(desk, "remove", id="uploads:rooibos.md")
    assert finished(served).report.deleted == 1
    assert "Rooibos" not in desk.news(View(), "en")["shelf"]


@pytest.mark.parametrize(
    "where", ["{root}/docs/water.md", "{root}/received/../docs/water.md", "/etc/hostname", "\0", ""]
)
def test_no_other_file_of_the_machine_is_taken(desk, served, tmp_path, where):
    shown = act(desk, "upload", files=[{"name": "a.md", "path": where.format(root=tmp_path)}])
    assert "could not be uploaded" in Parsed(shown["zone"]).text
    assert served.corpus.uploads.list() == []
    assert (tmp_path / "docs/water.md").exists()
    assert served.jobs.last is None


def test_a_link_out_of_where_uploads_arrive_is_not_followed(desk, served, arrived, tmp_path):
    (tmp_path / "received/link.md").symlink_to(tmp_path / "docs/water.md")
    act(desk, "upload", files=[{"name": "a.md", "path": str(tmp_path / "received/link.md")}])
    assert served.corpus.uploads.list() == []


def test_who_may_only_look_changes_nothing(corpus, arrived, tmp_path):
    corpus.uploads.add("kept.md", TEA)
    served = Served(corpus)
    desk = Desk(served, tmp_path / "received")
    for does in (
        "upload",
        "url",
        "remove",
        "retry",
        "retry_failed",
        "check",
        "ingest",
        "go_on",
        "stop",
        "delete_anyway",
    ):
        shown = act(desk, does, files=[arrived("a.md")], id="uploads:kept.md", value="http://127.0.0.1/")
        assert "cannot be changed here" in Parsed(shown["dialog"]).text, does
    assert [upload.name for upload in corpus.uploads.list()] == ["kept.md"]
    assert served.jobs.last is None
    assert desk.everything(View(), "en")["zone"] == ""


def test_nonsense_is_nothing(desk):
    for said in ({}, {"do": 1}, {"do": "nonsense"}, {"do": "page", "value": {}}, {"do": "text"}):
        assert not [parts for parts in desk.act(said, View(), "en") if "dialog" in parts]


def test_documents_of_sources_are_excluded_and_not_deleted(desk, served):
    assert 'exclude: ["/water.md"]' in Parsed(act(desk, "exclude", id="files:water.md")["dialog"]).text
    shown = Parsed(act(desk, "remove", id="files:water.md")["dialog"]).text
    assert "no upload and cannot be deleted" in shown
    assert served.jobs.last is None


def test_many_uploads_wait_for_somebody_to_see_the_plan(desk, served, arrived):
    files = [arrived(f"{n}.md", f"# Tea {n}\n\nTea number {n}.".encode()) for n in range(LARGE_FILES + 1)]
    shown = Parsed(act(desk, "upload", files=files)["zone"])
    assert served.jobs.last is None
    assert (shown.attributes("data-do"), shown.attributes("data-sources")) == (["check"], ["uploads"])
    plan = Parsed(act(desk, "check", sources="uploads")["dialog"])
    assert f"{LARGE_FILES + 1}" in plan.text
    assert plan.attributes("data-do") == ["ingest"]
    act(desk, "ingest", sources="uploads")
    assert finished(served).report.new == LARGE_FILES + 1


def test_documents_are_read_only_where_they_may_have_changed(desk, corpus, tmp_path, monkeypatch):
    corpus.ingest()
    read, overview = [], DocumentReader.overview
    monkeypatch.setattr(DocumentReader, "overview", lambda self: read.append(1) or overview(self))
    for _ in range(3):
        assert "Tea guide" in desk.everything(View(), "en")["shelf"]
    assert len(read) == 1
    (tmp_path / "docs/water.md").write_text("# Other title\n\nHard water.\n")
    corpus.ingest()
    assert "Other title" in desk.everything(View(), "en")["shelf"]
    assert len(read) == 2
    with corpus._opened.writing(), ThreadPoolExecutor(1) as elsewhere:
        for _ in range(2):
            elsewhere.submit(desk.everything, View(), "en").result()
    assert len(read) == 4, "while documents are written, each look reads"


def test_what_failed_is_read_again(desk, served, corpus, tmp_path):
    corpus.ingest()
    shown = Parsed(desk.everything(View(), "en")["shelf"])
    assert "not a readable PDF" in shown.text
    assert "not a readable PDF" in Parsed(act(desk, "show", id="files:bad.pdf")["dialog"]).text
    (tmp_path / "docs/bad.pdf").unlink()
    (tmp_path / "docs/bad.md").write_text("# Mended")
    act(desk, "retry_failed")
    assert finished(served).options == {"sources": ["files"]}
    assert "Mended" in desk.news(View(), "en")["shelf"]


def test_a_refused_deletion_is_done_when_somebody_says_so(desk, served, tmp_path):
    for n in range(30):
        (tmp_path / f"docs/{n}.md").write_text(f"# Text {n}")
    act(desk, "ingest")
    assert finished(served).report.new == 33
    for n in range(30):
        (tmp_path / f"docs/{n}.md").unlink()
    act(desk, "ingest")
    assert isinstance(finished(served).raised, DeletionRefusedError)
    card = Parsed(desk.news(View(), "en")["job"])
    assert "30 of 33 documents are gone" in card.text
    assert card.attributes("data-do") == ["delete_anyway", "check"]
    act(desk, "delete_anyway")
    assert finished(served).report.deleted == 30


def test_an_error_is_said_and_the_tab_stays(desk):
    assert "holds nothing yet" in Parsed(act(desk, "show", id="files:gone.md")["dialog"]).text
    zone = act(desk, "url", value="ftp://x")["zone"]
    assert "http:// or https://" in Parsed(zone).text


def test_who_is_not_the_operator_sees_what_is_open_to_them_and_changes_nothing(make_folder, tmp_path):
    folder = make_folder({"tea.md": "# Tea\n\nTea is steeped for three minutes."})
    with Rag.open(folder, overrides=["sources.0.acl=[staff]"]) as corpus:
        corpus.ingest()
        served = Served(corpus, 1.0)
        desk = Desk(served, tmp_path / "received")
        staff, guest = (desk.everything(View(), "en", principals) for principals in (["staff"], ["guest"]))
        assert "files:tea.md" in Parsed(staff["shelf"]).text
        assert "tea" not in Parsed(guest["shelf"]).text
        assert (staff["zone"], staff["job"]) == (guest["zone"], guest["job"]) == ("", "")
        for does, id in (("show", "files:tea.md"), ("ingest", ""), ("remove", "uploads:tea.md")):
            (shown,) = desk.act({"do": does, "id": id}, View(), "en", ["guest"])
            assert "three minutes" not in shown["dialog"]
        assert served.jobs.last is None


@pytest.mark.parametrize(
    ("private", "wanted", "limit"),
    [(True, None, 200), (False, None, None), (True, 0.0, None), (False, 5.0, 5), (True, 500.0, 200)],
)
def test_uploads_are_for_this_machine_unless_somebody_says_more(make_folder, private, wanted, limit):
    from ui.uploading import upload_limit

    assert upload_limit(Rag.open(make_folder()), wanted, private=private) == limit
