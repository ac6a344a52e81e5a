"""The panel with what its documents have to show, and the files behind it: theirs to see, or not there at all."""

import json
import os
import time
import urllib.request
from threading import Thread
from urllib.error import HTTPError
from urllib.parse import quote, urljoin

import pytest
import uvicorn
from starlette.applications import Starlette

from rag.corpus import Rag
from rag.settings import Settings
from rag.types import LineBox
from tests.pdf_files import pdf
from tests.ui.test_structure import HOSTILE, Shown
from ui.conversation import Turn
from ui.links import Links
from ui.passages import Passages, _served_as
from ui.served import Served
from ui.view import pages
from ui.view.pages import Page, strips, unavailable

QUOTE = "Refunds are paid within 14 days."
PAGES = [[(72, 720, "Nothing to see here.")], [(72, 720, QUOTE), (72, 706, "Cards take longer.")]]
MARKDOWN = "# Tea\n\n| Kind | Degrees |\n|---|---|\n| green | 75 |\n| black | 95 |\n\n<script>alert(1)</script>\n"
WHO = {"": None, "ann": ["staff"], "bob": ["guests"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("passages") / "docs"
    folder.mkdir()
    for name in ("terms.pdf", "changed.pdf", "gone.pdf", "broken.pdf"):
        (folder / name).write_bytes(pdf(PAGES, title="Terms <b> of trade"))
    (folder / "tea.md").write_text(MARKDOWN)
    (folder / "page.html").write_text("<h1>Page</h1><p>Words.</p><script>alert(1)</script>")
    (folder / "page.xhtml").write_text("<html xmlns='http://www.w3.org/1999/xhtml'><body><p>Words.</p></body></html>")
    svg = "<svg xmlns='http://www.w3.org/2000/svg'><text>Words.</text><script>alert(document.domain)</script></svg>"
    (folder / "picture.xml").write_text(svg)
    (folder / 'böse"\r\n.txt').write_text("Words of a text.")
    (folder.parent / "secret.txt").write_text("secret")
    return folder


@pytest.fixture(scope="module")
def corpus(folder):
    settings = {
        "name": "shop",
        "sources": [{"kind": "files", "path": str(folder), "acl": ["staff"], "include": ["*"]}],
        "store": {"kind": "edge", "path": str(folder.parent / "index")},
    }
    with Rag(Settings.model_validate(settings)) as corpus:
        assert corpus.ingest().new == 9
        (folder / "gone.pdf").unlink()
        (folder / "changed.pdf").write_bytes(pdf(PAGES[::-1]))
        os.utime(folder / "changed.pdf", (time.time(), time.time() + 9))
        before = (folder / "broken.pdf").stat()
        (folder / "broken.pdf").write_bytes(b"%PDF-1.4 " + b"x" * (before.st_size - 9))
        os.utime(folder / "broken.pdf", ns=(before.st_atime_ns, before.st_mtime_ns))
        yield corpus


@pytest.fixture(scope="module")
def passages(corpus):
    return Passages([Served(corpus)], lambda request: WHO[request.headers.get("x-user", "")])


@pytest.fixture(scope="module")
def address(passages):
    """The routes as they are served."""
    app = uvicorn.Server(uvicorn.Config(Starlette(routes=passages.routes()), port=0, log_level="error", lifespan="off"))
    thread = Thread(target=app.run, daemon=True)
    thread.start()
    while not app.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{app.servers[0].sockets[0].getsockname()[1]}/"
    app.should_exit = True
    thread.join(10)


class Asker:
    def __init__(self, user="", language="en"):
        self.headers, self.cookies = {"x-user": user, "accept-language": language}, {}


def get(address, path, user=""):
    request = urllib.request.Request(urljoin(address, path), headers={"x-user": user})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def turn(corpus, document_id, *quotes, page=None, **changes):
    stored = corpus.show(document_id)
    found = [(stored.text.index(quote), quote) for quote in quotes]
    citations = [{"evidence": 1, "start": at, "end": at + len(quote), "verified": True} for at, quote in found]
    evidence = {
        "number": 1,
        "document_id": document_id,
        "uri": stored.uri,
        "title": stored.title,
        "headings": [],
        "page": page,
        "start": 0,
        "end": len(stored.text),
        "text": stored.text,
        "mime": stored.mime,
        "score": 0.62,
        **changes,
    }
    answer = {
        "abstained": not quotes,
        "sentences": [{"text": "x", "supported": True, "citations": citations}],
        "evidence": [evidence],
    }
    return (Turn(question="q", answer=json.loads(json.dumps(answer))),)


def behind(passages, corpus, turns, request):
    """The passages behind the answers of a conversation."""
    return "".join(passages.behind(corpus, turns, request))


def links(html):
    """Name of the route -> its address."""
    found = [value for _, attributes in Shown(html).tags for value in attributes.values() if value]
    return {value.split("/")[1]: value for value in found if value.startswith("passages/")}


def refused(answer):
    status, headers, body = answer
    assert (status, body) == (404, b"This document is not available.")
    assert headers["X-Content-Type-Options"] == "nosniff"
    return True


def test_a_cited_page_is_drawn_with_boxes_at_its_lines(corpus, passages, address):
    html = behind(passages, 0, turn(corpus, "files:terms.pdf", QUOTE, page=1), Asker())
    assert "Page 2" in Shown(html).text, "the quote's, not the passage's first"
    status, headers, body = get(address, links(html)["page"])
    assert (status, headers.get_content_type()) == (200, "text/html")
    found = Shown(body.decode())
    (box,) = (attributes for tag, attributes in found.tags if tag == "mark")
    left, top, width, height = (float(part.split(":")[1].rstrip("%")) for part in box["style"].split(";"))
    assert left == pytest.approx(100 * 72 / 612, abs=0.7)
    assert top < 100 * (792 - 720) / 792 < top + height + 0.1
    assert width == pytest.approx(100 * 175 / 612, abs=3)
    assert found.marked == QUOTE
    (image,) = (attributes for tag, attributes in found.tags if tag == "img")
    assert image["alt"] == "Page 2 of Terms <b> of trade, the cited lines are boxed"
    status, headers, picture = get(address, image["src"])
    assert (status, headers.get_content_type(), picture[8:12]) == (200, "image/webp", b"WEBP")


def test_a_passage_without_quotes_shows_its_page_without_boxes(corpus, passages, address):
    html = behind(passages, 0, turn(corpus, "files:terms.pdf", page=1), Asker())
    body = get(address, links(html)["page"])[2].decode()
    assert body.count("<img") == 2, "it runs over two pages"
    assert "<mark" not in body
    assert "boxed" not in body


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("changed", "The file has changed since it was read."),
        ("gone", "The file cannot be read at the moment"),
        ("broken", "There is no picture of this page."),
    ],
)
def test_where_there_is_no_picture_one_line_says_why(corpus, passages, address, name, said):
    html = behind(passages, 0, turn(corpus, f"files:{name}.pdf", QUOTE, page=1), Asker())
    assert Shown(html).marked == QUOTE, "the text is there all the same"
    status, _, body = get(address, links(html)["page"])
    assert status == 200
    assert said in Shown(body.decode()).text
    assert "<img" not in body.decode()


