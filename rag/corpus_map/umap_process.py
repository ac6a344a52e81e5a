"""The process that UMAP runs in: vectors and where they start on stdin, places on stdout, as numpy files."""

import io
import os
import sys
import warnings

import numpy as np

NEIGHBOURS = 15
"""UMAP's own default: small enough for neighbourhoods, large enough for how they lie to each other."""
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

    found = umap.UMAP(
        n_neighbors=min(NEIGHBOURS, len(vectors) - 1),
        min_dist=0.15,
        metric="cosine",
        init=(SPREAD * start).astype(np.float32),
        random_state=0,
        n_jobs=1,
    ).fit_transform(vectors)
    answer = io.BytesIO()
    np.save(answer, np.asarray(found, np.float64), allow_pickle=False)
    sys.stdout.buffer.write(answer.getvalue())


if __name__ == "__main__":
    main()
