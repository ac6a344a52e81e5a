"""The scope of questions: what is chosen in the bar of filters, and the `where` that it means."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import gradio as gr
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, ValidationError, field_validator

from rag.errors import RagError
from rag.retrieval.listing import Listing
from ui.events import EACH, QUIET
from ui.language import language_of
from ui.served import Served
from ui.users import principals_of
from ui.view import scope as view

Where: TypeAlias = dict[str, Any]
"""As `Rag.search` takes it. What everybody's browser holds of their scope."""

SCRIPT = (Path(__file__).parent / "scope.js").read_text(encoding="utf-8")
SUGGESTIONS = 12
_DAY = timedelta(days=1)
_FIRST, _LAST = date(1900, 1, 1), date(2999, 12, 31)

Name = Annotated[str, Field(max_length=300)]
Value = StrictBool | StrictInt | Annotated[StrictStr, Field(max_length=1000)]


class Choice(BaseModel):
    """What somebody chose; it comes from a browser.

    Attributes:
        values: field, as `where` calls it -> values, any of which a document has.
        since, until: the first and the last day of the last change.
        document: the id of the only document to search.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    values: dict[Name, Annotated[list[Value], Field(max_length=500)]] = Field(default={}, max_length=100)
    since: date | None = None
    until: date | None = None
    document: Annotated[str, Field(max_length=4000)] | None = None

    @field_validator("since", "until", mode="before")
    @classmethod
    def _a_day_that_is_typed(cls, value: Any) -> Any:
        """A year is typed digit by digit: 0002 means nothing yet."""
        try:
            day = date.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            return None
        return day if day is None or _FIRST <= day <= _LAST else None

    def where(self) -> Where:
        """The filter that it means; nothing where nothing is chosen."""
        found: Where = {name: list(values) for name, values in self.values.items() if values}
        days = {}
        if self.since:
            days["gte"] = self.since.isoformat()
        if self.until:
            days["lt"] = (self.until + _DAY).isoformat()
        if days:
            found["modified"] = days
        if self.document:
            found["document_id"] = [self.document]
        return found


def chosen(data: Any) -> Where | None:
    """The filter for what a browser sent; None where it is none."""
    try:
        return Choice.model_validate(data).where()
    except ValidationError:
        return None


def scope_state(picked: Any) -> Any:
    """The filter of a page, for all of its tabs: nothing at first, and again for another corpus."""
    where = gr.State({})
    picked.change(dict, None, where, **QUIET)
    return where


def build_scope(served: Sequence[Served], picked: Any, where: Any, *, tab: str) -> None:
    """Put a bar with the filters into the blocks that are open. All bars show and change the same state.

    Args:
        picked: the state with the place of the corpus.
        where: of `scope_state`.
        tab: tells the bars of a page apart.
    """
    opened = gr.State(0)
    options: dict[str, Any] = {"apply_default_css": False, "padding": False}
    # empty until `show` comes with the page: what was chosen before would not be seen
    bar = gr.HTML("", js_on_load=SCRIPT, elem_classes=["rag-scope"], **options)

    def show(corpus: int, now: Where, times: int, request: gr.Request) -> str:
        known = _listing(served[corpus], request) if times or now else None
        return view.bar(now, known, tab=tab, language=language_of(request))

    def choose(now: Where, event: gr.EventData) -> Where:
        found = chosen(event._data)
        return now if found is None else found

    def only(corpus: int, now: Where, event: gr.EventData, request: gr.Request) -> Where:
        document = named(_listing(served[corpus], request), event_text(event, "document"))
        return {**now, "document_id": [document]} if document else now

    gr.on(None, show, [picked, where, opened], bar, **QUIET)
    bar.opened(lambda times: times + 1, opened, opened, **QUIET)
    bar.chosen(choose, where, where, trigger_mode="always_last", **QUIET)
    bar.only(only, [picked, where], where, **EACH)
    offer_names(served, picked, bar, id=view.names_id(tab))


def offer_names(served: Sequence[Served], picked: Any, field: gr.HTML, *, id: str) -> None:
    """Offer documents while a name is typed into a field of HTML, whose script says `typed`.

    Args:
        id: of the list that the field names.
    """
    names = gr.HTML(view.suggestions((), id=id), js_on_load=None, apply_default_css=False, elem_classes=["rag-names"])

    def suggest(corpus: int, event: gr.EventData, request: gr.Request) -> str:
        known = _listing(served[corpus], request)
        return view.suggestions(known.named(event_text(event, "text"), limit=SUGGESTIONS) if known else (), id=id)

    field.typed(suggest, picked, names, trigger_mode="always_last", **QUIET)


def named(known: Listing | None, text: str) -> str | None:
    """The id of the document that somebody means by its id or by words of its title."""
    if known is None or not text.strip():
        return None
    if known.document(text) is not None:
        return text
    return next((found.document_id for found in known.named(text, limit=1)), None)


def narrowed_to_one(now: Where, event: gr.EventData) -> Where:
    """The filter with the document that an event names as the only one."""
    document = event_text(event, "document")
    return {**now, "document_id": [document]} if document else now


def _listing(served: Served, request: gr.Request) -> Listing | None:
    try:
        return served.corpus.listing(principals=principals_of(request))
    except RagError:  # nothing was ingested yet; the question says so
        return None


def event_text(event: gr.EventData, name: str) -> str:
    """A text that came with an event from a browser."""
    data = event._data
    value = data.get(name) if isinstance(data, dict) else None
    return value[:4000] if isinstance(value, str) else ""
