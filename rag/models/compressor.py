"""LangChain's document compressors as rerankers: Cohere, Voyage, FlashRank and others by their own packages."""

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np
from langchain_core.documents import BaseDocumentCompressor, Document

from rag.errors import ModelError, SettingsError
from rag.points import Vector

_PLACE = "situated_rag_place"


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
        secrets = {name: _secret(variable) for name, variable in (arguments_env or {}).items()}
        self._hidden = tuple(secrets.values())
        self._compressor = (
            self._made(compressor, {**(arguments or {}), **secrets}) if isinstance(compressor, str) else compressor
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
            raise ModelError(
                f"retrieval.rerank: {type(self._compressor).__name__} failed ({self._shown(error)})"
            ) from None
        scores = np.zeros(len(texts), np.float32)
        for n, document in enumerate(kept):
            place = document.metadata.get(_PLACE)
            if not isinstance(place, int) or not 0 <= place < len(texts):
                raise ModelError(
                    f"retrieval.rerank: {type(self._compressor).__name__} hands back documents without their metadata"
                )
            scores[place] = max(scores[place], 1 - n / (len(kept) + 1))
        return scores

    def _made(self, target: str, arguments: Mapping[str, Any]) -> BaseDocumentCompressor:
        module, _, name = target.replace(":", ".").rpartition(".")
        try:
            made = getattr(import_module(module), name)(**arguments)
        except ModuleNotFoundError as error:
            raise SettingsError(
                f"retrieval.rerank: there is no module {error.name!r}: install the package that has {target}"
            ) from None
        except Exception as error:  # no such class, other arguments
            raise SettingsError(f"retrieval.rerank: {target} cannot be made ({self._shown(error)})") from None
        if not isinstance(made, BaseDocumentCompressor):
            raise SettingsError(f"retrieval.rerank: {target} is no BaseDocumentCompressor of LangChain")
        return made

    def _shown(self, error: Exception) -> str:
        text = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        for secret in self._hidden:
            text = text.replace(secret, "***")
        return text


def _secret(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise SettingsError(f"retrieval.rerank: the environment variable {variable!r} is not set")
    return value
