"""BERT's forward pass in OpenVINO, which computes it on a CPU in half the time that torch takes in float32.

Made operation by operation from the weights: nothing is exported or converted, and what is computed is what
`rag.models.bert` computes. Texts lie behind one another without padding between them; only attention looks at them one
by one, padded to the longest of the batch.
"""

import logging
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np

from rag.errors import MissingDependencyError
from rag.models.bert_weights import Affine, BertWeights, Layer, rounded
from rag.models.threads import default_threads
from rag.points import Vector

_LOG = logging.getLogger(__name__)
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
            dtype: float32; bfloat16, to which products and activations are rounded, and auto are float32 where the
                CPU has no bfloat16: OpenVINO does not emulate it.
        """
        self.dimension, self.threads = weights.dimension, default_threads()
        self._core = openvino.Core()
        self.bfloat16 = dtype != "float32" and computes_bfloat16()
        if dtype == "bfloat16" and not self.bfloat16:
            _LOG.warning(
                "embedding.dtype: bfloat16: this CPU does not compute in it, and OpenVINO takes float32; "
                "set embedding.dtype: auto"
            )
        self._model = _graph(weights)
        self._compiled: dict[int, Any] = {}
        self._compiling = threading.Lock()
        self._own = threading.local()

    def states(self, sequences: Sequence[Sequence[int]], threads: int) -> list[Vector]:
        """See `rag.models.backbones.Backbone`."""
        lengths = np.array([len(ids) for ids in sequences], np.int32)
        tokens, ends = int(lengths.sum()), np.cumsum(lengths, dtype=np.int32)
        ids, places, within = np.zeros((3, rounded(tokens)), np.int32)
        ids[:tokens] = np.fromiter(chain.from_iterable(sequences), np.int32, tokens)
        columns = np.arange(lengths.max(), dtype=np.int32)
        is_token = columns < lengths[:, None]
        within[:tokens] = np.flatnonzero(is_token)
        places[:tokens] = within[:tokens] % len(columns)
        rows = np.where(is_token, (ends - lengths)[:, None] + columns, np.int32(0))
        states = self._request(threads).infer([ids, places, rows, lengths, within])[0]
        return np.split(states[:tokens], ends[:-1])

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


def computes_bfloat16() -> bool:
    """Whether OpenVINO computes in bfloat16 on this CPU."""
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def _graph(weights: BertWeights) -> Any:
    """Everything int32 -> last hidden states (rows, dimension).

    ids, places: (rows,) of the tokens, and where each stands in its text.
    rows: (texts, longest) of each text's tokens; any row where it has none.
    lengths: (texts,).
    within: (rows,) where each token is among texts x longest.
    """
    ids, places = op.parameter([-1], np.int32, "ids"), op.parameter([-1], np.int32, "places")
    rows, lengths = op.parameter([-1, -1], np.int32, "rows"), op.parameter([-1], np.int32, "lengths")
    within = op.parameter([-1], np.int32, "within")
    longest = op.gather(op.shape_of(rows, "i32"), _integer(1), _integer(0))
    columns = op.range(_integer(0), longest, _integer(1), output_type="i32")
    is_token = op.less(op.unsqueeze(columns, _integer(0)), op.unsqueeze(lengths, _integer(1)))
    mask = op.unsqueeze(op.select(is_token, np.float32(0), np.float32(_NO_TOKEN)), _integers(1, 2))
    words, positions = _rows(_constant(weights.words), ids), _rows(_constant(weights.positions), places)
    x = _normed(op.add(words, positions), weights.norm, weights)
    for layer in weights.layers:
        mixed = _rows(_attention(x, rows, mask, layer, weights), within)
        x = _normed(op.add(_linear(mixed, layer.attended), x), layer.attention_norm, weights)
        hidden = op.gelu(_linear(x, layer.wide), "tanh" if weights.gelu == "tanh" else "erf")
        x = _normed(op.add(_linear(hidden, layer.narrow), x), layer.norm, weights)
    return openvino.Model([x], [ids, places, rows, lengths, within], "bert")


def _attention(x: Any, rows: Any, mask: Any, layer: Layer, weights: BertWeights) -> Any:
    """(rows, dimension) -> (texts x longest, dimension)."""
    width = weights.dimension // weights.heads
    weight, bias = layer.projection
    heads = []
    for part in range(3):  # query, key, value
        own = slice(part * weights.dimension, (part + 1) * weights.dimension)
        projected = _rows(_linear(x, (weight[own], bias[own])), rows)
        split = op.reshape(projected, _integers(0, 0, weights.heads, width), True)
        heads.append(op.transpose(split, _integers(0, 2, 1, 3)))
    mixed = op.scaled_dot_product_attention(*heads, mask, np.float32(width**-0.5))
    return op.reshape(op.transpose(mixed, _integers(0, 2, 1, 3)), _integers(-1, weights.dimension), False)


def _rows(x: Any, numbers: Any) -> Any:
    return op.gather(x, numbers, _integer(0))


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
