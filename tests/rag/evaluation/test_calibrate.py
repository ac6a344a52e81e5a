"""`rag calibrate`: what is fitted, kept, and used."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import Rag
from rag.answering.abstention import SHIPPED, Calibration, Curve
from rag.cli import main
from rag.errors import EvaluationError
from rag.evaluation.calibrate import calibrate
from tests.corpora import MakeFolder

THINGS = [
    "kettle",
    "spoon",
    "teapot",
    "strainer",
    "saucer",
    "caddy",
    "filter",
    "grinder",
    "press",
    "scale",
    "thermometer",
    "whisk",
    "tray",
    "mug",
    "jug",
]
PLACES = ["upper", "lower", "left", "right", "inner", "outer", "northern", "southern"]


# enough sentences to make questions of
FILES = {
    f"{thing}.md": f"# The {thing}\n\n"
    + "\n\n".join(
        f"The {thing} of the house stands on the {place} shelf beside box number {n * 17 + k}. "
        f"It was bought in {1900 + n * 3 + k} and is cleaned with soft cloth every {k + 2} weeks."
        for k, place in enumerate(PLACES[:3])
    )
    for n, thing in enumerate(THINGS)
}


@pytest.fixture
def folder(make_folder: MakeFolder) -> Path:
    return make_folder(FILES)


@pytest.fixture
def corpus(folder: Path) -> Iterator[Rag]:
    with Rag.open(folder, overrides=["chunking.max_tokens=60"]) as opened:
        opened.ingest()
        yield opened


@pytest.fixture(scope="module")
def shared(make_shared_folder: MakeFolder) -> Iterator[Rag]:
    """`corpus` for tests that keep nothing in it."""
    with Rag.open(make_shared_folder(FILES), overrides=["chunking.max_tokens=60"]) as opened:
        opened.ingest()
        yield opened


def test_the_confidence_of_a_corpus_is_fitted_on_its_own_questions(corpus: Rag) -> None:
    before = corpus.search("Where does the kettle stand?").coverage
    steps: list[str] = []
    report = calibrate(corpus, questions=60, risk=0.05, progress=lambda *at: steps.append(at[0]))
    assert report.fitted == ("read",)
    assert report.calibration.read != SHIPPED.read
    assert report.calibration.unread == SHIPPED.unread
    assert report.questions["answerable"] >= 20
    assert report.questions["foreign"] >= 20
    assert report.answered["foreign"] <= 0.05
    assert report.answered["answerable"] > 0.9
    assert report.auroc["read"] > 0.95
    assert {"taking sentences out", "indexing documents", "asking questions"} <= {*steps}
    found = corpus.search("Where does the kettle stand?")
    assert found.coverage not in (None, before)
    assert found.threshold == report.calibration.read.threshold
    assert json.loads(json.dumps(report.to_dict())) == report.to_dict()


def test_it_is_kept_with_the_corpus_and_outlives_a_rebuild(corpus: Rag, folder: Path) -> None:
    fitted = Calibration(read=Curve(3.0, -1.0, threshold=0.9999), unread=SHIPPED.unread)
    corpus.set_calibration(fitted)
    corpus.close()
    with Rag.open(folder, overrides=["chunking.max_tokens=60"]) as again:
        answer = again.ask("Where does the kettle stand?")
        assert answer.abstained
        assert "needed 1.00" in str(answer.reason)
        again.ingest(rebuild=True)
        assert again.search("kettle").threshold == 0.9999
    with Rag.open(folder, overrides=["chunking.max_tokens=60", "answer.min_confidence=0.1"]) as other:
        assert not other.ask("Where does the kettle stand?").abstained, "the settings have the last word"


def test_it_holds_for_the_weights_that_it_was_fitted_with(corpus: Rag, folder: Path) -> None:
    corpus.set_calibration(Calibration(read=Curve(3.0, -1.0), unread=SHIPPED.unread))
    corpus.close()
    for override, known in (("answer.max_sentences=1", True), ("retrieval.weights.lexical=0.9", False)):
        with Rag.open(folder, overrides=["chunking.max_tokens=60", override]) as other:
            assert (other.search("kettle").coverage is not None) == known


def test_other_weights_have_a_confidence_once_they_are_calibrated(folder: Path) -> None:
    with Rag.open(folder, overrides=["chunking.max_tokens=60", "retrieval.weights.lexical=0.9"]) as corpus:
        corpus.ingest()
        assert corpus.search("kettle").coverage is None
        calibrate(corpus, questions=60)
        assert corpus.search("Where does the kettle stand?").coverage is not None


def questions(path: Path, answerable: int, unanswerable: int) -> Path:
    rows = [
        {"question": f"On which shelf does the {THINGS[n % len(THINGS)]} number {n} stand?", "answers": ["upper"]}
        for n in range(answerable)
    ] + [{"question": f"Who won the election in district {n}?", "answers": []} for n in range(unanswerable)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def test_questions_of_ones_own_are_asked_to_the_corpus_itself(shared: Rag, tmp_path: Path) -> None:
    report = calibrate(shared, data=questions(tmp_path / "q.jsonl", 30, 25), risk=0.1, keep=False)
    assert {kind: report.questions[kind] for kind in ("answerable", "unanswerable")} == {
        "answerable": 30,
        "unanswerable": 25,
    }
    assert report.questions["foreign"] > 20
    assert not report.kept
    assert shared.search("kettle").threshold == SHIPPED.read.threshold


def test_what_is_fitted_is_what_answers_are_judged_by(folder: Path, shared: Rag, tmp_path: Path) -> None:
    """A reranker's scores are of another scale than those by which is said how sure an answer is."""
    data = questions(tmp_path / "q.jsonl", 30, 25)
    plain = calibrate(shared, data=data, risk=0.1, keep=False)
    stage = "retrieval.rerank={kind: langchain, compressor: 'tests.rag.retrieval.test_rerank:ByLength'}"
    with Rag.open(folder, overrides=["chunking.max_tokens=60", stage]) as corpus:
        corpus.ingest()
        reranked = calibrate(corpus, data=data, risk=0.1, keep=False)
    assert reranked.calibration == plain.calibration
    assert reranked.auroc == plain.auroc


def test_too_few_questions_are_an_error(shared: Rag, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"3 answerable, 0 unanswerable.*at least 20"):
        calibrate(shared, data=questions(tmp_path / "q.jsonl", 3, 0))


@pytest.mark.parametrize("risk", [0.0, 1.0, -1.0])
def test_a_risk_is_a_share(shared: Rag, risk: float) -> None:
    with pytest.raises(EvaluationError, match="above 0 and below 1"):
        calibrate(shared, risk=risk)


def test_the_command_says_what_it_did(
    corpus: Rag, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus.close()
    data = str(questions(tmp_path / "q.jsonl", 30, 25))
    words = ["calibrate", str(folder), "--data", data, "--risk", "10%", "--set", "chunking.max_tokens=60"]
    assert main([*words, "--dry-run"]) == 0
    assert capsys.readouterr().out.endswith("not kept\n")
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "at most 10.0% of the unanswerable questions" in out
    assert "answerable" in out
    assert out.endswith("answers go by it from now on\n")
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kept"]
