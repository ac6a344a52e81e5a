"""The web app: puts the tabs beside each other. Each tab has a file of its own."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from ui.chat import build_chat
from ui.documents import build_documents
from ui.language import i18n
from ui.served import Served

TITLE = "Situated RAG"
CONCURRENT_ANSWERS = 4
WAITING_QUESTIONS = 64


def build_app(served: Sequence[Served]) -> gr.Blocks:
    """The app, not yet served.

    Args:
        served: one or more corpora. They stay open: who opened them closes them.
    """
    app = gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True, fill_height=True)
    with app:
        picked = _corpus_picker(served)
        with gr.Tabs(elem_id="rag-tabs"):
            with gr.Tab(i18n()("tabs.chat"), id="chat", elem_id="rag-tab-chat"):
                build_chat(served, picked)
            with gr.Tab(i18n()("tabs.documents"), id="documents", elem_id="rag-tab-documents") as tab:
                build_documents(served, picked, tab)
    # direct calls of the event endpoints would pass the queue by
    app.queue(default_concurrency_limit=CONCURRENT_ANSWERS, max_size=WAITING_QUESTIONS, api_open=False)
    return app


def _corpus_picker(served: Sequence[Served]) -> Any:
    """The place of the corpus that all tabs are about; nothing to see where there is only one."""
    if len(served) == 1:
        return gr.State(0)
    choices = [(each.name, place) for place, each in enumerate(served)]
    return gr.Dropdown(choices, value=0, label=i18n()("app.corpus"), filterable=False, elem_id="rag-corpus")
