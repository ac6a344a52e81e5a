"""`rag doctor --benchmark`: ways to encode, measured on the corpus itself."""

import json

import numpy as np
import pytest
import torch

from rag import render
from rag.benchmark import EncoderBenchmark, Speed, _same_top
from rag.cli import main
from rag.models.bert_openvino import computes_bfloat16
from tests.corpora import MakeFolder


def test_every_way_to_encode_is_measured_and_compared(
    make_folder: MakeFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_folder()
    assert main(["doctor", str(folder), "--benchmark"]) == 1
    assert "rag ingest" in capsys.readouterr().err
    assert main(["ingest", str(folder)]) == 0
    capsys.readouterr()
    before = torch.get_num_threads()
    assert main(["doctor", str(folder), "--benchmark", "--json"]) == 0
    assert torch.get_num_threads() == before
    found = json.loads(capsys.readouterr().out)
    assert found["ok"]
    speeds = found["benchmark"]["speeds"]
    ways = {(speed["backend"], speed["dtype"]) for speed in speeds}
    exact = {("torch", "float32"), ("torch", "bfloat16"), ("openvino", "float32")}
    assert ways == exact | ({("openvino", "bfloat16")} if computes_bfloat16() else set())
    assert {speed["threads"] for speed in speeds} == {1, before}
    rates = [speed["tokens_per_second"] for speed in speeds]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] > 0
    assert found["benchmark"]["tokens"] > 50
    assert sum(speed["chosen"] for speed in speeds) == 1
    differences = {(speed["backend"], speed["dtype"]): speed["cosine_difference"] for speed in speeds}
    assert differences["torch", "float32"] == 0
    assert differences["openvino", "float32"] < 1e-5
    assert 0 < differences["torch", "bfloat16"] < 0.05
    assert all(difference < 0.05 for difference in differences.values())


def test_the_share_of_the_best_that_stays() -> None:
    exact = np.array([np.linspace(1, 0, 20), np.linspace(0, 1, 20)], np.float32)
    other = exact.copy()
    other[0, 9], other[0, 10] = other[0, 10] - 0.01, other[0, 9]  # the tenth gives way to the next
    assert _same_top(exact, exact) == 1
    assert _same_top(exact, other) == pytest.approx(0.95)


def test_what_to_set_is_said_only_where_it_pays() -> None:
    def shown(now: float) -> str:
        ways = [("openvino", "bfloat16", 2, 1000.0, False), ("torch", "float32", 1, now, True)]
        speeds = tuple(
            Speed(backend=b, dtype=d, threads=n, tokens_per_second=r, same_top=1, cosine_difference=0, chosen=c)  # type: ignore[arg-type]
            for b, d, n, r, c in ways
        )
        return render.benchmark(EncoderBenchmark(model="m", device="cpu", texts=1, tokens=1, speeds=speeds))

    assert (
        "2.0 times as fast: embedding.backend: openvino and embedding.dtype: bfloat16 and OMP_NUM_THREADS=2"
        in shown(500)
    )
    assert "as fast as it gets" in shown(950)
