"""The last evaluation is kept with the corpus; votes are read whatever else is in their file."""

import json

import pytest

from rag import Rag
from rag.evaluation.answers import load_questions
from rag.evaluation.asking import evaluate_corpus
from rag.evaluation.feedback import LATEST, FeedbackSummary, feedback_of, sum_up
from rag.evaluation.kept import keep_report, last_reports
from rag.feedback import feedback_file, keep_vote


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


@pytest.fixture
def settings(make_folder):
    """Of a corpus without an index, which votes do not need."""
    with Rag.open(make_folder()) as corpus:
        return corpus.settings


def vote(settings, number, *, vote="down", model="m"):
    answer = {"question": f"q{number}", "standalone_question": "", "answer": "", "model": model, "abstained": True}
    return keep_vote(settings, {**answer, "sentences": []}, answer_id=str(number), vote=vote)


def test_votes_are_counted_by_model_with_the_latest_against(settings):
    votes = [vote(settings, number) for number in range(30)]
    votes.append(vote(settings, 30, vote="up", model="extractive"))
    found = sum_up(votes)
    assert (found.up, found.down, found.models) == (1, 30, {"extractive": (1, 0), "m": (0, 30)})
    assert [vote.question for vote in found.against] == [f"q{n}" for n in reversed(range(30 - LATEST, 30))]
    assert feedback_of(settings) == found


@pytest.mark.parametrize("line", ["no json", "[]", '{"vote": "up"}', '{"id": "a", "vote": "maybe"}'])
def test_what_is_no_vote_stops_nothing_and_is_counted(settings, line):
    vote(settings, 1, vote="up")
    with feedback_file(settings).open("a") as file:
        file.write(f"{line}\n\n")
    found = feedback_of(settings)
    assert (found.up, found.unreadable) == (1, 1)


def test_a_vote_that_was_taken_back_or_changed_counts_as_it_stands(settings):
    for again in ("up", "down", None, "up"):
        vote(settings, 1, vote=again)
    assert (feedback_of(settings).up, feedback_of(settings).down) == (1, 0)


def test_a_corpus_nobody_voted_on_has_no_votes(settings):
    assert feedback_of(settings) == FeedbackSummary()
    assert feedback_of(settings.model_copy(update={"data_dir": None})) == FeedbackSummary()
