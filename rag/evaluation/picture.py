"""A comparison as a picture: each query's gain or loss as a bar, in order."""

from html import escape

from rag.evaluation.comparison import Comparison

WIDTH, HEIGHT, MARGIN = 960, 360, 48
GAIN, LOSS, INK = "#2a7f62", "#b3443c", "#444"


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
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            f'<text x="{MARGIN}" y="28" font-size="16" fill="{INK}">{escape(head)}</text>',
            f'<line x1="{MARGIN}" y1="{middle}" x2="{WIDTH - MARGIN}" y2="{middle}" stroke="{INK}"/>',
            *shapes,
            f'<text x="{MARGIN}" y="{HEIGHT - 16}" font-size="13" fill="{INK}">{escape(foot)}</text>',
            "</svg>\n",
        ]
    )
