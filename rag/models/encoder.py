"""The dense encoder: texts -> unit vectors, computed in this process by torch or OpenVINO."""

import importlib.util
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.chunking.words import split_long_words
from rag.errors import ModelError
from rag.models.files import model_folder, read_json, weight_files
from rag.models.pooling import Pooling, pooling_of
from rag.models.tokenizer import EncoderTokenizer
from rag.points import Vector
from rag.protocols import Spans
from rag.settings import Embedding

if TYPE_CHECKING:
    import torch


_NO_PARTS = np.empty((0, 2), np.int64)
FEW_TOKENS = 256
"""Up to here one thread is nearly as fast as several, which would have to be woken and waited for: 3.3 ms for a
question instead of 2.3 on two idle cores, and far less on busy ones."""
ASKED_S = 5.0
"""How long after a question documents are encoded with a thread less: who asked is likely to go on."""


class Backbone(Protocol):
    """A transformer without its pooling."""

    dimension: int

    def states(self, sequences: Sequence[Sequence[int]]) -> "list[torch.Tensor]":
        """Token ids of each text, special tokens included -> last hidden states (tokens, dimension) of each."""
        ...


class DenseEncoder:
    """Implements `rag.protocols.Encoder`, for any thread; no question waits until a job's documents are encoded.

    Attributes:
        tokenizer: its tokenizer.
        dimension: length of a vector.
        tokens_encoded: tokens read so far, special tokens not counted.
        tokens_truncated: tokens beyond the window so far, which no vector has seen.
        tokens_unknown: how many of the tokens read were the unknown token.
    """

    def __init__(self, tokenizer: EncoderTokenizer, backbone: Backbone, pooling: Pooling, batch_tokens: int) -> None:
        self.tokenizer, self.dimension = tokenizer, backbone.dimension
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
        import torch

        vectors = np.empty((len(ids), self.dimension), dtype=np.float32)
        of_parts = [np.empty((0, self.dimension), dtype=np.float32)] * len(ids)
        before = len(self.tokenizer.prefix)
        with self._counting:
            sequences = self._sequences(ids)
        with torch.inference_mode():
            for batch in self._batches([len(sequence) for sequence in sequences], kind):
                states = [s.float() for s in self._backbone.states([sequences[i] for i in batch])]
                vectors[batch] = _unit(torch.stack([s.mean(0) if self._pooling == "mean" else s[0] for s in states]))
                for i, s in zip(batch, states, strict=True):
                    inner = s[before : len(s) - len(self.tokenizer.suffix)]
                    if len(parts[i]):
                        of_parts[i] = _unit(_sums(inner, torch.from_numpy(parts[i]).to(inner.device)))
        if not all(np.isfinite(v).all() for v in (vectors, *of_parts)):
            raise ModelError("the encoder computed values that are not numbers: set embedding.dtype: float32")
        return vectors, of_parts

    def _batches(self, lengths: Sequence[int], kind: Literal["query", "document"]) -> Iterator[list[int]]:
        """Positions of texts that are read together.

        What is one batch waits for nobody. More than that takes turns, and leaves a core to whoever asks questions.
        """
        import torch

        if kind == "query":
            self._asked = time.monotonic()
        found = list(batches(lengths, self._batch_tokens))
        threads = torch.get_num_threads()
        with self._turns if len(found) > 1 else nullcontext():
            try:
                for batch in found:
                    torch.set_num_threads(self._threads(threads, len(found), sum(lengths)))  # of this thread alone
                    yield batch
            finally:
                torch.set_num_threads(threads)

    def _threads(self, all_threads: int, batches: int, tokens: int) -> int:
        """How many threads compute a batch, of a call with so many batches and tokens."""
        if batches > 1:
            return max(1, all_threads - (time.monotonic() - self._asked < ASKED_S))
        if tokens <= FEW_TOKENS:
            return 1
        return max(1, all_threads // 2) if self._turns.locked() else all_threads

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
    tokenizer = EncoderTokenizer(folder)
    config = read_json(folder / "config.json", dict)
    pooling = pooling_of(folder, settings.pooling)
    with ThreadPoolExecutor(max_workers=1) as pool:
        checked = pool.submit(weight_files, folder, settings.model)  # hashes while torch is imported
        import torch
    weights = checked.result()

    device = device_named(settings.device, "embedding.device")
    bfloat16 = computes_bfloat16(settings.dtype, device)
    dtype = torch.bfloat16 if bfloat16 else torch.float32
    from rag.models.bert_weights import covers, read_weights

    backbone: Backbone
    if computed_by_openvino(settings):
        from rag.models.bert_openvino import OpenVinoBert

        backbone = OpenVinoBert(read_weights(config, weights, torch.float32, device), bfloat16=bfloat16)
    elif covers(config):
        from rag.models.bert import Bert

        backbone = Bert(read_weights(config, weights, dtype, device))
    else:
        from rag.models.auto import AutoBackbone

        backbone = AutoBackbone(folder, tokenizer.pad_id, dtype, device)
    return DenseEncoder(tokenizer, backbone, pooling, settings.batch_tokens)


def computed_by_openvino(settings: Embedding) -> bool:
    """Whether OpenVINO computes the model; auto lets it where it is installed and can.

    Raises:
        ModelError: it is asked for and cannot; or the model's config.json cannot be read.
    """
    if settings.backend == "torch" or (settings.backend == "auto" and importlib.util.find_spec("openvino") is None):
        return False
    from rag.models.bert_weights import covers

    own_forward = covers(read_json(model_folder(settings.model) / "config.json", dict))
    if own_forward and settings.device == "cpu":
        return True
    if settings.backend == "openvino":
        why = f"embedding.device is {settings.device}" if own_forward else f"{settings.model} is no BERT model"
        raise ModelError(f"embedding.backend openvino computes BERT models on the CPU, and {why}: set it to torch")
    return False


def _positions(text: str, split: str) -> NDArray[np.int64]:
    """Where each character of a text, and its end, is in the text with long words split."""
    found, at = [], 0
    for character in text:
        at += split[at] != character  # a space that was added; it never stands before one of the text's own
        found.append(at)
        at += 1
    return np.array([*found, at])


def _sums(states: "torch.Tensor", runs: "torch.Tensor") -> "torch.Tensor":
    """Sums of the states (n, d) over runs (m, 2) -> (m, d), all at once."""
    import torch

    before = torch.nn.functional.pad(states.cumsum(0, dtype=torch.float64), (0, 0, 1, 0))
    first, end = runs.clamp(max=len(states)).unbind(1)
    return (before[torch.maximum(first, end)] - before[first]).float()


def _unit(rows: "torch.Tensor") -> Vector:
    import torch

    return torch.nn.functional.normalize(rows, dim=1).cpu().numpy()


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


def device_named(name: str, key: str) -> "torch.device":
    """The device, if it can be used.

    Args:
        key: of the corpus file, which names it.

    Raises:
        ModelError: it cannot.
    """
    import torch

    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except Exception as error:  # assertion, runtime and driver errors alike
        reason = str(error).partition("\n")[0]
        raise ModelError(f"{key} {name!r} cannot be used ({reason}): set {key}: cpu") from None
    return device


def computes_bfloat16(dtype: str, device: "torch.device") -> bool:
    """Whether to compute in bfloat16; auto does where the hardware does (emulated it is several times slower)."""
    import torch

    if dtype != "auto":
        return dtype == "bfloat16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported())
