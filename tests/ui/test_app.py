"""The app as it is served: addresses, and a real browser that asks, follows a citation and stays on this machine."""

import socket
import time
import urllib.request
from urllib.error import HTTPError

import pytest

from rag.corpus import Rag
from rag.errors import RagError, SettingsError
from tests.ui.browser import NARROW, WIDE, ask, chatting, free_port, picture, start, stop

QUESTION = "How long do refunds take?"
QUOTE = "Refunds are paid within 14 days after the parcel has arrived."
REFUNDS = f"# Refunds\n\n## Payment\n\n{QUOTE} Card payments go back to the same card.\n"
HOSTILE = """# Passwords <script>document.title = "run"</script>

## Rules <img src="http://203.0.113.1/a.png" onerror="document.title = 'run'">

Passwords have <img src="http://203.0.113.1/b.png" onerror="document.title = 'run'"> at least 14 characters, see
![image](http://203.0.113.1/c.png), ${document.title = "run"} and {{value}}.
"""


@pytest.fixture(scope="module")
def handbook(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chat") / "handbook"
    folder.mkdir()
    (folder / "refunds.md").write_text(REFUNDS, encoding="utf-8")
    (folder / "passwords.md").write_text(HOSTILE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def address(handbook):
    empty = handbook.parent / "empty"
    empty.mkdir()
    with Rag.open(handbook) as corpus:
        assert corpus.ingest().new == 2
    with chatting(handbook, empty, options=["--uploads", "0"]) as url:
        yield url


@pytest.mark.browser
@pytest.mark.parametrize("page", [WIDE, NARROW], ids=["wide", "narrow"], indirect=True)
def test_a_citation_leads_to_the_marked_passage(page):
    picture(page, "start")
    ask(page, QUESTION)
    assert page.locator(".rag-answer").inner_text().startswith(QUOTE)
    assert page.get_by_role("textbox", name="Question").input_value() == ""
    picture(page, "answer")
    page.locator("a.rag-cite").first.click()
    mark = page.locator("#source-1-1 mark").first
    page.wait_for_function("document.activeElement.id == 'source-1-1'")
    mark.wait_for()
    box, size = mark.bounding_box(), page.viewport_size
    deadline = time.monotonic() + 10
    while not 0 <= box["y"] < size["height"] and time.monotonic() < deadline:
        page.wait_for_timeout(50)  # it scrolls smoothly
        box = mark.bounding_box()
    assert 0 <= box["y"] < size["height"]
    assert mark.inner_text() == QUOTE
    assert "refunds.md" in page.locator("#source-1-1").inner_text()
    picture(page, "citation")


@pytest.mark.browser
def test_a_hostile_document_stays_text(page):
    ask(page, "How many characters do passwords have?")
    source = page.locator(".rag-source").first.inner_text()
    assert '<script>document.title = "run"</script>' in source
    assert '${document.title = "run"} and {{value}}' in source
    assert '<img src="http://203.0.113.1/b.png"' in source
    answer = page.locator(".rag-answer")
    assert '${document.title = "run"} and {{value}}' in answer.inner_text()
    assert page.locator(".rag-answer img, .rag-source img").count() == 0
    picture(page, "hostile")


@pytest.mark.browser
def test_an_abstention_shows_the_nearest_passages(page):
    ask(page, "What is the capital of Mongolia?")
    assert "The documents do not answer this." in page.locator(".rag-abstained").inner_text()
    assert page.locator(".rag-abstained a.rag-cite").count() == page.locator(".rag-source").count() > 0
    picture(page, "abstention")


@pytest.mark.browser
@pytest.mark.parametrize("page", [WIDE, NARROW], ids=["wide", "narrow"], indirect=True)
def test_a_follow_up_shows_how_it_was_understood_and_can_be_asked_as_written(page):
    ask(page, QUESTION)
    as_written = page.get_by_role("button", name="Ask it as it was written")
    assert as_written.count() == 0
    ask(page, "And to which card?")
    understood = page.locator(".rag-understood")
    assert understood.inner_text().startswith("Understood as: And to which card? (")
    assert "refunds" in understood.inner_text()
    picture(page, "follow-up")
    as_written.click()
    understood.wait_for(state="detached")
    page.locator("#rag-messages .rag-author, #rag-messages .rag-box").nth(1).wait_for()
    page.get_by_role("button", name="Ask", exact=True).wait_for()
    assert page.locator(".rag-question").count() == 2
    assert as_written.count() == 0


@pytest.mark.browser
def test_a_blank_question_does_nothing(page):
    ask(page, QUESTION)
    page.get_by_role("textbox", name="Question").fill("  ")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('#rag-ask textarea').value === ''")
    assert page.locator(".rag-question").count() == 1


@pytest.mark.browser
def test_another_corpus_starts_over_and_an_empty_one_says_what_to_do(page):
    ask(page, QUESTION)
    page.get_by_label("Corpus").select_option("empty")
    page.get_by_text("Ask about empty").wait_for()
    ask(page, QUESTION)
    assert "run rag ingest on it first" in page.locator(".rag-error").inner_text()
    assert page.locator(".rag-question").count() == 1
    picture(page, "empty")


def test_files_of_the_machine_are_neither_served_nor_taken(address, handbook):
    upload = urllib.request.Request(
        f"{address}/gradio_api/upload",
        data=b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nlong\r\n--b--\r\n',
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    for request in (f"{address}/gradio_api/file={handbook}/refunds.md", upload):
        with pytest.raises(HTTPError) as refused:
            urllib.request.urlopen(request)
        assert 400 <= refused.value.code < 500
        refused.value.close()


@pytest.fixture(scope="module")
def serve():
    from ui.server import serve

    return serve


def test_a_taken_port_is_named_in_one_line(serve):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RagError, match=rf"^port {port} on 127.0.0.1 is taken: .*--port.*$"):
            serve([], host="127.0.0.1", port=port)


@pytest.mark.parametrize("port", [-1, 0, 65536])
def test_a_port_that_is_none_is_refused(serve, port):
    with pytest.raises(SettingsError, match=rf"--port {port}: .*1 to 65535"):
        serve([], host="127.0.0.1", port=port)


def test_a_host_of_another_machine_is_refused(serve):
    with pytest.raises(RagError, match=r"^cannot listen on 192.0.2.1, .*--host or --port$"):
        serve([], host="192.0.2.1", port=free_port())


def test_the_chat_follows_watched_sources(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/refunds.md").write_text(REFUNDS, encoding="utf-8")
    config = tmp_path / "shop.yaml"
    config.write_text("sources: [{kind: files, path: ./docs, watch: true}]\n")
    process = start(config, port=free_port())
    try:
        assert process.stderr.readline().startswith("chat on http://")
        assert process.stderr.readline().startswith("shop: 1 new, 0 changed")
        process.stderr.readline()
        (tmp_path / "docs/late.md").write_text("# Late\n\nLate parcels are refunded at once.\n", encoding="utf-8")
        assert process.stderr.readline().startswith("shop: 1 new, 0 changed, 1 unchanged")
        process.stderr.readline()
        assert stop(process) == (0, "")
    finally:
        process.kill()
