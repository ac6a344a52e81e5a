"""The dense encoder: texts -> unit vectors, computed in this process by torch."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

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


class Backbone(Protocol):
    """A transformer without its pooling."""

    dimension: int

    def states(self, sequences: Sequence[Sequence[int]]) -> "list[torch.Tensor]":
        """Token ids of each text, special tokens included -> last hidden states (tokens, dimension) of each."""
        ...


class TorchEncoder:
    """Implements `rag.protocols.Encoder`; one encode at a time, from any thread.

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
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str], *, kind: Literal["query", "document"]) -> Vector:
        """Texts -> (n, dimension) float32, unit norm; row i belongs to text i; (0, dimension) for no texts.

        Raises:
            ModelError: the model computed something that is not a finite number.
        """
        prompt, longest = self.tokenizer.prompts[kind], self.tokenizer.max_word_chars
        # a question may hold words that are too long for the tokenizer as well as a chunk
        ids = self.tokenizer.ids([prompt + split_long_words(text, longest) for text in texts])
        return self._encoded(ids, [()] * len(ids))[0]

    def encode_parts(self, texts: Sequence[str], parts: Sequence[Spans]) -> tuple[Vector, list[Vector]]:
        """Documents and parts of them from one pass; see `rag.protocols.Encoder`.

        Args:
            texts: without words that are too long for the tokenizer, as chunks are.

        Raises:
            ModelError: as `encode`.
        """
        prompt = self.tokenizer.prompts["document"]
        ids, rows = [], []
        for (found, starts), spans in zip(self.tokenizer.located([prompt + t for t in texts]), parts, strict=True):
            ids.append(found)
            # white space before a word belongs to its token in some tokenizers: a span holds what begins before its end
            bounds = np.searchsorted(np.asarray(starts) - len(prompt), np.asarray(spans, np.int64).reshape(-1, 2))
            rows.append([(int(low), int(high)) for low, high in bounds])
        return self._encoded(ids, rows)

    def _encoded(self, ids: Sequence[list[int]], parts: Sequence[Spans]) -> tuple[Vector, list[Vector]]:
        """Vectors of texts and of runs of their tokens.

        Args:
            parts: for each text, (first, end) of runs of its tokens; what lies beyond the window has no vector.
        """
        import torch

        vectors = np.empty((len(ids), self.dimension), dtype=np.float32)
        of_parts = [np.empty((0, self.dimension), dtype=np.float32)] * len(ids)
        before = len(self.tokenizer.prefix)
        with self._lock, torch.inference_mode():
            sequences = self._sequences(ids)
            for batch in _batches([len(sequence) for sequence in sequences], self._batch_tokens):
                states = [s.float() for s in self._backbone.states([sequences[i] for i in batch])]
                vectors[batch] = _unit(torch.stack([s.mean(0) if self._pooling == "mean" else s[0] for s in states]))
                for i, s in zip(batch, states, strict=True):
                    inner = s[before : len(s) - len(self.tokenizer.suffix)]
                    means = [inner[low:high].mean(0) for low, high in parts[i] if low < min(high, len(inner))]
                    if means:
                        of_parts[i] = _unit(torch.stack(means))
        if not all(np.isfinite(v).all() for v in (vectors, *of_parts)):
            raise ModelError("the encoder computed values that are not numbers: set embedding.dtype: float32")
        return vectors, of_parts

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


def load_encoder(settings: Embedding) -> TorchEncoder:
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

    device = _device(settings.device)
    dtype = torch.bfloat16 if _computes_bfloat16(settings.dtype, device) else torch.float32
    from rag.models.bert import Bert, covers

    backbone: Backbone
    if covers(config):
        backbone = Bert(config, weights, dtype, device)
    else:
        from rag.models.auto import AutoBackbone

        backbone = AutoBackbone(folder, tokenizer.pad_id, dtype, device)
    return TorchEncoder(tokenizer, backbone, pooling, settings.batch_tokens)


def _unit(rows: "torch.Tensor") -> Vector:
    import torch

    return torch.nn.functional.normalize(rows, dim=1).cpu().numpy()


def _batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Positions of texts of similar length, longest first; at most `budget` tokens with padding, or a single text."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batch and (len(batch) + 1) * lengths[batch[0]] > budget:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _device(name: str) -> "torch.device":
    import torch

    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except Exception as error:  # assertion, runtime and driver errors alike
        reason = str(error).partition("\n")[0]
        raise ModelError(f"embedding.device {name!r} cannot be used ({reason}): set embedding.device: cpu") from None
    return device


def _computes_bfloat16(dtype: str, device: "torch.device") -> bool:
    """Whether to compute in bfloat16; auto does where the hardware does (emulated it is several times slower)."""
    import torch

    if dtype != "auto":
        return dtype == "bfloat16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported())
