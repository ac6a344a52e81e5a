"""Running headers and footers and page numbers: what stands at the same place of page after page."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import NamedTuple, TypeAlias

from connectors.parsing.pdf.model import Page, Segment, union
from connectors.parsing.pdf.order import Row, rows
from connectors.parsing.pdf.page_numbers import PageNumber, page_numbers, row_text

_Key: TypeAlias = tuple[str, int | None]

_ZONE = 0.12  # of the page's height at its top and at its bottom
_MAX_ROWS = 4  # of a header or footer
_MIN_PAGES = 3
_NEAR = 2  # pages: left and right pages have headers of their own
_MIN_GAP = 0.5  # heights of a line
_MOVED = 4.0  # points
_LARGE = 1.1  # times the size of the text
_YEARS = range(1000, 3000)


class _Place(NamedTuple):
    """Where a row stands: the index of its page, and points from the page's top."""

    page: int
    top: float


class _Counting(NamedTuple):
    """A number of a row that may be the page's.

    Attributes:
        rest: the row without it.
        start: the number less the index of the page, the same for all page numbers.
        lone: whether the row holds nothing else.
    """

    rest: str
    start: int
    lone: bool


class _Edge(NamedTuple):
    """A row at the top or bottom of a page."""

    row: Row
    place: _Place
    text: str
    counters: list[_Counting]


_page = attrgetter("page")


def without_running_text(pages: Sequence[Page]) -> list[Page]:
    """The pages without what repeats at their edges; of all but page numbers the first occurrence stays.

    What repeats is the same on all pages but for a number that counts them: other figures are content.
    """
    if len(pages) < _MIN_PAGES:
        return list(pages)
    usual = _text_size(s for page in pages for s in page.segments)
    edges = []
    for index, page in enumerate(pages):
        # an exhibit may be set in a size of its own
        largest = _LARGE * max(usual, _text_size(page.segments))
        edges.append([[_edge(row, index, len(pages), largest) for row in side] for side in _edges(page)])
    places = _Places(edges)
    seen: set[str] = set()
    return [_without(page, sides, places, seen) for page, sides in zip(pages, edges, strict=True)]


def _text_size(segments: Iterable[Segment]) -> float:
    sizes: Counter[float] = Counter()
    for segment in segments:
        if any(map(str.isalpha, segment.text)):
            sizes[round(segment.size * 2) / 2] += len(segment.text)
    return max(sizes, key=lambda size: (sizes[size], size), default=0.0)


def _edges(page: Page) -> tuple[list[Row], list[Row]]:
    """The rows at the top from the top, those at the bottom from the bottom."""
    upright = [s for s in page.segments if s.upright]
    # the footer of a page that is not full may follow its text
    lowest = max((s.bottom for s in upright), default=0.0) - 2 * _MOVED
    upper = [s for s in upright if s.bottom < _ZONE * page.height]
    lower = [s for s in upright if s.top > (1 - _ZONE) * page.height or s.bottom > lowest]
    return rows(upper)[:_MAX_ROWS], rows(lower)[: -_MAX_ROWS - 1 : -1]


def _edge(row: Row, index: int, pages: int, largest: float) -> _Edge:
    counters = [
        _Counting(number.rest, number.value - index, number.lone)
        for number in page_numbers(row)
        if number.size <= largest and not _is_far(number, pages)
    ]
    return _Edge(row, _Place(index, row[0].top), row_text(row), counters)


def _is_far(number: PageNumber, pages: int) -> bool:
    """Whether a document of so many pages hardly counts to it: years, and beside words the numbers of invoices."""
    if number.named or number.value < _YEARS.start or number.value <= 2 * pages:
        return False
    return number.value in _YEARS or not number.lone


class _Places:
    """Where rows stand that are the same, or the same but for a number that counts the pages."""

    def __init__(self, edges: Sequence[Sequence[Sequence[_Edge]]]) -> None:
        self._places: dict[_Key, list[_Place]] = {}
        self._pages: Counter[_Key] = Counter()
        self._alike: Counter[str] = Counter()
        for sides in edges:
            # the lowest row of an almost empty page is at its top too
            for edge in {edge.row[0].order: edge for side in sides for edge in side}.values():
                self._add((edge.text, None), edge.place)
                for counter in edge.counters:
                    self._alike[counter.rest] += 1
                    self._add((counter.rest, counter.start), edge.place)

    def _add(self, key: _Key, place: _Place) -> None:
        found = self._places.setdefault(key, [])
        self._pages[key] += not found or found[-1].page != place.page
        found.append(place)

    def repeats(self, edge: _Edge) -> bool:
        """Whether the same row stands at the same place of pages nearby."""
        key = (edge.text, None)
        return self._pages[key] >= _MIN_PAGES and any(
            abs(other.top - edge.place.top) < _MOVED for other in self._near(key, edge.place)
        )

    def counter(self, edge: _Edge) -> _Counting | None:
        """The number of the row that counts the pages."""
        for counter in edge.counters:
            key = (counter.rest, counter.start)
            pages = self._pages[key]
            if pages < _MIN_PAGES:
                continue
            # the first pages of chapters, far apart, have their number elsewhere
            if self._near(key, edge.place) or (counter.lone and 2 * pages >= self._alike[counter.rest]):
                return counter
        return None

    def _near(self, key: _Key, place: _Place) -> list[_Place]:
        """On other pages, but not far from this one."""
        places = self._places[key]
        first = bisect_left(places, place.page - _NEAR, key=_page)
        last = bisect_right(places, place.page + _NEAR, key=_page)
        return [other for other in places[first:last] if other.page != place.page]


def _without(page: Page, sides: Sequence[Sequence[_Edge]], places: _Places, seen: set[str]) -> Page:
    dropped: set[int] = set()
    first: set[int] = set()
    for side in sides:
        repeated: list[tuple[Row, str, bool]] = []
        for edge in side:
            counter = places.counter(edge)
            if counter is None and not places.repeats(edge):
                # as the title of the first page does, it may run at the head of the others
                seen.update([edge.text, *(counter.rest for counter in edge.counters)])
                break
            repeated.append((edge.row, counter.rest if counter else edge.text, bool(counter and counter.lone)))
        for row, text, is_page_number in _set_apart(page, repeated):
            # the only row of a page is at its top and at its bottom
            if is_page_number or (text in seen and row[0].order not in first):
                dropped.update(segment.order for segment in row)
            else:
                first.add(row[0].order)
            seen.add(text)
    if not dropped:
        return page
    return replace(page, segments=[s for s in page.segments if s.order not in dropped])


def _set_apart(page: Page, repeated: list[tuple[Row, str, bool]]) -> list[tuple[Row, str, bool]]:
    """Of the rows at an edge those with a gap to the text; a table's header has none to its rows."""
    while repeated:
        row, _, is_page_number = repeated[-1]
        _, top, _, bottom = union(row)
        inner = {segment.order for row, *_ in repeated for segment in row}
        rest = [s for s in page.segments if s.order not in inner and s.upright]
        gap = min((max(s.top - bottom, top - s.bottom) for s in rest), default=page.height)
        if is_page_number or gap >= _MIN_GAP * (bottom - top):
            break
        repeated = repeated[:-1]
    return repeated
