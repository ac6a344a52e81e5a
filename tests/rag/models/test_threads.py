"""How much the encoder is given at a time, where nobody says."""

from typing import Any

import pytest

from rag.models.threads import tokens_at_a_time
from rag.settings import Embedding


@pytest.mark.parametrize(
    ("cores", "given", "tokens"),
    [
        (1, {}, 2048),
        (2, {}, 2048),
        (3, {}, 3072),
        (64, {}, 4096),
        (64, {"device": "cuda"}, 32_768),
        (2, {"batch_tokens": 300}, 300),
        (2, {"batch_tokens": 300, "device": "cuda"}, 300),
    ],
)
def test_a_batch_grows_with_the_cores(
    cores: int, given: dict[str, Any], tokens: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", str(cores))
    assert tokens_at_a_time(Embedding(**given)) == tokens
