"""Retrieval data in the BEIR layout: passages, queries and which passages answer them."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import EvaluationError
from rag.evaluation.manifest import file_hash

CORPUS, QUERIES, JUDGEMENTS = "corpus.jsonl", "queries.jsonl", "qrels/test.tsv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A row of the corpus: what is retrieved as a whole.

    Attributes:
        document_id: passages that share it are of one document.
        ordinal: position in the document.
        headings: the heading path, outermost first; None where the data have none.
    """

    id: str
    title: str
    text: str
    document_id: str
    ordinal: int
    headings: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Passages, and the queries that have a judgement.

    Attributes:
        name: of its folder.
        judgements: query id -> passage id -> grade; 0 is not relevant.
        hashes: file -> sha256.
    """

    name: str
    passages: tuple[Passage, ...]
    queries: Mapping[str, str]
    judgements: Mapping[str, Mapping[str, int]]
    hashes: Mapping[str, str]


def load_beir(folder: Path) -> Dataset:
    """Read `corpus.jsonl`, `queries.jsonl` and `qrels/test.tsv` of a folder.

    A row's passage belongs to the document that `metadata.document_id` names, at `metadata.ordinal`; without them it is
    a document of its own. `metadata.headings` is its heading path.

    Raises:
        EvaluationError: a file is missing, a line is not what it should be, an id comes twice, a judgement is about an
            unknown query, or no query has one.
    """
    for name in (CORPUS, QUERIES, JUDGEMENTS):
        if not (folder / name).is_file():
            raise EvaluationError(
                f"{folder}: no {name} in it; --data is a folder with {CORPUS}, {QUERIES}, {JUDGEMENTS}"
            )
    passages = {}
    for place, row in _rows(folder / CORPUS):
        passage = _passage(row, place)
        if passage.id in passages:
            raise EvaluationError(f"{place}: the id {passage.id!r} comes twice")
        passages[passage.id] = passage
    queries = {_text(row, "_id", place): _text(row, "text", place) for place, row in _rows(folder / QUERIES)}
    judgements: dict[str, dict[str, int]] = {}
    for place, query, passage_id, grade in _judgements(folder / JUDGEMENTS):
        if query not in queries:
            raise EvaluationError(f"{place}: judges the query {query!r}, which {QUERIES} does not have")
        judgements.setdefault(query, {})[passage_id] = grade
    if not judgements:
        raise EvaluationError(f"{folder / JUDGEMENTS}: no query has a judgement")
    return Dataset(
        name=folder.resolve().name,
        passages=tuple(passages.values()),
        queries={id: queries[id] for id in judgements},
        judgements=judgements,
        hashes={name: file_hash(folder / name) for name in (CORPUS, QUERIES, JUDGEMENTS)},
    )


def read_queries(path: Path) -> list[tuple[str, str]]:
    """Kind and text of the queries of a file; the kind is `metadata.kind`, "" without one.

    Raises:
        EvaluationError: the file cannot be read, or a line is not what it should be.
    """
    try:
        return [(_kind(row), _text(row, "text", place)) for place, row in _rows(path)]
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path}: cannot be read ({error})") from error


def _kind(row: Mapping[str, Any]) -> str:
    metadata = row.get("metadata")
    return str(metadata.get("kind") or "") if isinstance(metadata, dict) else ""


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Place and record of each line that is not blank."""
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            place = f"{path}:{number}"
            try:
                row = json.loads(line)
            except ValueError as error:
                raise EvaluationError(f"{place}: not valid JSON ({error})") from error
            if not isinstance(row, dict):
                raise EvaluationError(f"{place}: not a JSON object")
            yield place, row


def _text(row: Mapping[str, Any], key: str, place: str) -> str:
    value = row.get(key)
    if not isinstance(value, str):
        raise EvaluationError(f"{place}: {key!r} is {value!r}, not a text")
    return value


def _passage(row: Mapping[str, Any], place: str) -> Passage:
    id, metadata = _text(row, "_id", place), row.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise EvaluationError(f"{place}: 'metadata' is {metadata!r}, not an object")
    document_id, ordinal = metadata.get("document_id", id), metadata.get("ordinal", 0)
    if not isinstance(document_id, str | int) or not isinstance(ordinal, int):
        raise EvaluationError(f"{place}: metadata.document_id is {document_id!r}, metadata.ordinal {ordinal!r}")
    headings = metadata.get("headings")
    if headings is not None and not (isinstance(headings, list) and all(isinstance(h, str) for h in headings)):
        raise EvaluationError(f"{place}: metadata.headings is {headings!r}, not a list of texts")
    return Passage(
        id=id,
        title=row.get("title") or "",
        text=_text(row, "text", place),
        document_id=str(document_id),
        ordinal=ordinal,
        headings=None if headings is None else tuple(headings),
    )


def _judgements(path: Path) -> Iterator[tuple[str, str, str, int]]:
    """Place, query id, passage id, grade; a first line that names its columns is passed over."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE), 1):
            if not row or (number == 1 and not row[-1].lstrip("-").isdecimal()):
                continue
            place = f"{path}:{number}"
            if len(row) != 3 or not row[2].lstrip("-").isdecimal():
                raise EvaluationError(f"{place}: {row!r}; a line is query id, passage id and grade with tabs between")
            yield place, row[0], row[1], int(row[2])
