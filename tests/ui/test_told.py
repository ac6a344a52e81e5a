"""What the engine says is said in the language of the page."""

import ast
import json
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import CorpusMissingError, DocumentError, RagError
from rag.jobs import JobState
from rag.notices import MESSAGES, notice
from rag.serving.encoding import decoded, encoded
from rag.skips import REASONS, recognised, skip_reason
from tests.ui.test_view import Parsed, cited, log, turn
from ui.conversation import Conversation, Turn
from ui.language import LANGUAGES, strings
from ui.stored import from_browser, to_browser
from ui.view import export, jobs
from ui.view.told import left_aside, told, unreadable, wrong

ROOT = Path(__file__).parents[2]
SOURCES = [path for package in ("rag", "connectors") for path in (ROOT / package).rglob("*.py")]


@pytest.mark.parametrize("code", MESSAGES)
def test_every_notice_is_said_in_german_and_in_the_engine_s_english(code):
    assert strings()["en"][f"notices.{code}"] == MESSAGES[code]
    assert f"notices.{code}" in strings()["de"]


def test_every_notice_that_the_strings_know_is_one_of_the_engine():
    known = {key.partition(".")[2] for key in strings()["de"] if key.startswith("notices.")}
    assert known == set(MESSAGES)


def written(called, place, name=None):
    """The texts that are written as an argument of these calls, anywhere in the engine."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in called:
                given = [k.value for k in node.keywords if k.arg == name] if name else node.args[place : place + 1]
                for each in given:
                    choices = (each.body, each.orelse) if isinstance(each, ast.IfExp) else (each,)
                    yield from (choice.value for choice in choices if isinstance(choice, ast.Constant))


def put_together(*called):
    """Where one of these calls is given words that are not of `rag.skips`."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in called:
                given = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "reason")]
                yield from (f"{path}:{each.lineno}" for each in given if isinstance(each, ast.JoinedStr))


def test_every_code_that_is_written_somewhere_has_a_message():
    codes = set(written({"notice"}, 0))
    assert codes <= set(MESSAGES)
    assert len(codes) > 30


def test_every_reason_for_a_skip_is_said_in_german_and_in_the_connectors_english():
    for language in LANGUAGES:
        assert {key.partition(".")[2] for key in strings()[language] if key.startswith("skips.")} == set(REASONS)
    assert {strings()["en"][f"skips.{code}"] for code in REASONS} == set(REASONS.values())
    assert set(written({"skip_reason"}, 0)) <= set(REASONS)
    left_bare = [*written({"Skip", "Skipped"}, 1), *written({"Skip", "Skipped", "_Entry"}, 1, "reason")]
    assert left_bare == [*written({"Refused", "TooLarge"}, 0)] == []
    assert [*put_together("Skip", "Skipped", "_Entry", "Refused", "TooLarge")] == []


SKIPPED = [
    ("excluded", {"pattern": "*.{tmp,bak}"}, "ausgeschlossen durch '*.{tmp,bak}'"),
    ("too_large", {"size": 212.5, "limit": 100}, "212,5 MB, mehr als die 100 MB von parsing.max_file_mb"),
    ("no_suffix", {}, "Dateien ohne Endung werden nicht gelesen"),
    ("no_parser_for", {"kind": ".xyz"}, "Dateien mit der Endung .xyz werden nicht gelesen"),
    ("same_page", {"other": "https://example.org/{x}?a=1"}, "dieselbe Seite wie https://example.org/{x}?a=1"),
]


@pytest.mark.parametrize(("code", "values", "german"), SKIPPED)
def test_a_skip_is_told_in_german(code, values, german):
    assert left_aside(skip_reason(code, **values), "de") == german
    assert left_aside(skip_reason(code, **values), "en") == skip_reason(code, **values)


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_of_another_connector_are_told_as_they_are(language):
    assert left_aside("<b>too old", language) == "<b>too old"


@given(st.sampled_from(sorted(REASONS)), st.text(min_size=1, max_size=30), st.integers(1, 999))
def test_every_reason_is_recognised_by_its_words(code, text, number):
    names = [(name, spec) for _, name, spec, _ in Formatter().parse(REASONS[code]) if name]
    reason = skip_reason(code, **{name: number if spec else text for name, spec in names})
    assert recognised(reason)[0] == code or text in ("files of this kind", "an unnamed media type")
    assert left_aside(reason, "de")


