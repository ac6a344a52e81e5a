"""The search tab and the filters in a real browser: live ranking, facets, why not, one document only."""

import pytest

from rag.corpus import Rag
from tests.ui.browser import NARROW, SLOWLY, chatting, picture, viewport, watched

QUESTION = "How long do refunds take?"
PAGES = {
    "docs/shop/refunds.md": "# Refunds\n\n## Payment\n\nRefunds are paid within 14 days after arrival.\n",
    "docs/shop/parcels.md": "# Parcels\n\nHow long a parcel is on its way depends on the country. Take care.\n",
    "docs/staff/leave.md": "# Leave\n\nA refund of travel costs takes 30 days and is long to be waited for.\n",
    "docs/hostile.md": """# Bad <script>document.title = "run"</script>

Refunds <img src="http://203.0.113.1/a.png"> never.
""",
    "web/urlaub.html": '<html lang="de"><title>Urlaub</title><p>Dreißig Tage Urlaub im Jahr.</p></html>',
}

HELD = """() => {
  const send = window.fetch;
  const held = new Promise((go) => (window.release = go));
  window.fetch = async (...request) => {
    if (String(request[1]?.body).includes('"shop"')) await held;
    return send(...request);
  };
}"""
"""What somebody chooses together with the folder `shop` reaches the server when the test says so."""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    root = tmp_path_factory.mktemp("search")
    for name, text in PAGES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    config = root / "shop.yaml"
    config.write_text("sources: [{kind: files, name: docs, path: docs}, {kind: files, name: web, path: web}]\n")
    with Rag.open(config) as corpus:
        assert corpus.ingest().new == len(PAGES)
    with chatting(config) as url:
        yield url


@pytest.fixture
def arrive():
    def arrive(page):
        page.locator("#rag-tab-search-button").click()
        page.locator("#rag-query input[name=query]").wait_for()

    return arrive


@pytest.fixture
def german(chromium, address, arrive):
    """The app on the phone of somebody who speaks German."""
    with watched(chromium.new_context(viewport=viewport(NARROW), locale="de-DE")) as page:
        page.goto(address)
        arrive(page)
        yield page


def search(page, query):
    page.locator("#rag-query input[name=query]").fill(query)
    page.locator(".rag-hit").first.wait_for()
    page.wait_for_function("!document.querySelector('#rag-search.rag-busy')")


def places(page):
    return page.locator("#rag-found .rag-hit > .rag-place").all_inner_texts()


def until(page, condition):
    """Wait for something to hold of the places of the hits."""
    for _ in range(300):
        if condition(found := places(page)):
            return found
        page.wait_for_timeout(100)
    raise AssertionError(f"it does not come to hold: {found}")


def bar(page, tab="search"):
    return page.locator("#rag-results .rag-scope" if tab == "search" else "#rag-conversation .rag-scope")


@pytest.mark.browser
def test_a_facet_narrows_the_hits_and_its_chip_widens_them_again(page):
    search(page, QUESTION)
    assert places(page)[0] == "docs:shop/refunds.md"
    assert "Refunds" in page.locator(".rag-hit mark").all_inner_texts()
    assert '<script>document.title = "run"</script>' in page.locator("#rag-found").inner_text()
    everything = places(page)
    bar(page).get_by_role("button", name="Filter", exact=True).click()
    bar(page).get_by_label("staff 1").check()
    assert until(page, lambda found: len(found) == 1) == ["docs:staff/leave.md"]
    assert bar(page).locator(".rag-search-chip").inner_text().split() == ["Folder", "staff"]
    picture(page, "search-filter")
    bar(page).get_by_label("shop 2").check()
    until(page, lambda found: len(found) == 3)
    bar(page).get_by_role("button", name="Remove filter Folder: staff").click()
    until(page, lambda found: len(found) == 2)
    assert not bar(page).get_by_label("staff 1").is_checked()
    assert bar(page).get_by_label("shop 2").is_checked()
    bar(page).get_by_label("To", exact=True).fill("1999-12-31")
    page.get_by_text("The filter leaves nothing to find.").wait_for()
    picture(page, "search-excluded")
    page.locator("#rag-found").get_by_role("button", name="Clear all filters").click()
    assert until(page, lambda found: len(found) == len(everything)) == everything
    assert bar(page).locator(".rag-search-chip").count() == 0
    assert not bar(page).get_by_label("shop 2").is_checked()


