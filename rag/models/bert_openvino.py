"""BERT's forward pass in OpenVINO, which computes it on a CPU in half the time that torch takes in float32.

Made operation by operation from the weights: nothing is exported or converted, and what is computed is what
`rag.models.bert` computes. Texts are padded to the longest of their batch.
"""

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from rag.errors import MissingDependencyError
from rag.models.bert_weights import Affine, BertWeights, Layer
from rag.models.threads import default_threads
from rag.points import Vector

SHAPES = 128
"""Shapes of input whose programs are kept: about 1 MB each."""
_NO_TOKEN = -1e9
"""Is added to what is no token gets of the attention, before the softmax."""
_TELEMETRY = "openvino_telemetry"


@contextmanager
def _without_telemetry() -> Iterator[None]:
    """OpenVINO's converter, which nothing here uses, would import the package that it reports its use with."""
    known = {_TELEMETRY: sys.modules[_TELEMETRY]} if _TELEMETRY in sys.modules else {}
    sys.modules[_TELEMETRY] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[_TELEMETRY]
        sys.modules.update(known)


try:
    with _without_telemetry():
        import openvino
        from openvino import opset13 as op
except ImportError:
    raise MissingDependencyError("openvino", "openvino", "embedding.backend: openvino") from None


class OpenVinoBert:
    """The forward pass; implements `rag.models.backbones.Backbone`."""

    def __init__(self, weights: BertWeights, dtype: str) -> None:
        """Make the graph; it is compiled when it is first used.

        Args:
            dtype: float32; bfloat16, to which products and activations are rounded; auto is bfloat16 where the CPU
                computes in it.
        """
        self.dimension, self.threads = weights.dimension, default_threads()
        self._core = openvino.Core()
        self.bfloat16 = dtype == "bfloat16" or (dtype == "auto" and self._has_bfloat16())
        self._model = _graph(weights)
        self._compiled: dict[int, Any] = {}
        self._compiling = threading.Lock()
        self._own = threading.local()

    def _has_bfloat16(self) -> bool:
        return "BF16" in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")

    def states(self, sequences: Sequence[Sequence[int]], threads: int) -> list[Vector]:
        """See `rag.models.backbones.Backbone`."""
        lengths = np.array([len(ids) for ids in sequences], np.int32)
        ids = np.zeros((len(sequences), lengths.max()), np.int32)
        for row, sequence in zip(ids, sequences, strict=True):
            row[: len(sequence)] = sequence
        states = self._request(threads).infer([ids, lengths])[0]
        return [row[:length] for row, length in zip(states, lengths.tolist(), strict=True)]

    def _request(self, threads: int) -> Any:
        """One for each thread that asks: two of them would wait for each other."""
        own = self._own.__dict__.setdefault("requests", {})
        if threads not in own:
            with self._compiling:
                if threads not in self._compiled:
                    self._compiled[threads] = self._compile(threads)
            own[threads] = self._compiled[threads].create_infer_request()
        return own[threads]

    def _compile(self, threads: int) -> Any:
        """For batches that so many threads compute, as many at a time as there are cores for."""
        at_once = max(1, self.threads // threads)
        options = {
            "INFERENCE_PRECISION_HINT": "bf16" if self.bfloat16 else "f32",
            "INFERENCE_NUM_THREADS": threads * at_once,
            "NUM_STREAMS": at_once,
            "ENABLE_CPU_PINNING": False,  # the cores are others', too
            "CPU_RUNTIME_CACHE_CAPACITY": SHAPES,
        }
        return self._core.compile_model(self._model, "CPU", options)


def _graph(weights: BertWeights) -> Any:
    """Ids (texts, length) and lengths (texts), int32 -> last hidden states (texts, length, dimension)."""
    ids = op.parameter([-1, -1], np.int32, "ids")
    lengths = op.parameter([-1], np.int32, "lengths")
    longest = op.gather(op.shape_of(ids, "i32"), _integer(1), _integer(0))
    places = op.range(_integer(0), longest, _integer(1), output_type="i32")
    is_token = op.less(op.unsqueeze(places, _integer(0)), op.unsqueeze(lengths, _integer(1)))
    mask = op.unsqueeze(op.select(is_token, np.float32(0), np.float32(_NO_TOKEN)), _integers(1, 2))
    words = op.gather(_constant(weights.words), ids, _integer(0))
    x = _normed(op.add(words, op.gather(_constant(weights.positions), places, _integer(0))), weights.norm, weights)
    for layer in weights.layers:
        mixed = _attention(x, mask, layer, weights)
        x = _normed(op.add(_linear(mixed, layer.attended), x), layer.attention_norm, weights)
        hidden = op.gelu(_linear(x, layer.wide), "tanh" if weights.gelu == "tanh" else "erf")
        x = _normed(op.add(_linear(hidden, layer.narrow), x), layer.norm, weights)
    return openvino.Model([x], [ids, lengths], "bert")


def _attention(x: Any, mask: Any, layer: Layer, weights: BertWeights) -> Any:
    width = weights.dimension // weights.heads
    weight, bias = layer.projection
    heads = []
    for part in range(3):  # query, key, value
        rows = slice(part * weights.dimension, (part + 1) * weights.dimension)
        projected = op.reshape(_linear(x, (weight[rows], bias[rows])), _integers(0, 0, weights.heads, width), True)
        heads.append(op.transpose(projected, _integers(0, 2, 1, 3)))
    mixed = op.scaled_dot_product_attention(*heads, mask, np.float32(width**-0.5))
    return op.reshape(op.transpose(mixed, _integers(0, 2, 1, 3)), _integers(0, 0, weights.dimension), True)


def _linear(x: Any, layer: Affine) -> Any:
    weight, bias = layer
    return op.add(op.matmul(x, _constant(weight), False, True), _constant(bias))


def _normed(x: Any, norm: Affine, weights: BertWeights) -> Any:
    scale, shift = norm
    unit = op.mvn(x, _integers(-1), True, weights.epsilon, "inside_sqrt")
    return op.add(op.multiply(unit, _constant(scale)), _constant(shift))


def _constant(array: Vector) -> Any:
    return op.constant(array, shared_memory=True)


def _integers(*values: int) -> Any:
    return op.constant(np.array(values, np.int32))


def _integer(value: int) -> Any:
    return op.constant(np.int32(value))
