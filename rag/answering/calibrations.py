"""Calibrations that `rag calibrate` fitted, kept in the corpus' own store."""

import logging
from collections.abc import Mapping

from rag.answering.abstention import SHIPPED, Calibration
from rag.errors import DamagedIndexError
from rag.settings import Settings, Weights
from rag.store.artifacts import Artifacts
from rag.types import hash_json

_KIND = "calibration"
_LOG = logging.getLogger(__name__)


def calibration_of(artifacts: Artifacts, settings: Settings, asked: Mapping[str, float]) -> Calibration | None:
    """The calibration for scores of these legs: one that was fitted, else the shipped one.

    Args:
        asked: weights of the legs that are asked.

    Returns:
        None where nothing is known about such scores.
    """
    key = _key(settings, asked)
    try:
        kept = artifacts.read(_KIND, [key])
    except DamagedIndexError as error:  # what is stored of the documents can still answer
        _LOG.warning("a calibration of your own, if there was one, cannot be read: %s", error)
        kept = {}
    if kept:
        return Calibration.from_dict(kept[key]["calibration"])
    is_default = (settings.embedding.model, settings.situating) == ("minilm", ("headings",))
    return SHIPPED if is_default and dict(asked) == Weights().asked() else None


def keep_calibration(
    artifacts: Artifacts, settings: Settings, asked: Mapping[str, float], calibration: Calibration
) -> None:
    """Keep it for scores of these legs, in place of one that was fitted before."""
    artifacts.write(_KIND, _key(settings, asked), {"calibration": calibration.to_dict()})
    artifacts.flush()


def _key(settings: Settings, asked: Mapping[str, float]) -> str:
    """Of what the scores depend on: another encoder, situating or weights have others."""
    scored_as = {name: value for name, value in settings.index_settings().items() if name.startswith(_SCORED)}
    return hash_json([dict(asked), scored_as])


_SCORED = ("situating", "embedding.model", "embedding.pooling", "lexical")
