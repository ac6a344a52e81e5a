"""BERT's forward pass in torch: a query is encoded seconds before transformers would be imported.

Computes exactly the encoders that `bert_weights.covers` accepts (MiniLM, BGE, E5, GTE and others of model type "bert").
Texts lie behind one another without padding between them; only attention looks at them one by one, those of equal
length together.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from rag.models.bert_weights import Affine, BertWeights


class Bert:
    """The forward pass.

    Attributes:
        dimension: width of a token's state.
    """

    def __init__(self, weights: BertWeights) -> None:
        self.dimension = weights.dimension
        self._weights = weights
        self._device = weights.words.device
        self._compiles = weights.words.dtype == torch.bfloat16 and self._device.type == "cpu"

    def states(self, sequences: Sequence[Sequence[int]]) -> list[torch.Tensor]:
        """Token ids of each text, special tokens included -> last hidden states (tokens, dimension) of each."""
        w = self._weights
        lengths = [len(ids) for ids in sequences]
        tokens = sum(lengths)
        filler = rounded(tokens) - tokens if self._compiles else 0
        ids = torch.tensor([i for sequence in (*sequences, [0] * filler) for i in sequence], device=self._device)
        starts = torch.zeros(filler, dtype=torch.long)
        positions = torch.cat([*(torch.arange(n) for n in lengths), starts]).to(self._device)
        x = self._normed(F.embedding(ids, w.words) + F.embedding(positions, w.positions), w.norm)
        runs = list(_runs(lengths))
        for layer in w.layers:
            mixed = self._attention(F.linear(x, *layer.projection), runs)
            x = self._normed(F.linear(mixed, *layer.attended).add_(x), layer.attention_norm)
            hidden = torch.ops.aten.gelu_(F.linear(x, *layer.wide), approximate=w.gelu)  # in place: the widest of all
            x = self._normed(F.linear(hidden, *layer.narrow).add_(x), layer.norm)
        return list(torch.split(x[:tokens], lengths))

    def _attention(self, projected: torch.Tensor, runs: Sequence[tuple[int, int, int]]) -> torch.Tensor:
        mixed = projected.new_zeros(len(projected), self.dimension)
        for start, texts, length in runs:
            rows = slice(start, start + texts * length)
            q, k, v = projected[rows].view(texts, length, 3, self._weights.heads, -1).permute(2, 0, 3, 1, 4)
            attended = F.scaled_dot_product_attention(q, k, v)
            mixed[rows] = attended.transpose(1, 2).reshape(texts * length, self.dimension)
        return mixed

    def _normed(self, x: torch.Tensor, norm: Affine) -> torch.Tensor:
        return F.layer_norm(x, (self.dimension,), *norm, self._weights.epsilon)


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
