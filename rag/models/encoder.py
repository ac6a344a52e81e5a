"""The dense encoder: texts -> unit vectors, computed in this process by torch or OpenVINO."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rag.chunking.words import split_long_words
from rag.errors import ModelError
from rag.models.backbones import Backbone, load_backbone
from rag.models.files import model_folder
from rag.models.pooling import Pooling, pooling_of
from rag.models.threads import tokens_at_a_time
from rag.models.tokenizer import EncoderTokenizer
from rag.points import Vector
from rag.protocols import Spans
from rag.settings import Embedding

_NO_PARTS = np.empty((0, 2), np.int64)
FEW_TOKENS = 256
"""Up to here one thread is nearly as fast as several, which would have to be woken and waited for: 3.3 ms for a
question instead of 2.3 on two idle cores, and far less on busy ones."""
ASIDE_TOKENS = 8192
"""A call with more is a job's. What an answer encodes of its evidence is less, and waits for no job."""
_RUNS = 512
"""Runs that are summed at a time: a long text may have thousands."""
ASKED_S = 5.0
"""How long after a question documents are encoded with a thread less: who asked is likely to go on."""


class DenseEncoder:
    """Implements `rag.protocols.Encoder`, for any thread; no question waits until a job's documents are encoded.

    Attributes:
        tokenizer: its tokenizer.
        dimension: length of a vector.
        threads: how many compute documents where nobody asks questions.
        bfloat16: it computes in bfloat16, else in float32.
        tokens_encoded: tokens read so far, special tokens not counted.
        tokens_truncated: tokens beyond the window so far, which no vector has seen.
        tokens_unknown: how many of the tokens read were the unknown token.
    """

    def __init__(self, tokenizer: EncoderTokenizer, backbone: Backbone, pooling: Pooling, batch_tokens: int) -> None:
        self.tokenizer, self.dimension, self.threads = tokenizer, backbone.dimension, backbone.threads
        self.bfloat16 = backbone.bfloat16
        self.tokens_encoded = self.tokens_truncated = self.tokens_unknown = 0
        self._backbone, self._pooling, self._batch_tokens = backbone, pooling, batch_tokens
        self._turns, self._counting = threading.Lock(), threading.Lock()
        self._asked = -ASKED_S

    def encode(self, texts: Sequence[str], *, kind: Literal["query", "document"]) -> Vector:
        """Texts -> (n, dimension) float32, unit norm; row i belongs to text i; (0, dimension) for no texts.

        Raises:
            ModelError: the model computed something that is not a finite number.
        """
        prompt, longest = self.tokenizer.prompts[kind], self.tokenizer.max_word_chars
        # a question may hold words that are too long for the tokenizer as well as a chunk
        ids = self.tokenizer.ids([prompt + split_long_words(text, longest) for text in texts])
        return self._encoded(ids, [_NO_PARTS] * len(ids), kind)[0]

    def encode_parts(
        self, texts: Sequence[str], parts: Sequence[Spans], *, kind: Literal["query", "document"]
    ) -> tuple[Vector, list[Vector]]:
        """Texts and parts of them from one pass; see `rag.protocols.Encoder`.

        Raises:
            ModelError: as `encode`.
        """
        prompt, longest = self.tokenizer.prompts[kind], self.tokenizer.max_word_chars
        split = [split_long_words(text, longest) for text in texts]
        ids, rows = [], []
        located = self.tokenizer.located([prompt + text for text in split])
        for (found, starts), text, whole, spans in zip(located, texts, split, parts, strict=True):
            ids.append(found)
            bounds = np.asarray(spans, np.int64).reshape(-1, 2)
            if len(whole) > len(text):
                bounds = _positions(text, whole)[bounds]
            # white space before a word belongs to its token in some tokenizers: a span holds what begins before its end
            rows.append(np.searchsorted(np.asarray(starts) - len(prompt), bounds))
        return self._encoded(ids, rows, kind)

    def _encoded(
        self, ids: Sequence[list[int]], parts: Sequence[NDArray[np.int64]], kind: Literal["query", "document"]
    ) -> tuple[Vector, list[Vector]]:
        """Vectors of texts and of runs of their tokens.

        Args:
            parts: for each text, (m, 2) first and end of runs of its tokens; what lies beyond the window is 0.
        """
        vectors = np.empty((len(ids), self.dimension), dtype=np.float32)
        of_parts = [np.empty((0, self.dimension), dtype=np.float32)] * len(ids)
        before = len(self.tokenizer.prefix)
        with self._counting:
            sequences = self._sequences(ids)
        for batch, threads in self._batches([len(sequence) for sequence in sequences], kind):
            states = self._backbone.states([sequences[i] for i in batch], threads)
            vectors[batch] = _unit(np.stack([s.mean(0) if self._pooling == "mean" else s[0] for s in states]))
            for i, s in zip(batch, states, strict=True):
                inner = s[before : len(s) - len(self.tokenizer.suffix)]
                if len(parts[i]):
                    of_parts[i] = _unit(_sums(inner, parts[i]))
        if not all(np.isfinite(v).all() for v in (vectors, *of_parts)):
            raise ModelError("the encoder computed values that are not numbers: set embedding.dtype: float32")
        return vectors, of_parts

    def _batches(self, lengths: Sequence[int], kind: Literal["query", "document"]) -> Iterator[tuple[list[int], int]]:
        """Positions of texts that are read together, and how many threads compute them.

        What a few batches hold waits for nobody. A job takes turns, and leaves a core to whoever asks questions.
        """
        if kind == "query":
            self._asked = time.monotonic()
        tokens = sum(lengths)
        with self._turns if tokens > ASIDE_TOKENS else nullcontext():
            for batch in batches(lengths, self._batch_tokens):
                yield batch, self._threads(tokens)

    def _threads(self, tokens: int) -> int:
        """How many threads compute a batch, of a call with so many tokens."""
        if tokens > ASIDE_TOKENS:
            return max(1, self.threads - (time.monotonic() - self._asked < ASKED_S))
        if tokens <= FEW_TOKENS:
            return 1
        return max(1, self.threads // 2) if self._turns.locked() else self.threads

    def _sequences(self, texts: Sequence[list[int]]) -> list[list[int]]:
        """Ids of each text with its special tokens, cut to the window, everything counted."""
        tokenizer = self.tokenizer
        sequences = []
        for ids in texts:
            read = ids[: tokenizer.window]
            self.tokens_encoded += len(read)
            self.tokens_truncated += len(ids) - len(read)
            self.tokens_unknown += read.count(tokenizer.unknown_id) if tokenizer.unknown_id is not None else 0
            sequences.append([*tokenizer.prefix, *read, *tokenizer.suffix] or [tokenizer.pad_id])
        return sequences


def load_encoder(settings: Embedding) -> DenseEncoder:
    """Load the configured model.

    Raises:
        MissingDependencyError: the package that carries the model is not installed.
        ModelError: its files cannot be had or read, or ask for what is not supported (pickled weights, dense layers
            or other pooling behind the transformer, remote code), or the device is not there.
    """
    folder = model_folder(settings.model)
    tokenizer, pooling = EncoderTokenizer(folder), pooling_of(folder, settings.pooling)
    backbone = load_backbone(settings, folder, tokenizer.pad_id)
    return DenseEncoder(tokenizer, backbone, pooling, tokens_at_a_time(settings))


def _positions(text: str, split: str) -> NDArray[np.int64]:
    """Where each character of a text, and its end, is in the text with long words split."""
    found, at = [], 0
    for character in text:
        at += split[at] != character  # a space that was added; it never stands before one of the text's own
        found.append(at)
        at += 1
    return np.array([*found, at])


def _sums(states: Vector, runs: NDArray[np.int64]) -> Vector:
    """Sums of the states (n, d) over runs (m, 2) -> (m, d): a product with ones and zeros, a tenth of cumsum's time."""
    sums = np.empty((len(runs), states.shape[1]), np.float32)
    places = np.arange(len(states))
    for start in range(0, len(runs), _RUNS):
        first, end = runs[start : start + _RUNS, :, None].swapaxes(0, 1)
        np.matmul(((places >= first) & (places < end)).astype(np.float32), states, out=sums[start : start + _RUNS])
    return sums


def _unit(rows: Vector) -> Vector:
    with np.errstate(invalid="ignore"):  # what is no number is an error of its own
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), np.float32)


def batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Positions of texts of similar length, longest first; at most `budget` tokens with padding, or a single text."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batch and (len(batch) + 1) * lengths[batch[0]] > budget:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch
