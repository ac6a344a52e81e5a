"""A cited page as the reader sees it: boxed at the right place, opened, closed, and nothing but it served."""

import urllib.request
from pathlib import Path
from urllib.parse import urljoin

import pytest

from rag.corpus import Rag
from tests.pdf_files import pdf
from tests.ui.browser import NARROW, WIDE, chatting, picture

QUESTION = "Within how many days are refunds paid?"
X, Y = 90, 500  # points from the bottom left corner of a page of 612 x 792
LINES = [
    "Refunds are paid within 14 days after the parcel has arrived at our",
    "warehouse in Bergen, to the same card.",
]
FILLER = [(72, 720, "Terms of trade of the shop"), (72, 690, "This page says nothing of interest to most readers.")]
PAGES = [FILLER, [(72, 740, "Returns"), *((X, Y - 15 * n, line) for n, line in enumerate(LINES))]]
ROWS = "| Kind | Degrees |\n|---|---|\n| green tea | 75 degrees |\n| black tea | 95 degrees |\n"
TEA = f"# Tea <img src=x onerror=alert(1)>\n\n{ROWS}"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cited") / "shop"
    folder.mkdir()
    (folder / "terms.pdf").write_bytes(pdf(PAGES, title="Terms of trade"))
    (folder / "tea.md").write_text(TEA)
    with Rag.open(folder) as corpus:
        assert corpus.ingest().new == 2
    with chatting(folder) as url:
        yield f"{url}/"


def ask(page, question):
    page.locator("#rag-ask textarea").fill(question)
    page.keyboard.press("Enter")
    page.locator("#source-1-1").wait_for()


def in_points(sheet):
    """The boxes on a page that is shown, in points: left, top, right, bottom."""
    sheet.locator("img").evaluate("image => image.decode()")
    whole = sheet.bounding_box()
    scale = 612 / whole["width"]
    boxes = [mark.bounding_box() for mark in sheet.locator("mark").all()]
    return [
        (
            (box["x"] - whole["x"]) * scale,
            (box["y"] - whole["y"]) * scale,
            (box["x"] + box["width"] - whole["x"]) * scale,
            (box["y"] + box["height"] - whole["y"]) * scale,
        )
        for box in boxes
    ]


@pytest.mark.browser
@pytest.mark.parametrize("page", [WIDE, NARROW], ids=["wide", "narrow"], indirect=True)
def test_a_cited_page_is_seen_with_its_lines_boxed(page):
    ask(page, QUESTION)
    source = page.locator("#source-1-1")
    source.scroll_into_view_if_needed()
    strip = source.locator("button.rag-strip")
    strip.wait_for()
    strip.scroll_into_view_if_needed()
    assert "Page 2" in source.inner_text()
    boxes = in_points(strip.locator(".rag-sheet"))
    assert len(boxes) == 2
    for number, (left, top, right, bottom) in enumerate(boxes):
        baseline = 792 - (Y - 15 * number)
        assert left == pytest.approx(X, abs=4)
        assert top < baseline - 6 < baseline < bottom + 1
        assert bottom - top < 20
        assert right - left == pytest.approx(len(LINES[number]) * 5.5, rel=0.2)
    frame, first = strip.bounding_box(), strip.locator("mark").first.bounding_box()
    assert frame["y"] <= first["y"] < first["y"] + first["height"] <= frame["y"] + frame["height"]
    picture(page, "cited-page")

    strip.click()
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    assert dialog.get_attribute("aria-label") == "Page 2 of Terms of trade"
    assert in_points(dialog.locator(".rag-sheet")) == [pytest.approx(box, abs=2.5) for box in boxes]
    assert dialog.locator("mark").first.text_content() == LINES[0]
    picture(page, "whole-page")
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    page.wait_for_function("document.activeElement.matches('button.rag-strip')")
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Close").click()
    dialog.wait_for(state="detached")


@pytest.mark.browser
def test_a_citation_shows_what_it_leads_to_and_the_original_is_one_step_away(page, address):
    ask(page, QUESTION)
    source = page.locator("#source-1-1")
    cite = page.locator("a.rag-cite").first
    preview = page.get_by_role("tooltip")
    cite.hover()
    preview.wait_for()
    assert preview.inner_text().startswith("Terms of trade\nRefunds are paid within 14 days")
    page.mouse.move(5, 5)
    preview.wait_for(state="hidden")
    cite.focus()
    preview.wait_for()
    assert cite.get_attribute("aria-describedby") == preview.get_attribute("id")
    page.keyboard.press("Escape")
    preview.wait_for(state="hidden")

    source.get_by_role("button", name="Copy path").click()
    source.locator(".rag-copy[data-done]").wait_for()
    path = page.evaluate("navigator.clipboard.readText()")
    link = source.get_by_role("link", name="Open original").get_attribute("href")
    with urllib.request.urlopen(urljoin(address, link)) as original:
        assert original.read() == Path(path).read_bytes()
        assert original.headers["Content-Type"] == "application/pdf"
        assert original.headers["Content-Disposition"].startswith("inline;")


@pytest.mark.browser
def test_a_cited_row_is_marked_in_its_table_and_hostile_words_stay_words(page):
    ask(page, "How hot is the water for green tea?")
    source = page.locator("#source-1-1")
    row = source.locator("tr.rag-cited")
    row.wait_for()
    assert row.locator("td").all_inner_texts() == ["green tea", "75 degrees"]
    assert source.locator("th").all_inner_texts() == ["Kind", "Degrees"]
    assert "<img src=x onerror=alert(1)>" in source.inner_text()
    assert source.locator("img").count() == 0
