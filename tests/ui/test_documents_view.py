"""The documents tab without a browser: filters, order, pages; everything of a document is text."""

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rag.entries import DocumentEntry, Upload
from rag.errors import DeletionRefusedError
from rag.ingest.job import Progress
from rag.jobs import JobState
from rag.notices import notice
from rag.reports import Failure, IngestReport, Plan, PlannedDocument, SettingChange, Skipped
from rag.results import StoredDocument
from tests.ui.test_view import HOSTILE, TEXT, Parsed
from ui.language import LANGUAGES
from ui.shelf import PAGE, SORTS, Row, View, page_of, rows_of
from ui.view import document, documents, jobs, words


def entry(key="a.md", *, source="files", title="Tea", state="ready", error=None, kind=None, chunks=1):
    return DocumentEntry(
        id=f"{source}:{key}",
        title=title,
        source=source,
        uri=f"/docs/{key}",
        mime="text/markdown",
        state=state,
        error=error,
        error_kind=kind,
        chunks=chunks,
        size=1200,
        modified="2024-05-01T10:00:00Z",
        acl=("*",),
    )


def upload(name, outcome="kept"):
    return Upload(document_id=f"uploads:{name}", name=name, uri=f"/up/{name}", size=10, modified=None, outcome=outcome)


def report(**changes):
    zero = dict.fromkeys(
        ("new", "changed", "unchanged", "deleted", "chunks_written", "chunks_deleted", "tokens_encoded"), 0
    )
    rest = {"tokens_truncated": 0, "tokens_unknown": 0, "contexts_written": 0, "seconds": 2.0, "stages": {}}
    return IngestReport(**{"corpus": "c", "failed": (), "skipped": (), **zero, **rest, **changes})


def state(name, **changes):
    return JobState(number=1, state=name, started=0.0, **changes)


def test_an_upload_waits_is_read_and_is_a_document():
    uploads = [upload("new.md"), upload("busy.md"), upload("done.md"), upload("a.zip")]
    entries = [entry("done.md", source="uploads"), entry("a.zip!/x.md", source="uploads"), entry("done.md")]
    rows = {row.id: row for row in rows_of(entries, uploads, {"uploads:busy.md"})}
    assert {id: row.state for id, row in rows.items()} == {
        "uploads:done.md": "ready",
        "uploads:a.zip!/x.md": "ready",
        "files:done.md": "ready",
        "uploads:new.md": "waiting",
        "uploads:busy.md": "reading",
    }
    assert rows["uploads:a.zip!/x.md"].upload == "uploads:a.zip", "a member goes with its archive"
    assert rows["files:done.md"].upload is None
    (busy,) = rows_of([entry("b.zip!/x.md")], (), {"files:b.zip"})
    assert busy.state == "reading"


def test_filters_count_what_they_would_leave():
    rows = rows_of(
        [
            entry("tea.md", title="Grüner Tee"),
            entry("coffee.pdf", title="Coffee", state="failed", error="no PDF", kind="parse"),
            entry("1", source="sql", title="Ticket", state="stale", error="gone"),
        ],
        (),
        (),
    )
    assert [row.title for row in page_of(rows, View()).rows] == ["Coffee", "Ticket", "Grüner Tee"], "troubles first"
    assert page_of(rows, View()).states == {"failed": 1, "stale": 1, "ready": 1}
    failed = page_of(rows, View(state="failed"))
    assert [row.error for row in failed.rows] == ["no PDF"]
    assert (failed.states, failed.sources) == ({"failed": 1, "stale": 1, "ready": 1}, {"files": 1})
    for text in ("grüner", "TEE.MD", "tee grün", "gru\u0308ner", "/docs/tea"):
        found = [row.id for row in page_of(rows, View(text=text)).rows]
        assert found == (["files:tea.md"] if text != "TEE.MD" else [])
    assert [row.id for row in page_of(rows, View(text="parse")).rows] == ["files:coffee.pdf"]
    assert page_of(rows, View(source="sql")).found == 1


def test_pages_end_and_an_order_turns_at_the_second_click():
    rows = rows_of([entry(f"{n}.md", title=f"T{n:03}", chunks=n) for n in range(PAGE * 2 + 1)], (), ())
    view = View().after("sort", "chunks")
    assert page_of(rows, view).rows[0].chunks == 0
    view = view.after("page", "2").after("sort", "chunks")
    assert (view.descending, view.page) == (True, 0)
    assert page_of(rows, view).rows[0].chunks == PAGE * 2
    last = page_of(rows, view.after("page", "99999"))
    assert (last.pages, last.view.page, len(last.rows)) == (3, 2, 1)
    assert view.after("state", "ready").after("state", "ready").state == "", "a chip is let go"


@settings(deadline=None)
@given(st.sampled_from(["text", "state", "source", "sort", "page", "x"]), st.text(max_size=300))
def test_whatever_is_sent_gives_a_view_that_can_be_shown(action, value):
    view = View().after(action, value)
    assert view.sort in SORTS
    page = page_of(rows_of([entry()], (), ()), view)
    assert Parsed(documents.shelf(page, "en", may_change=True)).tags


def whole_of(text):
    chunk = {"chunk_id": "", "start": 0, "end": len(text), "page": 3, "headings": [text], "situation": text}
    return StoredDocument(document_id=text, uri=text, title=text, text=text, metadata={text: text}, chunks=(chunk,) * 3)


