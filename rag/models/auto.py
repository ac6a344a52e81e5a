"""Encoders of any architecture that transformers itself knows; no code from a model's folder is ever run."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers.utils import logging

from rag.errors import ModelError
from rag.models.threads import computed_by
from rag.points import Vector


class AutoBackbone:
    """transformers' own forward pass over padded batches; implements `rag.models.backbones.Backbone`."""

    def __init__(self, folder: Path, pad_id: int, device: torch.device, *, bfloat16: bool) -> None:
        """Load the model with `trust_remote_code=False` from safetensors.

        Raises:
            ModelError: transformers does not know the architecture, it is no encoder, or weights are missing.
        """
        model = load_pretrained("AutoModel", folder, torch.bfloat16 if bfloat16 else torch.float32)
        if model.config.is_encoder_decoder:
            raise ModelError(f"{folder}: {model.config.model_type} has a decoder: an encoder-only model is needed")
        self._model = model.eval().to(device)
        self._pad_id, self._device = pad_id, device
        self.dimension: int = model.config.hidden_size
        self.threads, self.bfloat16 = torch.get_num_threads(), bfloat16

    def states(self, sequences: Sequence[Sequence[int]], threads: int) -> list[Vector]:
        """See `rag.models.backbones.Backbone`."""
        width = max(len(ids) for ids in sequences)
        ids = torch.tensor([[*ids, *[self._pad_id] * (width - len(ids))] for ids in sequences], device=self._device)
        lengths = torch.tensor([len(ids) for ids in sequences], device=self._device)
        mask = (torch.arange(width, device=self._device) < lengths[:, None]).long()
        with computed_by(threads), torch.inference_mode():
            states = self._model(input_ids=ids, attention_mask=mask).last_hidden_state.float().cpu().numpy()
        return [row[: len(ids)] for row, ids in zip(states, sequences, strict=True)]


def load_pretrained(kind: str, folder: Path, dtype: torch.dtype) -> Any:
    """A model of transformers, from safetensors and without code of its own.

    Args:
        kind: transformers' class, such as AutoModel.

    Raises:
        ModelError: transformers does not know the architecture, or weights are missing.
    """
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model, report = getattr(transformers, kind).from_pretrained(
                folder,
                dtype=dtype,
                trust_remote_code=False,
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
            )
    except Exception as error:  # whatever a foreign configuration makes transformers raise
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"{folder}: transformers cannot load it ({type(error).__name__}: {reason})") from None
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
    # transformers fills missing weights with random numbers; an encoder's pooler is not used here
    missing = sorted(name for name in report["missing_keys"] if kind != "AutoModel" or "pooler" not in name)
    if missing:
        raise ModelError(f"{folder}: {len(missing)} weights are missing, such as {missing[0]}: fetch the model again")
    return model
