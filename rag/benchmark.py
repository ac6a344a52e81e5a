"""How fast this machine encodes by each setting that decides it, and what the setting changes in what is found."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rag import build
from rag.errors import CorpusMissingError
from rag.points import Vector

if TYPE_CHECKING:
    from rag.corpus import Rag
    from rag.protocols import Encoder

TEXTS = 100
"""Chunks that are encoded, evenly spread over the documents."""
ROUNDS = 3
TOP = 10

Dtype = Literal["float32", "bfloat16"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """One way to encode.

    Attributes:
        dtype: value of `embedding.dtype`.
        threads: of torch, which OMP_NUM_THREADS sets.
        tokens_per_second: the median of rounds that alternate with those of the other ways.
        same_top: share of the ten best chunks that are those of float32, over all questions.
        cosine_difference: the most by which a cosine of question and chunk differs from that of float32.
        chosen: what the settings choose now.
    """

    dtype: Dtype
    threads: int
    tokens_per_second: float
    same_top: float
    cosine_difference: float
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderBenchmark:
    """All ways to encode, the fastest first.

    Attributes:
        texts, tokens: of the corpus, that were encoded in each round.
    """

    model: str
    device: str
    texts: int
    tokens: int
    speeds: tuple[Speed, ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def benchmark(corpus: "Rag") -> EncoderBenchmark:
    """Measure the corpus' encoder on chunks of the corpus. Writes nothing.

    Raises:
        CorpusMissingError: the corpus holds no text.
    """
    import torch

    from rag.models.encoder import computes_bfloat16

    texts, questions = _sample(corpus)
    embedding, all_threads = corpus.settings.embedding, torch.get_num_threads()
    chosen = "bfloat16" if computes_bfloat16(embedding.dtype, torch.device(embedding.device)) else "float32"
    threads = sorted({1, all_threads}) if embedding.device == "cpu" else [all_threads]
    names: tuple[Dtype, ...] = ("float32", "bfloat16")
    encoders = {name: _encoder(corpus, name) for name in names}
    vectors = {name: encoder.encode(texts, kind="document") for name, encoder in encoders.items()}  # warms them up
    rates: dict[tuple[Dtype, int], list[float]] = {(name, number): [] for name in names for number in threads}
    tokens = 0
    try:
        for _ in range(ROUNDS):
            for (name, number), found in rates.items():
                torch.set_num_threads(number)
                tokens, seconds = _timed(encoders[name], texts)
                found.append(tokens / seconds)
    finally:
        torch.set_num_threads(all_threads)
    # last: for seconds after a question the encoder leaves a core to whoever asks
    cosines = {name: encoder.encode(questions, kind="query") @ vectors[name].T for name, encoder in encoders.items()}
    speeds = [
        Speed(
            dtype=name,
            threads=number,
            tokens_per_second=round(median(found), 1),
            same_top=round(_same_top(cosines["float32"], cosines[name]), 4),
            cosine_difference=round(float(np.abs(cosines["float32"] - cosines[name]).max()), 6),
            chosen=(name, number) == (chosen, all_threads),
        )
        for (name, number), found in rates.items()
    ]
    return EncoderBenchmark(
        model=embedding.model,
        device=embedding.device,
        texts=len(texts),
        tokens=tokens,
        speeds=tuple(sorted(speeds, key=lambda speed: -speed.tokens_per_second)),
    )


def _sample(corpus: "Rag") -> tuple[list[str], list[str]]:
    """Chunks, and what situates them as questions."""
    ids = [document.document_id for document in corpus.listing().documents]
    texts, questions = [], []
    each = -(-TEXTS // max(1, len(ids)))
    for id in ids[:: max(1, len(ids) // TEXTS)][:TEXTS]:
        document = corpus.show(id)
        for chunk in document.chunks[:: max(1, len(document.chunks) // each)][:each]:
            texts.append(document.text[chunk["start"] : chunk["end"]])
            questions.append(chunk["situation"] or document.title)
    if not texts:
        raise CorpusMissingError(f"corpus {corpus.name!r} holds no text to encode: run `rag ingest` on it first")
    return texts, sorted(set(questions))


def _encoder(corpus: "Rag", dtype: Dtype) -> "Encoder":
    settings = corpus.settings
    embedding = settings.embedding.model_copy(update={"dtype": dtype})
    return build.build_encoder(settings.model_copy(update={"embedding": embedding}))


def _timed(encoder: "Encoder", texts: Sequence[str]) -> tuple[int, float]:
    """Tokens, and seconds for them."""
    before, started = encoder.tokens_encoded, time.perf_counter()
    encoder.encode(texts, kind="document")
    return encoder.tokens_encoded - before, time.perf_counter() - started


def _same_top(exact: Vector, other: Vector) -> float:
    """Share of the `TOP` best columns of each row that both have."""
    top = min(TOP, exact.shape[1])
    best = [np.argsort(-cosines, axis=1, kind="stable")[:, :top] for cosines in (exact, other)]
    return float(np.mean([len({*a} & {*b}) / top for a, b in zip(*map(np.ndarray.tolist, best), strict=True)]))