@pytest.mark.browser
def test_a_choice_narrows_the_others_and_keeps_the_keyboard_where_it_is(page):
    bar(page).get_by_role("button", name="Filter", exact=True).click()
    field = {name: bar(page).get_by_role("group", name=name) for name in ("Source", "Folder", "Type", "Language")}
    field["Language"].get_by_label("German 1").focus()
    page.keyboard.press("Space")
    bar(page).get_by_text("1 of 5 documents").wait_for()
    picture(page, "search-narrowed")
    assert field["Type"].locator("label span").all_inner_texts() == ["Web page"]
    assert field["Folder"].count() == 0
    assert page.evaluate("document.activeElement.dataset.values") == '["de"]'
    field["Source"].get_by_label("web 1").focus()
    page.keyboard.press("Space")
    bar(page).get_by_role("button", name="Remove filter Language: German").click()
    field["Source"].get_by_label("docs 4").wait_for()
    field["Source"].get_by_label("web 1").focus()
    page.keyboard.press("Space")
    bar(page).get_by_text("5 documents in all").wait_for()
    assert page.evaluate("document.activeElement.dataset.values") == '["web"]'
    assert not field["Source"].get_by_label("web 1").is_checked()


@pytest.mark.browser
def test_what_is_chosen_quickly_stays_chosen_while_the_bar_comes_for_what_was_chosen_before(page):
    bar(page).get_by_role("button", name="Filter", exact=True).click()
    staff, shop = (bar(page).get_by_role("checkbox", name=name) for name in ("staff", "shop"))
    staff.wait_for()
    page.evaluate(HELD)
    staff.check()
    shop.check()
    chips = bar(page).locator(".rag-search-chip")
    chips.nth(0).wait_for()
    assert chips.all_inner_texts() == ["Folder\nstaff"]
    assert shop.is_checked()
    bar(page).get_by_role("button", name="Remove filter Folder: staff").click()
    assert shop.is_checked()
    assert not staff.is_checked()
    page.evaluate("window.release()")
    chips.get_by_text("shop").wait_for()
    chips.get_by_text("staff").wait_for(state="detached")
    assert shop.is_checked()
    assert not staff.is_checked()


@pytest.mark.browser
def test_a_slider_ranks_again_and_its_lines_can_be_kept(page):
    search(page, QUESTION)
    before = places(page)
    for leg in ("Words", "Document's words", "Headings", "Word pairs"):
        page.get_by_role("slider", name=leg, exact=True).fill("0")
    after = until(page, lambda found: found != before)
    assert sorted(after) == sorted(before)
    lines = page.locator("#rag-keep pre")
    assert "lexical: 0" in lines.inner_text()
    picture(page, "search-sliders")
    page.get_by_role("button", name="Back to the corpus file").click()
    until(page, lambda found: found == before)
    lines.wait_for(state="detached")
    page.get_by_role("slider", name="Passages shown").fill("1")
    until(page, lambda found: found == before[:1])


@pytest.mark.browser
def test_a_lost_document_is_explained_and_the_explanation_follows_the_sliders(page):
    search(page, QUESTION)
    page.get_by_role("slider", name="Passages shown").fill("1")
    until(page, lambda found: len(found) == 1)
    page.get_by_label("Title or id of the document").fill("leave")
    page.get_by_role("button", name="Explain").click()
    told = page.locator(".rag-explained")
    told.wait_for()
    assert "docs:staff/leave.md" in told.inner_text()
    assert "below the last that is kept" in told.locator(".rag-lost").inner_text()
    picture(page, "search-why")
    page.get_by_role("slider", name="Passages shown").fill("16")
    told.get_by_text("It was found").wait_for()
    page.get_by_role("button", name="Close").click()
    told.wait_for(state="detached")
    page.get_by_label("Title or id of the document").fill("no such thing")
    page.get_by_role("button", name="Explain").click()
    page.get_by_text("There is no such document here.").wait_for()


