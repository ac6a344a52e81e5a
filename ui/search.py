"""The search tab: what is found without an answer, ranked again while its sliders move."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import gradio as gr
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.errors import RagError
from rag.retrieval.exploration import Exploration
from rag.settings import Retrieval, Weights
from ui.events import EACH, QUIET
from ui.language import language_of, say
from ui.scope import Where, build_scope, event_text, named, narrowed_to_one, offer_names
from ui.served import Served
from ui.users import principals_of
from ui.view import scope as scope_view
from ui.view import search as view
from ui.view import why
from ui.view.told import wrong

_LOG = logging.getLogger(__name__)
_HERE = Path(__file__).parent
MOST_CANDIDATES = 200
"""Candidates a leg that the slider goes up to, unless the corpus file asks for more."""
KEPT_S = 60.0
"""How long candidates are ranked again: the corpus may change, and who may see what."""


class Asked(BaseModel):
    """A query with the sliders as they stand; it comes from a browser."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    query: Annotated[str, Field(max_length=2000)]
    weights: dict[str, float]
    candidates: Annotated[int, Field(ge=1, le=1000)]
    top_k: Annotated[int, Field(ge=1, le=200)]
    rerank: bool

    def settings(self, own: Retrieval) -> Retrieval:
        """The corpus' own settings with these.

        Raises:
            ValidationError: a weight that is not legal, or none that brings candidates.
        """
        weights = Weights.model_validate({**own.weights.model_dump(), **self.weights})
        stages = own.rerank if self.rerank else ()
        return own.model_copy(
            update={"weights": weights, "candidates": self.candidates, "top_k": self.top_k, "rerank": stages}
        )


@dataclass(frozen=True, eq=False)
class Found:
    """What was found last, to be ranked again.

    Attributes:
        key: what it was found for.
        at: when; the corpus may have changed since.
    """

    key: Any
    at: float
    exploration: Exploration


def keeping(settings: Retrieval) -> str:
    """The lines of a corpus file that make these its settings; "" where they are the defaults."""
    changed = settings.model_dump(mode="json", exclude_defaults=True)
    changed |= {name: _short(value) for name, value in changed.items() if name == "weights"}
    return yaml.safe_dump({"retrieval": changed}, sort_keys=False) if changed else ""


def _short(weights: Mapping[str, float]) -> dict[str, float]:
    """1 and not 1.0."""
    return {leg: int(weight) if weight == int(weight) else weight for leg, weight in weights.items()}


