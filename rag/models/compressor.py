"""LangChain's document compressors as rerankers: Cohere, Voyage, FlashRank and others by their own packages."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from langchain_core.documents import BaseDocumentCompressor, Document

from rag.errors import ModelError
from rag.plugins import made
from rag.points import Vector
from rag.secrets import masked, secrets_of

_PLACE = "situated_rag_place"
_KEY = "retrieval.rerank"


class CompressorReranker:
    """A `BaseDocumentCompressor` as a `rag.protocols.Reranker`.

    The order in which it hands documents back is what counts: the first scores 1, the last that it hands back a little
    above 0, and what it leaves out 0.

    Args:
        compressor: `module:Class` of an installed package, or from Python a compressor.
        arguments: what the class is called with.
        arguments_env: argument -> name of the environment variable that holds its value; no message shows it.

    Raises:
        SettingsError: there is no such class, or that is no compressor or cannot be made.
    """

    def __init__(
        self,
        compressor: str | BaseDocumentCompressor,
        *,
        arguments: Mapping[str, Any] | None = None,
        arguments_env: Mapping[str, str] | None = None,
    ) -> None:
        secrets = secrets_of(arguments_env, _KEY)
        self._hidden = tuple(secrets.values())
        given = {**(arguments or {}), **secrets}
        self._compressor: BaseDocumentCompressor = (
            made(compressor, given, BaseDocumentCompressor, named_by=_KEY, secrets=self._hidden)
            if isinstance(compressor, str)
            else compressor
        )

    def score(self, query: str, texts: Sequence[str]) -> Vector:
        """(n,) float32, 0 to 1.

        Raises:
            ModelError: the compressor failed, or handed back a document that it was not given.
        """
        given = [Document(page_content=text, metadata={_PLACE: n}) for n, text in enumerate(texts)]
        try:
            kept = self._compressor.compress_documents(given, query)
        except Exception as error:  # whatever a foreign package raises
            reason = masked(f"{type(error).__name__}: {error}", self._hidden)[:300]
            raise ModelError(f"{_KEY}: {type(self._compressor).__name__} failed ({reason})") from None
        scores = np.zeros(len(texts), np.float32)
        for n, document in enumerate(kept):
            place = document.metadata.get(_PLACE)
            if not isinstance(place, int) or not 0 <= place < len(texts):
                raise ModelError(
                    f"{_KEY}: {type(self._compressor).__name__} hands back documents without their metadata"
                )
            scores[place] = max(scores[place], 1 - n / (len(kept) + 1))
        return scores
