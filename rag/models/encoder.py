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
        import torch

        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        with self._lock, torch.inference_mode():
            sequences = self._sequences(texts, self.tokenizer.prompts[kind])
            for batch in _batches([len(ids) for ids in sequences], self._batch_tokens):
                states = self._backbone.states([sequences[i] for i in batch])
                pooled = torch.stack([s.float().mean(0) if self._pooling == "mean" else s[0].float() for s in states])
                vectors[batch] = torch.nn.functional.normalize(pooled, dim=1).cpu().numpy()
        if not np.isfinite(vectors).all():
            raise ModelError("the encoder computed values that are not numbers: set embedding.dtype: float32")
        return vectors

    def _sequences(self, texts: Sequence[str], prompt: str) -> list[list[int]]:
        """Ids of each text with its special tokens, cut to the window, everything counted.

        A question may hold words that are too long for the tokenizer as well as a chunk.
        """
        tokenizer = self.tokenizer
        sequences = []
        whole = [prompt + split_long_words(text, tokenizer.max_word_chars) for text in texts]
        for ids in tokenizer.ids(whole):
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
