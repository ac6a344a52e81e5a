"""What computes an encoder: torch in our own forward pass, OpenVINO, or transformers; and in which numbers."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import ModelError
from rag.models.bert_weights import rounded
from rag.models.encoder import DenseEncoder, load_encoder
from rag.settings import Embedding
from tests.rag.models.tiny import CONFIGS

TEXTS = ["the cat", "", "big red dog " * 9, "xyz", "cat " * 50]


def load(folder: Path, **settings: object) -> DenseEncoder:
    return load_encoder(Embedding.model_validate({"model": str(folder), "dtype": "float32", **settings}))


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("backend", ["auto", "torch"])
def test_transformers_computes_what_the_others_do_not(folders: dict[str, Path], name: str, backend: str) -> None:
    own = "OpenVinoBert" if backend == "auto" else "Bert"
    backbone = load(folders[name], backend=backend)._backbone
    assert type(backbone).__name__ == (own if name in ("bert", "bert-tanh") else "AutoBackbone")


@pytest.mark.parametrize(
    ("name", "device", "says"), [("xlm-roberta", "cpu", "is no BERT model"), ("bert", "meta", "device is meta")]
)
def test_openvino_says_what_it_does_not_compute(folders: dict[str, Path], name: str, device: str, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        load(folders[name], backend="openvino", device=device)


def test_without_openvino_torch_computes_and_who_asked_for_it_is_told() -> None:
    code = (
        "import sys\nsys.modules['openvino'] = None\n"
        "from rag.models.encoder import load_encoder\nfrom rag.settings import Embedding\n"
        "assert load_encoder(Embedding()).encode(['a'], kind='query').shape == (1, 384)\n"
        "assert 'torch' in sys.modules\n"
        "load_encoder(Embedding(backend='openvino'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].endswith("not installed: pip install 'situated-rag[openvino]'")


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", ["bert", "bert-tanh"])
def test_openvino_computes_what_torch_does(folders: dict[str, Path], name: str, threads: int) -> None:
    ours, theirs = load(folders[name], backend="openvino"), load(folders[name], backend="torch")
    ours.threads = threads
    spans = [[(0, 3)] if text else [] for text in TEXTS]
    vectors, parts = ours.encode_parts(TEXTS, spans, kind="document")
    expected, expected_parts = theirs.encode_parts(TEXTS, spans, kind="document")
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
    np.testing.assert_allclose(np.concatenate(parts), np.concatenate(expected_parts), atol=1e-6)


@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_bfloat16_stays_near_float32(folders: dict[str, Path], backend: str) -> None:
    exact = load(folders["bert"], backend=backend).encode(TEXTS, kind="document")
    short = load(folders["bert"], backend=backend, dtype="bfloat16").encode(TEXTS, kind="document")
    assert (exact * short).sum(1).min() > 0.999
    if backend == "torch" or torch.cpu._is_avx512_bf16_supported():
        assert not np.array_equal(exact, short)


def test_questions_are_computed_side_by_side_with_openvino(folders: dict[str, Path]) -> None:
    encoder = load(folders["bert"], backend="openvino")
    expected = encoder.encode(TEXTS, kind="query")
    together = threading.Barrier(6)

    def ask(_: int) -> np.ndarray:
        together.wait()
        return encoder.encode(TEXTS, kind="query")

    with ThreadPoolExecutor(6) as pool:
        for vectors in pool.map(ask, range(6)):
            np.testing.assert_allclose(vectors, expected, atol=1e-6)


def test_openvino_is_imported_without_its_telemetry() -> None:
    code = (
        "import sys\nfrom rag.models.encoder import load_encoder\nfrom rag.settings import Embedding\n"
        "encoder = load_encoder(Embedding(backend='openvino'))\n"
        "assert encoder.encode(['a'], kind='query').shape == (1, 384)\n"
        "assert 'openvino' in sys.modules\n"
        "sys.exit(any(m.partition('.')[0] == 'openvino_telemetry' for m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_auto_dtype_is_bfloat16_only_in_hardware(folders: dict[str, Path]) -> None:
    for backend in ("torch", "openvino"):
        assert load(folders["bert"], dtype="auto", backend=backend).bfloat16 == torch.cpu._is_avx512_bf16_supported()


def test_in_bfloat16_few_numbers_of_rows_are_computed(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """oneDNN compiles for each one that it has not seen, and keeps it."""
    rows: set[int] = set()
    linear = torch.nn.functional.linear

    def counted(x: torch.Tensor, *parameters: torch.Tensor) -> torch.Tensor:
        if x.dtype == torch.bfloat16:
            rows.add(len(x))
        return linear(x, *parameters)

    monkeypatch.setattr(torch.nn.functional, "linear", counted)
    encoder, exact = (load(folders["bert"], dtype=dtype, backend="torch") for dtype in ("bfloat16", "float32"))
    for words in range(1, 31):
        text = "cat " * words
        (vector,) = encoder.encode([text], kind="query")
        assert float(vector @ exact.encode([text], kind="query")[0]) > 0.999
    assert rows == {16, 32}


@given(st.integers(1, 100_000))
def test_rows_are_rounded_up_by_little(tokens: int) -> None:
    rows = rounded(tokens)
    assert tokens <= rows <= max(tokens + 15, tokens * 9 / 8)
    assert rows == rounded(rows)


def test_there_are_few_numbers_of_rows() -> None:
    assert len({rounded(tokens) for tokens in range(1, 8193)}) == 16 + 5 * 8
