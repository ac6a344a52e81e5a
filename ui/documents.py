"""The documents tab: wires what `desk` can do to the parts that the browser shows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from ui.desk import Desk
from ui.events import EACH, QUIET
from ui.language import language_of
from ui.served import Served
from ui.shelf import View
from ui.users import principals_of

_SCRIPT = (Path(__file__).parent / "documents.js").read_text(encoding="utf-8")
_PARTS = ("view", "zone", "job", "shelf", "dialog")


def build_documents(served: Sequence[Served], picked: Any, tab: gr.Tab) -> None:
    """Put the documents into the Gradio blocks that are open.

    Args:
        served: one or more corpora.
        picked: the state with the place of the one to show.
        tab: that they are in; nothing is read before it is looked at.
    """
    desks = [Desk(each, Path(get_upload_folder())) for each in served]
    view, seen = gr.State(View()), gr.State(0)
    with gr.Column(elem_id="rag-documents"):
        zone, job, shelf, dialog = (_part(name) for name in _PARTS[1:])
    parts = [view, zone, job, shelf, dialog]

    def opened(corpus: int, now: View, request: gr.Request) -> tuple[Any, ...]:
        return _updates(desks[corpus].everything(now, language_of(request), principals_of(request)))

    def another(corpus: int, request: gr.Request) -> tuple[Any, ...]:
        return _updates(desks[corpus].everything(View(), language_of(request), principals_of(request)))

    def news(corpus: int, now: View, before: int, request: gr.Request) -> tuple[Any, ...]:
        shown = desks[corpus].news(now, language_of(request), principals_of(request))
        stamp = hash((corpus, shown["job"], shown["shelf"]))
        return (gr.skip(),) * 3 if stamp == before else (stamp, shown["job"], shown["shelf"])

    def acting() -> Callable[..., Iterator[tuple[Any, ...]]]:
        # a function of its own for each part has a queue of its own: a plan that takes long keeps nobody from looking
        def act(corpus: int, now: View, event: gr.EventData, request: gr.Request) -> Iterator[tuple[Any, ...]]:
            said = event._data if isinstance(event._data, Mapping) else {}
            for shown in desks[corpus].act(said, now, language_of(request), principals_of(request)):
                yield _updates(shown)

        return act

    tab.select(opened, [picked, view], parts, **QUIET)
    job.poll(news, [picked, view, seen], [seen, job, shelf], queue=False, **QUIET)
    for part in (zone, job, shelf, dialog):
        part.act(acting(), [picked, view], parts, **EACH)
    if len(served) > 1:
        picked.change(another, [picked], parts, **QUIET)


def _part(name: str) -> gr.HTML:
    return gr.HTML("", js_on_load=_SCRIPT, apply_default_css=False, elem_id=f"rag-documents-{name}")


def _updates(shown: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(shown.get(part, gr.skip()) for part in _PARTS)
