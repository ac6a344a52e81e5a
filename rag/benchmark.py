"""How fast this machine encodes by each setting that decides it, and what the setting changes in what is found."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from rag.errors import CorpusMissingError
from rag.models.backbones import computed_by_openvino
from rag.models.encoder import DenseEncoder, load_encoder
from rag.models.files import model_folder
from rag.points import Vector
from rag.settings import Embedding

if TYPE_CHECKING:
    from rag.corpus import Rag

TEXTS = 200
"""Chunks that are encoded, evenly spread over the documents."""
ROUNDS = 3
TOP = 10

Backend = Literal["torch", "openvino"]
Dtype = Literal["float32", "bfloat16"]
Way: TypeAlias = tuple[Backend, Dtype]
EXACT: Way = ("torch", "float32")
"""What others are compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """One way to encode.

    Attributes:
        backend, dtype: values of `embedding.backend` and `embedding.dtype`.
        threads: how many compute, which OMP_NUM_THREADS sets.
        tokens_per_second: the median of rounds that alternate with those of the other ways.
        same_top: share of the ten best chunks that are those of torch in float32, over all questions.
        cosine_difference: the most by which a cosine of question and chunk differs from that of torch in float32.
        chosen: what the settings choose now.
    """

    backend: Backend
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
    texts, questions = _sample(corpus)
    embedding = corpus.settings.embedding
    encoders = {way: _encoder(embedding, *way) for way in _ways(embedding)}
    chosen = _chosen(embedding)
    all_threads = encoders[EXACT].threads
    threads = sorted({1, all_threads}) if embedding.device == "cpu" else [all_threads]
    vectors = {way: encoder.encode(texts, kind="document") for way, encoder in encoders.items()}  # warms them up
    rates: dict[tuple[Way, int], list[float]] = {(way, number): [] for way in encoders for number in threads}
    tokens = 0
    for _ in range(ROUNDS):
        for (way, number), found in rates.items():
            encoders[way].threads = number
            tokens, seconds = _timed(encoders[way], texts)
            found.append(tokens / seconds)
    # last: for seconds after a question the encoder leaves a core to whoever asks
    cosines = {way: encoder.encode(questions, kind="query") @ vectors[way].T for way, encoder in encoders.items()}
    exact = cosines[EXACT]
    speeds = [
        Speed(
            backend=way[0],
            dtype=way[1],
            threads=number,
            tokens_per_second=round(median(found), 1),
            same_top=round(_same_top(exact, cosines[way]), 4),
            cosine_difference=round(float(np.abs(exact - cosines[way]).max()), 6),
            chosen=(way, number) == (chosen, all_threads),
        )
        for (way, number), found in rates.items()
    ]
    return EncoderBenchmark(
        model=embedding.model,
        device=embedding.device,
        texts=len(texts),
        tokens=tokens,
        speeds=tuple(sorted(speeds, key=lambda speed: -speed.tokens_per_second)),
    )


def _ways(settings: Embedding) -> list[Way]:
    """Those that can be had here."""
    auto = settings.model_copy(update={"backend": "auto"})
    ways: list[Way] = [("torch", "float32"), ("torch", "bfloat16")]
    if computed_by_openvino(auto, model_folder(settings.model)):
        from rag.models.bert_openvino import computes_bfloat16

        ways.append(("openvino", "float32"))
        if computes_bfloat16():
            ways.append(("openvino", "bfloat16"))
    return ways


def _chosen(settings: Embedding) -> Way:
    """The way that the settings mean."""
    openvino = computed_by_openvino(settings, model_folder(settings.model))
    bfloat16 = load_encoder(settings).bfloat16
    return "openvino" if openvino else "torch", "bfloat16" if bfloat16 else "float32"


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


def _encoder(settings: Embedding, backend: Backend, dtype: Dtype) -> DenseEncoder:
    return load_encoder(settings.model_copy(update={"backend": backend, "dtype": dtype}))


def _timed(encoder: DenseEncoder, texts: Sequence[str]) -> tuple[int, float]:
    """Tokens, and seconds for them."""
    before, started = encoder.tokens_encoded, time.perf_counter()
    encoder.encode(texts, kind="document")
    return encoder.tokens_encoded - before, time.perf_counter() - started


def _same_top(exact: Vector, other: Vector) -> float:
    """Share of the `TOP` best columns of each row that both have."""
    top = min(TOP, exact.shape[1])
    best = [np.argsort(-cosines, axis=1, kind="stable")[:, :top] for cosines in (exact, other)]
    return float(np.mean([len({*a} & {*b}) / top for a, b in zip(*map(np.ndarray.tolist, best), strict=True)]))