def every_part(text, language):
    """The parts of the tab with a text everywhere where one of a document, a file or an error can be."""
    row = Row(id=text, title=text, source=text, uri=text, state="failed", error=text, upload=text)
    rows = (row, replace(row, state="stale", upload=None))
    found = Failure(id=text, uri=text, error=text, kind=text)
    plan = Plan(
        corpus=text,
        new=1,
        changed=0,
        unchanged=0,
        deleted=1,
        failed=(found,),
        skipped=(Skipped(uri=text, reason=text),),
        documents=(PlannedDocument(id=text, uri=text, action="deleted"),),
        settings_changed=(),
        estimate={"tokens": 1, "seconds": 1, "bytes": 1},
    )
    changed = replace(plan, settings_changed=(SettingChange(key=text, stored=1, wanted=2),))
    at = Progress(done=1, total=2, tokens=9, seconds=3, eta_s=70, current=(f"files:{text}",))
    yield documents.zone(0.5, language, results=[(text, text), (text, upload(text, "renamed"))], large=text)
    yield documents.shelf(page_of(rows, View(source=text)), language, may_change=True)
    yield documents.unlisted(text, language)
    yield jobs.plan(plan, [text], language)
    yield jobs.plan(changed, (), language)
    yield jobs.job(state("running", progress=at), language, may_change=True)
    yield jobs.job(state("failed", error=text), language, may_change=True)
    yield jobs.job(state("done", report=report(failed=(found,), skipped=plan.skipped)), language, may_change=True)
    yield document.stored(whole_of(text), language, chunks=2)
    yield document.unread(row, language, may_change=True)
    yield document.confirm(text, language, running=True)
    yield document.exclusion(text, notice("exclude_line", source=text, line=text), language)
    yield document.problem(text, language)


KNOWN = {
    *("section", "label", "input", "span", "b", "u", "small", "form", "button", "p", "ul", "ol", "li", "div", "h2"),
    *("h3", "table", "thead", "tbody", "tr", "th", "td", "select", "option", "nav", "details", "summary", "progress"),
    *("dialog", "header", "footer", "dl", "dt", "dd", "article", "code", "strong", "a"),
}


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=10, deadline=None)
@example(text=HOSTILE)
@given(text=TEXT)
def test_texts_of_documents_stay_text(language, text):
    for html in every_part(text, language):
        parsed = Parsed(html)
        assert {tag for tag, _ in parsed.tags} <= KNOWN
        assert not any(name.startswith("on") for _, attributes in parsed.tags for name in attributes)
    assert text.strip() in Parsed(document.stored(whole_of(text), language)).text, "and nothing of them is lost"


def test_who_may_only_look_sees_nothing_that_changes_anything():
    rows = rows_of([entry(state="failed", error="x")], [upload("a.md")], ())
    shown = documents.shelf(page_of(rows, View()), "en", may_change=False)
    shown += "".join(
        jobs.job(last, "en", may_change=False, failed=1)
        for last in (None, state("running"), state("stopped"), state("failed", error="x"))
    )
    does = set(Parsed(shown).attributes("data-do"))
    assert does <= {"state", "sort", "page", "show", "exclude"}
    everything = documents.shelf(page_of(rows, View()), "en", may_change=True)
    assert {"confirm", "retry"} <= set(Parsed(everything).attributes("data-do"))


def test_the_job_says_how_far_it_is_and_what_can_be_done():
    at = Progress(done=3, total=12, tokens=9000, seconds=3.0, eta_s=150, current=("files:a.md", "uploads:b.pdf"))
    html = jobs.job(state("running", progress=at), "en", may_change=True)
    shown = Parsed(html)
    assert "Reading 3 of 12" in shown.text
    assert "3,000 tokens/s · about 2 min left" in shown.text
    assert "Now: a.md, b.pdf" in shown.text
    assert [(a["value"], a["max"]) for tag, a in shown.tags if tag == "progress"] == [("3", "12")]
    assert shown.attributes("data-do") == ["stop"]
    refused = state("failed", error="too many", raised=DeletionRefusedError("too many"))
    assert Parsed(jobs.job(refused, "en", may_change=True)).attributes("data-do") == ["delete_anyway", "check"]
    done = Parsed(jobs.job(state("done", report=report(new=2)), "de", may_change=True, failed=1))
    assert "2 neu" in done.text
    assert done.attributes("data-do") == ["retry_failed", "check"]


def test_a_plan_starts_nothing_where_there_is_nothing_to_do():
    nothing = {"corpus": "c", "new": 0, "changed": 0, "unchanged": 4, "deleted": 0, "failed": (), "skipped": ()}
    plan = Plan(**nothing, documents=(), settings_changed=(), estimate={"tokens": 0, "seconds": 0, "bytes": 0})
    assert "ingest" not in Parsed(jobs.plan(plan, (), "en")).attributes("data-do")
    assert Parsed(jobs.plan(replace(plan, new=1), ["a", "b"], "en")).attributes("data-sources") == ["a b"]


@pytest.mark.parametrize(
    ("value", "en", "de"),
    [(None, "–", "–"), (999, "999 B", "999 B"), (1234, "1.2 kB", "1,2 kB"), (50_000, "50 kB", "50 kB"),
     (4.56e8, "456 MB", "456 MB"),
     (1.5e12, "1,500.0 GB", "1.500,0 GB")],
)  # fmt: skip
def test_sizes_are_in_the_language(value, en, de):
    assert (words.size(value, "en"), words.size(value, "de")) == (en, de)


def test_times_and_days_are_short():
    assert [words.duration(s) for s in (0, 45, 170, 7500)] == ["1 s", "45 s", "3 min", "2 h 5 min"]
    assert [words.day(d, "de") for d in ("2024-05-01T10:00:00Z", None, "2024")] == ["01.05.2024", "–", "2024"]
    assert words.day("2024-05-01T10:00:00Z", "en") == "2024-05-01"
