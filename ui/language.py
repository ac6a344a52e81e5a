"""The words of the app in the languages that it speaks; all of them stand in strings.toml."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.requests import HTTPConnection

LANGUAGES = ("en", "de")
"""The first one is spoken to everyone else."""
COOKIE = "rag_language"
"""Holds the language that somebody chose over that of their browser."""


@cache
def strings() -> dict[str, dict[str, str]]:
    """Language -> `section.key` -> words."""
    sections = tomllib.loads((Path(__file__).parent / "strings.toml").read_text(encoding="utf-8"))
    return {
        language: {
            f"{section}.{key}": said[language] for section, keys in sections.items() for key, said in keys.items()
        }
        for language in LANGUAGES
    }


def say(key: str, language: str, **values: Any) -> str:
    """What the app says, for HTML that is rendered here.

    Args:
        key: `section.key` of strings.toml.
        language: one of `LANGUAGES`.
        values: what is filled in.
    """
    said = strings()[language][key]
    return said.format(**values) if values else said


@cache
def i18n() -> gr.I18n:
    """What Gradio's own components say: `i18n()("section.key")` as a label is translated in the browser."""
    return gr.I18n(**strings())


def language_of(request: "gr.Request | HTTPConnection | None") -> str:
    """The language for somebody's page: the one that they chose, else the first of their browser's that is spoken."""
    if request is None:
        return LANGUAGES[0]
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return str(chosen)
    wanted = re.findall(r"(?:^|,)\s*([a-zA-Z]{2})", request.headers.get("accept-language") or "")
    return next((language for language in map(str.lower, wanted) if language in LANGUAGES), LANGUAGES[0])
