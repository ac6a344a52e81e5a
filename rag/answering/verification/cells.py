"""Whether the rows of a table have the numbers of a claim in the cells that it speaks of."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answering.measures import unit_beside
from rag.answering.numbers import Figure, is_date, values
from rag.answering.table_rows import Cells
from rag.answering.tokens import tokens
from rag.answering.verification.alignment import Clause, Names, Source, clauses
from rag.answering.verification.objection import Objection, other_words
from rag.answering.verification.quantities import readings_below
from rag.notices import notice

_NUMBERED = re.compile(r"\b([^\W\d_][^\W_]*)[ -](\d[\w.,]*)$")
_WORD_BEFORE = re.compile(r"([^\W\d_][^\W_]*)[ -]$")


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell. `head`: keys of its column's head; `values`: of its numbers, without one that is a part of a name."""

    head: frozenset[str]
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Row:
    """A row, as numbers are looked for in it.

    Attributes:
        cells: in order.
        words: keys of the words in its cells, with the number of its name.
        name: the folded word and the number that its first cell with a word ends with, as "AquaLift 400" does; "" and
            "" where it does not.
    """

    cells: tuple[_Cell, ...]
    words: frozenset[str]
    name: tuple[str, str]

    def is_name(self, figure: Figure, text: str) -> bool:
        """Whether a number of the text is that of the name."""
        before = _WORD_BEFORE.search(text, 0, max(0, figure.start))
        word, number = self.name
        return before is not None and before[1].casefold() == word and bool(values(number) & figure.values)


def other_cell(claim: Clause, sources: Sequence[Source], named: Names) -> Objection | None:
    """A number of the claim is in no cell of the rows that it is about, or in another than the one that it names.

    Args:
        claim: the claim as one clause.
        sources: the sentences and rows that it rests on.
        named: the names in a text, folded.
    """
    rows = [_row(source.cells) for source in sources if source.cells]
    if not rows:
        return None
    contexts = {source.context for source in sources}
    around = values(" ; ".join([*contexts, *(source.text for source in sources if not source.cells)]))
    for part in clauses(claim.source, named):
        about = _about(part.keys, rows) or _about(claim.keys, rows) or rows
        numbers = [
            (figure, readings_below(figure, contexts))
            for figure in part.figures
            if not figure.values & around and not any(row.is_name(figure, part.text) for row in about)
        ]
        wrong = _other_column(part, numbers, about) or _no_cell(numbers, about)
        if wrong:
            return wrong
    return None


def _row(cells: Cells) -> _Row:
    naming = next((cell for _, cell in cells if any(char.isalpha() for char in cell)), "")
    word, number = _name(naming)
    words = (token for _, cell in cells for token in tokens(cell))
    return _Row(
        cells=tuple(
            _Cell(
                head=frozenset(token.key for token in tokens(head)),
                values=values(cell.removesuffix(number) if cell is naming else cell),
            )
            for head, cell in cells
        ),
        words=frozenset(token.key for token in words if not token.text[0].isdigit() or token.text == number),
        name=(word, number),
    )


def _name(cell: str) -> tuple[str, str]:
    found = _NUMBERED.search(cell)
    if not found or not found[1][0].isupper() or is_date(found[1]) or unit_beside(cell, *found.span(2)).kinds:
        return "", ""
    return found[1].casefold(), found[2]


def _about(keys: frozenset[str], rows: Sequence[_Row]) -> list[_Row]:
    """The rows that have most of these words in their cells; none where no row has any."""
    shared = [len(keys & row.words) for row in rows]
    return [row for row, count in zip(rows, shared, strict=True) if count and count == max(shared)]


def _no_cell(numbers: Sequence[tuple[Figure, frozenset[str]]], rows: Sequence[_Row]) -> Objection | None:
    """A number that no cell has."""
    held = frozenset[str]().union(*(cell.values for row in rows for cell in row.cells))
    missing = next((figure for figure, readings in numbers if not readings & held), None)
    return Objection(notice("unknown_number", number=str(missing)), contrary=False) if missing else None


def _other_column(
    part: Clause, numbers: Sequence[tuple[Figure, frozenset[str]]], rows: Sequence[_Row]
) -> Objection | None:
    """A column that the claim names has neither the number before its name nor the one behind."""
    placed = sorted(((f, readings) for f, readings in numbers if f.start >= 0), key=lambda number: number[0].start)
    for at, held in _named_columns(part, rows):
        behind = [number for number in placed if number[0].start > at][:1]
        beside = behind + [number for number in placed if number[0].start < at][-1:]
        if beside and not any(readings & held for _, readings in beside):
            return other_words(beside[0][0], min(held))
    return None


def _named_columns(part: Clause, rows: Sequence[_Row]) -> list[tuple[int, frozenset[str]]]:
    """Where a part of a claim names columns with numbers, and these numbers; of "net price" not the list price's."""
    found = {cell.head: [word for word in part.words if word.key in cell.head] for row in rows for cell in row.cells}
    said = {head: frozenset(word.key for word in words) for head, words in found.items()}
    # a "10" names the column "10", not the column "Top 10"
    said = {head: keys for head, keys in said.items() if keys == head or any(not key[0].isdigit() for key in keys)}
    columns: dict[tuple[int, frozenset[str]], frozenset[str]] = {}
    for head, keys in said.items():
        if keys and not any(keys < others for others in said.values()):
            held = frozenset[str]().union(*(cell.values for row in rows for cell in row.cells if cell.head == head))
            place = max(min(word.start for word in found[head] if word.key == key) for key in keys), keys
            columns[place] = columns.get(place, frozenset()) | held
    return [(at, held) for (at, _), held in columns.items() if held]
