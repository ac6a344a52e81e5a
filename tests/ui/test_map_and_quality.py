"""The map and the quality tab in a real browser."""

import json

import pytest

from rag.corpus import Rag
from rag.evaluation.kept import keep_report
from rag.feedback import keep_vote
from tests.ui.browser import NARROW, WIDE, chatting, picture
from tests.ui.test_app import HOSTILE
from tests.ui.test_quality_view import ANSWERS

SUBJECTS = ("refunds", "parcels", "holidays", "parking")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    docs = tmp_path_factory.mktemp("map") / "docs"
    for source in ("shop", "office"):
        (docs / source).mkdir(parents=True)
    for n, subject in enumerate(SUBJECTS):
        for part in ("rules", "forms", "contacts"):
            text = f"# {subject.title()} {part}\n\nThe {part} of {subject}: {subject} are paid within {n + 10} days.\n"
            (docs / ("shop" if n < 2 else "office") / f"{subject}-{part}.md").write_text(text, encoding="utf-8")
    (docs / "office/copy.md").write_text((docs / "office/parking-rules.md").read_text())
    (docs / "office/passwords.md").write_text(HOSTILE, encoding="utf-8")
    (docs / "office/broken.pdf").write_bytes(b"%PDF-1.4 broken")
    config = docs.parent / "handbook.yaml"
    sources = [{"kind": "files", "name": name, "path": f"docs/{name}"} for name in ("shop", "office")]
    config.write_text(json.dumps({"sources": sources}))
    with Rag.open(config) as corpus:
        assert corpus.ingest().new == 14  # fewer than UMAP takes
        keep_report(corpus.artifacts, "answers", ANSWERS)
        keep_vote(corpus.settings, corpus.ask("How long do refunds take?").to_dict(), answer_id="a", vote="up")
    with chatting(config) as url:
        yield url


@pytest.fixture
def arrive():
    return lambda page: page.get_by_role("tab", name="Map").wait_for()


def open_map(page):
    page.get_by_role("tab", name="Map").click()
    page.locator("circle[data-id]").first.wait_for()


def middle(page, point):
    box = page.locator(f'circle[data-id="{point}"]').bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.browser
@pytest.mark.parametrize("page", [WIDE, NARROW], ids=["wide", "narrow"], indirect=True)
def test_a_click_on_the_map_opens_the_document(page):
    open_map(page)
    assert page.locator("circle[data-id]").count() == 14
    page.mouse.move(*middle(page, "office:passwords.md"))
    assert "Passwords" in page.locator(".rag-map-tip").inner_text()
    page.mouse.click(*middle(page, "office:passwords.md"))
    opened = page.locator("[data-opened='office:passwords.md']")
    opened.wait_for()
    assert '<img src="http://203.0.113.1/b.png"' in opened.inner_text()
    picture(page, "map")
    opened.locator("[data-choose]").first.click()
    opened.wait_for(state="detached")
    page.locator("[data-opened]").wait_for()
    assert page.locator(".rag-map-ring").count() == 1


@pytest.mark.browser
def test_a_question_is_drawn_with_its_hits_and_goes_again(page):
    open_map(page)
    page.get_by_role("searchbox").fill("Where are the forms for refunds?")
    page.keyboard.press("Enter")
    page.locator(".rag-map-asked").wait_for(state="attached")
    assert page.locator(".rag-map-hits li").first.inner_text().startswith("Refunds forms")
    assert page.locator("circle[data-id='shop:refunds-forms.md'].rag-map-found").count() == 1
    assert page.locator(".rag-map-query line").count() == page.locator("circle.rag-map-found").count()
    picture(page, "map-question")
    page.get_by_role("button", name="Clear").click()
    page.locator(".rag-map-asked").wait_for(state="detached")
    assert page.locator(".rag-map-found").count() == 0


@pytest.mark.browser
def test_the_legend_filters_and_colours_change(page):
    open_map(page)
    page.get_by_role("button", name="By source").click()
    page.get_by_role("button", name="shop 6").click()
    shown = page.locator("circle[data-id]:not(.rag-map-off)")
    assert {shown.nth(n).get_attribute("data-id").split(":")[0] for n in range(shown.count())} == {"shop"}
    assert shown.count() == 6
    page.get_by_role("button", name="shop 6").click()
    assert shown.count() == 14


@pytest.mark.browser
def test_the_map_works_by_keyboard_zooms_and_lists_copies(page):
    open_map(page)
    page.locator(".rag-map-svg").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".rag-map-said").text_content()
    page.keyboard.press("Enter")
    page.locator("[data-opened]").wait_for()
    page.get_by_role("button", name="Zoom in").click()
    assert float(page.locator(".rag-map-svg").get_attribute("viewBox").split()[2]) == pytest.approx(600)
    page.get_by_role("button", name="Show everything").click()
    assert page.locator(".rag-map-svg").get_attribute("viewBox") == "0 0 960 720"
    page.get_by_text("Near-duplicates").click()
    copies = page.locator(".rag-map-duplicates li li small").all_inner_texts()
    assert {"copy.md", "parking-rules.md"} <= {*copies}
    page.get_by_role("button", name="Passages").click()
    page.locator(".rag-map-note", has_text="passages").wait_for()


@pytest.mark.browser
@pytest.mark.parametrize("page", [WIDE, NARROW], ids=["wide", "narrow"], indirect=True)
def test_a_document_of_the_map_is_asked_alone_by_keyboard(page):
    open_map(page)
    page.locator(".rag-map-svg").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    opened = page.locator("[data-opened]")
    opened.wait_for()
    document = opened.get_attribute("data-opened")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.dataset.only") == document
    picture(page, "map-only")
    page.keyboard.press("Enter")
    chip = page.locator("#rag-conversation .rag-chip-only")
    chip.wait_for()
    assert opened.locator("h3").text_content() in chip.inner_text()
    page.wait_for_function("document.activeElement.name === 'question'")
    page.keyboard.type("How long does it take to be paid?")
    page.keyboard.press("Enter")
    page.locator(".rag-author, .rag-box").first.wait_for()
    cited = page.locator(".rag-source .rag-address")
    cited.first.wait_for()
    assert all(document.partition(":")[2] in text for text in cited.all_inner_texts())
    picture(page, "map-asked")


@pytest.mark.browser
@pytest.mark.parametrize("page", [WIDE, NARROW], ids=["wide", "narrow"], indirect=True)
def test_quality_shows_failures_latencies_votes_and_the_last_evaluation(page):
    page.get_by_role("textbox", name="Question").fill("When are refunds paid?")
    page.keyboard.press("Enter")
    page.locator(".rag-author, .rag-box").first.wait_for()
    page.get_by_role("tab", name="Quality").click()
    page.locator("[data-timed=answer]").wait_for()
    assert int(page.locator("[data-timed=answer]").get_attribute("data-count")) >= 1
    assert page.locator("[data-tile=failed][data-state=bad] dd").inner_text() == "1"
    assert "office:broken.pdf" in page.locator(".rag-failed").first.inner_text()
    assert "1 helpful" in page.locator("#rag-quality").inner_text()
    assert "Answers to questions" in page.locator("#rag-quality").inner_text()
    page.locator("[data-tile=duplicates] dd", has_text="1").wait_for()
    page.locator("[data-check]").click()
    page.locator(".rag-check", has_text="Everything is as it should be.").wait_for()
    assert page.locator("[data-tile=truncated][data-state=good] dd").inner_text() == "0"
    picture(page, "quality")
