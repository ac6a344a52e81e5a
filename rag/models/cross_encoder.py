"""Cross-encoders: a model reads question and text together and says how well they fit."""

from collections.abc import Sequence

import numpy as np

from rag.errors import ModelError
from rag.models.pairs import PairClassifier
from rag.points import Vector


class CrossEncoder:
    """Any sequence classifier of transformers with one or two outputs; implements `rag.protocols.Reranker`.

    One output is the score itself; of two it is the second less the first (relevant against not, in logits).
    """

    def __init__(self, model: str, *, device: str = "cpu", dtype: str = "auto", batch_tokens: int = 8192) -> None:
        """Load the model; arguments and errors are those of `PairClassifier`."""
        self._pairs = PairClassifier(
            model, device=device, dtype=dtype, batch_tokens=batch_tokens, named_by="retrieval.rerank"
        )
        if len(self._pairs.labels) not in (1, 2):
            raise ModelError(
                f"{self._pairs.folder}: it has {len(self._pairs.labels)} outputs; a reranker has one, or two"
            )

    def score(self, query: str, texts: Sequence[str]) -> Vector:
        """(n,) float32, higher is better. Of a text that is longer than the window the best part counts.

        Raises:
            ModelError: the model computed something that is not a finite number.
        """
        logits = self._pairs.logits(query, texts)
        return np.array(
            [(part[:, -1] - (part[:, 0] if part.shape[1] == 2 else 0)).max() for part in logits], np.float32
        )
