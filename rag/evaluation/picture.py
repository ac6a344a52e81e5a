"""Reports as pictures: each query's gain or loss as a bar; how scores are spread; risk and coverage."""

from collections.abc import Sequence
from html import escape

import numpy as np

from rag.evaluation.answers import AnswersReport
from rag.evaluation.comparison import Comparison
from rag.evaluation.retrieval import RetrievalReport

WIDTH, HEIGHT, MARGIN = 960, 360, 48
GAIN, LOSS, INK = "#2a7f62", "#b3443c", "#444"
OTHERS = (LOSS, "#3f6fb0", "#b8862b", "#7a4f9a")
BINS = 40


def bars(found: Comparison) -> str:
    """The comparison as SVG: gains of the second above the line, losses below, queries without a difference between."""
    gains = [second - first for _, _, first, second in found.queries]
    middle = HEIGHT / 2
    scale = (middle - MARGIN) / max(1e-9, *map(abs, gains))
    step = (WIDTH - 2 * MARGIN) / max(1, len(gains))
    shapes = []
    for n, ((id, text, first, second), gain) in enumerate(zip(found.queries, gains, strict=True)):
        if gain:
            height = abs(gain) * scale
            top = middle - height if gain > 0 else middle
            title = escape(f"{id}: {text}\n{first:.3f} -> {second:.3f}")
            shapes.append(
                f'<rect x="{MARGIN + n * step:.2f}" y="{top:.2f}" width="{max(step, 0.5):.2f}" height="{height:.2f}" '
                f'fill="{GAIN if gain > 0 else LOSS}"><title>{title}</title></rect>'
            )
    total = found.metrics[found.by]
    low, high = total.difference.low, total.difference.high
    head = f"{found.by} on {found.dataset}: {found.names[1]} against {found.names[0]}"
    foot = (
        f"{total.first:.3f} \u2192 {total.second:.3f} ({total.difference.mean:+.3f}, 95 % {low:+.3f} to {high:+.3f}, "
        f"p {total.p:.4f}); {total.wins} better, {total.losses} worse, {total.ties} the same"
    )
    return _drawing(head, foot, middle, shapes)


def spread(report: RetrievalReport) -> str:
    """Scores of the best hits as SVG: a line for own and for each kind of foreign questions, each of the same area."""
    own = (f"{report.dataset}, {len(report.scores)} own queries", report.scores)
    others = [
        (f"{name}, {len(found.scores)}: AUROC {found.auroc.mean:.3f}", found.scores)
        for name, found in report.foreign.items()
    ]
    edges = np.histogram_bin_edges([score for _, scores in (own, *others) for score in scores], BINS)
    shares = [np.histogram(scores, edges)[0] / len(scores) for _, scores in (own, *others)]
    floor, top = HEIGHT - MARGIN, max(float(row.max()) for row in shares)
    places = np.repeat(np.linspace(MARGIN, WIDTH - MARGIN, BINS + 1), 2)[1:-1]
    shapes = []
    for n, ((label, _), row) in enumerate(zip((own, *others), shares, strict=True)):
        colour = OTHERS[(n - 1) % len(OTHERS)] if n else GAIN
        levels = np.repeat(floor - row / top * (floor - 2 * MARGIN), 2)
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(places, levels, strict=True))
        shapes.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        shapes.append(f'<text x="{MARGIN}" y="{MARGIN + 16 * n}" font-size="13" fill="{colour}">{escape(label)}</text>')
    foot = f"from {edges[0]:.2f} to {edges[-1]:.2f}"
    return _drawing("fused score of the best hit: share of the queries", foot, floor, shapes)


def risk(report: AnswersReport) -> str:
    """Risk and coverage as SVG: the share of wrong answers where so many questions, the surest first, are answered."""
    floor, top = HEIGHT - MARGIN, 2 * MARGIN
    wide, high = WIDTH - 2 * MARGIN, floor - top
    points = " ".join(f"{MARGIN + share * wide:.1f},{floor - wrong * high:.1f}" for share, wrong in report.risk)
    last = f"{report.risk[-1][1]:.3f} wrong of all" if report.risk else "no confidence is known"
    shapes = [f'<polyline points="{points}" fill="none" stroke="{LOSS}" stroke-width="2"/>']
    foot = f"share of {report.queries} questions that are answered, the surest first, from 0 to 1"
    return _drawing(f"{report.dataset}: share of the answers that are wrong, from 0 to 1; {last}", foot, floor, shapes)


def _drawing(head: str, foot: str, base: float, shapes: Sequence[str]) -> str:
    """Shapes over a base line, with a line of text above and below."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            f'<text x="{MARGIN}" y="28" font-size="16" fill="{INK}">{escape(head)}</text>',
            f'<line x1="{MARGIN}" y1="{base}" x2="{WIDTH - MARGIN}" y2="{base}" stroke="{INK}"/>',
            *shapes,
            f'<text x="{MARGIN}" y="{HEIGHT - 16}" font-size="13" fill="{INK}">{escape(foot)}</text>',
            "</svg>\n",
        ]
    )
