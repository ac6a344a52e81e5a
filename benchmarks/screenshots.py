"""Pictures of every tab for people to look at: `python -m benchmarks.screenshots CORPUS QUESTION FOLDER`.

Light and dark, at 1440, 1024 and 380 px. The corpus is ingested already; nothing else may hold it. `--only` takes a
part of the names, such as `chat-1440-light`.
"""

import argparse
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from rag.corpus import Rag
from ui.server import serving

WIDTHS, HEIGHT, THEMES = (1440, 1024, 380), 900, ("light", "dark")
TABS = ("documents", "search", "map", "quality", "settings")
PAUSE_MS = 3_000
CHROMIUM = "/usr/bin/chromium"
OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("question")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--language", default="en")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    problems = 0
    with Rag.open(arguments.corpus) as corpus, serving([corpus], host="127.0.0.1", port=free_port()) as url:
        for theme in THEMES:
            for width in WIDTHS:
                name = f"{width}-{theme}"
                if arguments.only and not any(arguments.only in f"{tab}-{name}" for tab in ("start", "chat", *TABS)):
                    continue
                with _page(url, width, theme, arguments.language) as (page, said):
                    for tab in _tour(page, arguments.question):
                        page.wait_for_timeout(PAUSE_MS)
                        page.screenshot(path=arguments.folder / f"{tab}-{name}.png")
                        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                            said.append(f"{tab} scrolls sideways")
                print(name, *said, sep="\n  ", flush=True)
                problems += len(said)
    return min(problems, 1)


def free_port() -> int:
    """One that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _tour(page: Page, question: str) -> Iterator[str]:
    """Shows a tab and names it."""
    box = page.get_by_role("textbox").and_(page.locator("#rag-ask textarea"))
    box.wait_for()
    yield "start"
    box.fill(question)
    page.keyboard.press("Enter")
    page.locator(".rag-author, .rag-box").first.wait_for()
    yield "chat"
    for tab in TABS:
        page.locator(f"#rag-tab-{tab}-button").click()
        if tab == "search":
            page.locator("#rag-query input").fill(question)
        yield tab


@contextmanager
def _page(url: str, width: int, theme: str, language: str) -> Iterator[tuple[Page, list[str]]]:
    said: list[str] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        context = chromium.new_context(
            viewport={"width": width, "height": HEIGHT},
            color_scheme="dark" if theme == "dark" else "light",
            locale=language,
        )
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(url)
        yield page, said
        chromium.close()


if __name__ == "__main__":
    sys.exit(main())
