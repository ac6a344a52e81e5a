"""Vectors in two dimensions: by PCA in this process, by UMAP in one of its own."""

import io
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from rag.errors import MissingDependencyError, RagError
from rag.points import Vector

FEWEST_FOR_UMAP = 15
"""Points without which there are no neighbourhoods to keep together: fewer are laid out by PCA."""
TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Axes:
    """The two directions in which vectors differ most.

    Attributes:
        mean: (d,) of the vectors.
        directions: (2, d), orthogonal.
        scale: what the furthest coordinate is divided by, above 0.
        kept: share of the variance along them.
    """

    mean: NDArray[np.float64]
    directions: NDArray[np.float64]
    scale: float
    kept: float

    def project(self, vectors: Vector) -> NDArray[np.float64]:
        """Vectors (n, d) -> (n, 2); those that the axes were made of lie between -1 and 1."""
        places: NDArray[np.float64] = (vectors - self.mean) @ self.directions.T / self.scale
        return places


def principal_axes(vectors: Vector) -> Axes:
    """PCA of vectors (n, d), n at least 1. The sign of an axis does not depend on the engine that finds it."""
    exact = vectors.astype(np.float64)
    mean = exact.mean(axis=0)
    centred = exact - mean
    values, found = np.linalg.eigh(centred.T @ centred)
    directions = found[:, :-3:-1].T
    strongest = np.abs(directions).argmax(axis=1)
    directions = directions * np.sign(np.take_along_axis(directions, strongest[:, None], axis=1))
    total = float(np.clip(values, 0, None).sum())
    places = centred @ directions.T
    # vectors that are all the same differ by rounding alone, which is no direction
    furthest = float(np.abs(places).max())
    if furthest < 1e-6:
        return Axes(mean, np.zeros_like(directions), 1.0, 1.0)
    return Axes(mean, directions, furthest, round(float(np.clip(values[-2:], 0, None).sum()) / total, 6))


def umap_is_installed() -> bool:
    """Looked up without importing it, which takes seconds."""
    return find_spec("umap") is not None


def umap_places(vectors: Vector, start: NDArray[np.float64]) -> NDArray[np.float64]:
    """UMAP of vectors (n, d) -> (n, 2) between -1 and 1, with a fixed seed.

    In a process of its own: its compiler would hold this interpreter for seconds.

    Args:
        vectors: `FEWEST_FOR_UMAP` or more.
        start: (n, 2) where the points are before.

    Raises:
        MissingDependencyError: umap-learn is not installed.
        RagError: it failed or took too long.
    """
    if not umap_is_installed():
        raise MissingDependencyError("umap-learn", "map", "a map by UMAP")
    given = io.BytesIO()
    np.save(given, vectors, allow_pickle=False)
    np.save(given, start, allow_pickle=False)
    try:
        child = subprocess.run(
            [sys.executable, "-m", "rag.corpus_map.umap_process"],
            input=given.getvalue(),
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    except subprocess.TimeoutExpired:
        raise RagError(f"UMAP of {len(vectors)} points took longer than {TIMEOUT_S:g} s: use the layout pca") from None
    if child.returncode:
        said = child.stderr.decode("utf-8", "replace").strip().splitlines()
        raise RagError(f"UMAP failed ({said[-1] if said else f'status {child.returncode}'}): use the layout pca")
    places: NDArray[np.float64] = np.load(io.BytesIO(child.stdout), allow_pickle=False)
    return fitted(places)


def fitted(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places (n, 2) moved and stretched to lie between -1 and 1: UMAP's directions and large distances mean nothing."""
    low, high = places.min(axis=0), places.max(axis=0)
    middle: NDArray[np.float64] = places - (low + high) / 2
    middle /= np.maximum(np.abs(middle).max(axis=0), 1e-9)
    return middle
