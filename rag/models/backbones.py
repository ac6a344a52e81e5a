"""The transformers that encoders are made of: which one computes a model, and its loading."""

import importlib.util
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from rag.errors import ModelError
from rag.models.bert_weights import covers, read_weights
from rag.models.files import read_json, weight_files
from rag.points import Vector
from rag.settings import Embedding


class Backbone(Protocol):
    """A transformer without its pooling, for any thread.

    Attributes:
        dimension: width of a token's state.
        threads: how many it computes with where it has the machine to itself.
        bfloat16: it computes in bfloat16, else in float32.
    """

    dimension: int
    threads: int
    bfloat16: bool

    def states(self, sequences: Sequence[Sequence[int]], threads: int) -> list[Vector]:
        """Token ids of each text, special tokens included -> last hidden states (tokens, dimension) float32 of each.

        Args:
            threads: how many compute.
        """
        ...


def load_backbone(settings: Embedding, folder: Path, pad_id: int) -> Backbone:
    """The model in a folder.

    Raises:
        MissingDependencyError, ModelError: as `rag.models.encoder.load_encoder`.
    """
    config = read_json(folder / "config.json", dict)
    openvino = computed_by_openvino(settings, folder)
    with ThreadPoolExecutor(max_workers=1) as pool:
        checked = pool.submit(weight_files, folder, settings.model)  # hashes while the others are imported
        if openvino:
            from rag.models.bert_openvino import OpenVinoBert
        else:
            from rag.models.devices import computes_bfloat16, device_named
    files = checked.result()
    if openvino:
        return OpenVinoBert(read_weights(config, files), settings.dtype)
    device = device_named(settings.device, "embedding.device")
    bfloat16 = computes_bfloat16(settings.dtype, device)
    if covers(config):
        from rag.models.bert import Bert

        return Bert(read_weights(config, files), device, bfloat16=bfloat16)
    from rag.models.auto import AutoBackbone

    return AutoBackbone(folder, pad_id, device, bfloat16=bfloat16)


def computed_by_openvino(settings: Embedding, folder: Path) -> bool:
    """Whether OpenVINO computes the model in a folder; auto lets it where it is installed and can.

    Raises:
        ModelError: it is asked for and cannot; or the model's config.json cannot be read.
    """
    if settings.backend == "torch" or (settings.backend == "auto" and importlib.util.find_spec("openvino") is None):
        return False
    known = covers(read_json(folder / "config.json", dict))
    if known and settings.device == "cpu":
        return True
    if settings.backend == "openvino":
        why = f"embedding.device is {settings.device}" if known else f"{settings.model} is no BERT model"
        raise ModelError(f"embedding.backend openvino computes BERT models on the CPU, and {why}: set it to torch")
    return False