def test_links_hold_for_those_whom_they_were_made_for(corpus, passages, address):
    shown = turn(corpus, "files:terms.pdf", QUOTE, page=1)
    for_all, for_ann = links(behind(passages, 0, shown, Asker())), links(behind(passages, 0, shown, Asker("ann")))
    for name in ("page", "original"):
        assert get(address, for_all[name])[0] == get(address, for_ann[name], "ann")[0] == 200
        assert refused(get(address, for_all[name], "ann"))
        assert refused(get(address, for_ann[name], "bob"))
    picture = Shown(get(address, for_ann["page"], "ann")[2].decode()).named("img")[0]["src"]
    assert get(address, picture, "ann")[0] == 200
    assert refused(get(address, picture, "bob"))
    assert refused(get(address, picture))


def test_who_may_not_see_a_document_gets_no_links_and_nothing_more_than_the_answer_held(corpus, passages):
    row = "| green | 75 |"
    start = MARKDOWN.index(row)
    shown = turn(corpus, "files:tea.md", "green | 75", text=row, start=start, end=start + len(row))
    assert links(behind(passages, 0, shown, Asker("bob"))) == {}
    assert "Degrees" not in behind(passages, 0, shown, Asker("bob"))
    assert "Degrees" in behind(passages, 0, shown, Asker("ann"))


