"""The app as it is served, and what somebody does with it in a real browser."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

CHROMIUM = Path("/usr/bin/chromium")
WIDE, NARROW = (1280, 800), (380, 800)
SIDEWAYS = "document.documentElement.scrollWidth > innerWidth"
SLOWLY = """() => {
  const send = window.fetch;
  window.slowly = true;
  window.fetch = async (...request) => {
    const said = String(request[0]).includes("queue/join");
    if (said && window.slowly) await new Promise((go) => setTimeout(go, 1000));
    return send(...request);
  };
}"""
"""What somebody does in the page reaches the server a second later."""
INTERRUPTED = ("abort", "errored out")
"""What Gradio says where a page is left while it waits for something."""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def start(*configs, port, options=()):
    """`rag chat` in its own process."""
    # a job in the background of a shell ignores Ctrl-C, and so do its children unless they ask for it
    code = (
        "import signal, sys; from rag.cli import main; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "chat", *map(str, configs), "--port", str(port), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def stop(process, patience_s=60):
    """The exit status after Ctrl-C, and what it had written."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=patience_s)
    return process.returncode, out + err


@contextmanager
def chatting(*configs, options=()):
    """The address of `rag chat`, which says nothing else, also when it is stopped."""
    port = free_port()
    process = start(*configs, port=port, options=options)
    try:
        assert process.stderr.readline() == f"chat on http://127.0.0.1:{port}\n"
        yield f"http://127.0.0.1:{port}"
        assert stop(process) == (0, ""), "Ctrl-C ends it, and it says nothing but its address"
    finally:
        process.kill()


@contextmanager
def watched(context, *, harmless=(), titles=("Situated RAG",)):
    """A page in which nothing may go wrong, and which asks nothing of another host.

    Args:
        context: of a browser.
        harmless: parts of what may be said in the console.
        titles: that the page may have at the end.
    """
    page = context.new_page()
    page.set_default_timeout(60_000)  # the first question loads the encoder
    requests, problems = [], []

    def said(message):
        if message.type in ("error", "warning") and not any(words in message.text for words in harmless):
            problems.append(message.text)

    page.on("request", lambda sent: requests.append(sent.url))
    page.on("console", said)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.problems = problems
    yield page
    assert page.title() in titles, "no document changed it"
    assert not page.evaluate(SIDEWAYS), "it scrolls sideways"
    page.close()
    assert not problems, problems
    hosts = {urlsplit(url).hostname for url in requests if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}, hosts


def viewport(size):
    return dict(zip(("width", "height"), size, strict=True))


def ask(page, question):
    """Ask, and wait for the whole answer."""
    settled = page.locator("#rag-messages .rag-author, #rag-messages .rag-box")
    place = settled.count()
    page.locator("#rag-ask textarea").fill(question)
    page.keyboard.press("Enter")
    settled.nth(place).wait_for()
    page.locator("#rag-ask [type=submit]").wait_for()


def picture(page, name):
    """A screenshot for people, where CHAT_SCREENSHOTS names a folder."""
    if folder := os.environ.get("CHAT_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}-{page.viewport_size['width']}.png")
