"""The web app: puts the tabs beside each other. Each tab has a file of its own."""

from collections.abc import Sequence
from pathlib import Path

import gradio as gr

from ui.chat import build_chat
from ui.documents import build_documents
from ui.language import LANGUAGES, i18n, say
from ui.map import build_map
from ui.passages import Passages
from ui.quality import build_quality
from ui.scope import scope_state
from ui.search import build_search
from ui.served import Served
from ui.settings import build_settings
from ui.view import frame

_PICKER = (Path(__file__).parent / "corpus.js").read_text(encoding="utf-8")
EVENTS_AT_A_TIME = 32
"""Of each kind, such as questions. One that waits for a model takes a thread and nothing else, so there are many."""
THREADS = 4 * EVENTS_AT_A_TIME
"""For events of all kinds; pages and files have threads of their own."""
WAITING_EVENTS = 256
"""More are refused at once."""


def build_app(served: Sequence[Served], shown: Passages) -> gr.Blocks:
    """The app, not yet served.

    Args:
        served: one or more corpora. They stay open: who opened them closes them.
        shown: the passages behind answers.
    """
    app = gr.Blocks(title=say("app.title", LANGUAGES[0]), analytics_enabled=False, fill_width=True, fill_height=True)
    with app:
        picked = gr.State(0)
        picker = gr.HTML(
            frame.corpus_picker([each.name for each in served]),
            apply_default_css=False,
            padding=False,
            elem_id="rag-corpus",
            js_on_load=_PICKER,
            visible=len(served) > 1,
        )
        where = scope_state(picked)
        with gr.Tabs(elem_id="rag-tabs"):
            with gr.Tab(i18n()("tabs.chat"), id="chat", elem_id="rag-tab-chat"):
                build_chat(served, picked, picker, where, shown)
            with gr.Tab(i18n()("tabs.documents"), id="documents", elem_id="rag-tab-documents") as tab:
                build_documents(served, picked, tab)
            with gr.Tab(i18n()("tabs.search"), id="search", elem_id="rag-tab-search"):
                build_search(served, picked, where)
            with gr.Tab(i18n()("tabs.map"), id="map", elem_id="rag-tab-map") as tab:
                build_map(served, picked, where, tab)
            with gr.Tab(i18n()("tabs.quality"), id="quality", elem_id="rag-tab-quality") as tab:
                build_quality(served, picked, tab)
            with gr.Tab(i18n()("tabs.settings"), id="settings", elem_id="rag-tab-settings"):
                build_settings(served, picked, app)
    app.max_threads = THREADS
    # direct calls of the event endpoints would pass the queue by
    app.queue(default_concurrency_limit=EVENTS_AT_A_TIME, max_size=WAITING_EVENTS, api_open=False)
    return app
