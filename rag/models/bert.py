"""BERT's forward pass in torch: a query is encoded seconds before transformers would be imported.

Computes exactly the encoders that `bert_weights.covers` accepts (MiniLM, BGE, E5, GTE and others of model type "bert").
Texts lie behind one another without padding between them; only attention looks at them one by one, those of equal
length together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from rag.models.bert_weights import Affine, BertWeights, Layer, rounded
from rag.models.threads import computed_by
from rag.points import Vector

Tensors: TypeAlias = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True, slots=True)
class _Layer:
    """`rag.models.bert_weights.Layer` as tensors."""

    projection: Tensors
    attended: Tensors
    attention_norm: Tensors
    wide: Tensors
    narrow: Tensors
    norm: Tensors


class Bert:
    """The forward pass; implements `rag.models.backbones.Backbone`."""

    def __init__(self, weights: BertWeights, device: torch.device, *, bfloat16: bool) -> None:
        """
        Args:
            bfloat16: weights and states are of bfloat16, else of float32.
        """
        dtype = torch.bfloat16 if bfloat16 else torch.float32

        def tensor(array: Vector) -> torch.Tensor:
            return torch.tensor(array).to(device, dtype)

        def affine(arrays: Affine) -> Tensors:
            return tensor(arrays[0]), tensor(arrays[1])

        def layer(of: Layer) -> _Layer:
            parts = (of.projection, of.attended, of.attention_norm, of.wide, of.narrow, of.norm)
            return _Layer(*map(affine, parts))

        self.dimension, self.threads, self.bfloat16 = weights.dimension, torch.get_num_threads(), bfloat16
        self._words, self._positions = tensor(weights.words), tensor(weights.positions)
        self._norm = affine(weights.norm)
        self._layers = [layer(of) for of in weights.layers]
        self._heads, self._epsilon, self._gelu = weights.heads, weights.epsilon, weights.gelu
        self._device, self._compiles = device, bfloat16 and device.type == "cpu"

    def states(self, sequences: Sequence[Sequence[int]], threads: int) -> list[Vector]:
        """See `rag.models.backbones.Backbone`."""
        with computed_by(threads), torch.inference_mode():
            states = self._states(sequences).float().cpu().numpy()
        return np.split(states, np.cumsum([len(ids) for ids in sequences])[:-1])

    def _states(self, sequences: Sequence[Sequence[int]]) -> torch.Tensor:
        lengths = [len(ids) for ids in sequences]
        tokens = sum(lengths)
        filler = rounded(tokens) - tokens if self._compiles else 0
        ids = torch.tensor([i for sequence in (*sequences, [0] * filler) for i in sequence], device=self._device)
        starts = torch.zeros(filler, dtype=torch.long)
        positions = torch.cat([*(torch.arange(n) for n in lengths), starts]).to(self._device)
        x = self._normed(F.embedding(ids, self._words) + F.embedding(positions, self._positions), self._norm)
        runs = list(_runs(lengths))
        for layer in self._layers:
            mixed = self._attention(F.linear(x, *layer.projection), runs)
            x = self._normed(F.linear(mixed, *layer.attended).add_(x), layer.attention_norm)
            wide = F.linear(x, *layer.wide)
            hidden = torch.ops.aten.gelu_(wide, approximate=self._gelu)  # in place: the widest of all
            x = self._normed(F.linear(hidden, *layer.narrow).add_(x), layer.norm)
        return x[:tokens]

    def _attention(self, projected: torch.Tensor, runs: Sequence[tuple[int, int, int]]) -> torch.Tensor:
        mixed = projected.new_zeros(len(projected), self.dimension)
        for start, texts, length in runs:
            rows = slice(start, start + texts * length)
            q, k, v = projected[rows].view(texts, length, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
            attended = F.scaled_dot_product_attention(q, k, v)
            mixed[rows] = attended.transpose(1, 2).reshape(texts * length, self.dimension)
        return mixed

    def _normed(self, x: torch.Tensor, norm: Tensors) -> torch.Tensor:
        return F.layer_norm(x, (self.dimension,), *norm, self._epsilon)


def _runs(lengths: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Neighbours of equal length: (first row, number of texts, their length)."""
    start = 0
    for length, group in groupby(lengths):
        texts = len(list(group))
        yield start, texts, length
        start += texts * length
