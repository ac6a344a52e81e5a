"""Charts and diagrams of Office documents: their words and figures."""

from collections.abc import Iterator

from connectors.parsing.html.dom import Node

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_MAX_POINTS = 100_000


def chart_title(chart: Node) -> str:
    """The title of a chart part, "" without one."""
    title = chart.find("{*}chart/{*}title")
    return "" if title is None else " ".join(" ".join(_words(title)).split())


def chart_rows(chart: Node) -> list[list[str]]:
    """The figures that a chart part shows: a row for every category, a column for every series, the first row names."""
    series = list(chart.iter("{*}ser"))
    names = ["", *(_points(one.find("{*}tx")).get(0, "") for one in series)]
    categories: dict[int, str] = {}
    values = []
    for one in series:
        for axis in ("cat", "xVal"):
            categories = _points(one.find(f"{{*}}{axis}")) | categories
        values.append(_points(one.find("{*}val")) or _points(one.find("{*}yVal")))
    at = sorted({*categories, *(n for column in values for n in column)})
    return [names, *([categories.get(n, ""), *(column.get(n, "") for column in values)] for n in at)] if at else []


def diagram_texts(data: Node) -> Iterator[str]:
    """The texts of a diagram's (SmartArt's) data part, in its order."""
    for paragraph in data.iter(f"{_A}p"):
        text = "".join(_words(paragraph)).strip()
        if text:
            yield text


def _words(node: Node) -> Iterator[str]:
    return (text.text or "" for text in node.iter(f"{_A}t", "{*}v"))


def _points(node: Node | None) -> dict[int, str]:
    """The cached values by their index; of categories with several levels the innermost."""
    found: dict[int, str] = {}
    for point in [] if node is None else node.iter("{*}pt"):
        index, value = point.get("idx") or "", point.find("{*}v")
        if index.isdecimal() and len(index) < 9 and value is not None and len(found) < _MAX_POINTS:
            found.setdefault(int(index), _number(value.text or ""))
    if not found and node is not None and (value := node.find("{*}v")) is not None:
        found[0] = value.text or ""
    return found


def _number(text: str) -> str:
    """Without the noise of binary fractions, which the chart does not show either."""
    try:
        value = float(text)
    except ValueError:
        return text
    return f"{value:.12g}" if "e" not in f"{value:.12g}" else text
