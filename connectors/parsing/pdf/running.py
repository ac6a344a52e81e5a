"""Running headers and footers and page numbers: what stands at the same place of page after page."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from typing import NamedTuple

from connectors.parsing.pdf.model import Page, union
from connectors.parsing.pdf.order import Row, rows

_ZONE = 0.12  # of the page's height at its top and at its bottom
_MAX_ROWS = 4  # of a header or footer
_MIN_PAGES = 3
_NEAR = 2  # pages: left and right pages have headers of their own
_MAX_PAGE_NUMBER = 40  # characters
_MIN_GAP = 0.5  # heights of a line
_MOVED = 4.0  # points
_DIGITS = re.compile(r"\d+")
_ROMAN = re.compile(r"^[ivxlc]+\b|\b[ivxlc]+$")
_PAGE_NUMBER = re.compile(r"\W*(?:pages?\W*)?(?:\w-)?#\W*(?:(?:of|/|-|von|de|sur)\W*#\W*)?")


class _Place(NamedTuple):
    """Where a row stands.

    Attributes:
        page: its index.
        counts: its last number less that index, the same for all page numbers.
    """

    page: int
    top: float
    counts: int | None


_page = attrgetter("page")


def without_running_text(pages: Sequence[Page]) -> list[Page]:
    """The pages without what repeats at their edges; of all but page numbers the first occurrence stays."""
    if len(pages) < _MIN_PAGES:
        return list(pages)
    edges = [_edges(page) for page in pages]
    places: dict[str, list[_Place]] = {}
    for index, sides in enumerate(edges):
        for row in (row for side in sides for row in side):
            key, place = _key(row), _place(row, index)
            places.setdefault(key, []).append(place)
            if _is_page_number(key):
                places.setdefault(_count_key(place), []).append(place)
    seen: set[str] = set()
    return [
        _without(page, index, sides, places, seen) for index, (page, sides) in enumerate(zip(pages, edges, strict=True))
    ]


def _edges(page: Page) -> tuple[list[Row], list[Row]]:
    """The rows at the top from the top, those at the bottom from the bottom."""
    upright = [s for s in page.segments if s.upright]
    # the footer of a page that is not full may follow its text
    lowest = max((s.bottom for s in upright), default=0.0) - 2 * _MOVED
    upper = [s for s in upright if s.bottom < _ZONE * page.height]
    lower = [s for s in upright if s.top > (1 - _ZONE) * page.height or s.bottom > lowest]
    return rows(upper)[:_MAX_ROWS], rows(lower)[: -_MAX_ROWS - 1 : -1]


def _key(row: Row) -> str:
    return _ROMAN.sub("#", _DIGITS.sub("#", " ".join(s.text for s in row).casefold()))


def _without(
    page: Page,
    index: int,
    sides: tuple[list[Row], list[Row]],
    places: dict[str, list[_Place]],
    seen: set[str],
) -> Page:
    dropped: set[int] = set()
    for side in sides:
        repeated = []
        for row in side:
            key, place = _key(row), _place(row, index)
            # the first pages of chapters, far apart, have their number elsewhere
            counted = _is_page_number(key) and len(places[_count_key(place)]) >= _MIN_PAGES
            if not counted and not _repeats(places[key], place):
                # as the title of the first page does, it may run at the head of the others
                seen.add(key)
                break
            repeated.append((row, key))
        for row, key in _set_apart(page, repeated):
            if key in seen or _is_page_number(key):
                dropped.update(segment.order for segment in row)
            seen.add(key)
    if not dropped:
        return page
    return replace(page, segments=[s for s in page.segments if s.order not in dropped])


def _set_apart(page: Page, repeated: list[tuple[Row, str]]) -> list[tuple[Row, str]]:
    """Of the rows at an edge those with a gap to the text; a table's header has none to its rows."""
    while repeated:
        row, key = repeated[-1]
        _, top, _, bottom = union(row)
        inner = {segment.order for row, _ in repeated for segment in row}
        rest = [s for s in page.segments if s.order not in inner and s.upright]
        gap = min((max(s.top - bottom, top - s.bottom) for s in rest), default=page.height)
        if gap >= _MIN_GAP * (bottom - top) or _is_page_number(key):
            break
        repeated = repeated[:-1]
    return repeated


def _is_page_number(key: str) -> bool:
    return len(key) < _MAX_PAGE_NUMBER and _PAGE_NUMBER.fullmatch(key) is not None


def _place(row: Row, index: int) -> _Place:
    numbers = [int(number) for s in row for number in _DIGITS.findall(s.text) if len(number) < 6]
    return _Place(index, row[0].top, numbers[-1] - index if numbers else None)


def _count_key(place: _Place) -> str:
    """Of all page numbers that count alike; digits make it different from the keys of rows."""
    return f"#{place.counts if place.counts is not None else 'roman 0'}"


def _repeats(places: Sequence[_Place], place: _Place) -> bool:
    if len(places) < _MIN_PAGES:
        return False
    others = places[
        bisect_left(places, place.page - _NEAR, key=_page) : bisect_right(places, place.page + _NEAR, key=_page)
    ]
    return any(
        other.page != place.page
        and (abs(other.top - place.top) < _MOVED or (other.counts is not None and other.counts == place.counts))
        for other in others
    )