def test_a_right_that_was_taken_away_holds_at_once(corpus, passages, address):
    link = f"passages/original/{passages._links.token(['original', 0, 'files:terms.pdf'], ['guests'])}"
    assert refused(get(address, link, "bob")), "the link alone opens nothing"


@pytest.mark.parametrize(
    "document_id", ["files:../secret.txt", "files:secret.txt", "/etc/passwd", "files:absent.md", ""]
)
def test_nothing_but_documents_of_the_corpus_is_served(passages, address, document_id):
    for name, asked in (
        ("original", ["original", 0, document_id]),
        ("picture", ["picture", 0, document_id, 1, ""]),
        ("page", ["page", 0, document_id, [[0, 9]], True]),
    ):
        assert refused(get(address, f"passages/{name}/{passages._links.token(asked, None)}"))


def test_a_link_for_one_thing_opens_no_other(corpus, passages, address):
    made = links(behind(passages, 0, turn(corpus, "files:terms.pdf", QUOTE, page=1), Asker()))
    token = made["page"].rpartition("/")[2]
    for name in ("original", "picture"):
        assert refused(get(address, f"passages/{name}/{token}"))


@pytest.mark.parametrize("token", ["x", ".", "e30.e30", "W10.", "%2e%2e%2fsecret.txt", "Ä.Ä", "a" * 5000])
def test_made_up_links_open_nothing(address, token):
    for name in ("page", "picture", "original"):
        assert get(address, f"passages/{name}/{quote(token, safe='%')}")[0] == 404


def test_every_bit_of_a_link_counts_and_no_other_process_makes_it():
    ours, others = Links(), Links()
    token = ours.token(["original", 0, "files:a.md"], ["staff"])
    assert ours.asked(token, ["staff"]) == ["original", 0, "files:a.md"]
    assert ours.asked(ours.token([], ["b", "a"]), ["a", "b"]) == []
    assert others.asked(token, ["staff"]) is None
    assert ours.asked(token, None) is None
    assert ours.asked(token, []) is None
    body, _, signature = token.partition(".")
    assert ours.asked(f"{signature}.{body}", ["staff"]) is None
    assert (
        ours.asked(
            others.token(["original", 0, "files:b.md"], ["staff"]).partition(".")[0] + "." + signature, ["staff"]
        )
        is None
    )


@pytest.mark.parametrize(
    ("name", "mime", "how", "sandboxed"),
    [
        ("terms.pdf", "application/pdf", "inline", False),
        ("tea.md", "text/plain", "inline", True),
        ("page.html", "application/octet-stream", "attachment", True),
        ("page.xhtml", "application/octet-stream", "attachment", True),
        ("picture.xml", "application/octet-stream", "attachment", True),
        ('böse"\r\n.txt', "text/plain", "inline", True),
    ],
)
def test_an_original_never_becomes_a_page_of_ours(corpus, passages, address, folder, name, mime, how, sandboxed):
    html = behind(passages, 0, turn(corpus, f"files:{name}"), Asker())
    status, headers, body = get(address, links(html)["original"])
    assert (status, headers.get_content_type()) == (200, mime)
    assert body == (folder / name).read_bytes()
    assert headers["Content-Disposition"].startswith(f"{how}; filename*=UTF-8''")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "private, no-store"
    assert ("sandbox" in headers["Content-Security-Policy"]) is sandboxed
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "mime",
    ["text/html", "application/xhtml+xml", "image/svg+xml", "application/xml", "text/xml", "text/javascript", ""],
)
def test_what_could_run_in_a_browser_is_downloaded_or_plain_text(mime):
    served, shown = _served_as(mime, MARKDOWN.encode())
    assert (served, shown) in (("application/octet-stream", False), ("text/plain; charset=utf-8", True))


