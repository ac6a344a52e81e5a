"""The documents tab: where files are dropped, and the table of all documents."""

from collections.abc import Mapping, Sequence

from rag.entries import Upload
from ui.shelf import PAGE, SORTS, STATES, Page, Row
from ui.view.html import escape
from ui.view.parts import button, text
from ui.view.told import unreadable
from ui.view.words import day, number, size

_COLUMNS = ("title", "state", "source", "chunks", "size", "modified")
_NUMBERS = ("chunks", "size", "modified")


def zone(
    max_mb: float, language: str, *, results: Sequence[tuple[str, Upload | str]] = (), large: str | None = None
) -> str:
    """Where files are dropped and addresses pasted, and what came of the last ones.

    Args:
        max_mb: largest file, in millions of bytes.
        results: name or address as it was given -> the upload, or why it was not taken.
        large: source whose additions wait for somebody to see the plan, None where none does.
    """
    limit = size(max_mb * 1_000_000, language)
    said = {
        "max": str(int(max_mb * 1_000_000)),
        "uploading": text("uploading", language, at="{at}", all="{all}", name="{name}"),
        "too-large": text("too_large", language, size=limit),
        "not-sent": text("not_sent", language),
    }
    data = "".join(f' data-{name}="{value}"' for name, value in said.items())
    return (
        f'<section class="rag-add" aria-label="{text("add", language)}">'
        f'<label class="rag-drop"{data}><input type="file" multiple class="rag-documents-unseen" data-files '
        f'aria-label="{text("add", language)}"><span class="rag-drop-icon" aria-hidden="true"></span>'
        f"<span><b>{text('drop', language)}</b> <u>{text('choose', language)}</u>"
        f"<small>{text('limit', language, size=limit)}</small></span></label>"
        f'<form class="rag-page-form" data-form="url" novalidate>'
        f'<label class="rag-documents-unseen" for="rag-url">{text("address", language)}</label>'
        f'<input id="rag-url" name="url" type="url" inputmode="url" autocomplete="off" maxlength="2000" '
        f'placeholder="{text("address", language)}">'
        f'<button class="rag-documents-button">{text("add_page", language)}</button>'
        f'<label class="rag-replace"><input type="checkbox" data-replace> {text("replace", language)}</label></form>'
        f'<p class="rag-uploading" role="status"></p>{_results(results, language, large=large)}</section>'
    )


def _results(results: Sequence[tuple[str, Upload | str]], language: str, *, large: str | None) -> str:
    if not results:
        return ""
    rows = ""
    for given, came in results:
        if isinstance(came, str):
            kind, said = "rag-bad", escape(came)
        else:
            kind, said = "rag-good", text(f"outcome_{came.outcome}", language, name=came.name)
        rows += f'<li class="{kind}" dir="auto"><b>{escape(given)}</b> {said}</li>'
    see = ""
    if large:
        plan = button("check", text("see_plan", language), sources=large)
        see = f'<p class="rag-see-plan">{text("large", language)} {plan}</p>'
    return f'<ul class="rag-results" role="status" aria-label="{text("results", language)}">{rows}</ul>{see}'


def shelf(page: Page, language: str, *, may_change: bool) -> str:
    """The filters, the table and the way to its other pages.

    Args:
        may_change: show what deletes, and reads again.
    """
    if not page.total:
        said = "empty_add" if may_change else "empty_read"
        return f'<div class="rag-documents-empty"><h2>{text("empty", language)}</h2><p>{text(said, language)}</p></div>'
    return f'<section class="rag-shelf">{_filters(page, language)}{_table(page, language, may_change)}</section>'


def _filters(page: Page, language: str) -> str:
    view = page.view
    every = sum(page.states.values())
    chips = _chip("", text("all", language), every, language, pressed=not view.state)
    for state in STATES:
        if page.states.get(state) or view.state == state:
            name = text(f"state_{state}", language)
            chips += _chip(state, name, page.states.get(state, 0), language, pressed=view.state == state)
    sources = ""
    if len(page.sources) > 1 or view.source:
        names = sorted({*page.sources, *([view.source] if view.source else [])})
        options = [("", text("any_source", language))]
        options += [(n, f"{escape(n)} &#40;{number(page.sources.get(n, 0), language)}&#41;") for n in names]
        sources = _select("source", text("source", language), options, view.source)
    sorts = [(name, text(f"col_{name}", language)) for name in SORTS]
    order = _select("sort", text("sort", language), sorts, view.sort, "rag-sort")
    search = text("search", language)
    return (
        f'<div class="rag-filters"><input type="search" class="rag-search" data-filter maxlength="200" '
        f'placeholder="{search}" aria-label="{search}" autocomplete="off">'
        f'<div class="rag-chips" role="group" aria-label="{text("col_state", language)}">{chips}</div>'
        f'<div class="rag-selects">{sources}{order}</div></div>'
    )


