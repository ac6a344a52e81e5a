"""Tables without lines: rows whose cells stand in columns."""

from collections.abc import Sequence
from statistics import median

from connectors.parsing.pdf.cells import MARKER, Line, has_numbers, is_number, is_tabular, read_line
from connectors.parsing.pdf.contents import contents
from connectors.parsing.pdf.model import Table
from connectors.parsing.pdf.order import Row
from connectors.parsing.writer import Box

_MAX_GAP = 2.6  # heights of a line between two rows of a table
_MAX_HEADER = 4  # lines
_MAX_SPANNING = 3  # lines of header
_RECENT = 12  # lines that say where cells stand
_MAX_SINGLE = 3  # rows of one cell in a row
_LONG = 25  # characters of a cell that may go on in the next line
_TIGHT = 0.35  # heights of a line between two lines of one cell
_MAX_CELL = 90  # characters that cells of a table without numbers have on average
_CLOSER = 0.6  # of the usual gap between rows
_ALIGNED = 15.0  # points
_RIVER = 0.12  # of the rows may have something where two columns part


def split(rows: Sequence[Row]) -> list[Table | list[Row]]:
    """The rows of a region as tables and, between them, rows that are none."""
    lines = [read_line(row) for row in rows]
    parts: list[Table | list[Row]] = []
    plain: list[Row] = []
    at = 0
    while at < len(rows):
        found = contents(rows, at) or _table(lines, at)
        if isinstance(found, int):
            plain += rows[at : at + found]
            at += found
            continue
        table, taken, end = found
        # a header may start above the first row with several cells
        plain = plain[: len(plain) - taken]
        parts += [plain, table] if plain else [table]
        plain, at = [], end
    return [*parts, plain] if plain else parts


