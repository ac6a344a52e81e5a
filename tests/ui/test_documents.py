"""The documents tab as it is served: real files, real uploads, a real browser, and a second one that looks on."""

import re
from contextlib import ExitStack

import pytest

from rag.corpus import Rag
from tests.ui.browser import NARROW, SLOWLY, WIDE, ask, chatting, picture, viewport, watched

SENTENCE = "Rooibos is steeped for seven minutes in boiling water."
QUESTION = "How long is rooibos steeped?"
ROOIBOS = {"name": "rooibos.md", "mimeType": "text/markdown", "buffer": f"# Rooibos\n\n{SENTENCE}\n".encode()}
DROP = """([name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name));
  const drop = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
  document.querySelector(".rag-drop").dispatchEvent(drop);
}"""
LEAVE_AT_ONCE = """() => {
  window.windows = 0;
  const show = HTMLDialogElement.prototype.showModal;
  HTMLDialogElement.prototype.showModal = function () {
    window.windows += 1;
    show.call(this);
    this.close();
  };
}"""
HOSTILE = "<img src=x onerror=\"document.title='run'\">.md"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    root = tmp_path_factory.mktemp("documents")
    (root / "temporary").mkdir()
    (root / "tea").mkdir()
    (root / "tea/green.md").write_text("# Green tea\n\nGreen tea is brewed at 75 degrees.\n", encoding="utf-8")
    (root / "tea/broken.pdf").write_bytes(b"no pdf")
    return root


@pytest.fixture(scope="module")
def address(places):
    with Rag.open(places / "tea") as corpus:
        corpus.ingest()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(places / "temporary"))
        with chatting(places / "tea", options=["--uploads", "0.05"]) as url:
            yield url
    assert not [*places.glob("temporary/rag-chat-*")], "what was uploaded and not taken goes with the process"


@pytest.fixture
def look(chromium, address):
    """Opens the tab in one more browser."""
    with ExitStack() as pages:

        def opened(size=WIDE, locale="en-US"):
            context = chromium.new_context(viewport=viewport(size), locale=locale, reduced_motion="reduce")
            page = pages.enter_context(watched(context))
            page.goto(address)
            page.get_by_role("tab", name=re.compile("Documents|Dokumente")).click()
            page.locator(".rag-documents-table").wait_for()
            return page

        yield opened


def row(page, text):
    return page.locator(".rag-documents-table tbody tr", has_text=text)


def test_an_upload_is_seen_by_all_answers_and_stops_answering(look, places):
    page, other = look(), look()
    page.locator("input[type=file]").set_input_files(
        [ROOIBOS, {**ROOIBOS, "name": "tool.exe"}, {**ROOIBOS, "name": "big.md", "buffer": b"x" * 50_001}]
    )
    results = page.locator(".rag-results li")
    results.nth(2).wait_for()
    assert [text.split(" ")[0] for text in results.all_inner_texts()] == ["rooibos.md", "tool.exe", "big.md"]
    assert "larger than 50 kB" in results.nth(2).inner_text()
    row(page, "uploads:rooibos.md").wait_for()
    picture(page, "documents-uploading")
    row(other, "uploads:rooibos.md").get_by_text("Ready").wait_for()
    for each in (page, other):
        each.locator(".rag-job-done").wait_for()
        assert "1 new" in each.locator(".rag-job").inner_text()
    picture(page, "documents-done")
    assert not [path for path in places.glob("temporary/rag-chat-*/**/*") if path.is_file()], "nothing lingers"

    page.get_by_role("tab", name="Chat").click()
    ask(page, QUESTION)
    assert SENTENCE in page.locator(".rag-answer").inner_text()

    other.bring_to_front()
    row(other, "uploads:rooibos.md").get_by_role("button", name="Delete").click()
    dialog = other.get_by_role("dialog")
    assert "Delete this upload?" in dialog.inner_text()
    picture(other, "documents-delete")
    dialog.get_by_role("button", name="Cancel").click()
    dialog.wait_for(state="detached")
    row(other, "uploads:rooibos.md").get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    row(other, "uploads:rooibos.md").wait_for(state="detached")
    other.locator(".rag-job", has_text="1 deleted").wait_for()
    page.bring_to_front()
    ask(page, QUESTION)
    assert SENTENCE not in page.locator(".rag-answer, .rag-abstained").last.inner_text()


