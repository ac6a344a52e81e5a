"""How good a corpus and its answers are: health, latency, feedback, the last evaluation."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rag.evaluation.feedback import FeedbackSummary
from rag.evaluation.kept import KeptReport
from rag.health import Check, Health
from rag.latencies import Latencies, percentiles
from ui.language import say, strings
from ui.view import charts
from ui.view.html import box, escape
from ui.view.told import unreadable

FAILED = 50
"""Documents that failed which are listed."""


def words(key: str, language: str, **values: Any) -> str:
    """What the tab says, escaped."""
    return escape(say(f"quality.{key}", language, **values))


def health(
    found: Health, language: str, *, duplicates: int | None, check: Check | None, checking: bool, error: str | None
) -> str:
    """Counts, what failed, and what the last check found.

    Args:
        duplicates: groups of near-duplicates; None while they are looked for.
        check: the last one.
        checking: one is running.
        error: why the last one found nothing.
    """
    tiles = [
        _tile("documents", f"{found.documents:,}", language),
        _tile("chunks", f"{found.chunks:,}", language),
        _tile("failed", f"{len(found.failed):,}", language, good=not found.failed),
        _tile("empty", f"{found.empty:,}", language),
        _tile("duplicates", "…" if duplicates is None else f"{duplicates:,}", language),
    ]
    if check is not None:
        verified = check.verified
        tiles += [
            _tile("truncated", f"{check.tokens_truncated:,}", language, good=not check.tokens_truncated),
            _tile("stale", f"{verified.stale_documents:,}", language, good=not verified.stale_documents),
            _tile("missing", f"{verified.missing_chunks:,}", language, good=not verified.missing_chunks),
            _tile("orphans", f"{verified.orphan_chunks:,}", language, good=not verified.orphan_chunks),
        ]
    rows = "".join(
        f'<li><strong dir="auto">{escape(each.id)}</strong>'
        f'<span dir="auto">{escape(unreadable(each.kind, each.error, language))}</span></li>'
        for each in found.failed[:FAILED]
    )
    more = len(found.failed) - FAILED
    rows += f"<li>{words('and_more', language, number=more)}</li>" if more > 0 else ""
    failed = f'<h4>{words("failed_list", language)}</h4><ul class="rag-failed">{rows}</ul>' if rows else ""
    return _card(
        "health",
        f'<dl class="rag-quality-tiles">{"".join(tiles)}</dl>{_checked(check, checking, error, language)}{failed}',
        language,
    )


def _checked(check: Check | None, checking: bool, error: str | None, language: str) -> str:
    if checking:
        said = say("quality.checking", language)
    elif check is None:
        said = say("quality.unchecked", language)
    else:
        ok = check.verified.ok and not check.tokens_truncated
        when = say("quality.checked", language, time=_time(check.time), seconds=round(check.seconds, 1))
        said = f"{say('quality.check_ok' if ok else 'quality.check_bad', language)} {when}"
    again = say("quality.check" if check is None else "quality.check_again", language)
    return (
        f'<div class="rag-check"><button type="button" data-check{" disabled" if checking else ""}>{escape(again)}'
        f'</button><p role="status">{escape(said)}</p></div>'
        + (box("error", words("check_failed", language), error) if error and not checking else "")
    )


def latency(latencies: Latencies, language: str) -> str:
    """How long the latest searches and answers took."""
    shown = []
    for kind in ("answer", "search"):
        values = latencies.of(kind)
        title = words(kind, language)
        if not values:
            shown.append(_figure(title, "", _hint(f"no_{kind}", language)))
            continue
        found = percentiles(values)
        half, most = charts.milliseconds(found[50]), charts.milliseconds(found[95])
        said = say("quality.percentiles", language, number=len(values), half=half, most=most)
        label = f"{say(f'quality.{kind}', language)}: {said}"
        data = f' data-timed="{kind}" data-count="{len(values)}"'
        shown.append(_figure(title, said, charts.durations(values, label), data))
    return _card("latency", f'<div class="rag-figures">{"".join(shown)}</div>', language)


def feedback(found: FeedbackSummary, language: str) -> str:
    """What people said about answers."""
    unreadable = (
        f'<p class="rag-hint">{words("unreadable", language, number=found.unreadable)}</p>' if found.unreadable else ""
    )
    if not found.up + found.down:
        return _card("feedback", _hint("no_feedback", language) + unreadable, language)
    said = say("quality.votes", language, up=found.up, down=found.down)
    models = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{up}</td><td>{down}</td></tr>'
        for name, (up, down) in found.models.items()
    )
    table = _table(("model", "up", "down"), models, language) if len(found.models) > 1 else ""
    against = "".join(
        f'<li><strong dir="auto">{escape(vote.question)}</strong>'
        f'<span dir="auto">{escape(vote.reason or say("quality.no_reason", language))}</span></li>'
        for vote in found.against
    )
    listed = f'<h4>{words("against", language)}</h4><ul class="rag-failed">{against}</ul>' if against else ""
    body = f"<p>{escape(said)}</p>{charts.shares(found.up, found.down, said)}{table}{listed}{unreadable}"
    return _card("feedback", body, language)


def evaluation(reports: Mapping[str, KeptReport], language: str) -> str:
    """The last reports on the corpus' own answers."""
    answers, calibration = reports.get("answers"), reports.get("calibration")
    body = _answers(answers, language) if answers else ""
    body += _calibration(calibration, language) if calibration else ""
    return _card("evaluation", body or _hint("no_evaluation", language), language)


