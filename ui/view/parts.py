"""Pieces that several parts of a tab are made of: words, buttons, dialogs."""

from itertools import count
from typing import Any

from ui.language import say
from ui.view.html import escape

_KEYS = count(1)
"""Of dialogs, so that the page knows one that it has closed."""


def text(key: str, language: str, **values: Any) -> str:
    """Words of the documents tab, escaped."""
    return escape(say(f"documents.{key}", language, **values))


def button(
    does: str,
    shown: str,
    *,
    quiet: bool = False,
    main: bool = False,
    closes: bool = False,
    id: str = "",
    value: str = "",
    sources: str = "",
) -> str:
    """A button that says what it does to `ui/documents.js`.

    Args:
        shown: what stands on it, as HTML.
        quiet, main: less and more to see than others.
        closes: the dialog that it is in.
        id, value, sources: what it is about.
    """
    about = {"id": id, "value": value, "sources": sources}
    data = "".join(f' data-{name}="{escape(said)}"' for name, said in about.items() if said)
    kind = " rag-button-quiet" if quiet else " rag-button-main" if main else ""
    return (
        f'<button type="button" class="rag-documents-button{kind}" data-do="{does}"{" data-closes" * closes}{data}>'
        f"{shown}</button>"
    )


def dialog(title: str, body: str, language: str, *, actions: str = "", cancel: bool = False, wide: bool = False) -> str:
    """A window over the page; `ui/documents.js` opens it as a modal one.

    Args:
        title, body, actions: HTML.
        cancel: offer to leave it all as it is, beside the actions.
        wide: a sheet at the side, for much to read.
    """
    kind = "rag-documents-sheet" if wide else "rag-ask"
    leave = text("cancel" if cancel else "close", language)
    foot = f'{actions}<button type="button" class="rag-documents-button rag-button-quiet" data-leaves>{leave}</button>'
    foot = "" if wide else f'<footer class="rag-dialog-actions">{foot}</footer>'
    close = text("close", language)
    return (
        f'<dialog open class="rag-dialog {kind}" data-key="{next(_KEYS)}" aria-labelledby="rag-dialog-title">'
        f'<header><h2 id="rag-dialog-title" dir="auto">{title}</h2>'
        f'<button type="button" class="rag-x" data-leaves aria-label="{close}" title="{close}">&#215;</button></header>'
        f'<div class="rag-dialog-body">{body}</div>{foot}</dialog>'
    )
