"""A small judged data set."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.corpora import FACTS

ROWS = [
    {"_id": f"{key}#{n}", "title": key, "text": part, "metadata": {"document_id": key, "ordinal": n}}
    for key, text in FACTS.items()
    for n, part in enumerate(part for part in text.split("\n\n") if not part.startswith("#"))
]
QUERIES = [
    {"_id": "q1", "text": "How long is green tea brewed?"},
    {"_id": "q2", "text": "How long does a French press steep?"},
    {"_id": "q3", "text": "nobody judged this"},
]
JUDGED = "query-id\tcorpus-id\tscore\nq1\talpha/guide.md#0\t1\nq2\tbeta/guide.md#0\t2\nq2\twater.md#0\t0\n"

MakeData = Callable[..., Path]


@pytest.fixture
def make_data(tmp_path: Path) -> MakeData:
    """Write a folder in the BEIR layout."""

    def make(corpus: Any = ROWS, queries: Any = QUERIES, judged: str = JUDGED) -> Path:
        folder = tmp_path / "facts"
        (folder / "qrels").mkdir(parents=True)
        for name, rows in (("corpus.jsonl", corpus), ("queries.jsonl", queries)):
            text = rows if isinstance(rows, str) else "".join(json.dumps(row) + "\n" for row in rows)
            (folder / name).write_text(text, encoding="utf-8")
        (folder / "qrels/test.tsv").write_text(judged, encoding="utf-8")
        return folder

    return make