@pytest.mark.browser
def test_one_document_is_searched_and_asked_alone(page):
    search(page, QUESTION)
    hit = page.locator(".rag-hit").nth(1)
    document = hit.locator(".rag-place").inner_text()
    hit.focus()
    page.keyboard.press("Enter")
    hit.get_by_role("button", name="Search and ask only this document").click()
    until(page, lambda found: set(found) == {document})
    page.get_by_role("tab", name="Chat").click()
    bar(page, "chat").locator(".rag-chip-only").wait_for()
    page.get_by_role("textbox", name="Question").fill(QUESTION)
    page.keyboard.press("Enter")
    page.locator(".rag-author, .rag-box").first.wait_for()
    cited = page.locator(".rag-source .rag-address")
    cited.first.wait_for()
    key = document.partition(":")[2]
    assert all(key in text for text in cited.all_inner_texts())
    picture(page, "search-one-document")
    bar(page, "chat").get_by_role("button", name="Clear all filters").click()
    bar(page, "chat").locator(".rag-search-chip").wait_for(state="detached")
    bar(page, "chat").get_by_role("button", name="Filter", exact=True).click()
    bar(page, "chat").get_by_label("To", exact=True).fill("1999-12-31")
    bar(page, "chat").locator(".rag-search-chip").wait_for()
    page.get_by_role("textbox", name="Question").fill(QUESTION)
    page.keyboard.press("Enter")
    page.get_by_text("no passage meets the filter").wait_for()


@pytest.mark.browser
def test_arrow_keys_go_through_the_hits_and_enter_opens_one(page):
    search(page, QUESTION)
    page.locator("#rag-query input[name=query]").press("ArrowDown")
    for key, place in (("ArrowDown", 1), ("End", page.locator(".rag-hit").count() - 1), ("Home", 0), ("ArrowDown", 1)):
        page.keyboard.press(key)
        assert page.evaluate("[...document.querySelectorAll('.rag-hit')].indexOf(document.activeElement)") == place
    opened = page.locator(".rag-hit").nth(1).locator(".rag-passage")
    assert not opened.is_visible()
    page.keyboard.press("Enter")
    opened.wait_for()
    picture(page, "search-open")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.name") == "query"


@pytest.mark.browser
def test_it_fits_a_phone_and_speaks_german(german):
    page = german
    search(page, QUESTION)
    assert not page.get_by_role("slider", name="Wörter", exact=True).is_visible()
    page.get_by_text("Rangfolge").click()
    page.get_by_role("slider", name="Wörter", exact=True).fill("0")
    page.get_by_text("Zum Behalten in die Korpusdatei schreiben:").wait_for()
    bar(page).get_by_role("button", name="Filter", exact=True).click()
    bar(page).get_by_label("Deutsch 1").check()
    bar(page).locator(".rag-search-chip", has_text="Sprache").wait_for()
    picture(page, "search-narrow")


@pytest.mark.browser
def test_what_is_found_before_all_of_the_page_has_come_stays(chromium, address, arrive):
    context = chromium.new_context(locale="en-US")
    context.add_init_script(f"({SLOWLY})()")
    with watched(context) as page:
        page.goto(address)
        arrive(page)
        page.evaluate("window.slowly = false")  # what the page asks for by itself takes longer than what is typed
        search(page, QUESTION)
        found = places(page)
        page.wait_for_timeout(1500)
        assert places(page) == found
        assert page.locator("#rag-query input[name=query]").input_value() == QUESTION


@pytest.mark.browser
def test_what_is_typed_last_is_found_where_an_earlier_search_is_under_way(page):
    page.evaluate(SLOWLY)
    field = page.locator("#rag-query input[name=query]")
    for query in ("refunds", "refunds are", "how long is a parcel on its way"):
        field.fill(query)
        page.wait_for_timeout(400)  # longer than a pause in typing
    assert until(page, lambda found: found and found[0] == "docs:shop/parcels.md")
    page.wait_for_function("!document.querySelector('#rag-search.rag-busy')")
    assert places(page)[0] == "docs:shop/parcels.md"


@pytest.mark.browser
def test_two_filters_that_are_taken_away_quickly_are_both_gone(page):
    search(page, QUESTION)
    everything = places(page)
    bar(page).get_by_role("button", name="Filter", exact=True).click()
    for folder in ("staff 1", "shop 2"):
        bar(page).get_by_label(folder).check()
    chips = bar(page).locator(".rag-search-chip button")
    chips.nth(1).wait_for()
    page.evaluate(SLOWLY)
    chips.evaluate_all("(all) => all.forEach((chip) => chip.click())")
    assert until(page, lambda found: len(found) == len(everything)) == everything
    assert chips.count() == 0
