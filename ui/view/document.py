"""The dialogs about one document: what is stored of it, deleting it, leaving it out."""

from collections.abc import Mapping
from typing import Any

from rag.notices import Notice
from rag.results import StoredDocument
from ui.shelf import Row
from ui.view.html import address, escape
from ui.view.parts import button, dialog, text
from ui.view.told import told, unreadable
from ui.view.words import number

CHUNKS = 100
"""Chunks that are shown at first, and more each time that somebody wants more."""


def stored(found: StoredDocument, language: str, *, chunks: int = CHUNKS) -> str:
    """A document as stored, chunk by chunk.

    Args:
        chunks: how many to show.
    """
    metadata = "".join(
        f'<div><dt>{escape(name)}</dt><dd dir="auto">{escape(str(value))}</dd></div>'
        for name, value in sorted(found.metadata.items())
    )
    if metadata:
        label = text("metadata", language)
        metadata = f'<details class="rag-metadata"><summary>{label}</summary><dl>{metadata}</dl></details>'
    articles = "".join(_chunk(n, chunk, found.text, language) for n, chunk in enumerate(found.chunks[:chunks], start=1))
    left = len(found.chunks) - chunks
    more = ""
    if left > 0:
        shown = text("more_chunks", language, n=number(min(left, CHUNKS), language))
        more = button("show", shown, id=found.document_id, value=str(chunks + CHUNKS))
    body = articles or f'<p class="rag-dialog-text">{text("no_text", language)}</p>'
    head = f'<p class="rag-row-id" dir="auto">{escape(found.document_id)}</p>{address(found.uri)}{metadata}'
    title = escape(found.title or found.document_id)
    return dialog(title, f'{head}<div class="rag-chunks">{body}{more}</div>', language, wide=True)


def _chunk(n: int, chunk: Mapping[str, Any], whole: str, language: str) -> str:
    place = [text("chunk", language, n=number(n, language))]
    place += [text("page", language, n=chunk["page"])] if chunk["page"] is not None else []
    path = " › ".join(escape(heading) for heading in chunk["headings"])
    headings = f' <span dir="auto">{path}</span>' if path else ""
    return (
        f'<article class="rag-chunk"><h3>{", ".join(place)}{headings}</h3>'
        f'<p class="rag-chunk-text" dir="auto">{escape(whole[chunk["start"] : chunk["end"]])}</p></article>'
    )


def unread(row: Row, language: str, *, may_change: bool) -> str:
    """What there is to see of a document that was never read."""
    key = "open_failed" if row.state == "failed" else f"state_{row.state}"
    said = escape(unreadable(row.error_kind, row.error, language)) if row.error else ""
    why = f'<p class="rag-documents-line" dir="auto" tabindex="0">{said}</p>' if said else ""
    body = (
        f'<p class="rag-row-id" dir="auto">{escape(row.id)}</p>'
        f'<p class="rag-dialog-text">{text(key, language)}</p>{why}'
    )
    again = button("retry", text("retry", language), main=True, closes=True, id=row.id)
    return dialog(escape(row.title), body, language, actions=again if may_change and row.state == "failed" else "")


def confirm(upload: str, language: str, *, running: bool) -> str:
    """Asks before an upload is deleted.

    Args:
        upload: its id.
        running: a job is under way, and the deletion has to wait for it.
    """
    later = f'<p class="rag-notice">{text("delete_later", language)}</p>' if running else ""
    body = (
        f'<p class="rag-row-id" dir="auto">{escape(upload)}</p>'
        f'<p class="rag-dialog-text">{text("delete_means", language)}</p>{later}'
    )
    delete = button("remove", text("delete", language), main=True, closes=True, id=upload)
    return dialog(text("confirm_delete", language), body, language, actions=delete, cancel=True)


def exclusion(id: str, how: Notice, language: str) -> str:
    """Says how a document of a source is left out.

    Args:
        how: what came of `rag.settings.exclusion.how_to_exclude`.
    """
    body = (
        f'<p class="rag-row-id" dir="auto">{escape(id)}</p>'
        f'<p class="rag-dialog-text">{text("exclude_means", language)}</p>'
        f'<p class="rag-documents-line" dir="auto" tabindex="0">{escape(told(how.to_dict(), language))}</p>'
    )
    return dialog(text("how_to_exclude", language), body, language)


def problem(why: str, language: str) -> str:
    """Says that something that somebody wanted did not work."""
    body = f'<p class="rag-documents-line" role="alert" dir="auto" tabindex="0">{escape(why)}</p>'
    return dialog(text("went_wrong", language), body, language)
