"""Sequence classifiers of transformers that read two texts together."""

import inspect
import threading
from collections.abc import Sequence

import numpy as np
import torch

from rag.errors import ModelError
from rag.models.auto import load_pretrained
from rag.models.devices import computes_bfloat16, device_named
from rag.models.encoder import batches
from rag.models.files import model_folder, read_json, weight_files
from rag.models.tokenizer import EncoderTokenizer
from rag.points import Vector


class PairClassifier:
    """Logits of pairs of texts.

    Attributes:
        folder: where the model lies.
        labels: names of its outputs, as its config has them.
    """

    def __init__(self, model: str, *, device: str, dtype: str, batch_tokens: int, named_by: str) -> None:
        """Load the model.

        Args:
            model: a local folder, or a hub id with its revision, `owner/name@revision`.
            device: cpu, cuda, cuda:0, mps.
            dtype: auto (bfloat16 where the hardware computes in it), float32 or bfloat16.
            batch_tokens: tokens that are read at a time.
            named_by: the settings that name it, for messages.

        Raises:
            ModelError: its files cannot be had or read, transformers does not know it, or it is no such classifier.
        """
        self.folder = folder = model_folder(model)
        weight_files(folder, model)
        architectures = read_json(folder / "config.json", dict).get("architectures") or []
        if not any(str(name).endswith("ForSequenceClassification") for name in architectures):
            raise ModelError(
                f"{folder}: {architectures or 'nothing'} in its config, no sequence classifier, which {named_by} needs"
            )
        self._tokenizer = EncoderTokenizer(folder)
        self._device = device_named(device, f"{named_by}.device")
        precision = torch.bfloat16 if computes_bfloat16(dtype, self._device) else torch.float32
        self._model = load_pretrained("AutoModelForSequenceClassification", folder, precision).eval().to(self._device)
        config = self._model.config
        self.labels: list[str] = [str(config.id2label[n]) for n in range(int(config.num_labels))]
        self._typed = "token_type_ids" in inspect.signature(self._model.forward).parameters
        self._batch_tokens, self._lock, self._named_by = batch_tokens, threading.Lock(), named_by

    def logits(self, text: str, others: Sequence[str], *, others_first: bool = False) -> list[Vector]:
        """Of each of n other texts (windows, labels) float32: one row where it fits beside the text.

        Args:
            others_first: the other text is the first of the pair.

        Raises:
            ModelError: the model computed something that is not a finite number.
        """
        pairs, owners = [], []
        for n, windows in enumerate(self._tokenizer.pairs(text, others, texts_first=others_first)):
            pairs += windows
            owners += [n] * len(windows)
        found = np.empty((len(pairs), len(self.labels)), np.float32)
        with self._lock, torch.inference_mode():
            for batch in batches([len(ids) for ids, _ in pairs], self._batch_tokens):
                found[batch] = self._batch([pairs[i] for i in batch])
        if not np.isfinite(found).all():
            raise ModelError(f"{self.folder} computed values that are not numbers: set {self._named_by}.dtype: float32")
        return [found[[i for i, owner in enumerate(owners) if owner == n]] for n in range(len(others))]

    def _batch(self, pairs: Sequence[tuple[list[int], list[int]]]) -> Vector:
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
        return np.asarray(self._model(**given).logits.float().cpu().numpy(), np.float32)
