"""`rag why` says the truth about a search."""

import json
from pathlib import Path

import pytest

from rag import Rag
from rag.cli import main
from rag.errors import RagError
from tests.corpora import FACTS, MakeFolder

QUERY = "How long does a French press steep?"


def test_a_found_document_has_its_rank_and_score(facts: Rag) -> None:
    hit = facts.search(QUERY)[0]
    why = facts.why(QUERY, hit.document_id)
    assert (why.stage, why.rank, why.missing) == ("found", 1, 0.0)
    assert (why.chunk_id, why.text, why.score) == (hit.chunk_id, hit.text, pytest.approx(hit.score))
    assert {name: leg.score for name, leg in why.legs.items()} == pytest.approx(hit.scores, abs=1e-5)
    assert sum(leg.share for leg in why.legs.values()) == pytest.approx(hit.score, abs=1e-4)


def test_a_document_behind_the_hits_is_lost_by_the_difference(facts: Rag) -> None:
    every = facts.search(QUERY, top_k=50)
    first, other = every[0], next(h for h in every if h.document_id != every[0].document_id)
    why = facts.why(QUERY, other.document_id, top_k=1)
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
