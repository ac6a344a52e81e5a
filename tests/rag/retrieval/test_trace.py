"""`rag search --trace` and `rag why` say the truth about a search."""

import json
from pathlib import Path

import pytest

from rag import Rag
from rag.cli import main
from rag.errors import RagError
from rag.render import bar
from tests.corpora import FACTS, MakeFolder

QUERY = "How long does a French press steep?"


def test_a_found_document_has_its_rank_and_score(shared_facts: Rag) -> None:
    hit = shared_facts.search(QUERY)[0]
    why = shared_facts.why(QUERY, hit.document_id)
    assert (why.stage, why.rank, why.missing) == ("found", 1, 0.0)
    assert (why.chunk_id, why.text, why.score) == (hit.chunk_id, hit.text, pytest.approx(hit.score))
    assert {name: leg.score for name, leg in why.legs.items()} == pytest.approx(hit.scores, abs=1e-5)
    assert sum(leg.share for leg in why.legs.values()) == pytest.approx(hit.score, abs=1e-4)


def test_a_document_behind_the_hits_is_lost_by_the_difference(shared_facts: Rag) -> None:
    every = shared_facts.search(QUERY, top_k=50)
    first, other = every[0], next(h for h in every if h.document_id != every[0].document_id)
    why = shared_facts.why(QUERY, other.document_id, top_k=1)
    assert why.stage == "ranked too low"
    assert why.rank == other.rank
    assert why.needed == pytest.approx(first.score)
    assert why.missing == pytest.approx(first.score - other.score, abs=1e-5)
    assert sum(why.last_hit.values()) == pytest.approx(first.score, abs=1e-4)


def test_what_no_leg_brings_is_lost_before_the_ranking(make_folder: MakeFolder) -> None:
    notes = {f"n{n}.md": f"# Note {n}\n\nA French press steeps coffee, note {n}.\n" for n in range(6)}
    with Rag.open(make_folder({**FACTS, **notes}), overrides=["retrieval.candidates=1"]) as corpus:
        corpus.ingest()
        why = corpus.why("French press coffee note 3", "files:water.md", top_k=1)
        assert why.stage == "no candidate"
        assert why.missing > 0.1
        cut = why.legs["lexical"].cut
        assert cut is not None
        assert why.legs["lexical"].score < cut
        assert why.legs["bigrams"].cut is None, "it brings no candidates"


def test_filters_rights_and_empty_documents_are_named(make_folder: MakeFolder) -> None:
    with Rag.open(make_folder({**FACTS, "empty.md": ""})) as corpus:
        corpus.ingest()
        where = {"path": "alpha"}
        assert corpus.why(QUERY, "files:beta/guide.md", where=where).stage == "filtered out"
        assert corpus.why(QUERY, "files:empty.md").stage == "no text"
        assert corpus.why("", "files:beta/guide.md").stage == "no candidate"
        with pytest.raises(RagError, match="there is no document"):
            corpus.why(QUERY, "files:none.md")


def test_a_document_whose_chunks_were_lost_has_no_text(make_folder: MakeFolder) -> None:
    with Rag.open(make_folder()) as corpus:
        corpus.ingest()
        store, generation = corpus._opened.generation()
        lost = [r.id for r in store.scroll(generation.chunks) if r.payload["document_id"] == "files:beta/guide.md"]
        store.delete(generation.chunks, lost)
        assert corpus.why(QUERY, "files:beta/guide.md").stage == "no text"


def test_nobody_learns_of_what_they_may_not_see(make_folder: MakeFolder, tmp_path: Path) -> None:
    make_folder()
    config = tmp_path / "c.yaml"
    config.write_text("name: t\nsources: [{kind: files, name: a, path: docs, acl: [ann]}]\n")
    with Rag.open(config) as corpus:
        corpus.ingest()
        assert corpus.why(QUERY, "a:beta/guide.md", principals=["ann"]).stage == "found"
        for hidden in ("a:beta/guide.md", "a:none.md"):
            with pytest.raises(RagError, match="there is no document"):
                corpus.why(QUERY, hidden, principals=["bob"])