def test_a_failed_file_says_why_and_a_document_opens(look):
    page = look()
    page.get_by_role("button", name=re.compile("^Failed")).click()
    row(page, "green.md").wait_for(state="detached")
    assert "not a readable PDF" in row(page, "broken.pdf").inner_text()
    row(page, "broken.pdf").get_by_role("button", name="Retry").click()
    page.locator(".rag-job", has_text="1 failed").wait_for()
    page.get_by_role("button", name=re.compile("^All ")).click()
    page.get_by_role("searchbox", name="Filter documents").fill("green")
    row(page, "broken.pdf").wait_for(state="detached")
    row(page, "green.md").get_by_role("button", name="Green tea").click()
    dialog = page.get_by_role("dialog", name="Green tea")
    assert "brewed at 75 degrees" in dialog.inner_text()
    page.locator("dialog:modal").wait_for()
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    row(page, "green.md").hover()
    row(page, "green.md").get_by_role("button", name="Exclude").click()
    assert 'exclude: ["/green.md"]' in page.get_by_role("dialog").inner_text()


def test_what_is_done_while_something_is_under_way_counts_as_well(look):
    page = look()
    page.evaluate(SLOWLY)
    page.get_by_role("button", name=re.compile("^Failed")).click()
    page.get_by_role("searchbox", name="Filter documents").fill("green")
    row(page, "green.md").wait_for(state="detached")  # it did not fail
    row(page, "broken.pdf").wait_for(state="detached")  # it is not green
    page.get_by_role("button", name=re.compile("^All ")).click()
    row(page, "green.md").wait_for()
    assert page.get_by_role("searchbox", name="Filter documents").input_value() == "green"


def test_a_window_that_was_left_at_once_does_not_come_again(look):
    page = look()
    page.evaluate(LEAVE_AT_ONCE)
    for number in range(1, 7):
        row(page, "green.md").get_by_role("button", name="Green tea").click()
        page.wait_for_function(f"window.windows >= {number}")
        page.wait_for_timeout(300)  # the end of an answer comes after the window
        assert page.evaluate("window.windows") == number
    page.locator("dialog").wait_for(state="detached")


def test_a_hostile_name_is_text_on_a_phone_in_german_too(look):
    page = look(NARROW, locale="de-DE")
    page.evaluate(DROP, [HOSTILE, SENTENCE])
    page.locator(".rag-results li", has_text="hinzugefügt").wait_for()
    shown = row(page, "uploads:<img")
    shown.get_by_text("Bereit").wait_for()
    assert f"uploads:{HOSTILE}" in shown.inner_text()
    picture(page, "documents-hostile")
    shown.get_by_role("button", name="Löschen").click()
    page.get_by_role("dialog").get_by_role("button", name="Löschen").click()
    shown.wait_for(state="detached")


def test_the_plan_comes_before_an_ingestion(look, places):
    (places / "tea/mate.md").write_text("# Mate\n\nMate is drunk through a bombilla.\n", encoding="utf-8")
    page = look()
    page.get_by_role("button", name="Look for changes").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Looking at the sources").or_(dialog.locator(".rag-documents-tiles")).first.wait_for()
    ingest = dialog.get_by_role("button", name="Ingest now")
    ingest.wait_for()
    assert dialog.locator(".rag-documents-tile", has_text="new").inner_text().split() == ["new", "1"]
    assert not row(page, "mate.md").count()
    ingest.click()
    row(page, "mate.md").get_by_text("Ready").wait_for()
