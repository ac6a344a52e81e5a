"""What somebody may choose for their browser, and a real browser that logs in and chooses."""

import io
import json
import sys
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from pydantic import ValidationError

from rag.cli import main
from rag.corpus import Rag
from rag.settings import Settings
from tests.ui.browser import INTERRUPTED, ask, chatting, picture, watched
from ui.settings import Preferences, effective, preferences_of, who_answers

PASSWORD = "correct horse"
TITLES = ("Situated RAG", "Log in", "Anmelden")
LOGGED_OUT = (*INTERRUPTED, "401 (Unauthorized)", "Response")
"""What a page says whose session ends while it still asks for something."""
TEA = "# Tea\n\nGreen tea is brewed for two minutes.\n\n## Storage\n\nTea is stored in a dark tin for up to one year.\n"
QUESTION = "How long is tea brewed and stored?"


def chosen(cookie):
    return preferences_of(SimpleNamespace(cookies={"rag_settings": cookie} if cookie is not None else {}))


def written(**values):
    return quote(json.dumps(values))


@pytest.mark.parametrize(
    ("choice", "overrides"),
    [
        ({}, {}),
        ({"model": "quotes"}, {"answer.llm": None}),
        ({"model": "configured"}, {}),
        ({"top_k": 4}, {"retrieval.top_k": 4}),
        ({"candidates": 40}, {"retrieval.candidates": 40}),
        ({"style": "short"}, {"answer.style": "short"}),
        ({"unsupported": "drop"}, {"answer.unsupported": "drop"}),
    ],
)
def test_each_choice_is_a_key_of_the_corpus_file(choice, overrides):
    assert chosen(written(**choice)).overrides() == overrides


def test_a_model_is_chosen_where_it_is_offered():
    request = SimpleNamespace(cookies={"rag_settings": written(model="openai:large", top_k=4)})
    assert preferences_of(request, ["openai:large"]).overrides() == {"answer.llm": "openai:large", "retrieval.top_k": 4}
    refused = preferences_of(request, ["openai:other", "openai:large-2"])
    assert refused.overrides() == {"retrieval.top_k": 4}, "and the other choices hold"
    with pytest.raises(ValidationError):
        Preferences(model="openai:large")


def test_the_choices_of_who_answers():
    assert who_answers("openai:a", (), "en") == [("Language model", "configured"), ("Quotes only", "quotes")]
    assert who_answers("openai:a", ("b:c",), "de") == [
        ("openai:a", "configured"),
        ("b:c", "b:c"),
        ("Nur Zitate", "quotes"),
    ]
    assert who_answers(None, ("b:c",), "en") == [("b:c", "b:c"), ("Quotes only", "quotes")]


def test_whether_follow_ups_are_understood_is_a_choice():
    assert chosen(None).rewrite
    assert not chosen(written(rewrite=False)).rewrite


@pytest.mark.parametrize(
    "cookie",
    [
        *(None, "", "x", "%", "null", "[]", "[1]", "7", '"a"', quote("{" * 5000), quote("[" * 100_000)),
        *(written(top_k=value) for value in (0, -1, 51, 10**9, "all", None, [3], 1.5)),
        *(written(candidates=value) for value in (9, 501, 10**30)),
        *(written(model=value) for value in ("openai:gpt", "http://evil.example", None, {})),
        written(style="long"),
        written(llm="openai:x", base_url="http://evil.example"),
        written(rewrite="perhaps"),
    ],
)
def test_what_is_not_legal_counts_as_not_chosen(cookie):
    assert chosen(cookie) == Preferences()


def test_one_wrong_choice_leaves_the_others():
    assert chosen(written(top_k=10**6, style="short")) == Preferences(style="short")


def test_what_is_shown_is_what_was_chosen_else_the_corpus_files():
    settings = Settings.model_validate(
        {
            "name": "x",
            "sources": [{"kind": "files", "path": "."}],
            "retrieval": {"top_k": 7},
            "answer": {"style": "short"},
        }
    )
    assert effective(Preferences(), settings) == {
        "model": "configured",
        "style": "short",
        "unsupported": "flag",
        "top_k": 7,
        "candidates": 100,
        "rewrite": True,
    }
    assert effective(Preferences(top_k=3, style="normal"), settings)["top_k"] == 3


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("settings") / "tea"
    folder.mkdir()
    (folder / "tea.md").write_text(TEA, encoding="utf-8")
    with Rag.open(folder) as corpus:
        corpus.ingest()
    users = folder.parent / "users.yaml"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))
        assert main(["users", "add", str(users), "anna"]) == 0
    with chatting(folder, options=["--auth", str(users)]) as url:
        yield url


