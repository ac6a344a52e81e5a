"""The collections and points that the contract is tested with."""

from dataclasses import replace
from typing import Any

import numpy as np

from rag.points import CollectionSchema, Point, SparseVector, Vector
from rag.types import stable_id

DIMENSION = 64
SCHEMA = CollectionSchema(
    name="chunks__g1",
    dense={"raw": DIMENSION, "situated": DIMENSION},
    multi={"sentences": DIMENSION},
    sparse=("lexical",),
    metadata={"settings": {"chunking.max_tokens": 200}, "list": [1, None, "ü"]},
)
INDEXED = replace(
    SCHEMA,
    indexes={
        "acl": "keyword",
        "ordinal": "integer",
        "modified": "datetime",
        "metadata.team": "keyword",
        "metadata.my key": "keyword",
        "metadata.a.b": "keyword",
        "metadata.flag": "keyword",
    },
)
TEXTS = ("plain", "Größe, naïve — “quotes”", "日本語の文章", "ไทย", "مرحبا", "a\x00b\tc\n", "👩‍👩‍👧 𝒳", "")


def unit_vectors(count: int, seed: int) -> Vector:
    """(count, DIMENSION) float32, unit norm."""
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSION), dtype=np.float32)
    unit: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def terms(weights: dict[int, float]) -> SparseVector:
    """Term id -> weight as a sparse vector."""
    indices = np.asarray(sorted(weights), dtype=np.uint32)
    return SparseVector(indices, np.asarray([weights[int(i)] for i in indices], dtype=np.float32))


def point_id(n: int) -> str:
    """The id of the n-th point of `points`."""
    return stable_id("contract", str(n))


def points(count: int, seed: int = 0) -> list[Point]:
    """Deterministic points with every vector, every kind of payload value, and some empty lexical and multi vectors."""
    rng = np.random.default_rng(seed + 1000)
    raw, situated = unit_vectors(count, seed), unit_vectors(count, seed + 1)
    sentences = [unit_vectors(n % 5, seed + 2000 + n) for n in range(count)]
    made = []
    for n in range(count):
        weights = {int(t): float(w) for t, w in zip(rng.zipf(1.3, 8) % 2**32, rng.uniform(0.1, 2.0, 8), strict=True)}
        made.append(
            Point(
                id=point_id(n),
                vectors={
                    "raw": raw[n],
                    "situated": situated[n],
                    "sentences": sentences[n],
                    "lexical": terms(weights if n % 10 != 9 else {}),
                },
                payload={
                    "text": TEXTS[n % len(TEXTS)],
                    "acl": [["*"], ["staff"], ["u:ann", "g:größe"], []][n % 4],
                    "ordinal": n,
                    "modified": f"2026-{n % 12 + 1:02d}-03T00:00:00Z",
                    "metadata": {
                        "team": ["billing", "日本", "5"][n % 3],
                        "my key": f"v{n % 5}",
                        "a.b": "dotted" if n % 2 else None,
                        "flag": bool(n % 2),
                        "level": n % 2,
                        "price": n / 4,
                        "tags": ["x", "y"][: n % 3],
                        "mixed": [True, 1, "1", 1.0, None][n % 5],
                    },
                },
            )
        )
    return made


def nested(depth: int) -> Any:
    """A payload value `depth` dicts deep."""
    return 1 if depth == 0 else {"d": nested(depth - 1)}