def build_search(served: Sequence[Served], picked: Any, where: Any) -> None:
    """Put the tab into the Gradio blocks that are open.

    Args:
        served: one or more corpora.
        picked: the state with the place of the one to search.
        where: the state with the filter.
    """
    last, found, missing = gr.State(None), gr.State(None), gr.State(None)
    plain: dict[str, Any] = {"apply_default_css": False, "padding": False}
    ask_script, hit_script, why_script = (
        (_HERE / f"{name}.js").read_text(encoding="utf-8") for name in ("search", "hits", "why")
    )
    # empty until `fill` comes: what was typed before would be lost to it
    with gr.Row(elem_id="rag-search"):
        with gr.Column(scale=5, min_width=320, elem_id="rag-results"):
            query = gr.HTML("", js_on_load=ask_script, elem_id="rag-query", **plain)
            build_scope(served, picked, where, tab="search")
            explained = gr.HTML("", js_on_load=hit_script, elem_id="rag-explained", **plain)
            hits = gr.HTML("", js_on_load=hit_script, elem_id="rag-found", **plain)
        with gr.Column(scale=2, min_width=260, elem_id="rag-tuning"):
            panel = gr.HTML("", js_on_load=ask_script, elem_id="rag-weights", **plain)
            keep = gr.HTML("", js_on_load=hit_script, elem_id="rag-keep", **plain)
            missed = gr.HTML("", js_on_load=why_script, elem_id="rag-missing", **plain)
            offer_names(served, picked, missed, id=why.NAMES)

    def fill(corpus: int, request: gr.Request) -> tuple[Any, ...]:
        language = language_of(request)
        own = served[corpus].corpus.settings.retrieval
        start, kept = view.start(language), view.kept(keeping(own), language)
        return view.query(language), start, _panel(own, language), kept, why.form(language), "", None, None, None

    def show(corpus: int, now: Where, asked: Any, before: Found | None, request: gr.Request) -> tuple[Any, ...]:
        """Hits, lines to keep, and what was found."""
        language = language_of(request)
        if asked is None or not asked["query"].strip():
            return view.start(language), gr.skip(), before
        own = served[corpus].corpus
        try:
            settings = Asked.model_validate(asked).settings(own.settings.retrieval)
        except ValidationError:
            return view.failed(say("search.no_weight", language), language), gr.skip(), before
        principals = principals_of(request)
        try:
            after = _found(own, asked["query"].strip(), settings, now, principals, before)
            result = after.exploration.rank(settings)
            filtered = scope_view.summary(now, own.listing(principals=principals), language) if now else ""
        except RagError as error:
            return view.failed(wrong(error, language), language), gr.skip(), None
        except Exception:
            _LOG.exception("no hits for %r", asked["query"])
            return view.failed(say("search.unexpected", language), language), gr.skip(), None
        exploration = after.exploration
        shown = view.hits(
            result, exploration.timings_ms, settings, language, scored=exploration.pool.scores.legs, filtered=filtered
        )
        return shown, view.kept(keeping(settings), language), after

    def ask(
        corpus: int, now: Where, last: Any, before: Found | None, event: gr.EventData, request: gr.Request
    ) -> tuple[Any, ...]:
        try:
            asked = Asked.model_validate(event._data).model_dump()
        except ValidationError:
            asked = last
        return (*show(corpus, now, asked, before, request), asked)

    def explain(corpus: int, now: Where, asked: Any, text: str | None, request: gr.Request) -> str:
        language, own = language_of(request), served[corpus].corpus
        if text is None:
            return ""
        if asked is None or not asked["query"].strip():
            return why.unasked(language)
        principals = principals_of(request)
        try:
            settings = Asked.model_validate(asked).settings(own.settings.retrieval)
            known = own.listing(principals=principals)
            document = named(known, text)
            if document is None:
                return why.unknown(text, language)
            told = own.why(asked["query"].strip(), document, where=now, principals=principals, settings=settings)
        except ValidationError:
            return ""
        except RagError as error:
            return view.failed(wrong(error, language), language)
        return why.explanation(told, known.document(document), language, reranks=bool(settings.rerank))

    def miss(event: gr.EventData) -> str:
        return event_text(event, "document")

    gr.on(None, fill, picked, [query, hits, panel, keep, missed, explained, last, found, missing], **QUIET)
    for part in (query, panel):
        asking = part.asked(
            ask, [picked, where, last, found], [hits, keep, found, last], trigger_mode="always_last", **QUIET
        )
        asking.then(explain, [picked, where, last, missing], explained, trigger_mode="always_last", **QUIET)
    narrowing = where.change(
        show, [picked, where, last, found], [hits, keep, found], trigger_mode="always_last", **QUIET
    )
    narrowing.then(explain, [picked, where, last, missing], explained, **QUIET)
    asking_why = missed.explained(miss, None, missing, **EACH)
    asking_why.then(explain, [picked, where, last, missing], explained, **QUIET)
    explained.closed(lambda: (None, ""), None, [missing, explained], **QUIET)
    hits.only(narrowed_to_one, where, where, **EACH)
    hits.cleared(dict, None, where, **EACH)


def _panel(own: Retrieval, language: str) -> str:
    return view.panel(own, language, candidates=max(MOST_CANDIDATES, own.candidates))


def _found(
    corpus: Any, query: str, settings: Retrieval, where: Mapping[str, Any], principals: Any, before: Found | None
) -> Found:
    """The candidates of before where they are those of this query and enough, else new ones."""
    key = (corpus, query, dict(where), principals)
    wanted, own = max(settings.candidates, settings.top_k), corpus.settings.retrieval
    now = time.monotonic()
    if (
        before is not None
        and before.key == key
        and now - before.at < KEPT_S
        and before.exploration.candidates >= wanted
    ):
        return before
    limit = max(wanted, own.candidates, own.top_k)
    return Found(key, now, corpus.explore(query, candidates=limit, where=where, principals=principals))
