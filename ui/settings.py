"""The settings tab: what somebody may choose for their own browser, and how it changes what is asked.

The choices are a cookie. It goes along with every request of the browser, so each tab reads it where it asks, and it is
input like any other: what is not legal counts as not chosen.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

import gradio as gr
from pydantic import BaseModel, ConfigDict, Field, StrictStr, ValidationError, ValidationInfo, field_validator

from rag.settings import Settings
from ui.events import QUIET
from ui.language import LANGUAGES, i18n, language_of, say
from ui.served import Served
from ui.theme import THEMES, chosen_theme

if TYPE_CHECKING:
    from rag.corpus import Rag

SETTINGS_COOKIE = "rag_settings"
MAX_COOKIE = 1000
"""Characters; our own has at most some 120, and a deep one is hard to read."""
TOP_K, CANDIDATES = (1, 50), (10, 500)
"""How much a question may ask for; the corpus file may go beyond."""
MODELS = ("configured", "quotes")
"""Choices of who answers that every corpus with a language model has."""
OF_MODELS = ("model", "unsupported")
"""Choices that a corpus without a language model does not have."""


class Preferences(BaseModel):
    """What somebody chose; None is as the corpus file has it.

    Attributes:
        model: configured is that of the corpus, quotes answers without one, another is one of `answer.models`.
        rewrite: search also for what a follow-up question means.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    model: StrictStr = "configured"
    top_k: int | None = Field(None, ge=TOP_K[0], le=TOP_K[1])
    candidates: int | None = Field(None, ge=CANDIDATES[0], le=CANDIDATES[1])
    style: Literal["normal", "short"] | None = None
    unsupported: Literal["flag", "repair", "drop"] | None = None
    rewrite: bool = True

    @field_validator("model")
    @classmethod
    def _one_that_is_offered(cls, value: str, info: ValidationInfo) -> str:
        if value not in (*MODELS, *(info.context or ())):
            raise ValueError("not offered")
        return value

    def overrides(self) -> dict[str, Any]:
        """Keys of the corpus file that are another way than there."""
        chosen = {
            "retrieval.top_k": self.top_k,
            "retrieval.candidates": self.candidates,
            "answer.style": self.style,
            "answer.unsupported": self.unsupported,
        }
        kept = {key: value for key, value in chosen.items() if value is not None}
        if self.model == "configured":
            return kept
        return kept | {"answer.llm": None if self.model == "quotes" else self.model}


def preferences_of(request: gr.Request | None, offered: Sequence[str] = ()) -> Preferences:
    """What whoever sends the request chose.

    Args:
        offered: language models that may be chosen, by name; another one counts as not chosen.
    """
    text = unquote(request.cookies.get(SETTINGS_COOKIE) or "") if request is not None else ""
    try:
        values = json.loads(text) if 0 < len(text) <= MAX_COOKIE else {}
    except ValueError:
        values = {}
    if not isinstance(values, dict):
        return Preferences()
    try:
        return Preferences.model_validate(values, context=offered)
    except ValidationError as error:
        wrong = {problem["loc"][0] for problem in error.errors()}
        kept = {name: value for name, value in values.items() if name not in wrong}
        return Preferences.model_validate(kept, context=offered)


