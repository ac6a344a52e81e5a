"""The map tab: a corpus in two dimensions, and what is found on it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from rag.corpus_map.layout import FEWEST_FOR_UMAP, umap_is_installed
from rag.corpus_map.result import CorpusMap, Layout, Unit
from rag.errors import RagError
from ui.events import EACH, QUIET
from ui.language import language_of, say
from ui.scope import narrowed_to_one
from ui.served import Served
from ui.users import principals_of
from ui.view import map as view
from ui.view.html import box
from ui.view.told import wrong

_SCRIPT = (Path(__file__).parent / "map.js").read_text(encoding="utf-8")
LONGEST_QUERY = 1_000
WAITING = 16
"""Pages that may wait for a map at a time; one is drawn, the others get the same."""

Shown = tuple[Unit, Layout]


def build_map(served: Sequence[Served], picked: Any, where: Any, tab: gr.Tab) -> None:
    """Put the map into the Gradio blocks that are open.

    Args:
        served: one or more corpora.
        picked: the state with the place of the one to show.
        where: the state with the filter of the chat.
        tab: it is drawn when this is selected.
    """
    shown = gr.State(("documents", "pca"))
    with gr.Row(elem_id="rag-map-row"):
        with gr.Column(scale=3, min_width=320):
            # the script raises the events choose, unit, ask and only
            picture = gr.HTML(elem_id="rag-map-picture", js_on_load=_SCRIPT, apply_default_css=False)
        with gr.Column(scale=2, min_width=300, elem_id="rag-map-beside"):
            opened = gr.HTML(elem_id="rag-map-opened", apply_default_css=False)
            asked = gr.HTML(elem_id="rag-map-query", apply_default_css=False)
            findings = gr.HTML(elem_id="rag-map-findings", apply_default_css=False)

    def draw(corpus: int, before: Shown, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        yield from _draw(served[corpus], before[0], request)

    def draw_other(corpus: int, event: gr.EventData, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        unit: Unit = "chunks" if _said(event, "unit") == "chunks" else "documents"
        yield from _draw(served[corpus], unit, request)

    def open_point(corpus: int, now: Shown, event: gr.EventData, request: gr.Request) -> str:
        return _opened(served[corpus], now, _said(event, "id"), request)

    def ask(corpus: int, now: Shown, event: gr.EventData, request: gr.Request) -> str:
        return _asked(served[corpus], now, _said(event, "query"), request)

    everything = [picture, findings, asked, opened, shown]
    drawing = QUIET | {"concurrency_limit": WAITING, "concurrency_id": "map", "trigger_mode": "once"}
    tab.select(draw, [picked, shown], everything, **drawing)
    picture.unit(draw_other, [picked], everything, **drawing)
    picture.choose(open_point, [picked, shown], [opened], **EACH)
    picture.only(narrowed_to_one, where, where, **EACH)
    picture.ask(ask, [picked, shown], [asked], **EACH)
    if len(served) > 1:
        picked.change(draw, [picked, shown], everything, **drawing)


def _draw(served: Served, unit: Unit, request: gr.Request) -> Iterator[tuple[Any, ...]]:
    """By PCA at once, and by UMAP as soon as that is done."""
    language, principals = language_of(request), principals_of(request)
    try:
        drawn = served.corpus.map(unit=unit, principals=principals)
        better = umap_is_installed() and len(drawn.points) >= FEWEST_FOR_UMAP
        findings = view.findings(drawn, language)
        yield view.picture(drawn, language, waiting=better), findings, "", "", (unit, drawn.layout)
        if better:
            drawn = served.corpus.map(unit=unit, layout="umap", principals=principals)
            yield view.picture(drawn, language), *(gr.skip(),) * 3, (unit, drawn.layout)
    except RagError as error:
        yield box("error", say("map.failed", language), wrong(error, language)), "", "", "", (unit, "pca")


def _opened(served: Served, now: Shown, id: str, request: gr.Request) -> str:
    language, principals = language_of(request), principals_of(request)
    try:
        drawn = _as_shown(served, now, principals=principals)
        point = next(iter(drawn.of([id])), None)
        if point is None:
            return box("error", say("map.failed", language), say("map.gone", language))
        document = served.corpus.show(point.document_id, principals=principals)
        topic = view.topic_names(drawn, language)[point.topic]
        return view.opened(document, point, drawn.similar(id), topic, language)
    except RagError as error:
        return box("error", say("map.failed", language), wrong(error, language))


def _asked(served: Served, now: Shown, query: str, request: gr.Request) -> str:
    language, principals = language_of(request), principals_of(request)
    if not query.strip():
        return ""
    try:
        drawn = _as_shown(served, now, query=query.strip()[:LONGEST_QUERY], principals=principals)
        return view.query(drawn.query, drawn.unit, language)
    except RagError as error:
        return box("error", say("map.failed", language), wrong(error, language))


def _as_shown(served: Served, now: Shown, **options: Any) -> CorpusMap:
    unit, layout = now
    return served.corpus.map(unit=unit, layout=layout, **options)


def _said(event: gr.EventData, name: str) -> str:
    """What the page says with an event; it may say anything."""
    value = event._data.get(name) if isinstance(event._data, dict) else None
    return value if isinstance(value, str) else ""