def _chip(state: str, shown: str, count: int, language: str, *, pressed: bool) -> str:
    return (
        f'<button type="button" class="rag-documents-chip rag-state-{state or "any"}" '
        f'data-do="state" data-value="{state}" '
        f'aria-pressed="{str(pressed).lower()}">{shown} <span>{number(count, language)}</span></button>'
    )


def _select(action: str, label: str, options: Sequence[tuple[str, str]], chosen: str, kind: str = "") -> str:
    rows = "".join(
        f'<option value="{escape(value)}"{" selected" * (value == chosen)}>{shown}</option>' for value, shown in options
    )
    return f'<select class="rag-select {kind}" data-change="{action}" aria-label="{label}">{rows}</select>'


def _table(page: Page, language: str, may_change: bool) -> str:
    if not page.rows:
        clear = button("clear", text("clear", language))
        return f'<div class="rag-documents-empty"><h2>{text("no_match", language)}</h2>{clear}</div>'
    head = "".join(_head(name, page, language) for name in _COLUMNS)
    named = f'<span class="rag-documents-unseen">{text("col_actions", language)}</span>'
    actions = f'<th scope="col" class="rag-actions">{named}</th>'
    rows = "".join(_row(row, language, may_change) for row in page.rows)
    return (
        f'<div class="rag-table-frame"><table class="rag-documents-table" aria-label="{text("table", language)}">'
        f"<thead><tr>{head}{actions}</tr></thead><tbody>{rows}</tbody></table></div>{_pager(page, language)}"
    )


def _head(name: str, page: Page, language: str) -> str:
    by = page.view.sort == name
    order = ("descending" if page.view.descending else "ascending") if by else "none"
    arrow = f'<span aria-hidden="true">{("↓" if page.view.descending else "↑") if by else ""}</span>'
    return (
        f'<th scope="col" class="rag-col-{name}" aria-sort="{order}"><button type="button" data-do="sort" '
        f'data-value="{name}">{text(f"col_{name}", language)}{arrow}</button></th>'
    )


def _row(row: Row, language: str, may_change: bool) -> str:
    labels: Mapping[str, str] = {name: text(f"col_{name}", language) for name in _NUMBERS}
    said = escape(unreadable(row.error_kind, row.error, language)) if row.error else ""
    error = f'<p class="rag-row-error" dir="auto">{said}</p>' if said else ""
    if row.state == "stale":
        error += f'<p class="rag-row-note">{text("stale_means", language)}</p>'
    title = f'<button type="button" class="rag-documents-title" dir="auto" data-do="show" data-id="{escape(row.id)}">'
    actions = "" if row.upload else button("exclude", text("exclude", language), quiet=True, id=row.id)
    if may_change and row.state in ("failed", "stale"):
        actions += button("retry", text("retry", language), quiet=True, id=row.id)
    if may_change and row.upload:
        actions += button("confirm", text("delete", language), quiet=True, id=row.upload)
    return (
        f'<tr><td class="rag-col-title">{title}{escape(row.title)}</button>'
        f'<p class="rag-row-id" dir="auto">{escape(row.id)}</p>{error}</td>'
        f'<td class="rag-col-state"><span class="rag-badge rag-state-{row.state}">'
        f"{text(f'state_{row.state}', language)}</span></td>"
        f'<td class="rag-col-source">{escape(row.source)}</td>'
        f'<td class="rag-col-chunks" data-label="{labels["chunks"]}">{number(row.chunks, language)}</td>'
        f'<td class="rag-col-size" data-label="{labels["size"]}">{escape(size(row.size, language))}</td>'
        f'<td class="rag-col-modified" data-label="{labels["modified"]}">{escape(day(row.modified, language))}</td>'
        f'<td class="rag-actions">{actions}</td></tr>'
    )


def _pager(page: Page, language: str) -> str:
    at, first = page.view.page, page.view.page * PAGE + 1
    shown = text(
        "shown",
        language,
        first=number(first, language),
        last=number(first + len(page.rows) - 1, language),
        found=number(page.found, language),
    )
    steps = ""
    if page.pages > 1:
        for to, key, sign in ((at - 1, "previous", "‹"), (at + 1, "next", "›")):
            off = " disabled" * (not 0 <= to < page.pages)
            label = text(key, language)
            steps += (
                f'<button type="button" class="rag-step" data-do="page" data-value="{max(to, 0)}" '
                f'aria-label="{label}" title="{label}"{off}>{sign}</button>'
            )
    return f'<nav class="rag-pager"><span>{shown}</span>{steps}</nav>'


def unlisted(why: str, language: str) -> str:
    """Why there is no table."""
    title = text("went_wrong", language)
    return f'<div class="rag-box rag-error" role="alert"><strong>{title}</strong><p>{escape(why)}</p></div>'
