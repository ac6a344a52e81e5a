"""What each vector takes on disk: written to an index of its own, and weighed."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rag.evaluation.retrieval import index_bytes
from rag.legs import LEGS
from rag.points import CollectionSchema, Point
from rag.retrieval.scoring import Scorer
from rag.store.edge import EdgeStore
from rag.store.schema import chunks_schema, documents_schema

PAYLOAD = "payload"
"""Texts, states and what is filtered on, of chunks and documents."""


def bytes_per_chunk(scorer: Scorer, dimension: int) -> dict[str, float]:
    """Leg -> bytes of its vectors on disk, by chunk of the corpus; and that of the payload.

    The engine's write-ahead log is left out, whose size does not depend on the corpus'.

    Args:
        scorer: of an index with all legs.
        dimension: of its dense vectors.
    """
    chunks, sizes = scorer.store.count(scorer.chunks), {PAYLOAD: 0.0}
    for kind, name, schema in (
        ("chunks", scorer.chunks, chunks_schema("one", dimension, {})),
        ("documents", scorer.documents, documents_schema("one", dimension, {})),
    ):
        vectors = (*schema.dense, *schema.multi, *schema.sparse)
        records = scorer.store.scroll(name, vectors=vectors)
        points = [Point(id=record.id, vectors=record.vectors, payload=record.payload) for record in records]
        bare = [replace(point, payload={}) for point in points]
        empty = _weigh(bare, _only(schema, ""))
        sizes[PAYLOAD] += _weigh(points, replace(_only(schema, ""), indexes=schema.indexes)) / chunks
        for vector in vectors:
            weight = (_weigh(bare, _only(schema, vector)) - empty) / chunks
            sizes.update({leg: weight for leg, of in LEGS.items() if (of.collection, of.vector) == (kind, vector)})
    return sizes


def _only(schema: CollectionSchema, vector: str) -> CollectionSchema:
    """The collection with one of its vectors; without any, with one that no point has."""
    dense = {name: size for name, size in schema.dense.items() if name == vector}
    multi = {name: size for name, size in schema.multi.items() if name == vector}
    sparse = tuple(name for name in schema.sparse if name == vector)
    return replace(
        schema, dense=dense, multi=multi, sparse=sparse if dense or multi or sparse else ("none",), indexes={}
    )


def _weigh(points: Sequence[Point], schema: CollectionSchema) -> int:
    """Blocks that the points take, with the vectors that the collection has."""
    kept: Mapping[str, object] = {**schema.dense, **schema.multi, **dict.fromkeys(schema.sparse)}
    with tempfile.TemporaryDirectory() as folder:
        with EdgeStore(Path(folder), create=True) as store:
            store.create(schema)
            store.upsert(
                schema.name,
                [replace(p, vectors={name: v for name, v in p.vectors.items() if name in kept}) for p in points],
            )
            store.compact(schema.name)
            store.flush(schema.name)
        return index_bytes(Path(folder))