def _table(lines: Sequence[Line], start: int) -> tuple[Table, int, int] | int:
    """The table whose first row with several cells is `start`, how many lines above it has, and where it ends.

    Or, where there is none, how many lines to go on by: of a long run that is no table not every line is tried.
    """
    if not is_tabular(lines[start]):
        return 1
    run = _run(lines, start)
    onwards = max(1, len(run) // 8)
    body = next((n for n, line in enumerate(run) if has_numbers(line)), 0)
    edges = _edges([line for line in run[body:] if is_tabular(line)])
    if not edges and body:
        edges = _edges([line for line in run if is_tabular(line)])
    if not edges:
        return onwards
    grid = [_spread(line, edges) for line in run]
    if not _is_table(grid):
        return onwards
    end, taken = start + len(run), 0
    # a spanning header stands above the columns of figures: `Three Months Ended`
    while start - taken > 0 and taken < _MAX_SPANNING:
        above = lines[start - taken - 1]
        if above.cells[0].left < edges[0] or run[0].top - above.bottom > above.height:
            break
        run.insert(0, above)
        grid.insert(0, _spread(above, edges))
        taken += 1
    return _merged(run, grid, edges), taken, end


def _run(lines: Sequence[Line], start: int) -> list[Line]:
    """Lines that follow each other closely and end in one of several cells, or in what goes on from one."""
    run = [lines[start]]
    end, singles = 1, 0
    for line in lines[start + 1 :]:
        last = run[-1]
        if line.top - last.bottom > _MAX_GAP * max(min(line.height, last.height), 4):
            break
        if is_tabular(line):
            if len(run) > _MAX_HEADER and any(_same_header(line, head) for head in run[:_MAX_HEADER]):
                break
            singles = 0
        elif singles == _MAX_SINGLE or _prose(line, run[-_RECENT:]):
            break
        else:
            singles += 1
        run.append(line)
        if not singles:
            end = len(run)
    while end < len(run) and _continues(run[end], run[:end]):
        end += 1
    return run[:end]


def _same_header(line: Line, head: Line) -> bool:
    """The header of a further table."""
    texts = [cell.text for cell in line.cells]
    return texts == [cell.text for cell in head.cells] and not all(map(is_number, texts[1:]))


def _prose(line: Line, run: Sequence[Line]) -> bool:
    """A line that stands under no column: it runs from the first cell's place over others'."""
    seconds = [other.cells[1].left for other in run if len(other.cells) > 1]
    firsts = min(other.cells[0].left for other in run)
    if not seconds or len(line.cells) > 1:
        return False
    cell = line.cells[0]
    return cell.right > max(seconds) and cell.left < min(seconds) and cell.left < firsts + 40 and len(cell.text) > 40


def _edges(lines: Sequence[Line]) -> list[float]:
    """Where columns part: the middles of the gaps that (almost) no row has anything in."""
    if len(lines) < 2:
        return []
    steps = sorted([(c.left, 1) for line in lines for c in line.cells]
                   + [(c.right - 0.5, -1) for line in lines for c in line.cells])  # fmt: skip
    allowed = int(_RIVER * len(lines))
    edges, depth, low = [], 0, None
    passed = 0
    for x, step in steps:
        before, depth = depth, depth + step
        passed += step < 0
        if before > allowed >= depth:
            low = x
        elif before <= allowed < depth and low is not None:
            if x - low >= 1.0 and passed > allowed:
                edges.append((low + x) / 2)
            low = None
    return edges


def _spread(line: Line, edges: Sequence[float]) -> list[str]:
    """The texts by column; a cell over several columns stands in the first that it covers most of."""
    texts = [""] * (len(edges) + 1)
    for cell in line.cells:
        middle = (cell.left + cell.right) / 2
        first, last = sum(cell.left >= edge for edge in edges), sum(cell.right > edge for edge in edges)
        column = first if first != last else sum(middle >= edge for edge in edges)
        if first != last and cell.right - edges[first] > 2 * (edges[first] - cell.left) and last == first + 1:
            column = last
        texts[column] = f"{texts[column]} {cell.text}" if texts[column] else cell.text
    return texts


def _is_table(grid: Sequence[Sequence[str]]) -> bool:
    full = [row for row in grid if sum(map(bool, row)) >= 2]
    if len(full) < 2:
        return False
    words = sum(any(map(str.isalnum, text)) for row in full for text in row if text)
    if 2 * words < sum(bool(text) for row in full for text in row):
        return False
    numbers = sum(is_number(text) for row in full for text in row[1:] if text)
    others = sum(not is_number(text) for row in full for text in row[1:] if text)
    if numbers >= 2 and numbers >= others / 3:
        return True
    texts = [text for row in grid for text in row if text]
    short = sum(map(len, texts)) <= _MAX_CELL * len(texts)
    markers = sum(MARKER.fullmatch(row[0]) is not None for row in full)
    return short and len(full) >= 3 and len(full) >= 0.3 * len(grid) and markers < len(full) / 2


def _continues(line: Line, run: Sequence[Line]) -> bool:
    """A single further line of the last row's label, or under one of its other cells."""
    cell, last = line.cells[0], run[-1]
    if len(line.cells) != 1 or line.top - last.bottom > _TIGHT * line.height:
        return False
    row = next(other for other in reversed(run) if len(other.cells) > 1)
    if cell.left > row.cells[0].right:
        return cell.left >= row.cells[1].left - _ALIGNED
    return len(last.cells) > 1 and abs(cell.left - last.cells[0].left) < _ALIGNED and cell.text[:1].islower()


def _merged(run: Sequence[Line], grid: list[list[str]], edges: list[float]) -> Table:
    """Lines as rows: a wrapped label or cell is one; and how many rows the header has."""
    header = _header_lines(run, grid)
    steps = [b.top - a.bottom for a, b, texts in zip(run, run[1:], grid[1:], strict=False) if texts[0]]
    # where rows stand apart, lines that do not are lines of one row
    apart = median(steps) if steps else 0.0
    rows: list[list[str]] = []
    boxes: list[Box] = []
    header_rows, last = 0, None
    for number, (line, texts) in enumerate(zip(run, grid, strict=True)):
        tight = last is not None and line.top - last.bottom <= _TIGHT * min(line.height, last.height)
        closer = last is not None and line.top - last.bottom < _CLOSER * apart
        if tight and number != header and _same_row(rows[-1], texts, header=number < header, closer=closer):
            rows[-1] = [f"{a} {b}".strip() for a, b in zip(rows[-1], texts, strict=True)]
            old = boxes[-1]
            boxes[-1] = min(old[0], line.box[0]), old[1], max(old[2], line.box[2]), max(old[3], line.box[3])
        else:
            rows.append(texts)
            boxes.append(line.box)
            header_rows += number < header
        last = line
    return Table(rows, boxes, header_rows, edges)


def _header_lines(run: Sequence[Line], grid: Sequence[Sequence[str]]) -> int:
    """Lines above the first that has numbers; of a table of words the first."""
    body = next((n for n, line in enumerate(run) if has_numbers(line)), None)
    if body is None:
        return 1
    # labels of the first section (`Net sales:`) are no header
    while body > 0 and sum(map(bool, grid[body - 1])) == 1 and grid[body - 1][0]:
        body -= 1
    return body


def _same_row(above: Sequence[str], texts: Sequence[str], *, header: bool, closer: bool) -> bool:
    filled, filled_above = [bool(t) for t in texts], [bool(t) for t in above]
    if header:
        return filled == filled_above or (not filled_above[0] and filled == [False, *filled_above[1:]])
    if any(is_number(text) for text in texts[1:]):
        # a label over two lines with its numbers beside the second
        label = sum(filled_above) == 1 and filled_above[0] and filled[0] and not above[0].endswith(":")
        return label and (closer or texts[0][:1].islower())
    if filled[0]:
        goes_on = texts[0][:1].islower() or (closer and not any(map(is_number, above[1:])))
        return sum(filled) == 1 and goes_on and not above[0].endswith(":")
    below = [(text, over) for text, over in zip(texts, above, strict=True) if text]
    return all(over and (closer or text[0].islower() or len(over) > _LONG) for text, over in below)
