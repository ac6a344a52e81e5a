"""Figures are what an independent computation gives, and bad data are named by file and line."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.cli import main
from rag.errors import EvaluationError
from rag.evaluation.beir import Passage, load_beir
from rag.evaluation.metrics import NAMES, per_query, summary
from rag.evaluation.passages import PassageSource, WindowEncoder
from rag.models.encoder import load_encoder
from rag.models.tokenizer import EncoderTokenizer
from rag.settings import Embedding

MakeData = Callable[..., Path]


def test_passages_queries_and_judgements_are_read(make_data: MakeData) -> None:
    data = load_beir(make_data())
    assert data.name == "facts"
    assert data.passages[0] == Passage(
        id="alpha/guide.md#0",
        title="alpha/guide.md",
        text="Green tea is brewed at 75 degrees Celsius for two minutes.",
        document_id="alpha/guide.md",
        ordinal=0,
    )
    assert [*data.queries] == ["q1", "q2"], "only queries with a judgement count"
    assert data.judgements["q2"] == {"beta/guide.md#0": 2, "water.md#0": 0}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"corpus": "{oops\n"}, ["corpus.jsonl:1", "not valid JSON"]),
        ({"corpus": '{"_id": "a", "text": "x"}\n\n[1]\n'}, ["corpus.jsonl:3", "not a JSON object"]),
        ({"corpus": [{"_id": "a", "text": "x"}] * 2}, ["corpus.jsonl:2", "'a' comes twice"]),
        ({"corpus": [{"_id": "a"}]}, ["corpus.jsonl:1", "'text' is None"]),
        ({"corpus": [{"_id": "a", "text": "x", "metadata": {"ordinal": "1"}}]}, ["corpus.jsonl:1", "ordinal"]),
        ({"corpus": [{"_id": "a", "text": "x", "metadata": {"headings": "A"}}]}, ["corpus.jsonl:1", "'A'", "a list"]),
        ({"queries": [{"_id": "q", "text": 3}]}, ["queries.jsonl:1", "'text' is 3"]),
        ({"judged": "q9\ta\t1\n"}, ["test.tsv:1", "'q9'", "queries.jsonl"]),
        ({"judged": "query-id\tcorpus-id\tscore\nq1 a 1\n"}, ["test.tsv:2", "tabs"]),
        ({"judged": ""}, ["no query has a judgement"]),
    ],
)
def test_bad_data_are_named_by_file_and_line(make_data: MakeData, changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(EvaluationError) as raised:
        load_beir(make_data(**changes))
    assert all(word in str(raised.value) for word in words), raised.value


def test_a_folder_without_the_files_says_which(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"no corpus\.jsonl"):
        load_beir(tmp_path)


IDS = st.sampled_from([f"p{n}" for n in range(30)])


@given(st.dictionaries(IDS, st.integers(0, 3), min_size=1), st.lists(IDS, unique=True, max_size=30))
def test_metrics_are_those_of_their_definitions(judged: dict[str, int], ranking: list[str]) -> None:
    found = per_query({"q": judged}, {"q": ranking})["q"]
    relevant = {id for id, grade in judged.items() if grade > 0}
    gains = [judged.get(id, 0) for id in ranking[:10]]
    best = sorted(judged.values(), reverse=True)[:10]
    ideal = _discounted(best)
    assert found["ndcg@10"] == pytest.approx(_discounted(gains) / ideal if ideal else 0, abs=1e-6)
    for k in (1, 5, 20):
        hit = len(relevant & set(ranking[:k])) / len(relevant) if relevant else 0
        assert found[f"recall@{k}"] == pytest.approx(hit, abs=1e-6)
    first = next((rank for rank, id in enumerate(ranking[:10], 1) if id in relevant), None)
    assert found["mrr@10"] == pytest.approx(1 / first if first else 0, abs=1e-6)
    precisions = [len(relevant & set(ranking[:n])) / n for n, id in enumerate(ranking, 1) if id in relevant]
    assert found["map@100"] == pytest.approx(sum(precisions) / len(relevant) if relevant else 0, abs=1e-6)


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, 1))


def test_a_query_that_finds_nothing_counts_as_nothing() -> None:
    values = per_query({"a": {"p": 1}, "b": {"p": 1}}, {"a": ["p"], "b": []})
    assert summary(values)["recall@1"].mean == 0.5
    assert set(values["b"].values()) == {0.0}


def test_intervals_hold_the_mean_and_are_the_same_every_time() -> None:
    rng = np.random.default_rng(1)
    values = {str(n): dict.fromkeys(NAMES, float(rng.random())) for n in range(200)}
    interval = summary(values)["ndcg@10"]
    spread = 1.96 * np.std([row["ndcg@10"] for row in values.values()]) / math.sqrt(200)
    assert interval.low == pytest.approx(interval.mean - spread, abs=0.01)
    assert interval.high == pytest.approx(interval.mean + spread, abs=0.01)
    assert summary(values)["ndcg@10"] == interval


@pytest.fixture(scope="module")
def encoder() -> Any:
    return load_encoder(Embedding(dtype="float32"))  # in which a vector does not depend on what it is computed with


def test_a_text_beyond_the_window_is_the_mean_of_its_windows(encoder: Any) -> None:
    counter: EncoderTokenizer = encoder.tokenizer
    words = [f"word{n} granite" for n in range(300)]
    text = " ".join(words)
    windows = WindowEncoder(encoder, counter)
    before = encoder.tokens_truncated
    long, short = windows.encode([text, "short"], kind="document")
    assert encoder.tokens_truncated == before, "nothing is cut"
    assert short == pytest.approx(encoder.encode(["short"], kind="document")[0], abs=1e-6)
    pieces = [text[start:end] for start, end in windows._cut(text)]
    assert len(pieces) > 2
    assert " ".join(pieces).split() == text.split()
    sizes = counter.count(pieces)
    assert max(sizes) <= counter.max_tokens
    mean = np.average(encoder.encode(pieces, kind="document"), axis=0, weights=sizes)
    assert long == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)
    spans = [(0, 12), (len(text) - 15, len(text))]
    whole, (parts, _) = windows.encode_parts([text, "short"], [spans, []], kind="document")
    assert whole[0] == pytest.approx(long, abs=1e-5)
    last = pieces[-1]
    _, (expected,) = encoder.encode_parts([last], [[(len(last) - 15, len(last))]], kind="document")
    assert parts[1] == pytest.approx(expected[0], abs=1e-5)


def test_windows_end_in_text_without_spaces(encoder: Any) -> None:
    text = "日本語" * 400
    pieces = [text[start:end] for start, end in WindowEncoder(encoder, encoder.tokenizer)._cut(text)]
    assert "".join(pieces) == "日本語" * 400
    assert max(encoder.tokenizer.count(pieces)) <= encoder.tokenizer.max_tokens


def test_passages_are_chunks_of_their_document(encoder: Any) -> None:
    passages = [
        Passage(id="b", title="T", text="second", document_id="d", ordinal=1),
        Passage(id="a", title="T", text="first", document_id="d", ordinal=0),
        Passage(id="c", title="Part", text="second", document_id="d", ordinal=2),
        Passage(id="e", title="only a title", text="", document_id="e", ordinal=0),
    ]
    below = replace(passages[0], id="f", document_id="f", headings=("Part", "Section"))
    passages += [below, replace(below, id="g", title="U", ordinal=2, headings=())]
    source = PassageSource(passages, encoder.tokenizer)
    items = {item.key: item for item in source.list()}
    (document,) = source.parse(source.fetch(items["d"]), items["d"]).documents
    chunks = source.split(document)
    assert [(c.text, c.headings) for c in chunks] == [("first", ()), ("second", ()), ("second", ("Part",))]
    assert all(document.text[c.start : c.end] == c.text for c in chunks)
    assert len({c.id for c in chunks}) == 3
    assert [source.passage_id(document.id, c.ordinal) for c in chunks] == ["a", "b", "c"]
    (headed,) = source.parse(source.fetch(items["f"]), items["f"]).documents
    assert [c.headings for c in source.split(headed)] == [("Part", "Section"), ()], "a heading path is taken as it is"
    (other,) = source.parse(source.fetch(items["e"]), items["e"]).documents
    assert source.split(other)[0].text == "only a title"


def test_the_command_measures_and_leaves_nothing(
    make_data: MakeData, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "temporary").mkdir()
    data = make_data()
    rows = tmp_path / "queries.jsonl"
    config = tmp_path / "corpus.yaml"
    config.write_text("sources: [{kind: files, path: ./none}]\nretrieval: {top_k: 1}\n")
    words = ["eval", "retrieval", str(config), "--data", str(data), "--per-query", str(rows)]
    assert main([*words, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["dataset"], report["queries"], report["documents"], report["chunks"]) == ("facts", 2, 3, 5)
    assert set(report["metrics"]) == set(NAMES)
    assert report["metrics"]["recall@1"]["mean"] == 1.0
    found = {leg: metrics["recall@100"]["mean"] for leg, metrics in report["legs"].items()}
    assert {leg: found[leg] for leg in ("situated", "sentences", "lexical")} == {
        "situated": 1.0,
        "sentences": 1.0,
        "lexical": 1.0,
    }
    assert "ngrams" not in found, "a leg that has nothing to find is left out"
    assert report["tokens_truncated"] == 0
    assert report["latency_ms"]["p50"] > 0
    assert report["bytes_per_chunk"] > 1000
    assert report["manifest"]["settings"]["chunking"]["max_tokens"] == 150
    assert len(report["manifest"]["data"]["corpus.jsonl"]) == 64
    assert {json.loads(line)["query"] for line in rows.read_text().splitlines()} == {"q1", "q2"}
    assert not [*(tmp_path / "temporary").iterdir()], "the corpus is removed"
    assert not (tmp_path / ".rag").exists()

    kept = tmp_path / "kept"
    assert main([*words[:5], "--keep", str(kept), "--set", "retrieval.weights.lexical=0"]) == 0
    out = capsys.readouterr().out
    assert "facts: 2 queries, 5 passages of 3 documents" in out
    assert "situated" in out
    assert "  lexical " not in out
    assert (kept / "index").is_dir()
    assert main([*words[:5], "--keep", str(kept)]) == 1
    assert "exists already" in capsys.readouterr().err


def test_the_commands_compare_and_guard(
    make_data: MakeData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = make_data()
    config = tmp_path / "corpus.yaml"
    config.write_text("sources: [{kind: files, path: ./none}]\n")
    picture = tmp_path / "picture.svg"
    words = ["eval", "compare", str(config), str(config), "--data", str(data), "--picture", str(picture)]
    off = ["situated", "sentences", "bigrams", "document"]
    assert main([*words, "--json", *(f"--set=retrieval.weights.{leg}=0" for leg in off)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["names"][0] == "corpus"
    assert "situated=0" in report["names"][1]
    row = report["metrics"]["recall@1"]
    assert row["wins"] + row["losses"] + row["ties"] == 2
    # not which is smaller: an index of five passages is what the engine sets aside for it, whatever is in it
    assert min(report["bytes_per_chunk"]) > 1000
    assert picture.read_text().startswith("<svg")
    assert main([*words[:6], "--by", "recall@4"]) == 1
    assert "recall@3" in capsys.readouterr().err

    baseline = tmp_path / "baseline.json"
    baseline.write_text('{"recall@1": 1.0}')
    guard = ["eval", "gate", str(config), "--data", str(data), "--baseline", str(baseline)]
    assert main([*guard, "--tolerance", "0.1"]) == 0
    assert capsys.readouterr().out.endswith("ok\n")
    baseline.write_text('{"recall@1": 1.01}')
    assert main([*guard, "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["fallen"] == ["recall@1"]
