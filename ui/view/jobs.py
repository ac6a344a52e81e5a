"""Where the ingestion stands, and what one would do."""

from collections.abc import Sequence

from rag.errors import DeletionRefusedError
from rag.jobs import JobState
from rag.reports import Failure, IngestReport, Plan, Skipped
from ui.view.html import escape
from ui.view.parts import button, dialog, text
from ui.view.told import left_aside, unreadable, wrong_by
from ui.view.words import duration, number, size

LISTED = 8
"""Failures, skipped files or names that are listed before the rest is a number."""
POLL_MS = {True: 700, False: 3000}
"""How often a page asks while a job runs, and while none does; only where this can be seen."""


def job(last: JobState | None, language: str, *, may_change: bool, failed: int = 0) -> str:
    """The card that everybody sees: what runs, or what came of the last run.

    Args:
        may_change: show what starts and stops ingestions.
        failed: documents of the corpus that could not be read, by this job or an earlier one.
    """
    running = last is not None and last.state == "running"
    again = ("retry_failed",) if failed else ()
    if last is None:
        body = _said("job_none", language, "idle") + _buttons(language, *again, "check", show=may_change)
    elif running:
        body = _running(last, language) + _buttons(language, "stop", show=may_change)
    elif last.state == "done" and last.report is not None:
        body = _done(last.report, language) + _buttons(language, *again, "check", show=may_change)
    elif last.state == "stopped":
        note = f'<p class="rag-job-note">{text("job_stopped_more", language)}</p>'
        body = _said("job_stopped", language, "stopped", note) + _buttons(language, "go_on", show=may_change)
    else:
        refused = isinstance(last.raised, DeletionRefusedError)
        note = f'<p class="rag-job-note" dir="auto">{escape(_why(last, language))}</p>'
        asked = ("delete_anyway", "check") if refused else ("check",)
        key = "job_refused" if refused else "job_failed"
        body = _said(key, language, "failed", note) + _buttons(language, *asked, show=may_change)
    label = text("job_label", language)
    return f'<section class="rag-job" data-poll="{POLL_MS[running]}" aria-label="{label}">{body}</section>'


def _why(ended: JobState, language: str) -> str:
    return wrong_by(ended.raised.code if ended.raised else "rag", ended.error or "", language)


def _said(key: str, language: str, kind: str, more: str = "") -> str:
    return (
        f'<div class="rag-job-text"><p class="rag-job-state rag-job-{kind}" role="status">{text(key, language)}</p>'
        f"{more}</div>"
    )


def _buttons(language: str, *actions: str, show: bool) -> str:
    if not show:
        return ""
    made = (button(action, text(action, language), quiet=action == "check") for action in actions)
    return f'<div class="rag-job-buttons">{"".join(made)}</div>'


def _running(state: JobState, language: str) -> str:
    at = state.progress
    if at is None or not at.total:
        title, value, parts, names = text("job_starting", language), "", [], ""
    else:
        title = text("job_running", language, done=number(at.done, language), total=number(at.total, language))
        value = f' value="{at.done}"'
        rate = at.tokens / at.seconds if at.seconds else 0
        parts = [text("job_rate", language, rate=number(rate, language))] if rate else []
        parts += [] if at.eta_s is None else [text("job_left", language, time=duration(at.eta_s))]
        named = ", ".join(id.partition(":")[2] for id in at.current[:3])
        names = f'<p class="rag-job-note" dir="auto">{text("job_now", language, names=named)}</p>' if named else ""
    total = f' max="{at.total}"' if value and at else ""
    return (
        f'<div class="rag-job-text"><p class="rag-job-state rag-job-running">{title}'
        f"<span>{' · '.join(parts)}</span></p>"
        f'<progress aria-label="{title}"{value}{total}></progress>{names}</div>'
    )


def _done(report: IngestReport, language: str) -> str:
    counts = text(
        "job_counts",
        language,
        new=number(report.new, language),
        changed=number(report.changed, language),
        deleted=number(report.deleted, language),
        failed=number(len(report.failed), language),
        skipped=number(len(report.skipped), language),
    )
    took = text("job_took", language, time=duration(report.seconds))
    note = f'<p class="rag-job-note">{counts} · {took}</p>'
    note += _skipped(report.skipped, language)
    key, kind = ("job_done_failed", "failed") if report.failed else ("job_done", "done")
    return _said(key, language, kind, note)


def _skipped(skipped: Sequence[Skipped], language: str) -> str:
    if not skipped:
        return ""
    rows = [
        f"<li dir='auto'><b>{escape(s.uri)}</b> {escape(left_aside(s.reason, language))}</li>" for s in skipped[:LISTED]
    ]
    return (
        f'<details class="rag-job-list"><summary>{text("job_skipped", language)}</summary>'
        f"<ul>{''.join(rows)}{_rest(len(skipped), language)}</ul></details>"
    )


def _failed(failed: Sequence[Failure], language: str) -> str:
    rows = [
        f"<li dir='auto'><b>{escape(f.id)}</b> {escape(unreadable(f.kind, f.error, language))}</li>"
        for f in failed[:LISTED]
    ]
    return f'<ul class="rag-failures">{"".join(rows)}{_rest(len(failed), language)}</ul>' if rows else ""


def _rest(number_of: int, language: str) -> str:
    left = number_of - LISTED
    return f"<li>{text('more', language, n=number(left, language))}</li>" if left > 0 else ""


def plan(found: Plan, sources: Sequence[str], language: str) -> str:
    """The dialog that shows what an ingestion would do, and starts it.

    Args:
        sources: that it is about; none is all.
    """
    counts = {
        "new": found.new,
        "changed": found.changed,
        "deleted": found.deleted,
        "unchanged": found.unchanged,
        "failed": len(found.failed),
        "skipped": len(found.skipped),
    }
    tiles = "".join(
        f'<div class="rag-documents-tile{" rag-tile-none" * (not value)}"><dt>{text(f"plan_{name}", language)}</dt>'
        f"<dd>{number(value, language)}</dd></div>"
        for name, value in counts.items()
    )
    estimate = found.estimate
    work = text(
        "plan_estimate",
        language,
        tokens=number(estimate["tokens"], language),
        time=duration(estimate["seconds"]),
        size=size(estimate["bytes"], language),
    )
    body = f'<dl class="rag-documents-tiles">{tiles}</dl>'
    if found.settings_changed:
        keys = "".join(f"<li><code>{escape(change.key)}</code></li>" for change in found.settings_changed)
        body += f'<div class="rag-notice"><p>{text("plan_settings", language)}</p><ul>{keys}</ul></div>'
        actions = ""
    elif found.new or found.changed or found.deleted or found.failed:
        body += f'<p class="rag-dialog-text">{work}</p>{_failed(found.failed, language)}'
        gone = [d for d in found.documents if d.action == "deleted"]
        if gone:
            rows = "".join(f"<li dir='auto'>{escape(d.id)}</li>" for d in gone[:LISTED])
            title = text("plan_deleted", language)
            body += f'<p class="rag-dialog-text">{title}</p><ul class="rag-failures">{rows}'
            body += f"{_rest(len(gone), language)}</ul>"
        actions = button("ingest", text("ingest", language), main=True, closes=True, sources=" ".join(sources))
    else:
        body += f'<p class="rag-dialog-text">{text("plan_none", language)}</p>'
        actions = ""
    return dialog(text("plan", language), body, language, actions=actions)


def looking(language: str) -> str:
    """The dialog while the sources are looked at."""
    body = f'<p class="rag-waiting rag-dialog-text" role="status">{text("plan_looking", language)}</p>'
    return dialog(text("plan", language), body, language)