def test_the_panel_shows_structure_place_and_score(corpus, passages):
    found = Shown(behind(passages, 0, turn(corpus, "files:tea.md", "black | 95"), Asker(language="de")))
    assert found.marked == "black95"
    assert [row for row in found.named("tr") if row.get("class") == "rag-cited"]
    assert "Textstellen zu" in found.text
    assert "Markdown" in found.text
    (score,) = (span for span in found.named("span") if span.get("class") == "rag-score")
    assert score["aria-label"] == "Relevanz 0.62"
    assert {"style": "inline-size:62%"} in found.named("span")
    (copy,) = found.named("button")
    assert copy["data-copy"].endswith("docs/tea.md")
    assert "<script>alert(1)</script>" in found.text


def test_documents_of_the_web_are_linked_and_their_pages_wait_to_be_asked_for(corpus, passages):
    shown = turn(corpus, "files:terms.pdf", QUOTE, page=1, uri="https://example.org/terms.pdf")
    found = Shown(behind(passages, 0, shown, Asker()))
    (pages,) = (details for details in found.named("details") if details.get("class") == "rag-pages")
    assert "open" not in pages
    assert "original" not in links(behind(passages, 0, shown, Asker()))
    assert [link["href"] for link in found.named("a") if link.get("rel")] == ["https://example.org/terms.pdf"]
    local = Shown(behind(passages, 0, turn(corpus, "files:terms.pdf", QUOTE, page=1), Asker()))
    assert next(details for details in local.named("details") if details.get("class") == "rag-pages")["open"] is None


def line(left, top, right, bottom, text=HOSTILE):
    return LineBox(start=0, end=9, page=3, left=left, top=top, right=right, bottom=bottom), text


def strip(*lines, width=600.0, height=800.0):
    page = Page(number=3, width=width, height=height, picture='x"><script>', lines=lines)
    return Shown(strips([page], HOSTILE, "en"))


def styles(attributes):
    return dict(part.split(":") for part in attributes["style"].split(";"))


def test_hostile_words_on_a_page_stay_words():
    found = strip(line(10, 10, 200, 22))
    assert [tag for tag, _ in found.tags] == ["button", "span", "img", "mark", "span"]
    assert found.marked == HOSTILE
    assert found.named("img")[0]["src"] == 'x"><script>'


@pytest.mark.parametrize("box", [(50, 100, 350, 112), (0, 0, 600, 12), (560, 780, 600, 800), (10, 10, 20, 790)])
def test_a_strip_shows_where_the_cited_lines_begin(box):
    found = strip(line(*box))
    place = {
        name: float(value.rstrip("%")) / 100 for name, value in styles(found.named("span")[0]).items() if "%" in value
    }
    scale = place["inline-size"]  # widths of the strip that the page has
    left, top = -place["left"] / scale * 600, -place["top"] / pages.STRIP_RATIO / scale * 600
    width = 600 / scale
    assert left - 0.1 <= box[0] <= left + width
    assert top - 0.1 <= box[1] <= top + width / pages.STRIP_RATIO
    assert -0.1 <= left <= 600 - width + 0.1
    assert -0.1 <= top <= 800 - width / pages.STRIP_RATIO + 0.1


def test_boxes_of_lines_that_stand_close_do_not_overlap():
    marks = strip(line(50, 100, 350, 116), line(50, 112, 350, 128)).named("mark")
    tops = [float(styles(mark)["top"].rstrip("%")) for mark in marks]
    heights = [float(styles(mark)["block-size"].rstrip("%")) for mark in marks]
    assert tops[0] + heights[0] == pytest.approx(tops[1], abs=0.01)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("kind", ["read", "changed", "encrypted", "page", "timeout", "parse", "x"])
def test_every_reason_is_one_line(kind, language):
    assert Shown(unavailable(kind, language)).text.count(".") in (1, 2)
