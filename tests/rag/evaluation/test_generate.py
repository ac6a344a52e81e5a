"""The folder that is written is one that the other commands read, and says what it was made from."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag import Rag
from rag.cli import main
from rag.errors import EvaluationError
from rag.evaluation.beir import load_beir
from rag.evaluation.generate import generate
from tests.chat_server import ScriptedServer
from tests.corpora import MakeFolder

FILES = {
    "tea.md": "# Tea guide\n\nGreen tea is brewed at 75 degrees Celsius. Black tea needs water that boils.\n\n"
    "## How to store the leaves\n\nA dark and dry tin keeps tea leaves fresh for up to one year. "
    "Light and damp air spoil their taste within some weeks.\n",
    "coffee.md": "# Coffee guide\n\nA French press needs a coarse grind and four minutes of steeping. "
    "Espresso is pressed through fine powder at nine bar of pressure.\n",
    "water.md": "# Water\n\nHard water dulls the taste of every drink that is made of it.\n\n| salt | mg |\n|---|---|\n"
    "| calcium | 180 |\n\nA filter of charcoal takes chlorine out of the water of the tap.\n",
    "broken.docx": b"not a document",
}


@pytest.fixture
def folder(make_folder: MakeFolder) -> Path:
    return make_folder(FILES)  # type: ignore[arg-type]


@pytest.fixture
def corpus(folder: Path) -> Iterator[Rag]:
    with Rag.open(folder, overrides=["chunking.max_tokens=40"]) as opened:
        opened.ingest()
        yield opened


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_folder_is_read_by_the_other_commands(
    corpus: Rag, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus.close()
    out = tmp_path / "out"
    words = ["eval", "generate", str(folder), "--out", str(out), "--questions", "9"]
    assert main([*words, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["questions"] == {"heading": 1, "sentence": 4}
    assert report["unanswerable"] == {"altered": 4, "foreign": 5}
    assert report["filtered"]["sentences that are too short"] >= 1
    assert main(words) == 1
    assert "exists already" in capsys.readouterr().err

    data = load_beir(out)
    assert len(data.passages) == report["chunks"]
    texts = {passage.id: passage.text for passage in data.passages}
    for id, judged in data.judgements.items():
        assert all(grade == 1 and data.queries[id] not in texts[passage] for passage, grade in judged.items())
    assert {passage.title for passage in data.passages} == {"Tea guide", "Coffee guide", "Water"}
    assert not any("How to store the leaves" in (*(p.headings or ()), *p.text.split("\n")) for p in data.passages)

    foreign = out / "unanswerable.jsonl"
    assert main(["eval", "retrieval", str(folder), "--data", str(out), "--foreign", str(foreign)]) == 0
    printed = capsys.readouterr().out
    assert "out: 5 queries" in printed
    (area,) = re.findall(r"against 5 foreign queries, unanswerable:foreign: AUROC ([.\d]+)", printed)
    assert float(area) > 0.9

    assert main(["eval", "answers", str(folder), "--data", str(out / "answers.jsonl"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["citation_precision"]["mean"] > 0.5, "chunks of the corpus"


def test_answers_are_words_of_the_corpus_and_none_where_it_has_none(corpus: Rag, tmp_path: Path) -> None:
    report = generate(corpus, tmp_path / "out", questions=9)
    answers = rows(tmp_path / "out/answers.jsonl")
    texts = {row["_id"]: row["text"] for row in rows(tmp_path / "out/corpus.jsonl")}
    answerable = [row for row in answers if row["answers"]]
    assert len(answerable) == report.answers > 0
    for row in answerable:
        whole = row["question"].replace("____", row["answers"][0])
        assert whole in texts[row["evidence"][0]], "it is not held out"
    none = [row["question"] for row in answers if not row["answers"]]
    assert none == [row["text"] for row in rows(tmp_path / "out/unanswerable.jsonl")]
    assert all(not row["evidence"] for row in answers if not row["answers"])


def test_the_same_seed_writes_the_same_files(corpus: Rag, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate(corpus, tmp_path / name, questions=3, seed=seed)
    one, same, other = (json.loads((tmp_path / name / "manifest.json").read_text()) for name in "abc")
    assert one["data"] == same["data"] != other["data"]
    assert {name: one[name] for name in ("corpus", "seed", "llm", "documents")} == {
        "corpus": corpus.name,
        "seed": 1,
        "llm": None,
        "documents": 3,
    }
    assert one["settings"]["chunking"]["max_tokens"] == 40
    assert sum(one["questions"].values()) == 3


def test_a_corpus_without_sentences_says_so(make_folder: MakeFolder, tmp_path: Path) -> None:
    with Rag.open(make_folder({"short.md": "Tea.\n"})) as corpus:
        corpus.ingest()
        with pytest.raises(EvaluationError, match=r"gave no question: 1 sentences that are too short"):
            generate(corpus, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_corpus_that_was_never_ingested_is_an_error(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", "generate", str(folder), "--out", str(tmp_path / "out")]) == 1
    assert "rag ingest" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_model_writes_questions_that_are_checked(
    make_folder: MakeFolder, tmp_path: Path, server: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    span = "A French press needs a coarse grind and four minutes of steeping."
    folder = make_folder({"coffee.md": FILES["coffee.md"]})  # type: ignore[dict-item]
    assert main(["ingest", str(folder)]) == 0
    capsys.readouterr()
    written = {"question": "How long does a French press steep?", "answer": "four minutes", "span": span}
    for reply in (written, {"answer": "four minutes"}, {"question": "Who built the first one?"}, {"answer": None}):
        server.replies(json.dumps(reply))
    words = ["eval", "generate", str(folder), "--questions", "2", "--set", f"answer.base_url={server.base_url}"]
    assert main([*words, "--out", str(tmp_path / "out"), "--llm", "openai:scripted", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["questions"] == {"question": 1}
    assert report["unanswerable"] == {"near": 1, "foreign": 1}
    assert report["answers"] == 1
    assert [request["model"] for request in server.requests] == ["scripted"] * 4
    answerable, near, _ = rows(tmp_path / "out/answers.jsonl")
    (passage,) = rows(tmp_path / "out/corpus.jsonl")
    assert answerable == {
        "id": "question-1",
        "question": "How long does a French press steep?",
        "answers": ["four minutes"],
        "evidence": [passage["_id"]],
    }
    assert (near["question"], near["answers"]) == ("Who built the first one?", [])
    assert span in passage["text"], "what a model asks for is not held out"
    assert json.loads((tmp_path / "out/manifest.json").read_text())["llm"] == "openai:scripted"

    asked = len(server.requests)
    model = ["--set", "answer.llm=openai:scripted"]
    assert main([*words, *model, "--out", str(tmp_path / "none"), "--llm", "none"]) == 0
    assert "sentence" in capsys.readouterr().out
    assert len(server.requests) == asked, "none asks no model"