def test_the_command_prints_the_verdict(make_folder: MakeFolder, capsys: pytest.CaptureFixture[str]) -> None:
    folder: Path = make_folder()
    assert main(["ingest", str(folder)]) == 0
    capsys.readouterr()
    assert main(["why", str(folder), QUERY, "files:water.md", "-k", "1"]) == 0
    out = capsys.readouterr().out
    assert "lost in the ranking: rank" in out
    assert "sentences" in out
    assert main(["why", str(folder), QUERY, "files:beta/guide.md", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["stage"] == "found"
    assert main(["why", str(folder), QUERY, "files:nothing.md"]) == 1


def test_a_trace_is_the_arithmetic_of_the_search(shared_facts: Rag) -> None:
    plain, result = shared_facts.search(QUERY, top_k=2), shared_facts.search(QUERY, top_k=2, trace=True)
    assert [hit.to_dict() for hit in plain] == [hit.to_dict() for hit in result]
    assert (plain.trace, "trace" in plain.to_dict()) == (None, False)
    trace = result.trace
    assert trace is not None
    assert [c.rank for c in trace.candidates] == list(range(1, len(trace.candidates) + 1))
    assert [c.chunk_id for c in trace.candidates if c.hit] == [hit.chunk_id for hit in result]
    for candidate, hit in zip(trace.candidates, result, strict=False):
        assert (candidate.score, candidate.document_id) == (hit.score, hit.document_id)
        assert {name: leg.score for name, leg in candidate.legs.items()} == hit.scores
        assert {name: leg.rank for name, leg in candidate.legs.items()} == hit.ranks
    for candidate in trace.candidates:
        assert sum(leg.share for leg in candidate.legs.values()) == pytest.approx(candidate.score, abs=1e-5)
        assert any(leg.brought for leg in candidate.legs.values())
    assert sum(leg.share for leg in trace.legs.values()) == pytest.approx(1, abs=1e-4)


def test_a_trace_counts_what_each_leg_brought(make_folder: MakeFolder) -> None:
    notes = {f"n{n}.md": f"# Note {n}\n\nA French press steeps coffee, note {n}.\n" for n in range(6)}
    with Rag.open(make_folder({**FACTS, **notes}), overrides=["retrieval.candidates=2"]) as corpus:
        corpus.ingest()
        trace = corpus.search("French press coffee note 3", top_k=1, trace=True).trace
    assert trace is not None
    bringing = {name: leg for name, leg in trace.legs.items() if leg.brought is not None}
    assert set(bringing) == {"situated", "sentences", "lexical"}
    assert trace.stages == {"brought": 6, "candidates": len(trace.candidates), "hits": 1}
    for name, leg in bringing.items():
        mine = [c for c in trace.candidates if c.legs[name].brought]
        assert sorted(c.legs[name].brought or 0 for c in mine) == [1, 2] == [*range(1, (leg.brought or 0) + 1)]
        assert leg.alone == sum(all(c.legs[n].brought is None for n in bringing if n != name) for c in mine)
        assert leg.hits == sum(c.hit for c in mine)
        assert leg.lowest == pytest.approx(min(c.legs[name].score for c in mine), abs=1e-5)
    assert trace.legs["headings"].lowest is None


def test_a_search_that_finds_nothing_has_an_empty_trace(shared_facts: Rag) -> None:
    trace = shared_facts.search("tea", where={"path": "nowhere"}, trace=True).trace
    assert trace is not None
    assert (trace.stages, trace.candidates) == ({"brought": 0, "candidates": 0, "hits": 0}, ())


def test_a_trace_holds_nothing_that_the_asker_may_not_see(make_folder: MakeFolder, tmp_path: Path) -> None:
    make_folder()
    config = tmp_path / "c.yaml"
    sources = "{kind: files, name: a, path: docs/alpha, acl: [ann]}, {kind: files, name: b, path: docs/beta}"
    config.write_text(f"name: t\nsources: [{sources}]\n")
    with Rag.open(config) as corpus:
        corpus.ingest()
        for principals, seen in ((["ann"], {"a:guide.md", "b:guide.md"}), (["bob"], {"b:guide.md"})):
            trace = corpus.search(QUERY, principals=principals, trace=True).trace
            assert trace is not None
            assert {c.document_id for c in trace.candidates} == seen


def test_the_command_prints_a_row_a_candidate(make_folder: MakeFolder, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(make_folder())
    assert main(["ingest", folder]) == 0
    capsys.readouterr()
    assert main(["search", folder, QUERY, "-k", "1"]) == 0
    plain = capsys.readouterr().out
    assert main(["search", folder, QUERY, "-k", "1", "--trace"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(plain.rstrip())
    lines = out.splitlines()
    cut = lines.index("not taken:")
    assert lines[cut - 1].startswith("  1 0.")
    assert lines[cut - 1].endswith("files:beta/guide.md")
    assert "*#1" in lines[cut - 1]
    assert lines[cut + 1].startswith("  2 0.")
    starts = {line.rindex("files:") for line in (lines[cut - 1], *lines[cut + 1 :])}
    assert len(starts) == 1, "columns are aligned"
    assert main(["search", folder, "", "--trace"]) == 0
    assert "no leg brought a candidate" in capsys.readouterr().out
    assert main(["search", folder, QUERY, "-k", "1", "--trace", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["trace"]["stages"]["hits"] == len(found["hits"]) == 1
    assert found["trace"]["candidates"][0]["chunk_id"] == found["hits"][0]["chunk_id"]


@pytest.mark.parametrize(("share", "shown"), [(0, "    "), (1e-9, "▏   "), (0.5, "██  "), (0.53, "██▏ "), (9, "████")])
def test_a_bar_is_as_long_as_its_share_and_never_longer_than_its_cell(share: float, shown: str) -> None:
    assert bar(share, 4) == shown