def test_every_error_has_its_words():
    def below(kind):
        yield kind
        for each in kind.__subclasses__():
            yield from below(each)

    ours = {kind for kind in below(RagError) if kind.__module__ in ("rag.errors", "rag.jobs")} - {DocumentError}
    codes = {kind.__new__(kind).code for kind in ours}
    codes |= {f"document_{kind}" for kind in written({"DocumentError", "Failure"}, 0, "kind")}
    assert len(codes) > 25
    assert {f"errors.{code}" for code in codes} <= set(strings()["de"])


def test_numbers_are_written_as_in_the_language():
    said = notice("not_covered", confidence=0.421, needed=0.5).to_dict()
    assert told(said, "de").endswith("(Konfidenz 0,42, nötig 0,50).")
    assert told(said, "en") == said["text"]
    many = notice("passages_left_out", number=1, found=1200).to_dict()
    assert "1.200" in told(many, "de")


def test_a_german_page_says_why_a_model_failed_after_a_reload_too():
    failed = notice("model_failed", model="tea", failure=notice("too_many_requests", status=429))
    shown = turn(cited("Ein Satz."), id="00000000000000aa")
    shown = Turn(question="q", id=shown.id, answer={**shown.answer, "notices": [failed.to_dict()]})
    kept = json.loads(json.dumps(to_browser(Conversation("0123456789abcdef", (shown,)), corpus="c", owner="")))
    again = from_browser(kept, owner="").conversation.turns
    for turns in ((shown,), again):
        text = Parsed(log(turns, "de")).text
        assert "Das Modell tea hat nicht geantwortet (HTTP 429, zu viele Anfragen, auch beim späteren Versuch)" in text
        assert "gave no answer" not in text
        assert "Das Modell tea" in export.markdown("x", turns, corpus="c", date="2026-01-31", language="de")


def test_what_an_earlier_version_left_in_the_browser_is_shown_as_it_was_written():
    shown = turn(reason="Kept.", id="00000000000000aa")
    old = {name: value for name, value in shown.answer.items() if name not in ("why", "notices")}
    old["notice"] = "The sources differ."
    kept = to_browser(
        Conversation("0123456789abcdef", (Turn(question="q", id=shown.id, answer=old),)), corpus="c", owner=""
    )
    for name in ("notices", "error_code"):
        del kept["turns"][0][name]
    kept["turns"][0]["warnings"] = ["old"]
    text = Parsed(log(from_browser(json.loads(json.dumps(kept)), owner="").conversation.turns, "de")).text
    assert "Kept." in text
    assert "The sources differ." in text


@pytest.mark.parametrize(
    "strange",
    [
        {"code": "of_tomorrow", "text": "New.", "values": {}},
        {"code": "not_covered", "text": "New.", "values": {}},
        {"code": "not_covered", "text": "New.", "values": {"confidence": "x", "needed": "y"}},
        {"code": "http_error", "text": "New.", "values": {"key": "x", "language": "y"}},
    ],
)
def test_a_notice_that_cannot_be_said_is_told_as_it_came(strange):
    assert told(strange, "de") == "New."


def test_errors_say_what_they_are_in_german_and_keep_their_details():
    error = CorpusMissingError("corpus 'tea' holds nothing yet")
    assert wrong(error, "de") == "In diesen Korpus wurde noch nichts eingelesen: corpus 'tea' holds nothing yet"
    assert wrong(error, "en") == str(error)
    assert unreadable("encrypted", "a.pdf: needs a password", "de").startswith("Verschlüsselt")
    assert unreadable("of_a_plugin", "a.pdf: odd", "de") == "Das ging nicht: a.pdf: odd"
    failed = JobState(number=1, state="failed", started=0.0, error="no", raised=error)
    assert "In diesen Korpus wurde noch nichts eingelesen" in Parsed(jobs.job(failed, "de", may_change=False)).text


def test_notices_cross_the_wire_between_processes():
    failed = notice("judge_failed", failure=notice("unreachable"))
    sentence = cited("A.", supported=False)
    sent = encoded(type(sentence)(text="A.", supported=False, why=failed))
    assert (
        decoded(type(sentence), json.loads(json.dumps(sent))).reason
        == "the judge gave no answer (the server cannot be reached)"
    )