def _answers(kept: KeptReport, language: str) -> str:
    report = kept.report
    said = say("quality.questions", language, number=report["queries"], answerable=report["answerable"])
    rows = "".join(_metric(name, found, language) for name, found in report["metrics"].items())
    points = [(share, wrong) for share, wrong in report["risk_coverage"]]
    drawn = ""
    if points:
        label = say("quality.risk_label", language, wrong=charts.percent(points[-1][1]))
        picture = charts.curve(points, label, across=say("quality.answered_share", language))
        drawn = _figure(words("risk", language), label, picture)
    spent = ", ".join(f"{name} {charts.milliseconds(ms)}" for name, ms in report["latency_ms"].items())
    return (
        f"<h4>{words('answers_of', language, dataset=report['dataset'])}</h4>"
        f'<p class="rag-hint">{escape(said)} {escape(_made(kept.time, language))} {escape(spent)}</p>'
        f"{_table(('metric', 'value', 'interval'), rows, language)}{drawn}"
    )


def _metric(name: str, found: Mapping[str, float], language: str) -> str:
    key = f"quality.metric_{name}"
    meaning = say(key, language) if key in strings()[language] else name
    mean, low, high = (found[part] for part in ("mean", "low", "high"))
    said = say("quality.between", language, mean=f"{mean:.3f}", low=f"{low:.3f}", high=f"{high:.3f}")
    return (
        f'<tr><th scope="row">{escape(meaning)}<small>{escape(name)}</small></th><td>{mean:.3f}</td>'
        f"<td>{charts.interval(mean, low, high, said)}</td></tr>"
    )


def _calibration(kept: KeptReport, language: str) -> str:
    report = kept.report
    rows = "".join(
        f'<tr><th scope="row">{escape(_kind(kind, language))}</th><td>{number}</td>'
        f"<td>{charts.percent(report['answered'].get(kind, 0))}</td></tr>"
        for kind, number in report["questions"].items()
    )
    figures = "".join(
        _confidence(report["calibration"][group], report["auroc"].get(group), group, language)
        for group in report["fitted"]
    )
    allowed = words("risk_allowed", language, share=charts.percent(report["risk"]))
    return (
        f"<h4>{words('calibration', language)}</h4>"
        f'<p class="rag-hint">{allowed} {escape(_made(kept.time, language))}</p>'
        f'{_table(("kind", "number", "answered"), rows, language)}<div class="rag-figures">{figures}</div>'
    )


def _confidence(fitted: Mapping[str, float], auroc: float | None, group: str, language: str) -> str:
    """Score of the best hit -> probability that the corpus covers the question, and where it begins to answer."""
    a, b, threshold = fitted["a"], fitted["b"], fitted["threshold"]
    points = [(n / 50, 1 / (1 + math.exp(-max(-700.0, min(700.0, a * n / 50 + b))))) for n in range(51)]
    at = (math.log(threshold / (1 - threshold)) - b) / a if 0 < threshold < 1 and a else None
    label = say(
        "quality.confidence_label",
        language,
        threshold=f"{threshold:.2f}",
        auroc="–" if auroc is None else f"{auroc:.3f}",
    )
    picture = charts.curve(points, label, across=say("quality.score", language), at=at)
    return _figure(words(f"confidence_{group}", language), label, picture)


def _figure(title: str, said: str, picture: str, data: str = "") -> str:
    """A chart below its title and what it shows in words; `title` and `picture` are HTML."""
    return f"<figure{data}><figcaption>{title}<span>{escape(said)}</span></figcaption>{picture}</figure>"


def _kind(kind: str, language: str) -> str:
    key = f"quality.kind_{kind}"
    return say(key, language) if key in strings()[language] else kind


def _card(name: str, body: str, language: str) -> str:
    return (
        f'<section class="rag-quality-card" aria-labelledby="rag-quality-{name}">'
        f'<h3 id="rag-quality-{name}">{words(name, language)}</h3>{body}</section>'
    )


def _tile(name: str, value: str, language: str, *, good: bool | None = None) -> str:
    state = "" if good is None else f' data-state="{"good" if good else "bad"}"'
    return (
        f'<div class="rag-quality-tile" data-tile="{name}"{state}><dt>{words(name, language)}</dt>'
        f"<dd>{escape(value)}</dd></div>"
    )


def _table(columns: Sequence[str], rows: str, language: str) -> str:
    heads = "".join(f'<th scope="col">{words(f"column_{name}", language)}</th>' for name in columns)
    return f'<table class="rag-quality-table"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def _hint(key: str, language: str) -> str:
    return f'<p class="rag-hint">{words(f"{key}", language)}</p>'


def _made(time: str, language: str) -> str:
    return say("quality.made", language, time=time.replace("T", " ").removesuffix("+00:00") + " UTC")


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def page(*columns: Sequence[str]) -> str:
    """Cards in columns beside each other, below one another on narrow screens."""
    shown = [f"<div>{''.join(cards)}</div>" for cards in columns]
    return f'<div class="rag-quality">{"".join(shown)}</div>'
