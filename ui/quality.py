"""The quality tab: health of the corpus, latency, feedback, the last evaluation."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from rag.errors import RagError
from rag.evaluation.feedback import feedback_of
from rag.evaluation.kept import last_reports
from rag.health import health
from ui.events import QUIET
from ui.language import language_of, say
from ui.served import Served
from ui.users import principals_of
from ui.view import quality as view
from ui.view.html import box, escape
from ui.view.told import wrong, wrong_by

_SCRIPT = (Path(__file__).parent / "quality.js").read_text(encoding="utf-8")
LOOK_S = 1.0
"""How often the page looks whether a check is done."""
WATCHING = 16
"""Pages that may wait for one at a time."""


def build_quality(served: Sequence[Served], picked: Any, tab: gr.Tab) -> None:
    """Put the quality of a corpus into the Gradio blocks that are open.

    Args:
        served: one or more corpora.
        picked: the state with the place of the one to show.
        tab: everything is read anew when this is selected.
    """
    # the script raises the event check
    page = gr.HTML(elem_id="rag-quality", js_on_load=_SCRIPT, apply_default_css=False)

    def show(corpus: int, request: gr.Request) -> Iterator[str]:
        if principals_of(request) is None:
            yield from _pages(served[corpus], language_of(request))
        else:  # errors and votes name documents that not everybody may see
            yield view.page(box("notice", say("quality.operators", language_of(request)), ""))

    def check(corpus: int, request: gr.Request) -> Iterator[str]:
        if principals_of(request) is None:
            served[corpus].checks.start()
        yield from show(corpus, request)

    options = QUIET | {"concurrency_limit": WATCHING, "concurrency_id": "quality"}
    shown = [tab.select(show, [picked], [page], **options)]
    if len(served) > 1:
        shown.append(picked.change(show, [picked], [page], **options))
    page.check(check, [picked], [page], cancels=shown, **options)


def _pages(served: Served, language: str) -> Iterator[str]:
    """The page: at once, with what takes longer when that is there, and when a check is done."""
    duplicates = None
    yield _page(served, language, duplicates)
    try:
        duplicates = len(served.corpus.map().duplicates)
    except RagError:
        return  # the page says already that there is nothing
    yield _page(served, language, duplicates)
    if served.checks.running:
        while served.checks.running:
            served.checks.wait(LOOK_S)
        yield _page(served, language, duplicates)


def _page(served: Served, language: str, duplicates: int | None) -> str:
    try:
        found = health(served.corpus)
        reports = last_reports(served.corpus.artifacts)
    except RagError as error:
        return view.page([box("error", escape(say("quality.unavailable", language)), wrong(error, language))])
    checks = served.checks
    wrong_check = checks.error and wrong_by(checks.raised.code if checks.raised else "rag", checks.error, language)
    state = view.health(
        found, language, duplicates=duplicates, check=checks.last, checking=checks.running, error=wrong_check
    )
    return view.page(
        [state, view.feedback(feedback_of(served.corpus.settings), language)],
        [view.latency(served.corpus.latencies, language), view.evaluation(reports, language)],
    )
