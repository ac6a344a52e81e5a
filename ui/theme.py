"""How the app looks: Gradio's theme with system fonts, and light or dark as somebody chose."""

from collections.abc import Mapping

import gradio as gr
from starlette.requests import HTTPConnection

THEMES = ("system", "light", "dark")
"""The first one goes by the device."""
THEME_COOKIE = "rag_theme"

_SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "sans-serif")
_MONO = ("ui-monospace", "SF Mono", "Menlo", "Consolas", "Liberation Mono", "monospace")

_COLOURS = {
    "body_background_fill": ("#ffffff", "#0c0a09"),
    "block_info_text_color": ("#6b655f", "#a8a29e"),
    "border_color_primary": ("#e7e5e4", "#302b28"),
    "slider_color": ("#0f766e", "#2dd4bf"),
    "checkbox_background_color_selected": ("#0f766e", "#0d9488"),
    "checkbox_border_color_selected": ("#0f766e", "#0d9488"),
}
"""In light and in dark, as in styles/base.css; with those of Gradio, small text is too pale to be read."""


def theme() -> gr.themes.Base:
    """System fonts only: the page loads nothing from elsewhere."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        secondary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.stone,
        radius_size=gr.themes.sizes.radius_lg,
        font=_SANS,
        font_mono=_MONO,
    ).set(
        **{name: value for name, (value, _) in _COLOURS.items()},
        **{f"{name}_dark": value for name, (_, value) in _COLOURS.items()},
    )


def chosen_theme(request: "gr.Request | HTTPConnection | None") -> str:
    """One of `THEMES`, by the cookie that the page sets."""
    cookies: Mapping[str, str] = {} if request is None else request.cookies
    chosen = cookies.get(THEME_COOKIE)
    return chosen if chosen in THEMES else THEMES[0]
