"""The last evaluation is kept with the corpus; votes are read whatever else is in their file."""

import json

import pytest

from rag import Rag
from rag.evaluation.answers import load_questions
from rag.evaluation.asking import evaluate_corpus
from rag.evaluation.feedback import LATEST, Feedback, feedback_of, sum_up
from rag.evaluation.kept import keep_report, last_reports


def test_an_evaluation_of_the_corpus_itself_is_kept_and_outlives_it(facts, tmp_path, make_folder):
    assert last_reports(facts.artifacts) == {}
    data = tmp_path / 'odd "name".jsonl'
    data.write_text('{"question": "How long do refunds take?", "answers": ["14 days"]}\n')
    report = evaluate_corpus(facts, load_questions(data), data, progress=lambda *_: None)
    facts.close()
    with Rag.open(make_folder()) as again:
        kept = last_reports(again.artifacts)["answers"]
    assert kept.report == json.loads(json.dumps(report.to_dict()))
    assert kept.time.endswith("+00:00")


def test_a_second_report_replaces_the_first_of_its_kind(facts):
    for risk in (0.1, 0.2):
        keep_report(facts.artifacts, "calibration", {"risk": risk})
    keep_report(facts.artifacts, "answers", {"queries": 1})
    assert {kind: kept.report for kind, kept in last_reports(facts.artifacts).items()} == {
        "calibration": {"risk": 0.2},
        "answers": {"queries": 1},
    }


def test_a_corpus_without_an_index_has_no_reports(make_folder):
    with Rag.open(make_folder()) as corpus:
        assert last_reports(corpus.artifacts) == {}


def test_votes_are_counted_by_model_with_the_latest_against():
    lines = [json.dumps({"question": f"q{n}", "vote": "down", "reason": "old", "model": "m"}) for n in range(30)]
    lines += [json.dumps({"question": "q", "vote": "up", "time": "2026-01-01", "answer": {"more": "fields"}})]
    found = sum_up(lines)
    assert (found.up, found.down, found.models) == (1, 30, {"": (1, 0), "m": (0, 30)})
    assert [vote.question for vote in found.against] == [f"q{n}" for n in reversed(range(30 - LATEST, 30))]


@pytest.mark.parametrize(
    "line", ["no json", "[]", '{"vote": "up"}', '{"question": "q", "vote": "maybe"}', '{"question": 1, "vote": "up"}']
)
def test_what_is_no_vote_stops_nothing(line):
    found = sum_up([line, "", '{"question": "q", "vote": "up"}'])
    assert (found.up, found.unreadable) == (1, 1)


def test_votes_are_read_from_the_folder_of_the_corpus(facts, tmp_path):
    assert feedback_of(facts.settings) == Feedback()
    (facts.settings.store.path / "feedback.jsonl").write_bytes(b'{"question": "\xff", "vote": "up"}\n')
    assert feedback_of(facts.settings).up == 1
    (tmp_path / "data").mkdir()
    elsewhere = facts.settings.model_copy(update={"data_dir": tmp_path / "data"})
    assert feedback_of(elsewhere) == Feedback()
