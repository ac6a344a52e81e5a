"""What is around the tabs: the page's head and header, and the page to log in."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ui.language import LANGUAGES, say
from ui.theme import THEMES
from ui.view.html import escape

_UI = Path(__file__).parents[1]
_LOGO = (
    '<svg class="rag-logo" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" fill="none" '
    'stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">'
    '<path d="M4 5h16v11H11l-5 4v-4H4z"/><path d="M8 9h8M8 12.5h5"/></svg>'
)
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%230f766e' "
    "stroke-width='2' stroke-linecap='round' stroke-linejoin='round'%3E%3Cpath d='M4 5h16v11H11l-5 4v-4H4z'/%3E"
    "%3Cpath d='M8 9h8M8 12.5h5'/%3E%3C/svg%3E"
)
_THEME_ICON = (
    '<svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" fill="none" stroke="currentColor" '
    'stroke-width="2" stroke-linecap="round" stroke-linejoin="round">'
    '<g class="rag-on-system"><circle cx="12" cy="12" r="8"/>'
    '<path d="M12 4v16a8 8 0 0 0 0-16z" fill="currentColor"/></g>'
    '<g class="rag-on-light"><circle cx="12" cy="12" r="4"/>'
    '<path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4"/></g>'
    '<path class="rag-on-dark" d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z"/></svg>'
)
_LEAVE_ICON = (
    '<svg class="rag-on-narrow" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" fill="none" '
    'stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">'
    '<path d="M14 4h5v16h-5M15 12H4M8 8l-4 4 4 4"/></svg>'
)


@cache
def _read(name: str) -> str:
    return (_UI / name).read_text(encoding="utf-8")


def head(nonce: str) -> str:
    """What comes first in the head: the icon, the styles of the frame, and what runs before Gradio."""
    return (
        f'<link rel="icon" href="{ICON}"><style>{_read("styles/base.css")}</style>'
        f'<script nonce="{nonce}">{_read("frame.js")}</script>'
    )


def header(*, language: str, theme: str, user: str | None, root: str = "") -> str:
    """The line above the tabs.

    Args:
        language, theme: of the page.
        user: who is logged in; None where nobody has to.
        root: path of the app as the browser sees it, without the slash at its end.
    """
    leave = say("app.log_out", language)
    other = next(each for each in LANGUAGES if each != language)
    said = {each: escape(say(f"app.theme_{each}", language)) for each in THEMES}
    names = "".join(f' data-{each}="{label}"' for each, label in said.items())
    out = (
        f'<form class="rag-user" method="post" action="{escape(root)}/logout">'
        f'<span class="rag-on-wide" dir="auto">{escape(user)}</span>'
        f'<button class="rag-quiet" type="submit" title="{escape(leave)}: {escape(user)}" aria-label="{escape(leave)}">'
        f'<span class="rag-on-wide">{escape(leave)}</span>{_LEAVE_ICON}</button></form>'
        if user is not None
        else ""
    )
    return (
        f'<header id="rag-header"><a class="rag-skip" href="#rag-tabs">{escape(say("app.skip", language))}</a>'
        f'<div class="rag-product">{_LOGO}<span>{escape(say("app.title", language))}</span></div>'
        f'<button id="rag-language" class="rag-quiet" type="button" lang="{other}" '
        f'title="{escape(say("app.other_language", language))}" '
        f'aria-label="{escape(say("app.language_name", other))}">'
        f'<span class="rag-on-wide">'
        f'{escape(say("app.language_name", other))}</span><span class="rag-on-narrow" aria-hidden="true">'
        f"{other.upper()}</span></button>"
        f'<button id="rag-theme" class="rag-quiet" type="button" title="{said[theme]}" aria-label="{said[theme]}"'
        f"{names}>{_THEME_ICON}</button>{out}</header>"
    )


def login(problem: str | None = None, *, language: str, theme: str, name: str = "", minutes: int = 0) -> str:
    """The page to log in.

    Args:
        problem: a key of the section `login` of strings.toml that says why this did not work.
        language, theme: of the page.
        name: what was typed before.
        minutes: until the next try.
    """

    def said(key: str) -> str:
        return escape(say(f"login.{key}", language))

    alert = (
        escape(say(f"login.{problem}", language, minutes=minutes) if minutes else say(f"login.{problem}", language))
        if problem
        else ""
    )
    shown = f'<p class="rag-alert" role="alert">{alert}</p>' if problem else ""
    focus = ("", " autofocus") if name else (" autofocus", "")
    return (
        f'<!doctype html><html lang="{language}" data-chosen-theme="{theme}" data-theme="{theme}"><head>'
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{said('title')}</title>"
        f'<link rel="icon" href="{ICON}"><style>{_read("styles/base.css")}</style></head>'
        f'<body class="rag-login"><main><div class="rag-product">{_LOGO}<span>{escape(say("app.title", language))}'
        f"</span></div><h1>{said('title')}</h1>{shown}"
        '<form method="post"><label>'
        f'{said("name")}<input name="name" autocomplete="username" required maxlength="64" value="{escape(name)}"'
        f'{focus[0]} autocapitalize="none" spellcheck="false"></label>'
        f'<label>{said("password")}<input name="password" type="password" autocomplete="current-password" required'
        f'{focus[1]}></label><button type="submit">{said("enter")}</button></form></main></body></html>'
    )


def corpus_picker(names: Sequence[str]) -> str:
    """The corpora to choose from; its label is spoken in the page's language."""
    words = escape(json.dumps({language: say("app.corpus", language) for language in LANGUAGES}))
    options = "".join(f'<option value="{place}">{escape(name)}</option>' for place, name in enumerate(names))
    return f'<select data-words="{words}" autocomplete="off">{options}</select>'
