"""Text that stands upright on its side: the header of narrow columns, or a stamp along the margin."""

from collections.abc import Sequence

from connectors.parsing.pdf.blocks import Block, TextLine
from connectors.parsing.pdf.model import Segment, Table, union

_MAX_DISTANCE = 40.0  # points from a header to its table
_MIN_COLUMNS = 2


def with_standing_header(
    table: Table, before: Block | None, standing: Sequence[Segment]
) -> tuple[Table, bool, list[Segment]]:
    """The table with the standing text above its columns as its header.

    Args:
        before: the block above the table, which is the header of the first column where it stands beside the others.

    Returns:
        The table, whether `before` is in it, and the text that stands elsewhere.
    """
    top = table.boxes[0][1]
    header = (
        [s for s in standing if s.left > table.edges[0] and -5 < top - s.bottom < _MAX_DISTANCE] if table.edges else []
    )
    columns = [sum((s.left + s.right) / 2 > edge for edge in table.edges) for s in header]
    if len(set(columns)) < _MIN_COLUMNS or len(set(columns)) < len(columns):
        return table, False, list(standing)
    cells = [""] * len(table.rows[0])
    for column, segment in zip(columns, header, strict=True):
        cells[column] = segment.text
    left, above, right, bottom = union(header)
    beside = before is not None and len(before.lines) == 1 and before.lines[0].box[1] >= above - 5
    if before is not None and beside:
        cells[0] = before.text
        left = min(left, before.left)
    rows, boxes = [cells, *table.rows], [(left, above, right, bottom), *table.boxes]
    rest = [s for s in standing if s not in header]
    return Table(rows, boxes, 1, table.edges), beside, rest


def standing_blocks(segments: Sequence[Segment]) -> list[Block]:
    """What stands anywhere else, as the content gives it."""
    found: list[Block] = []
    last: Segment | None = None
    for segment in sorted(segments, key=lambda s: s.order):
        box = segment.left, segment.top, segment.right, segment.bottom
        line = TextLine(segment.text, box, 0, emphasis=0, broken=segment.broken)
        if last is not None and segment.order == last.order + 1:
            found[-1].lines.append(line)
        else:
            found.append(Block([line]))
        last = segment
    return found
