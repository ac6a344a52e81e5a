"""The weights of a BERT encoder, from safetensors: every array checked, in float32 and in its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from safetensors import SafetensorError, safe_open

from rag.errors import ModelError
from rag.points import Vector

Affine: TypeAlias = tuple[Vector, Vector]
"""Weight (rows, columns) and bias (rows) of a linear layer, or scale and shift (width) of a normalisation."""

GELU = {"gelu": "none", "gelu_new": "tanh", "gelu_pytorch_tanh": "tanh"}
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
    """Whether a forward pass of BERT computes exactly what this configuration describes."""
    return (
        config.get("model_type") == "bert"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and config.get("hidden_act", "gelu") in GELU
        and not config.get("is_decoder", False)
        and not config.get("add_cross_attention", False)
        and all(isinstance(config.get(size), int) for size in _SIZES)
    )


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: attention and what follows it.

    Attributes:
        projection: query, key and value behind one another, (3 d, d).
        wide, narrow: the two linear layers around the activation.
    """

    projection: Affine
    attended: Affine
    attention_norm: Affine
    wide: Affine
    narrow: Affine
    norm: Affine


@dataclass(frozen=True, slots=True, kw_only=True)
class BertWeights:
    """Devlin et al. 2019, arXiv:1810.04805: post-norm transformer encoder.

    Attributes:
        dimension: d, width of a token's state.
        gelu: torch's name of the activation's approximation.
        words: (vocabulary, d).
        positions: (window, d), with the embedding of the one type of token that is used added.
    """

    dimension: int
    heads: int
    epsilon: float
    gelu: str
    words: Vector
    positions: Vector
    norm: Affine
    layers: tuple[Layer, ...]


def read_weights(config: Mapping[str, Any], files: Sequence[Path]) -> BertWeights:
    """Read the weights.

    Args:
        config: the model's config.json; `covers(config)` holds.
        files: safetensors files.

    Raises:
        ModelError: a file is damaged, a tensor is missing or has another shape than the configuration says.
    """
    arrays = _arrays(files)
    d, inner = config["hidden_size"], config["intermediate_size"]

    def take(name: str, *shape: int) -> Vector:
        array = arrays.get(name)
        if array is None or array.shape != shape:
            found = "missing" if array is None else f"of shape {array.shape}"
            raise ModelError(f"{files[0].parent}: the tensor {name} is {found}, config.json says {shape}")
        return array

    def affine(path: str, *shape: int) -> Affine:
        return take(f"{path}.weight", *shape), take(f"{path}.bias", shape[0])

    def layer(path: str) -> Layer:
        parts = [affine(f"{path}.attention.self.{name}", d, d) for name in ("query", "key", "value")]
        return Layer(
            projection=(np.concatenate([weight for weight, _ in parts]), np.concatenate([bias for _, bias in parts])),
            attended=affine(f"{path}.attention.output.dense", d, d),
            attention_norm=affine(f"{path}.attention.output.LayerNorm", d),
            wide=affine(f"{path}.intermediate.dense", inner, d),
            narrow=affine(f"{path}.output.dense", d, inner),
            norm=affine(f"{path}.output.LayerNorm", d),
        )

    words, positions, types = (
        take(f"embeddings.{name}_embeddings.weight", config[size], d)
        for name, size in (
            ("word", "vocab_size"), ("position", "max_position_embeddings"), ("token_type", "type_vocab_size"),
        )
    )  # fmt: skip
    return BertWeights(
        dimension=d,
        heads=config["num_attention_heads"],
        epsilon=config.get("layer_norm_eps", 1e-12),
        gelu=GELU[config.get("hidden_act", "gelu")],
        words=words,
        positions=positions + types[0],  # every token is of type 0
        norm=affine("embeddings.LayerNorm", d),
        layers=tuple(layer(f"encoder.layer.{i}") for i in range(config["num_hidden_layers"])),
    )


def _arrays(files: Sequence[Path]) -> dict[str, Vector]:
    """All that are not whole numbers, under the names that a bare BertModel has today."""
    arrays = {}
    for path in files:
        for name, array in _of_file(path).items():
            name = name.removeprefix("bert.").replace("LayerNorm.gamma", "LayerNorm.weight")
            arrays[name.replace("LayerNorm.beta", "LayerNorm.bias")] = array
    return arrays


def _of_file(path: Path) -> dict[str, Vector]:
    try:
        with safe_open(path, framework="numpy") as file:
            types = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118 - it is no mapping
            if "BF16" in types.values():  # which numpy does not have
                with safe_open(path, framework="pt") as tensors:
                    return {name: tensors.get_tensor(name).float().numpy() for name in types}
            wanted = [name for name, type in types.items() if type.startswith("F")]
            return {name: np.asarray(file.get_tensor(name), np.float32) for name in wanted}
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: not a readable safetensors file ({error}): fetch the model again") from None


def rounded(tokens: int) -> int:
    """Rows that are computed for so many tokens: the next of 16, 32 ... 256, from there on eight to each doubling.

    On a CPU a program is compiled for each number of rows that was not seen before: 2 ms and 2 MB for the four products
    of a layer in bfloat16.
    """
    step = max(16, 1 << (tokens - 1).bit_length() >> 4)
    return -(-tokens // step) * step
