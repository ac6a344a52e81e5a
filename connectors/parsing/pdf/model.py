"""What is read of a page before anything is made of it."""

from dataclasses import dataclass
from typing import NamedTuple

from connectors.parsing.writer import Box


class Segment(NamedTuple):
    """Words of one line that stand close together, in points from the top left corner of the upright page.

    Attributes:
        size: font size.
        emphasis: 2 where it is bold, 1 where it is in italics, else 0, by its first, middle and last word.
        fixed: in a font whose letters are all of one width.
        broken: its last word was broken by a hyphen, which `text` does not hold, and goes on in the next line.
        upright: runs from left to right, not up or down the page.
        order: place in the content of the page.
    """

    text: str
    left: float
    top: float
    right: float
    bottom: float
    size: float
    emphasis: int
    fixed: bool
    broken: bool
    upright: bool
    order: int

    @property
    def height(self) -> float:
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class Page:
    """A page turned so that most of its text runs from left to right.

    Attributes:
        number: from 1.
        width: in points, of the upright page; as is `height`.
        turns: quarter turns clockwise from the page as it is shown to the upright page.
    """

    number: int
    width: float
    height: float
    turns: int
    segments: list[Segment]

    def shown(self, box: Box) -> Box:
        """A box of the upright page, on the page as it is shown."""
        left, top, right, bottom = box
        match self.turns:
            case 1:
                return top, self.width - right, bottom, self.width - left
            case 2:
                return self.width - right, self.height - bottom, self.width - left, self.height - top
            case 3:
                return self.height - bottom, left, self.height - top, right
        return box


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of as many cells each, the header rows first, with a box a row.

    Attributes:
        edges: points from the page's left, where a column parts from the next.
    """

    rows: list[list[str]]
    boxes: list[Box]
    header_rows: int
    edges: list[float]


def union(segments: list[Segment]) -> Box:
    """The box around segments."""
    if len(segments) == 1:
        return segments[0][1:5]
    return (
        min(s.left for s in segments),
        min(s.top for s in segments),
        max(s.right for s in segments),
        max(s.bottom for s in segments),
    )