def build_settings(served: Sequence[Served], picked: Any, app: gr.Blocks) -> None:
    """Put the tab into the Gradio blocks that are open.

    Args:
        served: one or more corpora.
        picked: the state with the place of the one to ask.
        app: loads the choices with the page.
    """
    with gr.Column(elem_id="rag-settings", visible=False) as panel:  # until `shown` comes with what is chosen
        with gr.Group(elem_classes="rag-settings-group"):
            model = _choice("model", MODELS)
            style = _choice("style", ("normal", "short"))
            unsupported = _choice("unsupported", ("flag", "repair", "drop"))
        with gr.Group(elem_classes="rag-settings-group"):
            top_k = _slider("top_k", TOP_K, 1)
            candidates = _slider("candidates", CANDIDATES, 10)
            rewrite = gr.Checkbox(
                label=i18n()("settings.rewrite"), info=i18n()("settings.rewrite_help"), elem_id="rag-set-rewrite"
            )
        with gr.Group(elem_classes="rag-settings-group"):
            language = _choice("language", LANGUAGES)
            theme = _choice("theme", THEMES)
        reset = gr.Button(i18n()("settings.reset"), size="sm", variant="secondary", elem_id="rag-set-reset")

    named: dict[str, Any] = {
        "model": model,
        "style": style,
        "unsupported": unsupported,
        "top_k": top_k,
        "candidates": candidates,
        "rewrite": rewrite,
    }
    for name, component in named.items():
        component.input(None, [component], None, js=f"(value) => window.rag.prefer('{name}', value)")
    language.input(None, [language], None, js="(value) => window.rag.language(value)")
    theme.input(None, [theme], None, js="(value) => window.rag.theme(value)")

    def shown(corpus: int, request: gr.Request) -> tuple[Any, ...]:
        own, language = served[corpus].corpus, language_of(request)
        others = offered_by(own)
        values = effective(preferences_of(request, others), own.settings)
        writes = own.model_name is not None or bool(others)
        updates = {name: {"value": values[name], "visible": writes or name not in OF_MODELS} for name in named}
        updates["model"]["choices"] = choices = who_answers(own.model_name, others, language)
        if values["model"] not in [value for _, value in choices]:  # the corpus has none of its own
            updates["model"]["value"] = "quotes"
        now = (gr.update(**updates[name]) for name in named)
        return *now, language, chosen_theme(request), gr.update(visible=True)

    outputs = [*named.values(), language, theme, panel]
    app.load(shown, [picked], outputs, **QUIET)
    reset.click(shown, [picked], outputs, js="(corpus) => { window.rag.prefer(null); return [corpus]; }", **QUIET)
    if len(served) > 1:
        picked.change(shown, [picked], outputs, **QUIET)


def offered_by(corpus: "Rag") -> tuple[str, ...]:
    """The language models that may be chosen in place of the corpus' own."""
    return tuple(model.llm for model in corpus.settings.answer.models if model.llm != corpus.model_name)


def who_answers(own: str | None, others: Sequence[str], language: str) -> list[tuple[str, str]]:
    """The choices of who answers: words, and what is kept of them. One model alone needs no name.

    Args:
        own: the model of the corpus, None where it quotes.
        others: that are offered.
    """
    configured = [] if own is None else [(own if others else say("settings.model_configured", language), "configured")]
    return [*configured, *((name, name) for name in others), (say("settings.model_quotes", language), "quotes")]


def effective(chosen: Preferences, configured: Settings) -> dict[str, Any]:
    """What holds for each setting: what was chosen, else what the corpus file says."""
    return {
        "model": chosen.model,
        "style": chosen.style or configured.answer.style,
        "unsupported": chosen.unsupported or configured.answer.unsupported,
        "top_k": chosen.top_k or configured.retrieval.top_k,
        "candidates": chosen.candidates or configured.retrieval.candidates,
        "rewrite": chosen.rewrite,
    }


def _choice(name: str, values: Sequence[str]) -> gr.Radio:
    return gr.Radio(
        [(i18n()(f"settings.{name}_{value}"), value) for value in values],
        label=i18n()(f"settings.{name}"),
        info=i18n()(f"settings.{name}_help"),
        elem_id=f"rag-set-{name}",
    )


def _slider(name: str, bounds: tuple[int, int], step: int) -> gr.Slider:
    return gr.Slider(
        *bounds,
        step=step,
        precision=0,
        label=i18n()(f"settings.{name}"),
        info=i18n()(f"settings.{name}_help"),
        buttons=[],
        elem_id=f"rag-set-{name}",
    )
