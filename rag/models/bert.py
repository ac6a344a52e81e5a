"""BERT's forward pass, straight from safetensors: a query is encoded seconds before transformers would be imported.

Covers exactly the encoders that `covers` accepts (MiniLM, BGE, E5, GTE and others of model type "bert"). Texts lie
behind one another without padding between them; only attention looks at them one by one, those of equal length
together.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from safetensors import SafetensorError
from safetensors.torch import load_file

from rag.errors import ModelError

_GELU = {"gelu": "none", "gelu_new": "tanh", "gelu_pytorch_tanh": "tanh"}
"""Activation -> torch's approximation of it."""

_SIZES = (
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "vocab_size",
    "max_position_embeddings",
    "type_vocab_size",
)


def covers(config: Mapping[str, Any]) -> bool:
    """Whether `Bert` computes exactly what this configuration describes."""
    return (
        config.get("model_type") == "bert"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and config.get("hidden_act", "gelu") in _GELU
        and not config.get("is_decoder", False)
        and not config.get("add_cross_attention", False)
        and all(isinstance(config.get(size), int) for size in _SIZES)
    )


class Bert:
    """Devlin et al. 2019, arXiv:1810.04805: post-norm transformer encoder.

    Attributes:
        dimension: width of a token's state.
    """

    def __init__(
        self, config: Mapping[str, Any], weights: Sequence[Path], dtype: torch.dtype, device: torch.device
    ) -> None:
        """Load the weights.

        Args:
            config: the model's config.json; `covers(config)` holds.
            weights: safetensors files.

        Raises:
            ModelError: a file is damaged, a tensor is missing or has another shape than the configuration says.
        """
        self.dimension: int = config["hidden_size"]
        self._heads: int = config["num_attention_heads"]
        self._epsilon: float = config.get("layer_norm_eps", 1e-12)
        self._gelu = _GELU[config.get("hidden_act", "gelu")]
        self._device = device
        self._compiles = dtype == torch.bfloat16 and device.type == "cpu"
        inner: int = config["intermediate_size"]
        tensors = _read(weights)

        def take(name: str, *shape: int) -> torch.Tensor:
            tensor = tensors.get(name)
            if tensor is None or tuple(tensor.shape) != shape:
                found = "missing" if tensor is None else f"of shape {tuple(tensor.shape)}"
                raise ModelError(f"{weights[0].parent}: the tensor {name} is {found}, config.json says {shape}")
            return tensor.to(device, dtype)

        d = self.dimension
        tables = [
            take(f"embeddings.{name}_embeddings.weight", config[size], d)
            for name, size in (
                ("word", "vocab_size"), ("position", "max_position_embeddings"), ("token_type", "type_vocab_size"),
            )
        ]  # fmt: skip
        self._words, self._positions = tables[0], tables[1] + tables[2][0]  # every token is of type 0
        self._norm = take("embeddings.LayerNorm.weight", d), take("embeddings.LayerNorm.bias", d)
        self._layers = []
        for i in range(config["num_hidden_layers"]):

            def linear(name: str, rows: int, columns: int, i: int = i) -> tuple[torch.Tensor, torch.Tensor]:
                path = f"encoder.layer.{i}.{name}"
                return take(f"{path}.weight", rows, columns), take(f"{path}.bias", rows)

            def norm(name: str, i: int = i) -> tuple[torch.Tensor, torch.Tensor]:
                path = f"encoder.layer.{i}.{name}.LayerNorm"
                return take(f"{path}.weight", d), take(f"{path}.bias", d)

            parts = [linear(f"attention.self.{name}", d, d) for name in ("query", "key", "value")]
            projection = torch.cat([weight for weight, _ in parts]), torch.cat([bias for _, bias in parts])
            self._layers.append(
                (
                    projection,
                    linear("attention.output.dense", d, d),
                    norm("attention.output"),
                    linear("intermediate.dense", inner, d),
                    linear("output.dense", d, inner),
                    norm("output"),
                )
            )

    def states(self, sequences: Sequence[Sequence[int]]) -> list[torch.Tensor]:
        """Token ids of each text, special tokens included -> last hidden states (tokens, dimension) of each."""
        lengths = [len(ids) for ids in sequences]
        tokens = sum(lengths)
        filler = rounded(tokens) - tokens if self._compiles else 0
        ids = torch.tensor([i for sequence in (*sequences, [0] * filler) for i in sequence], device=self._device)
        starts = torch.zeros(filler, dtype=torch.long)
        positions = torch.cat([*(torch.arange(n) for n in lengths), starts]).to(self._device)
        x = self._normed(F.embedding(ids, self._words) + F.embedding(positions, self._positions), self._norm)
        runs = list(_runs(lengths))
        for projection, attended, attention_norm, wide, narrow, norm in self._layers:
            mixed = self._attention(F.linear(x, *projection), runs)
            x = self._normed(F.linear(mixed, *attended).add_(x), attention_norm)
            hidden = torch.ops.aten.gelu_(F.linear(x, *wide), approximate=self._gelu)  # in place: the widest of all
            x = self._normed(F.linear(hidden, *narrow).add_(x), norm)
        return list(torch.split(x[:tokens], lengths))

    def _attention(self, projected: torch.Tensor, runs: Sequence[tuple[int, int, int]]) -> torch.Tensor:
        mixed = projected.new_zeros(len(projected), self.dimension)
        for start, texts, length in runs:
            rows = slice(start, start + texts * length)
            q, k, v = projected[rows].view(texts, length, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
            attended = F.scaled_dot_product_attention(q, k, v)
            mixed[rows] = attended.transpose(1, 2).reshape(texts * length, self.dimension)
        return mixed

    def _normed(self, x: torch.Tensor, norm: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return F.layer_norm(x, (self.dimension,), *norm, self._epsilon)


def rounded(tokens: int) -> int:
    """Rows that are computed for so many tokens: the next of 16, 32 ... 256, from there on eight to each doubling.

    In bfloat16 oneDNN compiles a program for each number of rows that it has not seen, 2 ms and 2 MB for the four
    products of a layer, and keeps a thousand of them.
    """
    step = max(16, 1 << (tokens - 1).bit_length() >> 4)
    return -(-tokens // step) * step


def _runs(lengths: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Neighbours of equal length: (first row, number of texts, their length)."""
    start = 0
    for length, group in groupby(lengths):
        texts = len(list(group))
        yield start, texts, length
        start += texts * length


def _read(weights: Sequence[Path]) -> dict[str, torch.Tensor]:
    """All tensors, under the names that a bare BertModel has today."""
    tensors = {}
    for path in weights:
        try:
            loaded = load_file(path)
        except (OSError, SafetensorError) as error:
            raise ModelError(f"{path}: not a readable safetensors file ({error}): fetch the model again") from None
        for name, tensor in loaded.items():
            name = name.removeprefix("bert.").replace("LayerNorm.gamma", "LayerNorm.weight")
            tensors[name.replace("LayerNorm.beta", "LayerNorm.bias")] = tensor
    return tensors
