"""Conversations in a real browser: kept, found again, changed, taken along; answers stopped, copied, voted on."""

import json
import re
import threading
from contextlib import ExitStack, contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from rag.corpus import Rag
from rag.evaluation.answers import load_questions
from tests.chat_server import Reply, ScriptedServer, _handler
from tests.ui.browser import INTERRUPTED, WIDE, ask, chatting, picture, viewport, watched
from tests.ui.test_app import QUESTION, QUOTE, REFUNDS

NARROW = (380, 720)
PASSWORDS = "# Passwords <b>rules</b>\n\n## Length of passwords\n\nPasswords have at least 14 characters.\n"
SECOND = "How many characters do passwords have?"
HOSTILE = "<img src=x onerror=\"document.title='run'\"> & ${document.title='run'} {{x}} </template>"


@pytest.fixture(scope="module")
def model():
    """A language model that takes its time, and another one that does not."""
    scripted = ScriptedServer(base_url="")
    slow = Reply([f"{QUOTE} [1] ", *("Refunds take long. " for _ in range(4000))], pause_s=0.03)
    scripted.reply_to = lambda request: Reply([f"{QUOTE} [1]"]) if request["model"] == "other" else slow
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(scripted))
    http.handle_error = lambda *_: None  # a client that leaves half way is what is tested
    scripted.base_url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield scripted
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A folder with the corpus files `shop`, which quotes, and `slow`, which asks the model."""
    root = tmp_path_factory.mktemp("chat")
    (root / "docs").mkdir()
    (root / "docs/refunds.md").write_text(
        f"{REFUNDS}\n## Damaged parcels on arrival\n\n" + "A damaged parcel is photographed before it is opened. " * 12
    )
    (root / "docs/passwords.md").write_text(PASSWORDS)
    return root


@pytest.fixture(scope="module")
def address(shop, model):
    source = "sources: [{kind: files, name: docs, path: ./docs}]\n"
    (shop / "shop.yaml").write_text(source)
    (shop / "slow.yaml").write_text(
        f"{source}answer:\n  llm: openai:scripted\n  base_url: {model.base_url}\n"
        f"  models: [{{llm: 'openai:other', base_url: '{model.base_url}'}}]\n"
    )
    for name in ("shop", "slow"):
        with Rag.open(shop / f"{name}.yaml") as corpus:
            corpus.ingest()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", "none")
        with chatting(shop / "shop.yaml", shop / "slow.yaml") as url:
            yield url


@pytest.fixture(scope="module")
def visit(chromium, address):
    """Opens the chat as somebody with a browser of their own."""
    with ExitStack() as pages:

        def visit(*, size=WIDE, locale="en-US"):
            allowed = ["clipboard-read", "clipboard-write"]
            context = chromium.new_context(viewport=viewport(size), locale=locale, permissions=allowed)
            page = pages.enter_context(watched(context, harmless=INTERRUPTED))
            page.goto(address)
            page.locator(".rag-start").wait_for()
            return page

        yield visit


@pytest.fixture(scope="module")
def opened(visit):
    return visit()


@pytest.fixture
def page(opened):
    """The chat in a browser that keeps nothing yet; loading it anew for each test would take most of the time."""
    opened.set_viewport_size(viewport(WIDE))
    opened.evaluate("localStorage.clear(), sessionStorage.clear()")
    choose(opened, "shop")
    begin(opened)
    yield opened
    assert opened.problems == []


def choose(page, corpus):
    picker = page.get_by_label("Corpus")
    if picker.locator("option:checked").inner_text() != corpus:
        with anew(page):
            picker.select_option(corpus)
        page.get_by_text(f"Ask about {corpus}").wait_for()


def titles(page):
    return page.locator(".rag-row-title").all_inner_texts()


def row(page, title):
    found = page.locator(".rag-row", has_text=title)
    found.hover()
    return found


def begin(page):
    with anew(page):
        page.locator(".rag-drawer").get_by_role("button", name="New conversation").click()


@contextmanager
def anew(page):
    """Until the page has a new conversation; what it was told of the one before does not count."""
    page.evaluate("sessionStorage.removeItem('rag-open')")
    yield
    page.locator(".rag-start").wait_for()
    page.wait_for_function("sessionStorage.getItem('rag-open') === ''")


def ask_slowly(page):
    """Ask the corpus whose model takes its time, until the answer is coming."""
    choose(page, "slow")
    page.get_by_role("textbox", name="Question").fill(QUESTION)
    page.keyboard.press("Enter")
    page.locator(".rag-running", has_text="Refunds take long.").wait_for()


def reload(page):
    page.reload()
    page.locator(".rag-start, .rag-turn").first.wait_for()


@pytest.mark.browser
def test_a_reload_keeps_the_conversation_and_its_sources(page):
    ask(page, QUESTION)
    ask(page, SECOND)
    answers = page.locator(".rag-answer").all_inner_texts()
    reload(page)
    page.locator(".rag-turn").nth(1).wait_for()
    assert page.locator(".rag-answer").all_inner_texts() == answers
    page.locator("a.rag-cite").first.click()
    page.wait_for_function("document.activeElement.id == 'source-1-1'")
    assert page.locator("#source-1-1 mark").first.inner_text() == QUOTE
    ask(page, "And to which card?")
    assert "characters passwords" in page.locator(".rag-understood").inner_text(), "it goes on from what was restored"
    assert titles(page) == [QUESTION]


@pytest.mark.browser
def test_conversations_are_listed_searched_renamed_and_opened(page):
    assert page.get_by_text("Conversations are kept in this browser only").is_visible()
    ask(page, QUESTION)
    begin(page)
    ask(page, SECOND)
    assert titles(page) == [SECOND, QUESTION], "newest first"
    row(page, QUESTION).get_by_role("button", name="Rename").click()
    page.keyboard.type(HOSTILE)
    page.keyboard.press("Enter")
    assert HOSTILE in titles(page)
    row(page, SECOND).get_by_role("button", name="Rename").click()
    page.keyboard.type("Never mind")
    page.keyboard.press("Escape")
    assert SECOND in titles(page)
    page.get_by_role("searchbox").fill("14 DAYS")
    assert titles(page) == [HOSTILE], "found by its answer"
    page.get_by_role("searchbox").fill("nothing like it")
    assert page.get_by_text("No conversation holds these words.").is_visible()
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name=HOSTILE).click()
    page.locator(".rag-question", has_text=QUESTION).wait_for()
    assert page.locator(".rag-title").inner_text() == HOSTILE
    reload(page)
    assert page.locator(".rag-question").inner_text() == QUESTION
    assert HOSTILE in titles(page)


@pytest.mark.browser
def test_a_deleted_conversation_is_gone_unless_it_is_taken_back(page):
    ask(page, QUESTION)
    row(page, QUESTION).get_by_role("button", name="Delete").click()
    page.locator(".rag-start").wait_for()
    assert titles(page) == []
    page.get_by_role("button", name="Undo").click()
    page.locator(".rag-question", has_text=QUESTION).wait_for()
    assert titles(page) == [QUESTION]
    row(page, QUESTION).get_by_role("button", name="Delete").click()
    page.locator(".rag-start").wait_for()
    reload(page)
    assert titles(page) == []
    assert page.locator(".rag-question").count() == 0


@pytest.mark.browser
def test_an_exported_conversation_holds_the_answers_with_their_sources(page):
    ask(page, QUESTION)
    ask(page, "What is the capital of Mongolia?")
    page.get_by_role("region", name="What the documents do answer").get_by_role("button").first.wait_for()
    with page.expect_download() as download:
        row(page, QUESTION).get_by_role("button", name="Export as Markdown").click()
    assert download.value.suggested_filename == "how-long-do-refunds-take.md"
    written = Path(download.value.path()).read_text(encoding="utf-8")
    assert written.startswith(f"# {QUESTION}\n\n*Conversation about shop, 2")
    for words in (f"\n\n{QUOTE} [1]", "**Sources**", "[1] Refunds", "(docs:refunds.md)", f"> {QUOTE}"):
        assert words in written
    assert "## What is the capital of Mongolia?" in written
    assert "The documents do not answer this." in written


@pytest.mark.browser
def test_two_browsers_do_not_see_each_others_conversations(visit):
    one, other = visit(), visit()
    ask(one, QUESTION)
    ask(other, SECOND)
    assert (titles(one), titles(other)) == ([QUESTION], [SECOND])
    reload(one)
    assert one.locator(".rag-question").all_inner_texts() == [QUESTION]
    assert (titles(one), titles(other)) == ([QUESTION], [SECOND])


@pytest.mark.browser
def test_a_question_is_edited_and_what_followed_it_replaced(page):
    ask(page, QUESTION)
    ask(page, SECOND)
    page.get_by_role("button", name="Edit the question").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".rag-editing").inner_text().startswith("Question 1 and what follows it will be replaced.")
    page.wait_for_function("document.activeElement.value === 'How long do refunds take?'")
    page.get_by_role("button", name="Cancel").click()
    page.locator(".rag-editing").wait_for(state="detached")
    assert page.get_by_role("textbox", name="Question").input_value() == ""
    page.get_by_role("button", name="Edit the question").first.focus()
    page.keyboard.press("Enter")
    page.locator(".rag-editing").wait_for()
    page.get_by_role("textbox", name="Question").fill("When are refunds paid?")
    page.keyboard.press("Enter")
    page.locator(".rag-question", has_text=SECOND).wait_for(state="detached")
    page.locator("#rag-messages .rag-author").wait_for()
    assert page.locator(".rag-question").all_inner_texts() == ["When are refunds paid?"]
    assert titles(page) == ["When are refunds paid?"]


@pytest.mark.browser
def test_a_question_is_taken_that_is_asked_as_soon_as_the_answer_is_there(page):
    page.evaluate("""() => {
      const count = (selector) => document.querySelectorAll(selector).length;
      let asked = 0;
      new MutationObserver((_, observer) => {
        const answers = count("#rag-messages .rag-author");
        const box = document.querySelector("#rag-ask textarea");
        if (answers === asked || count("#rag-live .rag-running")) return;
        asked = answers; // before Gradio knows that the event of the answer has ended
        if (asked === 3) observer.disconnect();
        box.value = "When are refunds paid?";
        box.form.requestSubmit();
      }).observe(document.querySelector("#rag-scroll"), { childList: true, subtree: true });
    }""")
    ask(page, QUESTION)
    page.locator("#rag-messages .rag-author").nth(3).wait_for()
    assert page.locator(".rag-question").count() == 4
    assert page.get_by_role("textbox", name="Question").input_value() == ""


@pytest.mark.browser
def test_turns_are_sent_once_and_what_a_page_missed_comes_again(page):
    ask(page, QUESTION)
    ask(page, SECOND)
    page.evaluate("document.querySelectorAll('.rag-log > .rag-turn').forEach((turn) => (turn.seen = true))")
    ask(page, "When are refunds paid?")
    turns = page.locator(".rag-log > .rag-turn")
    assert turns.evaluate_all("all => all.map((turn) => turn.seen ?? false)") == [True, True, False]
    assert page.locator(".rag-sources h3").all_inner_texts()[0].endswith("When are refunds paid?"), (
        "the newest is first"
    )
    assert page.get_by_role("button", name="Ask again").count() == 1
    # as if the update with the third answer had been lost: the next one asks for all of it
    page.evaluate("""() => {
      const told = { after: 2, turns: [], sources: [] };
      document.dispatchEvent(new CustomEvent("rag-told", { detail: { shows: told } }));
    }""")
    assert turns.count() == 2
    ask(page, QUESTION)  # until there is one more, which is the third
    turns.nth(3).wait_for()
    assert page.locator(".rag-log .rag-question").all_inner_texts()[2:] == ["When are refunds paid?", QUESTION]
    reload(page)
    assert page.locator(".rag-log > .rag-turn").count() == page.locator(".rag-sources h3").count() == 4


@pytest.mark.browser
def test_who_asks_before_the_page_has_its_words_gets_an_answer(page):
    held = []

    def hold(route):
        starts = set(json.loads(route.request.post_data or "{}").get("event_data") or {}) == {"conversation"}
        if starts and not held:
            held.append(route)
        else:
            route.continue_()

    page.route("**/queue/join*", hold)
    page.reload()
    ask(page, QUESTION)
    assert len(held) == 1
    assert page.locator(".rag-sources h3").count() == 1
    held[0].continue_()
    page.get_by_role("button", name="New conversation").first.wait_for()
    ask(page, SECOND)
    assert page.locator(".rag-log > .rag-turn").count() == page.locator(".rag-sources h3").count() == 2


@pytest.mark.browser
def test_an_answer_is_copied_asked_again_and_voted_on(page, shop):
    ask(page, QUESTION)
    page.get_by_role("button", name="Copy the answer").click()
    page.locator(".rag-button-copy.rag-done").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"{QUOTE} [1]")
    assert copied.endswith("(docs:refunds.md)")
    page.evaluate("document.querySelector('.rag-author').textContent = 'before it is asked again'")
    page.get_by_role("button", name="Ask again").click()
    page.locator("#rag-messages").get_by_text("Quoted from the documents").wait_for()
    assert page.locator(".rag-question").count() == page.locator(".rag-sources h3").count() == 1
    page.get_by_role("button", name="Bad answer").click()
    page.get_by_placeholder("What is wrong with it?").fill("Too short.")
    page.keyboard.press("Enter")
    page.get_by_text("Thank you, this is noted.").wait_for()
    reload(page)
    assert page.get_by_role("button", name="Bad answer").get_attribute("aria-pressed") == "true"
    feedback = shop / ".rag/shop/feedback.jsonl"
    last = json.loads(feedback.read_text().splitlines()[-1])
    assert {name: last[name] for name in ("question", "vote", "reason", "model")} == {
        "question": QUESTION, "vote": "down", "reason": "Too short.", "model": "extractive",
    }  # fmt: skip
    page.get_by_role("button", name="Good answer").click()
    page.get_by_placeholder("What is good about it?").wait_for()
    assert [(q.question, q.cited) for q in load_questions(feedback)] == [(QUESTION, {"docs:refunds.md"})]


@pytest.mark.browser
def test_a_second_quick_click_counts(page, shop):
    ask(page, QUESTION)
    feedback = shop / ".rag/shop/feedback.jsonl"
    before = feedback.read_text().count("\n") if feedback.is_file() else 0
    page.evaluate("""() => {
      const click = (name) => document.querySelector(`#rag-messages button[aria-label="${name}"]`).click();
      click("Good answer");
      setTimeout(() => click("Bad answer"), 40); // before the first one is answered
    }""")
    page.get_by_placeholder("What is wrong with it?").wait_for()
    assert page.get_by_role("button", name="Good answer").get_attribute("aria-pressed") == "false"
    assert [json.loads(line)["vote"] for line in feedback.read_text().splitlines()[before:]] == ["up", "down"]


@pytest.mark.browser
def test_suggested_questions_are_answered(page):
    starters = page.get_by_role("region", name="For example").get_by_role("button")
    starters.first.wait_for()
    assert "What does Refunds say about Damaged parcels on arrival?" in starters.all_inner_texts()
    assert not page.locator("#rag-next b").count(), "the title of a document stays text"
    ask(page, QUESTION)
    follow_up = page.get_by_role("region", name="Ask next").get_by_role("button").first
    suggested = follow_up.inner_text()
    follow_up.click()
    page.locator(".rag-question", has_text=suggested).wait_for()
    page.locator("#rag-messages .rag-author").nth(1).wait_for()
    assert page.locator(".rag-abstained").count() == 0


@pytest.mark.browser
@pytest.mark.parametrize("how", ["button", "escape", "reload"])
def test_a_stopped_answer_keeps_what_was_said(page, how):
    ask_slowly(page)
    assert not page.get_by_role("button", name="Edit the question").count()
    if how == "button":
        page.get_by_role("button", name="Stop").click()
    elif how == "escape":
        page.keyboard.press("Escape")
    else:
        page.reload()
    page.get_by_text("Stopped before the answer was complete and checked.").first.wait_for()
    if how != "reload":
        assert QUOTE in page.locator(".rag-answer").inner_text()
        shown = page.locator(".rag-answer").inner_text()
        page.wait_for_timeout(300)
        assert page.locator(".rag-answer").inner_text() == shown, "nothing comes late"
        assert page.get_by_role("button", name="Ask", exact=True).is_visible()
    assert page.locator(".rag-question").all_inner_texts() == [QUESTION]
    assert page.get_by_text("Ask about slow").count() == 0
    assert titles(page) == [QUESTION], "of the corpus that was asked"


@pytest.mark.browser
def test_another_model_answers_where_it_is_chosen_and_none_that_is_not_offered(page, model):
    choose(page, "slow")
    page.get_by_role("tab", name="Settings").click()
    page.get_by_role("radio", name="openai:other").check()
    assert page.locator("#rag-set-model label").all_inner_texts() == ["openai:scripted", "openai:other", "Quotes only"]
    picture(page, "settings-models")
    page.get_by_role("tab", name="Chat").click()
    ask(page, QUESTION)
    assert page.locator(".rag-author", has_text="openai:other").is_visible()
    page.evaluate("window.rag.prefer('model', 'openai:unheard-of')")
    page.get_by_role("textbox", name="Question").fill(SECOND)
    page.keyboard.press("Enter")
    page.locator(".rag-running", has_text="Refunds take long.").wait_for()
    page.keyboard.press("Escape")
    page.get_by_text("Stopped before the answer was complete and checked.").wait_for()
    assert {request["model"] for request in model.requests} <= {"scripted", "other"}
    page.evaluate("window.rag.prefer(null)")


@pytest.mark.browser
def test_who_turns_to_something_else_sees_nothing_more_of_the_answer(page):
    ask_slowly(page)
    begin(page)
    page.wait_for_timeout(500)
    assert page.locator(".rag-turn").count() == 0
    assert page.get_by_role("button", name="Ask", exact=True).is_visible()
    page.get_by_role("button", name=QUESTION).click()
    page.get_by_text("Stopped before the answer was complete and checked.").wait_for()
    choose(page, "shop")


@pytest.mark.browser
def test_what_a_page_missed_comes_again_without_the_answer_that_is_coming(page):
    ask_slowly(page)
    with page.expect_response(lambda response: "queue/join" in response.url):
        page.evaluate("""() => {
          const told = { after: 1, turns: [], sources: [] };
          document.dispatchEvent(new CustomEvent("rag-told", { detail: { shows: told } }));
        }""")
    page.wait_for_timeout(500)
    assert page.locator("#rag-messages .rag-turn").count() == 0, "an answer that comes is not shown as a finished one"
    assert page.locator("#rag-live .rag-running").count() == 1
    page.keyboard.press("Escape")
    page.locator("#rag-messages").get_by_text("Stopped before").wait_for()
    assert page.locator(".rag-turn").count() == 1
    choose(page, "shop")


@pytest.mark.browser
def test_a_reader_who_scrolls_up_is_left_alone(page):
    page.set_viewport_size({"width": 1280, "height": 460})
    choose(page, "slow")
    page.get_by_role("textbox", name="Question").fill(QUESTION)
    page.keyboard.press("Enter")
    left = "(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight)(ragScroll)"
    page.evaluate("window.ragScroll = document.querySelector('#rag-scroll')")
    page.locator(".rag-running", has_text="Refunds take long.").wait_for()
    page.wait_for_function("document.querySelector('#rag-scroll').scrollTop > 100")
    assert page.evaluate(left) < 40, "it follows the answer"
    page.locator("#rag-scroll").hover()
    page.mouse.wheel(0, -5000)
    page.wait_for_function("document.querySelector('#rag-scroll').scrollTop < 60")
    page.wait_for_timeout(300)
    assert page.evaluate("document.querySelector('#rag-scroll').scrollTop") < 60
    latest = page.get_by_role("button", name="To the latest answer")
    latest.wait_for()
    shown, scroller = latest.bounding_box(), page.locator("#rag-scroll").bounding_box()
    assert scroller["y"] + scroller["height"] / 2 < shown["y"] < scroller["y"] + scroller["height"]
    latest.click()
    page.wait_for_function(f"{left} < 40")
    page.keyboard.press("Escape")
    page.get_by_text("Stopped before").first.wait_for()


@pytest.mark.browser
def test_keys_lead_to_the_question_and_break_its_lines(page):
    page.locator("body").click(position={"x": 1, "y": 1})
    page.get_by_role("searchbox").focus()
    page.keyboard.type("/")
    assert page.get_by_role("searchbox").input_value() == "/", "in a field it is a character"
    page.get_by_role("searchbox").fill("")
    page.get_by_role("searchbox").blur()
    page.keyboard.press("/")
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    assert page.get_by_role("textbox", name="Question").input_value() == "one\ntwo"


@pytest.mark.browser
def test_an_answer_is_read_out_once_it_is_complete(page):
    ask(page, QUESTION)
    page.wait_for_function("document.querySelector('.rag-said').textContent.startsWith('Refunds are paid')")
    assert page.locator(".rag-said").get_attribute("role") == "status"


@pytest.mark.browser
def test_what_was_stored_and_changed_by_hand_does_no_harm(page):
    ask(page, QUESTION)
    page.evaluate(
        """() => {
          const first = Object.keys(localStorage).find((key) => key.startsWith("rag:"));
          const kept = JSON.parse(localStorage.getItem(first));
          const put = (id, value) => localStorage.setItem("rag:" + id, value);
          put("00000000000000a1", "{broken");
          put("00000000000000a2", "null");
          put("00000000000000a3", JSON.stringify({ ...kept, id: "other" }));
          put("00000000000000a4", JSON.stringify({ ...kept, id: "00000000000000a4", turns: [{ question: 5 }] }));
          put("00000000000000a5", JSON.stringify({ ...kept, id: "00000000000000a5", owner: "bob" }));
          put("00000000000000a6", JSON.stringify({ ...kept, id: "00000000000000a6", turns: [{ question: "Short" }] }));
          put("00000000000000a7", JSON.stringify({ ...kept, id: "00000000000000a7", updated: "never", title: 7 }));
          sessionStorage.setItem("rag-open", "00000000000000a1");
        }"""
    )
    reload(page)
    assert page.locator(".rag-start").is_visible()
    assert sorted(titles(page)) == sorted([QUESTION, QUESTION, "Short"])
    page.get_by_role("button", name="Short").click()
    page.get_by_text("This conversation cannot be read any more").wait_for()
    ask(page, SECOND)
    assert titles(page)[0] == SECOND


@pytest.mark.browser
def test_the_oldest_conversation_makes_room_and_that_is_said(page):
    ask(page, QUESTION)
    page.evaluate(
        """() => {
          const first = Object.keys(localStorage).find((key) => key.startsWith("rag:"));
          const kept = JSON.parse(localStorage.getItem(first));
          const fill = (id, updated, characters) => localStorage.setItem("rag:" + id, JSON.stringify(
            {...kept, id, updated, title: "Filler " + updated, filler: "x".repeat(characters)}));
          fill("00000000000000aa", 1, 1900000);
          fill("00000000000000ab", 2, 1900000);
        }"""
    )
    reload(page)
    assert {"Filler 1", "Filler 2", QUESTION} == {*titles(page)}
    page.evaluate(
        """() => {
          const key = "rag:00000000000000ab", kept = JSON.parse(localStorage.getItem(key));
          localStorage.setItem(key, JSON.stringify({...kept, filler: "x".repeat(2095000)}));
        }"""
    )
    ask(page, SECOND)
    assert page.get_by_text("The oldest conversation was removed to make room").is_visible()
    assert {*titles(page)} == {"Filler 2", QUESTION}


@pytest.mark.browser
def test_each_corpus_has_its_own_conversations(page):
    ask(page, QUESTION)
    choose(page, "slow")
    assert page.locator(".rag-question").count() == 0
    assert titles(page) == []
    choose(page, "shop")
    assert titles(page) == [QUESTION]


@pytest.mark.browser
def test_on_a_phone_the_conversations_are_in_a_drawer_and_german_is_spoken(visit):
    page = visit(size=NARROW, locale="de-DE")
    assert page.get_by_text("Fragen zu shop").is_visible()
    assert page.get_by_placeholder("Frage stellen").is_visible()
    drawer, menu = page.locator(".rag-drawer"), page.get_by_role("button", name="Gespräche", exact=True)
    assert not drawer.is_visible()
    page.get_by_role("textbox", name="Frage").fill(QUESTION)
    page.get_by_role("button", name="Fragen", exact=True).click()
    page.get_by_text("Wörtlich aus den Dokumenten").wait_for()
    menu.click()
    assert drawer.is_visible()
    page.keyboard.press("Escape")
    assert not drawer.is_visible()
    assert menu.evaluate("button => button === document.activeElement")
    menu.click()
    drawer.get_by_role("button", name="Neues Gespräch").click()
    page.get_by_text("Fragen zu shop").wait_for()
    assert not drawer.is_visible()
    menu.click()
    page.get_by_role("button", name=QUESTION).click()
    page.locator(".rag-question").wait_for()
    assert not drawer.is_visible()
    ask(page, "Who was the first emperor of Mongolia?")
    why = page.locator(".rag-abstained details")
    why.locator("summary").click()
    assert why.get_by_text("Der Korpus scheint diese Frage nicht zu behandeln (Konfidenz 0,").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    english = re.compile(r"\b(?:the|of|this|with|copy|answer|question)\b", re.IGNORECASE)
    labels = page.locator("#rag-chat button").evaluate_all("all => all.map((b) => b.ariaLabel ?? b.textContent)")
    assert not [label for label in labels if english.search(label or "")]
