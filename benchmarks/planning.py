"""`rag plan` where nothing changed: many tiny files, and a corpus that knows all of them."""

import argparse
import json
import os
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.processes import measure
from rag.build import build_connectors, build_store
from rag.ingest.generations import activate_generation, begin_generation
from rag.points import Point
from rag.settings import load_settings
from rag.store.records import chunk_payload, document_payload, document_point_id, text_payload
from rag.types import Chunk, Document, SourceItem, stable_id

DOCUMENTS, CHUNKS, DIMENSION, GROUP, RUNS = 100_000, 2, 384, 500, 3
TEXT = "Granite is a coarse-grained rock, mostly of quartz, alkali feldspar and plagioclase. " * 60
"""As long as a page of a handbook: the stored documents are of common size, only their files are tiny."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What can be chosen on the command line."""
    parser.add_argument("--documents", type=int, metavar="N", default=DOCUMENTS, help="that the corpus has")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where files and index stay and are used again")


def run(options: argparse.Namespace) -> int:
    """Measure in the folder that was named, or in one that goes again."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        print_plan(folder, options.documents)
    return 0


def print_plan(folder: Path, documents: int = DOCUMENTS) -> None:
    """Seconds and memory of `rag plan`, and what looking at each file once takes by itself.

    Args:
        folder: for the files and the index, which are used again where they are there.
    """
    folder = folder / f"plan-{documents}"
    folder.mkdir(exist_ok=True)
    files, config = folder / "files", folder / "plan.yaml"
    store = {"kind": "edge", "path": str(folder / "plan")}
    config.write_text(json.dumps({"name": "plan", "sources": [{"kind": "files", "path": str(files)}], "store": store}))
    if not (folder / "done").exists():
        _write_files(files, documents)
        _write_records(config)
        (folder / "done").touch()
    print(f"\n## rag plan, {documents:,} documents, none changed\n")
    print(f"os.scandir and os.stat alone: {_looked_at(files):.2f} s of processor time")
    for _ in range(RUNS):
        done = measure([sys.executable, "-m", "rag", "plan", str(config), "--json"])
        plan = json.loads(done.stdout)
        if plan["unchanged"] != documents:
            raise SystemExit(f"{plan['unchanged']} of {documents} documents are unchanged")
        peak = f"peak {done.peak_bytes / 1e6:,.0f} MB"
        print(f"{done.seconds:.1f} s, {done.cpu_seconds:.1f} s of processor time, {peak}", flush=True)


def _looked_at(folder: Path) -> float:
    """Seconds of processor time that a listing of these files cannot do without."""
    started, folders = time.process_time(), [str(folder)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    folders.append(entry.path)
                else:
                    entry.stat()
    return time.process_time() - started


def _write_files(folder: Path, documents: int) -> None:
    for n in range(documents):
        path = folder / f"{n // 1000:03}" / f"{n:06}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# Sample {n}\n\nSample {n} was found at site {n}.\n", encoding="utf-8")


def _write_records(config: Path) -> None:
    """What an ingestion would have left of these files, with less in the vectors."""
    settings = load_settings(config)
    store = build_store(settings, create=True, wait_s=10)
    try:
        generation = begin_generation(store, settings.name, settings.index_settings(), DIMENSION)
        activate_generation(store, settings.name, generation, unfinished=False)
        rng = np.random.default_rng(0)
        (connector,) = build_connectors(settings, caches=False, only=["files"])
        items = [item for item in connector.list() if isinstance(item, SourceItem)]
        for start in range(0, len(items), GROUP):
            chunks, documents, texts = [], [], []
            for item in items[start : start + GROUP]:
                point, text, of_chunks = _points(item, rng)
                documents.append(point)
                texts.append(text)
                chunks += of_chunks
            store.upsert(generation.chunks, chunks)
            store.upsert(generation.texts, texts)
            store.upsert(generation.documents, documents)
        for name in generation.collections:
            store.flush(name)
            store.compact(name)
    finally:
        store.close()


def _points(item: SourceItem, rng: np.random.Generator) -> tuple[Point, Point, list[Point]]:
    document = Document(
        id=item.id,
        source=item.source,
        uri=item.uri,
        title=item.key,
        mime=item.mime or "",
        text=f"{item.key}\n{TEXT}",
        elements=(),
        modified=item.modified,
        size=item.size,
    )
    cuts = np.linspace(0, len(document.text), CHUNKS + 1).astype(int).tolist()
    chunks = [
        Chunk(
            id=stable_id(item.id, str(n)),
            document_id=item.id,
            ordinal=n,
            start=start,
            end=end,
            text=document.text[start:end],
            plain=document.text[start:end],
        )
        for n, (start, end) in enumerate(pairwise(cuts))
    ]
    rows = rng.standard_normal((CHUNKS, DIMENSION)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    payloads = [chunk_payload(document, chunk, item.key) for chunk in chunks]
    record = document_payload(document, item, 1, chunks, payloads)
    point = Point(id=document_point_id(document.id), vectors={"mean": rows[0]}, payload=record)
    made = zip(chunks, payloads, rows, strict=True)
    whole = Point(id=point.id, vectors={}, payload=text_payload(document))
    return point, whole, [Point(id=chunk.id, vectors={"raw": row}, payload=payload) for chunk, payload, row in made]
