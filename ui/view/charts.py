"""Small charts as SVG, drawn in the colour of the text around them. Each says in words what it shows."""

from bisect import bisect_left
from collections.abc import Sequence

from ui.view.html import escape

WIDTH, HEIGHT = 480, 180
LEFT, RIGHT, TOP, BOTTOM = 44, 28, 18, 26
FEWEST_BARS = 8
LABELS = 6
"""That fit below a chart on a phone."""
_STEPS = [mantissa * 10**power for power in range(6) for mantissa in (1, 2, 5)]
"""Milliseconds at which a bar of a histogram of durations ends: 1, 2, 5, 10, ..."""


def milliseconds(ms: float) -> str:
    """A duration with as many digits as matter."""
    if ms >= 1000:
        return f"{ms / 1000:.0f} s" if ms >= 10_000 or ms % 1000 == 0 else f"{ms / 1000:.1f} s"
    return f"{ms:.0f} ms" if ms >= 10 or ms % 1 == 0 else f"{ms:.1f} ms"


def percent(share: float) -> str:
    """A share as a whole number of percent."""
    return f"{100 * share:.0f} %"


def durations(values: Sequence[float], label: str) -> str:
    """How often something took how long: a bar from each step to the next, which is about twice as long.

    Args:
        values: milliseconds, at least one.
        label: what the chart shows, in words.
    """
    places = [min(bisect_left(_STEPS, value), len(_STEPS) - 1) for value in values]
    low = max(0, min(min(places) - 1, len(_STEPS) - FEWEST_BARS))
    high = min(len(_STEPS) - 1, max(max(places) + 1, low + FEWEST_BARS - 1))
    counts = [places.count(place) for place in range(low, high + 1)]
    wide = (WIDTH - LEFT - RIGHT) / len(counts)
    every = -(-len(counts) // LABELS)
    floor = HEIGHT - BOTTOM
    shapes = []
    for n, count in enumerate(counts):
        height = (floor - TOP) * count / max(counts)
        x = LEFT + n * wide
        until = milliseconds(_STEPS[low + n])
        shapes.append(
            f'<rect class="rag-quality-bar" x="{x + 2:.1f}" y="{floor - height:.1f}" width="{wide - 4:.1f}" '
            f'height="{height:.1f}" rx="2"><title>{count} ≤ {until}</title></rect>'
        )
        if (len(counts) - 1 - n) % every == 0:
            shapes.append(f'<text x="{x + wide:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{until}</text>')
        if count:
            shapes.append(
                f'<text x="{x + wide / 2:.1f}" y="{floor - height - 4:.1f}" text-anchor="middle">{count}</text>'
            )
    return _drawing(label, shapes)


def curve(points: Sequence[tuple[float, float]], label: str, *, across: str, at: float | None = None) -> str:
    """A line of points between 0 and 1 in both directions.

    Args:
        points: (x, y), in order of x.
        label: what the chart shows, in words.
        across: what the axis is.
        at: an x that is marked.
    """
    places = " ".join(f"{_across(x):.1f},{_up(y):.1f}" for x, y in points)
    grid = [
        f'<line class="rag-grid" x1="{LEFT}" y1="{_up(share):.1f}" x2="{WIDTH - RIGHT}" y2="{_up(share):.1f}"/>'
        f'<text x="{LEFT - 6}" y="{_up(share) + 4:.1f}" text-anchor="end">{percent(share)}</text>'
        for share in (0, 0.5, 1)
    ]
    ticks = [
        f'<text x="{_across(share):.1f}" y="{HEIGHT - 8}" text-anchor="middle">{tick}</text>'
        for share, tick in ((0, "0"), (0.5, across), (1, "1"))
    ]
    marked = (
        [f'<line class="rag-mark" x1="{_across(at):.1f}" y1="{TOP}" x2="{_across(at):.1f}" y2="{HEIGHT - BOTTOM}"/>']
        if at is not None and 0 <= at <= 1
        else []
    )
    return _drawing(label, [*grid, *ticks, *marked, f'<polyline class="rag-quality-line" points="{places}"/>'])


def interval(mean: float, low: float, high: float, label: str) -> str:
    """A value between 0 and 1 with its interval, to stand in a row of a table."""
    x, start, end = (5 + 110 * min(1.0, max(0.0, value)) for value in (mean, low, high))
    return (
        f'<svg class="rag-interval" viewBox="0 0 120 12" role="img" aria-label="{escape(label)}">'
        f'<line class="rag-grid" x1="5" y1="6" x2="115" y2="6"/>'
        f'<line class="rag-span" x1="{start:.1f}" y1="6" x2="{max(end, start + 0.5):.1f}" y2="6"/>'
        f'<circle class="rag-mean" cx="{x:.1f}" cy="6" r="3.5"/></svg>'
    )


def shares(first: int, second: int, label: str) -> str:
    """Two numbers as parts of a bar, at least one above 0."""
    part = 240 * first / (first + second)
    return (
        f'<svg class="rag-shares" viewBox="0 0 240 8" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}">'
        f'<rect class="rag-for" x="0" y="0" width="{part:.1f}" height="8"/>'
        f'<rect class="rag-against" x="{part:.1f}" y="0" width="{240 - part:.1f}" height="8"/></svg>'
    )


def _across(x: float) -> float:
    return LEFT + x * (WIDTH - LEFT - RIGHT)


def _up(y: float) -> float:
    return HEIGHT - BOTTOM - y * (HEIGHT - BOTTOM - TOP)


def _drawing(label: str, shapes: Sequence[str]) -> str:
    return (
        f'<svg class="rag-chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
        f"{''.join(shapes)}</svg>"
    )
