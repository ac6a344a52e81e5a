"""The verifier on claims written by hand, with the real encoder and store: floors a little below what was measured."""

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from benchmarks.claims import scores, verdicts, written


@pytest.mark.parametrize(("split", "precision", "recall"), [("development", 0.93, 0.8), ("held out", 0.78, 0.78)])
def test_claims_are_told_apart(split: str, precision: float, recall: float, tmp_path: Path) -> None:
    kinds: dict[str, Counter[bool]] = defaultdict(Counter)
    for verdict in verdicts(written(split), tmp_path):
        kinds[verdict.kind][verdict.supported] += 1
    found = scores(kinds)
    assert found[0] >= precision
    assert found[1] >= recall
    assert kinds["verbatim"][False] == 0
    assert kinds["negation"][True] == 0
