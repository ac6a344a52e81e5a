"""The process that UMAP runs in: vectors and where they start on stdin, places on stdout, as numpy files."""

import io
import os
import sys
import warnings
from typing import Any

import numpy as np

PARAMETERS: dict[str, Any] = {"n_neighbors": 15, "min_dist": 0.15, "metric": "cosine", "random_state": 0, "n_jobs": 1}
"""As many neighbours as is UMAP's own default: few enough for neighbourhoods, enough for how they lie to each other."""
SPREAD = 10.0
"""How far from the middle points start: what UMAP's own starts use."""


def main() -> None:
    """Read, lay out, write."""
    if hasattr(os, "nice"):
        os.nice(10)  # whoever asks a question meanwhile comes first
    given = io.BytesIO(sys.stdin.buffer.read())
    vectors, start = (np.load(given, allow_pickle=False) for _ in range(2))
    warnings.simplefilter("ignore")
    import umap

    options = PARAMETERS | {"n_neighbors": min(PARAMETERS["n_neighbors"], len(vectors) - 1)}
    found = umap.UMAP(init=(SPREAD * start).astype(np.float32), **options).fit_transform(vectors)
    answer = io.BytesIO()
    np.save(answer, np.asarray(found, np.float64), allow_pickle=False)
    sys.stdout.buffer.write(answer.getvalue())


if __name__ == "__main__":
    main()