@pytest.fixture
def page(request, chromium, address):
    width, locale, scheme = getattr(request, "param", (1280, "en-US", "light"))
    context = chromium.new_context(
        viewport={"width": width, "height": 780}, locale=locale, color_scheme=scheme, base_url=address
    )
    with watched(context, harmless=LOGGED_OUT, titles=TITLES) as page:
        yield page


def log_in(page):
    page.goto("/")
    page.locator("[name=name]").fill("anna")
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator("#rag-ask textarea").wait_for()


@pytest.mark.browser
@pytest.mark.parametrize(
    "page", [(1280, "en-US", "light"), (380, "de-DE", "dark")], indirect=True, ids=["wide", "narrow"]
)
def test_a_wrong_password_is_said_and_the_right_one_opens_the_page(page):
    page.goto("/")
    page.locator("[name=name]").fill("anna")
    page.locator("[name=password]").fill("wrong password")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    picture(page, "login")
    assert page.locator("[name=name]").input_value() == "anna"
    page.wait_for_function("document.activeElement.name === 'password'")
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator("#rag-ask textarea").wait_for()
    assert "rag_session" not in page.evaluate("document.cookie")
    page.locator(".rag-user button").click()
    page.locator("[name=password]").wait_for()
    page.goto("/")
    page.locator("[name=password]").wait_for()


@pytest.mark.browser
def test_a_setting_changes_the_next_answer_and_outlives_a_reload(page):
    log_in(page)
    ask(page, QUESTION)
    assert page.locator(".rag-answer").last.locator("a.rag-cite").count() == 2
    page.get_by_role("tab", name="Settings").click()
    page.get_by_role("radio", name="Short").check()
    assert not page.get_by_role("radio", name="Quotes only").is_visible(), "this corpus has no model to choose"
    picture(page, "settings")
    page.get_by_role("tab", name="Chat").click()
    ask(page, QUESTION)
    assert page.locator(".rag-answer").last.locator("a.rag-cite").count() == 1
    page.reload()
    page.get_by_role("tab", name="Settings").click()
    page.wait_for_function("document.querySelector('#rag-set-style input[value=short]')?.checked")
    page.get_by_role("button", name="Back to the settings").click()
    page.wait_for_function("document.querySelector('#rag-set-style input[value=normal]').checked")
    assert "rag_settings" not in page.evaluate("document.cookie")


@pytest.mark.browser
@pytest.mark.parametrize("page", [(380, "de-DE", "light")], indirect=True)
def test_language_and_theme_are_those_of_the_browser_until_others_are_chosen(page):
    log_in(page)
    tab = page.get_by_role("tab", name="Einstellungen")
    box = tab.bounding_box()
    assert box["y"] + box["height"] > 740, "the tabs are where the thumb is"
    assert page.evaluate("[document.documentElement.lang, document.body.classList.contains('dark')]") == ["de", False]
    page.locator("#rag-theme").click()
    page.locator("#rag-theme").click()
    assert page.locator("#rag-theme").get_attribute("aria-label") == "Darstellung: dunkel"
    assert page.evaluate("document.body.classList.contains('dark')")
    page.locator("#rag-language").click()
    page.get_by_role("tab", name="Settings").wait_for()
    assert page.evaluate("[document.documentElement.lang, document.body.classList.contains('dark')]") == ["en", True]
    page.get_by_role("tab", name="Settings").click()
    page.wait_for_function("document.querySelector('#rag-set-theme input[value=dark]')?.checked")
    picture(page, "settings-dark")
    page.locator("#rag-set-language").get_by_role("radio", name="Deutsch").click()
    page.get_by_role("tab", name="Einstellungen").wait_for()


@pytest.mark.browser
def test_a_session_that_ended_leads_to_the_login(page):
    log_in(page)
    page.context.clear_cookies()
    # whatever the page asks for next leads there, at the latest this
    page.wait_for_function("() => document.querySelector('[name=password]') || void fetch('/config')", polling=200)
    page.goto("/")
    page.locator("[name=password]").wait_for()
