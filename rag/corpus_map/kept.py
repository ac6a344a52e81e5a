"""Layouts by UMAP that outlive the process: they take seconds to minutes, and are the same for the same vectors."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from numpy.typing import NDArray

from rag.corpus_map.layout import umap_places
from rag.corpus_map.result import Unit
from rag.corpus_map.umap_process import PARAMETERS, SPREAD
from rag.errors import StoreError
from rag.points import Filter, Vector
from rag.store.artifacts import Artifacts
from rag.types import hash_json

_KIND = "layout"
PLACES = 8
"""Of layouts of each unit, beside that of everything, for groups of users. A new one takes the place of an old one, so
that none stays whose corpus has changed."""


@dataclass(frozen=True, slots=True)
class KeptLayouts:
    """The layouts of a corpus, among its artifacts."""

    artifacts: Artifacts

    def umap(self, unit: Unit, access: Filter, vectors: Vector, start: NDArray[np.float64]) -> NDArray[np.float64]:
        """`umap_places`, or what it found for the same vectors before.

        Args:
            access: conditions of who looks.
        """
        wanted, key = _fingerprint(vectors, start), _key(unit, access)
        kept = self.artifacts.read(_KIND, [key]).get(key, {})
        if wanted is not None and kept.get("of") == wanted:
            return np.array(kept["places"], np.float64).reshape(-1, 2)
        places = umap_places(vectors, start)
        flat = np.round(places, 5).ravel().tolist()
        with suppress(StoreError):  # it is there; that it will have to be made again is no reason not to show it
            self.artifacts.write(_KIND, key, {"of": wanted, "places": flat})
            self.artifacts.flush()
        return places


def _key(unit: Unit, access: Filter) -> str:
    place = int(hash_json([str(condition) for condition in access])[:8], 16) % PLACES if access else "everything"
    return f"{unit}-{place}"


def _fingerprint(vectors: Vector, start: NDArray[np.float64]) -> str | None:
    """Of all that decides where UMAP puts the points; None where it is not installed."""
    try:
        made = hash_json([PARAMETERS, SPREAD, version("umap-learn"), list(vectors.shape)])
    except PackageNotFoundError:
        return None
    found = hashlib.sha256(made.encode())
    for given in (vectors, start):
        found.update(np.ascontiguousarray(given).tobytes())
    return found.hexdigest()
