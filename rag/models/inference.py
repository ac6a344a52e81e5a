"""Natural language inference: whether a sentence follows from a text."""

from functools import cache

import numpy as np

from rag.errors import ModelError
from rag.models.pairs import PairClassifier

BATCH_TOKENS = 8192
ENTAILMENT = "entail"
"""What the name of the output for "it follows" begins with, in any case."""


class InferenceModel:
    """Any sequence classifier of transformers that was trained on pairs of premise and hypothesis."""

    def __init__(self, model: str) -> None:
        """Load the model.

        Args:
            model: a local folder, or a hub id with its revision, `owner/name@revision`.

        Raises:
            ModelError: as of `PairClassifier`, or none or several of its outputs are called entailment.
        """
        self._pairs = PairClassifier(
            model, device="cpu", dtype="auto", batch_tokens=BATCH_TOKENS, named_by="answer.judge"
        )
        labels = self._pairs.labels
        found = [n for n, label in enumerate(labels) if label.casefold().startswith(ENTAILMENT)]
        if len(found) != 1 or len(labels) < 2:
            raise ModelError(
                f"{self._pairs.folder}: its outputs are called {', '.join(labels)}; a model of natural language "
                "inference has one that is called entailment, and others"
            )
        self._entailed = found[0]

    def entails(self, premise: str, hypothesis: str) -> float:
        """Probability that the hypothesis follows from the premise; of a long premise, from its best part.

        Raises:
            ModelError: the model computed something that is not a finite number.
        """
        (logits,) = self._pairs.logits(hypothesis, [premise], others_first=True)
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        return float((shifted[:, self._entailed] / shifted.sum(axis=1)).max())


@cache
def inference_model(name: str) -> InferenceModel:
    """The model of a local folder, or of a hub id with its revision; loaded once in a process."""
    return InferenceModel(name)
