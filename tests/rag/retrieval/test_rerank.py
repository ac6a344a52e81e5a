"""Stages after fusion."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from rag import Rag, render
from rag.errors import ModelError, SettingsError
from rag.models.compressor import CompressorReranker
from rag.models.late_interaction import maxsim, weighted, word_spans
from rag.points import AnyVector, Vector
from rag.retrieval.rerank import rerank
from tests.corpora import FACTS, MakeFolder

QUERY = "How long does a French press steep?"


class ByLength(BaseDocumentCompressor):
    """Hands back the two shortest."""

    keep: int = 2

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> Sequence[Document]:
        return sorted(documents, key=lambda d: len(d.page_content))[: self.keep]


class Forgetful(ByLength):
    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> Sequence[Document]:
        return [Document(page_content=d.page_content) for d in documents]


class Failing(ByLength):
    key: str = ""

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> Sequence[Document]:
        raise RuntimeError(f"no answer with {self.key}")


class Reversed:
    """A stage that turns the order round."""

    name, candidates = "reversed", 3

    def score(self, query: str, asked: Mapping[str, AnyVector], ids: Sequence[str], scores: Vector) -> Vector:
        return -scores


@pytest.fixture
def folder(make_folder: MakeFolder) -> Path:
    notes = {f"n{n}.md": f"# Note {n}\n\nA French press steeps coffee, note {n}.\n" for n in range(6)}
    path = make_folder({**FACTS, **notes})
    with Rag.open(path) as corpus:
        corpus.ingest()
    return path


def search(folder: Path, query: str = QUERY, top_k: int = 5, **rerank: Any) -> Any:
    stage = ", ".join(f"{key}: {value}" for key, value in rerank.items())
    with Rag.open(folder, overrides=[f"retrieval.rerank={{{stage}}}"] if rerank else []) as corpus:
        return corpus.search(query, top_k=top_k)


def test_stages_sort_and_cut_and_ties_are_in_order_of_id() -> None:
    fused = np.array([0.1, 0.4, 0.3, 0.2], np.float32)
    ids = ["d", "a", "b", "c"]
    assert rerank((), "q", {}, ids, fused, 2).ids == ["a", "b", "c", "d"]
    ranked = rerank([Reversed()], "q", {}, ids, fused, 2)
    assert ranked.ids == ["c", "b", "a"], "the three best, the other way round"
    assert ranked.scores.tolist() == pytest.approx([-0.2, -0.3, -0.4])
    assert ranked.stages["fused"].keys() == set(ids)
    assert ranked.stages["reversed"] == pytest.approx({"a": -0.4, "b": -0.3, "c": -0.2})
    assert len(rerank([Reversed()], "q", {}, ids, fused, 4).ids) == 4, "all hits are scored"
    assert rerank([Reversed()], "q", {}, [], fused[:0], 4).ids == []
    tied = rerank([Reversed()], "q", {}, ["b", "a"], np.zeros(2, np.float32), 4)
    assert tied.ids == ["a", "b"]


def test_late_interaction_on_the_fly_is_the_weighted_mean_of_the_best_cosines(folder: Path) -> None:
    hits = search(folder, kind="late_interaction")
    scores = [hit.scores["rerank_late_interaction"] for hit in hits]
    assert [hit.score for hit in hits] == scores == sorted(scores, reverse=True)
    assert {hit.ranks["rerank_late_interaction"] for hit in hits} == {1, 2, 3, 4, 5}
    assert all({"fused", "lexical"} <= set(hit.scores) for hit in hits)
    with Rag.open(folder) as corpus:
        plain = {hit.chunk_id: hit for hit in corpus.search(QUERY, top_k=20)}
        spans, rarity = word_spans(QUERY), corpus._opened.searcher().queries.rarity
        _, (words,) = corpus.encoder.encode_parts([QUERY], [spans], kind="query")
        asked = weighted(words, rarity([QUERY[start:end] for start, end in spans]))
        for hit in hits:
            text = f"{hit.situation}\n{hit.text}"
            _, (rows,) = corpus.encoder.encode_parts([text], [word_spans(text)], kind="document")
            assert hit.score == pytest.approx(maxsim(asked, rows), abs=0.02), "but for markup"
            assert hit.scores["fused"] == pytest.approx(plain[hit.chunk_id].score, abs=1e-5)


def test_feedback_moves_the_question_towards_its_first_hits(folder: Path) -> None:
    before, hits = search(folder), search(folder, kind="feedback", hits=2, weight=0.5)
    first = {hit.chunk_id for hit in list(before)[:2]}
    by_id = {hit.chunk_id: hit for hit in hits}
    assert first & set(by_id)
    for id in first & set(by_id):
        assert by_id[id].score > by_id[id].scores["fused"] + 0.01
    assert search(folder, query="the of and", kind="feedback") is not None


def test_mmr_puts_what_says_the_same_behind(folder: Path) -> None:
    query = "French press coffee note"
    plain, hits = search(folder, query), search(folder, query, kind="mmr", relevance=0.3)
    assert hits[0].chunk_id == plain[0].chunk_id
    assert len({hit.document_id[:7] for hit in list(plain)[:4]}) == 1, "four notes that say the same"
    assert len({hit.document_id[:7] for hit in list(hits)[:4]}) > 1
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    all_relevance = search(folder, query, kind="mmr", relevance=1)
    assert [hit.chunk_id for hit in all_relevance] == [hit.chunk_id for hit in plain]


def test_a_cross_encoder_decides(folder: Path, tmp_path: Path) -> None:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "french", "press", "note", "water", "tea", "coffee", "3", "4"]
    tokenizer = Tokenizer(models.WordPiece({word: n for n, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.add_special_tokens(words[:4])
    torch.manual_seed(1)
    config = transformers.BertConfig(
        vocab_size=12, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, num_labels=1,
        max_position_embeddings=128, initializer_range=1.0,
    )  # fmt: skip
    transformers.BertForSequenceClassification(config).save_pretrained(tmp_path / "model")
    tokenizer.save(str(tmp_path / "model/tokenizer.json"))
    hits = search(folder, kind="cross_encoder", model=tmp_path / "model", candidates=4)
    from rag.models.cross_encoder import CrossEncoder

    with Rag.open(folder) as corpus:
        store, generation = corpus._opened.generation()
        chunks = store.retrieve(generation.chunks, [hit.chunk_id for hit in hits])
    read = [f"{p['situation']}\n{p.get('plain', p['text'])}" for h in hits for p in [chunks[h.chunk_id].payload]]
    expected = CrossEncoder(str(tmp_path / "model")).score(QUERY, read)
    assert [hit.score for hit in hits] == pytest.approx(expected.tolist(), abs=1e-4)
    assert len(hits) == 5, "more than `candidates`"


def test_a_compressor_of_langchain_decides(folder: Path) -> None:
    hits = search(folder, kind="langchain", compressor=f"{__name__}:ByLength", arguments="{keep: 3}", top_k=2)
    lengths = [len(f"{hit.situation}\n{hit.text}") for hit in hits]
    assert lengths == sorted(lengths)
    assert [hit.score for hit in hits] == pytest.approx([1, 0.75])


def test_compressors_in_trouble_are_named_without_their_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RERANK_KEY", "s3cret-value")
    failing = CompressorReranker(f"{__name__}:Failing", arguments_env={"key": "RERANK_KEY"})
    with pytest.raises(ModelError, match=r"Failing failed \(RuntimeError: no answer with \*\*\*"):
        failing.score("q", ["a"])
    with pytest.raises(ModelError, match="without their metadata"):
        CompressorReranker(Forgetful()).score("q", ["a", "b"])
    with pytest.raises(SettingsError, match="no_such_module"):
        CompressorReranker("no_such_module:X")
    with pytest.raises(SettingsError, match="no BaseDocumentCompressor"):
        CompressorReranker("builtins:dict")
    with pytest.raises(SettingsError, match="NOT_SET_HERE"):
        CompressorReranker(f"{__name__}:ByLength", arguments_env={"key": "NOT_SET_HERE"})


def test_why_names_the_stage_that_lost_a_document(folder: Path) -> None:
    query = "French press coffee note"
    stage = f"retrieval.rerank={{kind: langchain, compressor: '{__name__}:ByLength', candidates: 4}}"
    with Rag.open(folder, overrides=[stage]) as corpus:
        ranked = corpus.search(query, top_k=4)
        last = ranked[3]
        why = corpus.why(query, last.document_id, top_k=1)
        assert (why.stage, why.rank) == ("reranked too low", 4)
        assert why.needed == pytest.approx(ranked[0].score)
        behind = next(d for d in ("files:water.md", "files:alpha/guide.md") if d not in {h.document_id for h in ranked})
        lost = corpus.why(query, behind, top_k=1)
        assert lost.stage == "ranked too low"
        assert lost.needed == pytest.approx(min(hit.scores["fused"] for hit in ranked))
        assert corpus.why(query, ranked[0].document_id, top_k=1).stage == "found"
        shown = render.why(why)
        assert f"lost in reranking: rank 4, {why.missing:.3f} below" in shown
        assert "lost in the ranking" in render.why(lost)


def test_coverage_is_judged_by_the_fused_score(folder: Path) -> None:
    stage = f"retrieval.rerank={{kind: langchain, compressor: '{__name__}:ByLength'}}"
    with Rag.open(folder) as plain:
        expected = plain.search(QUERY)
    assert expected.fused == pytest.approx(expected[0].score)
    with Rag.open(folder, overrides=[stage]) as corpus:
        found = corpus.search(QUERY)
        assert found.coverage == pytest.approx(expected.coverage)
        assert found.fused == pytest.approx(expected.fused) != found[0].score
        assert found.read
        assert not corpus.search("Сколько настаивается кофе?").read
