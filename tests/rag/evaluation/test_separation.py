"""The score's separation of own and foreign questions is the share of pairs in the right order."""

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.cli import main
from rag.errors import EvaluationError
from rag.evaluation.separation import auroc, interval_of_auroc, read_foreign, separation

SCORES = st.lists(st.integers(0, 8).map(lambda n: n / 8), min_size=1, max_size=20)


@given(SCORES, SCORES)
def test_the_area_is_the_share_of_pairs_in_order(own: list[float], foreign: list[float]) -> None:
    pairs = [1.0 if a > b else 0.5 if a == b else 0.0 for a in own for b in foreign]
    found = auroc(np.array(own), np.array(foreign))
    assert found == pytest.approx(sum(pairs) / len(pairs))
    assert auroc(np.array(foreign), np.array(own)) == pytest.approx(1 - found)


def test_the_area_is_mann_and_whitneys_statistic_over_the_pairs() -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(3)
    own, foreign = rng.normal(0.6, 0.2, 500).round(2), rng.normal(0.4, 0.2, 300).round(2)
    assert auroc(own, foreign) == pytest.approx(stats.mannwhitneyu(own, foreign).statistic / (500 * 300))


def test_the_interval_is_as_wide_as_theory_says_and_the_same_every_time() -> None:
    rng = np.random.default_rng(5)
    own, foreign = rng.normal(1.5, 1, 400), rng.normal(0, 1, 200)
    found = interval_of_auroc(own, foreign)
    area = found.mean
    # Hanley and McNeil, 1982
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + 399 * (q1 - area**2) + 199 * (q2 - area**2)
    spread = 1.96 * np.sqrt(variance / (400 * 200))
    assert found.low == pytest.approx(area - spread, abs=0.01)
    assert found.high == pytest.approx(area + spread, abs=0.01)
    assert interval_of_auroc(own, foreign) == found


def test_one_question_a_side_is_enough() -> None:
    found = separation([0.5], [0.5])
    assert found.to_dict() == {"queries": 1, "auroc": {"mean": 0.5, "low": 0.5, "high": 0.5}}


def rows(path: Path, *texts: str, kind: str | None = None) -> Path:
    path.parent.mkdir(exist_ok=True)
    more = {"metadata": {"kind": kind}} if kind else {}
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps({"_id": text, "text": text, **more}) + "\n" for text in texts)
    return path


def test_foreign_questions_are_named_by_file_folder_and_kind(tmp_path: Path) -> None:
    mixed = rows(rows(tmp_path / "unanswerable.jsonl", "a", "b", kind="near"), "c", kind="far")
    other = rows(tmp_path / "physics/queries.jsonl", "d")
    assert read_foreign([mixed, other]) == {
        "unanswerable:near": ["a", "b"],
        "unanswerable:far": ["c"],
        "physics": ["d"],
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ["none.jsonl", "cannot be read"]),
        (b"\n", ["no questions"]),
        (b'{"_id": "a"}\n', ["none.jsonl:1", "'text' is None"]),
        (b"\xff\xfe\n", ["cannot be read"]),
    ],
)
def test_files_that_hold_no_questions_are_named(tmp_path: Path, content: bytes | None, words: list[str]) -> None:
    path = tmp_path / "none.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(EvaluationError) as raised:
        read_foreign([path])
    assert all(word in str(raised.value) for word in words), raised.value


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    paths = [rows(tmp_path / folder / "other.jsonl", "x") for folder in ("a", "b")]
    with pytest.raises(EvaluationError, match="'other'"):
        read_foreign(paths)


def test_the_command_tells_foreign_questions_apart(
    make_data: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "corpus.yaml"
    config.write_text("sources: [{kind: files, path: ./none}]\n")
    data = make_data()
    foreign = rows(tmp_path / "foreign.jsonl", "Who won the chess title in 1972?", "What is a quasar?")
    same = rows(tmp_path / "same.jsonl", "How long is green tea brewed?", "How long does a French press steep?")
    picture = tmp_path / "spread.svg"
    words = ["eval", "retrieval", str(config), "--data", str(data), "--foreign", str(foreign), "--foreign", str(same)]
    assert main([*words, "--json", "--picture", str(picture)]) == 0
    report = json.loads(capsys.readouterr().out)["foreign"]
    assert report["foreign"] == {"queries": 2, "auroc": {"mean": 1.0, "low": 1.0, "high": 1.0}}
    assert report["same"]["auroc"]["mean"] == 0.5, "the own questions themselves cannot be told apart"
    drawing = ElementTree.fromstring(picture.read_text())
    assert sum(element.tag.endswith("polyline") for element in drawing.iter()) == 3
    assert main([*words[:5], "--foreign", str(tmp_path / "no.jsonl")]) == 1
