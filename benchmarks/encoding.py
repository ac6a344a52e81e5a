"""How close the encoder, and a whole ingest, come to what the machine's matrix products allow."""

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from benchmarks.processes import measure
from rag import Rag
from rag.build import build_encoder
from rag.models.devices import computes_bfloat16
from rag.models.files import model_folder, read_json
from rag.models.threads import tokens_at_a_time
from rag.protocols import Encoder
from rag.settings import Embedding, Settings

FOLDER = "handbook/content"
ROUNDS = 3
PRODUCTS_S = 3.0
"""How long matrix products are measured in a round."""
CHUNKS = 1_500
"""Of the folder's, evenly spread, for the encoder alone."""
SAME = 0.98
"""Cosine from which two vectors of a chunk are the same in bfloat16."""


def run(data: Path) -> int:
    """Print tokens a second of the products alone, the encoder, and a whole ingest; then shares of the first."""
    folder = data / FOLDER
    if not folder.is_dir():
        print(f"{folder}: no such folder; see docs/benchmarks.md", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as temporary:
        overrides = [f"store.path={temporary}/index"]
        first = _ingest(folder, overrides)
        with Rag.open(folder, overrides=overrides) as corpus:
            texts, settings = _texts(corpus), corpus.settings
    for name in ("cpu", *(["cuda"] if torch.cuda.is_available() else [])):
        _print(name, settings, texts, folder, first if name == "cpu" else None)
    return 0


def _print(device: str, settings: Settings, texts: Sequence[str], folder: Path, ingested: float | None) -> None:
    """A device's rates, measured in turns."""
    embedding = settings.embedding.model_copy(update={"device": device})
    encoder = build_encoder(settings.model_copy(update={"embedding": embedding}))
    dtype = torch.bfloat16 if computes_bfloat16(embedding.dtype, torch.device(device)) else torch.float32
    rates: dict[str, list[float]] = {"matrix products": [], "encoder": [], "whole ingest": []}
    for number in range(ROUNDS):
        rates["matrix products"].append(products(embedding, dtype))
        rates["encoder"].append(_encode(encoder, texts))
        if ingested is not None and number == 0:
            rates["whole ingest"].append(ingested)
            continue
        with tempfile.TemporaryDirectory() as temporary:
            overrides = [f"store.path={temporary}/index", f"embedding.device={device}"]
            rates["whole ingest"].append(_ingest(folder, overrides))
    print(f"\n{device}, {str(dtype).removeprefix('torch.')}, {torch.get_num_threads()} threads, {ROUNDS} rounds\n")
    limit = float(np.median(rates["matrix products"]))
    for what, found in rates.items():
        low, middle, high = min(found), float(np.median(found)), max(found)
        print(f"{what:16}{middle:10,.0f} tokens/s ({low:,.0f} to {high:,.0f})  {middle / limit:.2f} of the products")
    if device != "cpu":
        on_cpu = build_encoder(settings).encode(texts[:200], kind="document")
        least = float((on_cpu * encoder.encode(texts[:200], kind="document")).sum(axis=1).min())
        print(f"least cosine with the CPU's vectors: {least:.4f}, {'the same' if least >= SAME else 'NOT THE SAME'}")


def products(embedding: Embedding, dtype: torch.dtype) -> float:
    """Tokens a second of the model's linear layers alone, in batches as the encoder has them."""
    config = read_json(model_folder(embedding.model) / "config.json", dict)
    d, inner, layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    rows = tokens_at_a_time(embedding)
    x, wide = (torch.randn(rows, n, device=embedding.device, dtype=dtype) for n in (d, inner))
    shapes = [(x, 3 * d), (x, d), (x, inner), (wide, d)]
    weights = [(a, torch.randn(n, a.shape[1], device=embedding.device, dtype=dtype)) for a, n in shapes]
    tokens, started = 0, time.perf_counter()
    with torch.inference_mode():
        while time.perf_counter() - started < PRODUCTS_S:
            for _ in range(layers):
                for a, weight in weights:
                    F.linear(a, weight)
            _wait(embedding.device)
            tokens += rows
    return tokens / (time.perf_counter() - started)


def _wait(device: str) -> None:
    if device != "cpu":
        torch.cuda.synchronize()


def _encode(encoder: Encoder, texts: Sequence[str]) -> float:
    before, started = encoder.tokens_encoded, time.perf_counter()
    encoder.encode(texts, kind="document")
    return (encoder.tokens_encoded - before) / (time.perf_counter() - started)


def _ingest(folder: Path, overrides: Sequence[str]) -> float:
    """Real tokens a second of `rag ingest`, from its start to its end."""
    options = [word for override in overrides for word in ("--set", override)]
    done = measure([sys.executable, "-m", "rag", "ingest", str(folder), "--json", *options])
    if done.status not in (0, 3):
        raise SystemExit(f"rag ingest {folder} ended with status {done.status}")
    encoded: int = json.loads(done.stdout)["tokens_encoded"]
    return encoded / done.seconds


def _texts(corpus: Rag) -> list[str]:
    shown = [corpus.show(document.document_id) for document in corpus.listing().documents]
    texts = [document.text[chunk["start"] : chunk["end"]] for document in shown for chunk in document.chunks]
    return texts[:: max(1, len(texts) // CHUNKS)]
