"""The web app on a real corpus: how soon a page and an answer are there, alone, during an ingest, and for twenty."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.screenshots import CHROMIUM, OPTIONS, free_port

VISITS, ROUNDS, ASKERS, TURNS = 5, 3, 20, 30
OVERLAP_S = 5
"""From the start of an ingest to the first measurement beside it: until then it lists and loads."""
BUSY_S = 120
"""How long is measured beside an ingest at most."""


SETTLED = ":is(.rag-author, .rag-box)"
CLOCK = """(selector) => {
  const count = () => document.querySelectorAll(selector).length;
  const before = count();
  let started;
  const start = () => (started ??= performance.now());
  for (const kind of ["keydown", "pointerdown"]) document.addEventListener(kind, start, { capture: true, once: true });
  window.appeared = new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`${selector} did not appear within a minute`)), 60000);
    const observer = new MutationObserver(() => {
      if (count() <= before) return;
      observer.disconnect();
      resolve(performance.now() - started);
    });
    // a window is there when it is opened, not when its words are: those of the last one come and go once more
    observer.observe(document.body, { childList: true, subtree: true, attributeFilter: ["open"] });
  });
}"""
"""Milliseconds from the next key or click until one more such element is there, as the page itself sees it."""


def run(data: Path) -> int:
    """Print when a page can be used, when an answer begins and ends, what a click takes, and 20 askers at once."""
    content = data / "handbook" / "content"
    if not content.is_dir():
        print(f"{content}: no such folder; see docs/benchmarks.md", file=sys.stderr)
        return 1
    questions = [row["query"] for row in json.loads((data / "handbook" / "questions.json").read_text())]
    with tempfile.TemporaryDirectory() as folder:
        ready, again = (_corpus(Path(folder), name, content) for name in ("handbook", "again"))
        subprocess.run([*RAG, "ingest", str(ready)], check=True, stdout=subprocess.DEVNULL)
        with _chat(ready, again) as url, _browser() as browser:
            _measure(browser, url, questions, again)
    return 0


RAG = (sys.executable, "-m", "rag")


def _corpus(folder: Path, name: str, content: Path) -> Path:
    config = folder / f"{name}.yaml"
    config.write_text(json.dumps({"name": name, "sources": [{"kind": "files", "path": str(content.resolve())}]}))
    return config


@contextmanager
def _chat(*configs: Path) -> Iterator[str]:
    port = free_port()
    command = [*RAG, "chat", *map(str, configs), "--port", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        if not process.stderr.readline().startswith("chat on"):
            raise SystemExit(f"{' '.join(command)}: did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


def _measure(browser: Browser, url: str, questions: Sequence[str], again: Path) -> None:
    with _page(browser, url) as page:
        for question in questions:  # the first one loads the encoder
            _ask(page, question)
    _say("page can be used", [_visit(browser, url) for _ in range(VISITS)])
    with _page(browser, url) as desk:
        desk.get_by_role("tab", name="Documents").click()
        desk.locator(".rag-documents-table tbody tr").first.wait_for()
        _say("answer", [each for _ in range(ROUNDS) for each in _conversation(browser, url, questions)])
        long = _conversation(browser, url, [questions[turn % len(questions)] for turn in range(TURNS)])
        _say(f"answer, turns 1 to {len(questions)}", long[: len(questions)])
        _say(f"answer, turns {TURNS - len(questions) + 1} to {TURNS}", long[-len(questions) :])
        _say("click", [_click(desk, n) for n in range(ROUNDS * len(questions))])
        ingest = subprocess.Popen([*RAG, "ingest", str(again)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(OVERLAP_S)
        busy: list[float] = []
        clicks: list[float] = []
        started = time.perf_counter()
        while ingest.poll() is None and time.perf_counter() - started < BUSY_S:
            busy += _conversation(browser, url, questions)
            clicks += [_click(desk, n) for n in range(len(questions))]
        _say("answer, beside an ingest", busy)
        _say("click, beside an ingest", clicks)
        ingest.wait()
    print(f"{ASKERS} at once: {_crowd(browser, url, questions)}", flush=True)


def _say(what: str, seconds: Sequence[float]) -> None:
    p50, p95 = np.percentile(seconds, (50, 95)) * 1000
    print(f"{what:32}p50 {p50:5.0f} ms  p95 {p95:5.0f} ms  of {len(seconds)}", flush=True)


@contextmanager
def _page(browser: Browser, url: str) -> Iterator[Page]:
    with browser.new_context(locale="en-US") as context:
        page = context.new_page()
        page.set_default_timeout(120_000)
        _open(page, url)
        yield page


def _open(page: Page, url: str) -> None:
    page.goto(url)
    page.locator("#rag-ask textarea").wait_for()
    page.locator(".rag-start").wait_for()


def _visit(browser: Browser, url: str) -> float:
    """Seconds until the question box and what one may ask are there, in a browser that was never here."""
    with browser.new_context(locale="en-US") as context:
        page = context.new_page()
        started = time.perf_counter()
        _open(page, url)
        return time.perf_counter() - started


def _conversation(browser: Browser, url: str, questions: Sequence[str]) -> list[float]:
    """Seconds of each answer, in a page of its own."""
    with _page(browser, url) as page:
        return [_ask(page, question) for question in questions]


def _ask(page: Page, question: str) -> float:
    """Seconds from the key until the answer is there, quotes and citations at once."""
    page.locator("#rag-ask [type=submit]").wait_for()  # until then it offers to stop the answer before
    page.locator("#rag-ask textarea").fill(question)
    page.evaluate(CLOCK, f"#rag-messages {SETTLED}")
    page.keyboard.press("Enter")
    return float(page.evaluate("window.appeared")) / 1000


def _click(desk: Page, number: int) -> float:
    """Seconds from a click on the title of a document in the table until its text is shown."""
    desk.evaluate(CLOCK, "dialog:modal")
    desk.locator(".rag-documents-table tbody tr").nth(number % 10).locator("button").first.click()
    seconds = float(desk.evaluate("window.appeared")) / 1000
    desk.keyboard.press("Escape")
    desk.locator("dialog").wait_for(state="detached")
    return seconds


def _crowd(browser: Browser, url: str, questions: Sequence[str]) -> str:
    """Each in a page of their own, all at the same moment."""
    with ExitStack() as stack:
        pages = [stack.enter_context(_page(browser, url)) for _ in range(ASKERS)]
        for number, page in enumerate(pages):
            page.locator("#rag-ask textarea").fill(questions[number % len(questions)])
        started = time.perf_counter()
        for page in pages:
            page.keyboard.press("Enter")
        waits: list[Callable[[], None]] = [page.locator(f"#rag-messages {SETTLED}").first.wait_for for page in pages]
        for wait in waits:
            wait()
        return f"all answered after {time.perf_counter() - started:.1f} s"
