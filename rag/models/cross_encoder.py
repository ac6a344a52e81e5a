"""Cross-encoders: a model reads question and text together and says how well they fit."""

import inspect
import logging
import threading
from collections.abc import Sequence

import numpy as np
import torch

from rag.errors import ModelError
from rag.models.auto import load_pretrained
from rag.models.encoder import batches, computes_bfloat16, device_named
from rag.models.files import model_folder, read_json, weight_files
from rag.models.tokenizer import EncoderTokenizer
from rag.points import Vector

_LOG = logging.getLogger(__name__)


class CrossEncoder:
    """Any sequence classifier of transformers with one or two outputs; implements `rag.protocols.Reranker`.

    One output is the score itself; of two it is the second less the first (relevant against not, in logits).
    """

    def __init__(self, model: str, *, device: str = "cpu", dtype: str = "auto", batch_tokens: int = 8192) -> None:
        """Load the model.

        Args:
            model: a local folder, or a hub id with its revision, `owner/name@revision`.
            device: cpu, cuda, cuda:0, mps.
            dtype: auto (bfloat16 where the hardware computes in it), float32 or bfloat16.
            batch_tokens: tokens that are read at a time.

        Raises:
            ModelError: its files cannot be had or read, transformers does not know it, or it is no such classifier.
        """
        folder = model_folder(model)
        weight_files(folder, model)
        architectures = read_json(folder / "config.json", dict).get("architectures") or []
        if not any(str(name).endswith("ForSequenceClassification") for name in architectures):
            raise ModelError(
                f"{folder}: {architectures or 'nothing'} in its config, no sequence classifier: take a reranker"
            )
        self._tokenizer = EncoderTokenizer(folder)
        self._device = device_named(device, "retrieval.rerank.device")
        precision = torch.bfloat16 if computes_bfloat16(dtype, self._device) else torch.float32
        loaded = load_pretrained("AutoModelForSequenceClassification", folder, precision)
        self._model = loaded.eval().to(self._device)
        self._outputs = int(self._model.config.num_labels)
        if self._outputs not in (1, 2):
            raise ModelError(f"{folder}: it has {self._outputs} outputs; a reranker has one, or two")
        self._typed = "token_type_ids" in inspect.signature(self._model.forward).parameters
        self._batch_tokens, self._lock = batch_tokens, threading.Lock()

    def score(self, query: str, texts: Sequence[str]) -> Vector:
        """(n,) float32, higher is better. Of a text that is longer than the window the best part counts.

        Raises:
            ModelError: the model computed something that is not a finite number.
        """
        pairs, owners = [], []
        for n, windows in enumerate(self._tokenizer.pairs(query, texts)):
            pairs += windows
            owners += [n] * len(windows)
        scores = np.full(len(texts), -np.inf, np.float32)
        with self._lock, torch.inference_mode():
            for batch in batches([len(ids) for ids, _ in pairs], self._batch_tokens):
                found = self._scores([pairs[i] for i in batch])
                if not np.isfinite(found).all():
                    raise ModelError("the reranker computed values that are not numbers: set its dtype: float32")
                np.maximum.at(scores, [owners[i] for i in batch], found)
        return scores

    def _scores(self, pairs: Sequence[tuple[list[int], list[int]]]) -> Vector:
        width = max(len(ids) for ids, _ in pairs)
        padded = [[*ids, *[self._tokenizer.pad_id] * (width - len(ids))] for ids, _ in pairs]
        given = {
            "input_ids": torch.tensor(padded, device=self._device),
            "attention_mask": torch.tensor(
                [[1] * len(ids) + [0] * (width - len(ids)) for ids, _ in pairs], device=self._device
            ),
        }
        if self._typed:
            types = [[*kinds, *[0] * (width - len(kinds))] for _, kinds in pairs]
            given["token_type_ids"] = torch.tensor(types, device=self._device)
        logits = self._model(**given).logits.float()
        scores = logits[:, 0] if self._outputs == 1 else logits[:, 1] - logits[:, 0]
        return np.asarray(scores.cpu().numpy(), np.float32)
