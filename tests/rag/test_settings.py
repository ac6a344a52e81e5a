"""The corpus file teaches, and every key of it has an effect."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from rag import Rag, RagError, build
from rag.errors import SettingsError
from rag.protocols import TokenCounter
from rag.secrets import secret
from rag.settings import (
    CHUNKINGS,
    FixedChunking,
    Settings,
    StructureChunking,
    corpus_name,
    load_settings,
    load_with_origins,
)
from rag.testing import HashEncoder
from tests.corpora import FACTS, MakeFolder
from tests.rag.chunking.contract import document

MINIMAL = "name: t\nsources: [{kind: files, path: ./docs}]\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "corpus.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MINIMAL + "chunking: {max_token: 100}\n", ["chunking.max_token'", "max_tokens"]),
        (MINIMAL + "chunking: {kind: topics}\n", ["chunking", "topics", "structure", "sentences", "fixed", "topic"]),
        (MINIMAL + "chunking: {overlap: 2}\n", ["unknown key 'chunking.overlap'", "kind, max_tokens", "corpus.yaml:3"]),
        (MINIMAL + "chunking: {kind: topic, overlap: 2}\n", ["unknown key 'chunking.overlap'"]),
        (MINIMAL + "chunking: {kind: fixed, overlp: 2}\n", ["unknown key 'chunking.overlp'", "mean 'overlap'"]),
        (MINIMAL + "chunking: {kind: fixed, overlap: 76}\n", ["chunking", "76", "half", "150"]),
        (MINIMAL + "chunking: {kind: sentences, overlap: -1}\n", ["chunking.overlap", "-1", "0"]),
        (MINIMAL + "chunking: topic\n", ["chunking", "topic"]),
        (MINIMAL + "retreival: {top_k: 3}\n", ["retreival", "retrieval"]),
        (MINIMAL + "retrieval: {weights: {lexicl: 1}}\n", ["lexicl", "'lexical'"]),
        (MINIMAL + "retrieval: {rerank: {kind: crossencoder}}\n", ["crossencoder", "cross_encoder", "mmr"]),
        (MINIMAL + "retrieval: {rerank: {kind: cross_encoder}}\n", ["rerank", "model"]),
        (MINIMAL + "retrieval: {rerank: {kind: mmr, relevanc: 1}}\n", ["relevanc", "'relevance'"]),
        (MINIMAL + "retrieval: {rerank: {kind: langchain, compressor: 'rm -rf'}}\n", ["compressor"]),
        (MINIMAL + "store: {kind: edge, pth: x}\n", ["pth", "'path'"]),
        (MINIMAL + "store: {kind: faiss}\n", ["faiss", "edge", "server"]),
        ("name: t\nsources: [{kind: files, path: x, inclde: [a]}]\n", ["inclde", "'include'"]),
        ("name: t\nsources: [{kind: ftp, path: x}]\n", ["ftp", "files"]),
        ("name: t\nsources: [{kind: giit, url: x}]\n", ["giit", "did you mean 'git'"]),
        ("name: t\nsources: [{path: x}]\n", ["sources.0", "kind", "files, web"]),
        ("name: t\nsources: [{kind: web, urls: ['ftp://x']}]\n", ["sources.0", "ftp://x", "https://"]),
        ("name: t\nsources: [{kind: web}]\n", ["urls", "sitemaps"]),
        ("name: t\nsources: [{kind: git, url: 'https://me:secret@host/r.git'}]\n", ["sources.0.url", "token_env"]),
        ("name: t\nsources: [{kind: git, url: 'https://secret@host/r.git'}]\n", ["sources.0.url", "token_env"]),
        ("name: t\nsources: [{kind: files, path: 's3://a:secret@b/c'}]\n", ["sources.0", "options_env"]),
        ("name: t\nsources: [{kind: files, path: 'zip://d::sftp://a:secret@b/c.zip'}]\n", ["options_env"]),
        ("name: t\nsources: [{kind: files, path: 'ftp://a:sec/ret@b/'}]\n", ["sources.0", "options_env"]),
        ("name: t\nsources: [{kind: files, path: x, options: {anon: true}}]\n", ["sources.0", "options", "URL"]),
        ("name: t\nsources: [{kind: sql, query: q, key: id, text: [t]}]\n", ["url_env"]),
        ("name: t\nsources: [{kind: sql, url: 'pg://a:secret@b/c', query: q, key: id, text: [t]}]\n", ["url_env"]),
        ("name: t\nsources: [{kind: mail, path: x, host: y}]\n", ["path", "host"]),
        ("name: t\nsources: [{kind: mail, host: y, user: me}]\n", ["password_env"]),
        ("name: t\nsources: [{kind: langchain, loader: 'rm -rf'}]\n", ["loader"]),
        (MINIMAL + "parsing: {pdf: magic}\n", ["parsing.pdf", "hi_res", "corpus.yaml:3"]),
        ("name: t\nsources: []\n", ["sources: The list should have at least 1 item, not 0"]),
        ("name: T!\nsources: [{kind: files, path: x}]\n", ["name", "T!"]),
        ("name: t\nsources: [{kind: files, path: x}, {kind: files, path: y}]\n", ["'files'", "name"]),
        (MINIMAL + "chunking: {max_tokens: 3}\n", ["chunking.max_tokens", "16"]),
        ("name: t\nsources: [{kind: files, path: x, metadata: {'a\"b': 1}}]\n", ["metadata", "double quote"]),
        ("name: t\nsources: [{kind: files, path: x, metadata: {'a\\b': 1}}]\n", ["metadata", "backslash"]),
        ("name: t\nsources: [{kind: files, path: x, metadata: {a: {n: .nan}}}]\n", ["a.n", "nan"]),
        ("name: t\nsources: [{kind: files, path: x, metadata: {a: 99999999999999999999}}]\n", ["64-bit"]),
        ("name: t\nsources: [{kind: files, path: x}]\nsources: [{kind: files, path: y}]\n", ["sources", "twice"]),
        ("name: a__documents\nsources: [{kind: files, path: x}]\n", ["name", "a__documents"]),
        (MINIMAL + "situating: []\n", ["situating", "headings"]),
        (MINIMAL + "situating: [none, headings]\n", ["situating"]),
        (MINIMAL + "situating: [late, late]\n", ["situating", "headings, late"]),
        (MINIMAL + "situating: llm\n", ["contexts.llm", "openai:"]),
        (MINIMAL + "answer: {models: [{llm: a:b}, {llm: a:b}]}\n", ["answer.models", "a:b", "twice"]),
        (MINIMAL + "answer: {models: [{base_url: x}]}\n", ["answer.models.0.llm"]),
        (MINIMAL + "answer: {models: [{llm: a:b, style: short}]}\n", ["answer.models.0.style"]),
        (MINIMAL + "contexts: {price_per_million: {inputs: 1}}\n", ["inputs", "'input'"]),
        (MINIMAL + "situating: [heading]\n", ["situating.0", "'headings'", "corpus.yaml:3"]),
        (MINIMAL + "store: {kind: server, url: 'http://me:secret@host'}\n", ["store.url", "api_key_env"]),
        (MINIMAL + "store: {kind: server, url: x, api_key_env: 'sk-12 3'}\n", ["api_key_env"]),
        (MINIMAL + "retrieval: {weights: {situated: 0, sentences: 0, lexical: 0}}\n", ["weights", "above 0"]),
        ("- a\n- b\n", ["mapping"]),
        ("name: [t\n", ["YAML"]),
    ],
)
def test_what_is_not_legal_is_named_with_what_is(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(SettingsError) as error:
        load_settings(written(tmp_path, text))
    assert all(word in str(error.value) for word in words), error.value
    assert "\n" not in str(error.value)
    assert "secret" not in str(error.value)


def test_what_follows_from_another_mistake_is_not_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        load_settings(written(tmp_path, "name: t\nsources: [{kind: files, path: x, acl: staff}]\n"))
    said = str(error.value)
    assert "sources.0.acl: Input should be a list in square brackets (got 'staff')" in said
    assert ";" not in said


def test_the_environment_wins_over_the_file_and_an_override_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, MINIMAL + "retrieval: {top_k: 3, candidates: 50}\n")
    monkeypatch.setenv("RAG__RETRIEVAL__TOP_K", "4")
    monkeypatch.setenv("RAG__RETRIEVAL__CANDIDATES", "60")
    monkeypatch.setenv("RAG__SOURCES__0__PATH", "./elsewhere")
    settings, origins = load_with_origins(path, ("retrieval.candidates=70",))
    assert (settings.retrieval.top_k, settings.retrieval.candidates) == (4, 70)
    assert settings.sources[0].path == tmp_path / "elsewhere"
    assert origins["retrieval.top_k"] == "RAG__RETRIEVAL__TOP_K"
    assert origins["retrieval.candidates"] == "--set retrieval.candidates=70"
    assert origins["sources.0.path"] == "RAG__SOURCES__0__PATH"
    assert origins["sources.0.kind"] == "corpus.yaml:2"
    assert "embedding.model" not in origins


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ("RAG__RETRIEVAL__TOPK", ["retrieval.topk", "'top_k'", "RAG__RETRIEVAL__TOPK"]),
        ("RAG__RETREIVAL__TOP_K", ["retreival", "'retrieval'", "RAG__RETREIVAL__TOP_K"]),
        ("RAG__RETRIEVAL__TOP_K", ["retrieval.top_k", "RAG__RETRIEVAL__TOP_K", "many"]),
        ("RAG__SOURCES__9__PATH", ["RAG__SOURCES__9__PATH", "position"]),
    ],
)
def test_a_variable_that_is_not_legal_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, words: list[str]
) -> None:
    monkeypatch.setenv(variable, "many")
    with pytest.raises(SettingsError) as error:
        load_settings(written(tmp_path, MINIMAL))
    assert all(word in str(error.value) for word in words), error.value


def test_values_of_the_file_name_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHERE", "docs/new")
    monkeypatch.setenv("K", "7")
    text = (
        "name: t\nsources:\n"
        "- {kind: files, path: './${WHERE}/x', metadata: {price: '$${K} 5$', lang: '${LANG_OF_IT:-de}'}}\n"
        "retrieval: {top_k: '${K}'}\n"
    )
    settings, origins = load_with_origins(written(tmp_path, text))
    source = settings.sources[0]
    assert source.path == tmp_path / "docs/new/x"
    assert source.metadata == {"price": "${K} 5$", "lang": "de"}
    assert settings.retrieval.top_k == 7
    assert origins["retrieval.top_k"] == "corpus.yaml:4 with $K"


def test_a_variable_that_is_not_set_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"sources\.0\.path.*'NOT_SET_ANYWHERE'.*:-default"):
        load_settings(written(tmp_path, "name: t\nsources: [{kind: files, path: '${NOT_SET_ANYWHERE}'}]\n"))


def test_two_sources_of_one_kind_need_names(tmp_path: Path) -> None:
    text = "name: t\nsources: [{kind: git, url: x}, {kind: files, path: y}]\n"
    assert [source.name for source in load_settings(written(tmp_path, text)).sources] == ["git", "files"]


def test_a_remote_path_stays_as_it_is(tmp_path: Path) -> None:
    text = "name: t\nsources: [{kind: files, path: 's3://bucket/docs'}]\n"
    assert load_settings(written(tmp_path, text)).sources[0].path == "s3://bucket/docs"


def test_missing_file_is_named() -> None:
    with pytest.raises(SettingsError, match=r"missing\.yaml"):
        load_settings("missing.yaml")


def test_relative_paths_start_at_the_corpus_file(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, MINIMAL + "store: {kind: edge, path: index}\n"))
    assert settings.sources[0].path == tmp_path / "docs"
    assert settings.store.path == tmp_path / "index"  # type: ignore[union-attr]


def test_default_index_is_beside_the_corpus_file_or_the_folder(tmp_path: Path) -> None:
    (tmp_path / "My Docs!").mkdir()
    assert load_settings(written(tmp_path, MINIMAL)).store.path == tmp_path / ".rag/t"  # type: ignore[union-attr]
    folder = load_settings(tmp_path / "My Docs!")
    assert (folder.name, folder.store.path) == ("my-docs-", tmp_path / ".rag/my-docs-")  # type: ignore[union-attr]


@pytest.mark.parametrize(("given", "name"), [("Docs", "docs"), ("a b.c", "a-b-c"), ("Übung", "c-bung"), ("-x", "c-x")])
def test_corpus_is_named_after_its_folder(given: str, name: str) -> None:
    assert corpus_name(given) == name


def test_a_chunking_without_a_kind_is_by_structure(tmp_path: Path) -> None:
    path = written(tmp_path, MINIMAL + "chunking: {max_tokens: 200}\n")
    assert load_settings(path).chunking == StructureChunking(max_tokens=200)
    assert load_settings(path, ("chunking.max_tokens=100",)).chunking == StructureChunking(max_tokens=100)
    assert load_settings(path, ("chunking.kind=fixed", "chunking.overlap=20")).chunking == FixedChunking(
        kind="fixed", max_tokens=200, overlap=20
    )


def test_overrides_are_yaml_and_the_last_one_wins(tmp_path: Path) -> None:
    overrides = ("retrieval.top_k=3", "retrieval.top_k=4", "store.path=/tmp/x", "situating=none")
    settings = load_settings(written(tmp_path, MINIMAL), overrides)
    assert settings.retrieval.top_k == 4
    assert str(settings.store.path) == "/tmp/x"  # type: ignore[union-attr]
    assert settings.situating == ("none",)


@pytest.mark.parametrize(
    "override",
    ["retrieval.top_k", "=3", "retrieval.topk=3", "retrieval.top_k.x=3", "sources.7.path=x", "sources.a.path=x"],
)
def test_an_override_that_is_none_is_an_error(tmp_path: Path, override: str) -> None:
    with pytest.raises(SettingsError):
        load_settings(written(tmp_path, MINIMAL), (override,))


def test_a_source_is_overridden_by_its_position_and_dates_are_text(tmp_path: Path) -> None:
    text = "name: t\nsources: [{kind: files, path: x, metadata: {since: 2024-05-01}}]\n"
    source = load_settings(written(tmp_path, text), ("sources.0.path=elsewhere",)).sources[0]
    assert source.path == tmp_path / "elsewhere"
    assert source.metadata == {"since": "2024-05-01"}


def test_quickstart_holds_the_shipped_defaults() -> None:
    path = Path(__file__).parents[2] / "configs/quickstart.yaml"
    shipped = load_settings(path)
    plain = Settings.model_validate(
        {"name": shipped.name, "sources": shipped.sources, "store": shipped.store, "data_dir": shipped.data_dir}
    )
    assert shipped == plain


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[2] / "configs").glob("*.yaml")), ids=lambda p: p.name)
def test_every_shipped_corpus_file_is_valid(path: Path) -> None:
    assert load_settings(path).sources


def keys_of(model: type[BaseModel], prefix: str = "") -> list[str]:
    found = []
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found += keys_of(inner, f"{prefix}{name}.")
        elif name == "chunking":
            for kind, chunking in CHUNKINGS.items():
                found += keys_of(chunking, f"chunking[{kind}].")
        else:
            found.append(prefix + name)
    return found


# Every key of the corpus file and what shows that it has an effect; the tests below, or the one that is named.
EFFECTS = {
    "name": "test_default_index_is_beside_the_corpus_file_or_the_folder",
    "sources": "test_source_keys_have_an_effect",
    "parsing.max_file_mb": "test_index_keys_have_an_effect",
    "parsing.pdf": "tests/connectors/parsing/test_ocr.py",
    "parsing.ocr_languages": "tests/connectors/parsing/test_ocr.py",
    "parsing.timeout_s": "tests/connectors/parsing/test_workers.py",
    "parsing.memory_mb": "tests/connectors/parsing/test_workers.py",
    "parsing.workers": "tests/connectors/parsing/test_workers.py",
    "data_dir": "tests/rag/test_build.py",
    **{f"chunking[{kind}].kind": "tests/rag/ingest/test_chunking_kinds.py" for kind in CHUNKINGS},
    **{f"chunking[{kind}].max_tokens": "test_keys_of_other_kinds_of_chunking_have_an_effect" for kind in CHUNKINGS},
    **{f"chunking[{kind}].parent": "tests/rag/answering/test_sections.py" for kind in CHUNKINGS},
    "chunking[sentences].overlap": "test_keys_of_other_kinds_of_chunking_have_an_effect",
    "chunking[fixed].overlap": "test_keys_of_other_kinds_of_chunking_have_an_effect",
    "situating": "test_index_keys_have_an_effect",
    "contexts.llm": "tests/rag/ingest/test_contexts.py",
    "contexts.base_url": "tests/rag/ingest/test_contexts.py",
    "contexts.api_key_env": "tests/rag/ingest/test_contexts.py",
    "contexts.timeout_s": "tests/rag/ingest/test_contexts.py",
    "contexts.max_document_tokens": "tests/rag/situating/test_contexts.py",
    "contexts.parallel": "tests/rag/situating/test_contexts.py",
    "contexts.price_per_million": "tests/rag/ingest/test_contexts.py",
    "embedding.model": "tests/rag/models",
    "embedding.languages": "tests/rag/retrieval/test_search.py",
    "embedding.pooling": "test_index_keys_have_an_effect",
    "embedding.dtype": "test_index_keys_have_an_effect",
    "embedding.backend": "tests/rag/models/test_backends.py",
    "embedding.device": "test_an_unknown_device_is_refused",
    "embedding.batch_tokens": "tests/rag/models/test_encoder.py",
    "lexical.kind": "only one kind so far; test_what_is_not_legal_is_named_with_what_is",
    "lexical.k1": "test_index_keys_have_an_effect",
    "lexical.b": "test_index_keys_have_an_effect",
    "store": "tests/rag/store, test_corpus.py",
    "retrieval.top_k": "test_query_keys_have_an_effect",
    "retrieval.candidates": "test_corpus.py",
    "retrieval.spelling": "tests/rag/retrieval/test_spelling.py",
    "retrieval.weights.raw": "test_a_leg_with_weight_is_asked",
    "retrieval.weights.situated": "test_a_leg_without_weight_is_not_asked",
    "retrieval.weights.sentences": "test_a_leg_without_weight_is_not_asked",
    "retrieval.weights.bigrams": "test_a_leg_without_weight_is_not_asked",
    "retrieval.weights.headings": "test_a_leg_without_weight_is_not_asked",
    "retrieval.weights.ngrams": "tests/rag/retrieval/test_search.py",
    "retrieval.weights.late_interaction": "test_a_leg_without_weight_is_not_asked",
    "retrieval.rerank": "tests/rag/retrieval/test_rerank.py",
    "retrieval.weights.lexical": "test_a_leg_without_weight_is_not_asked",
    "retrieval.weights.document": "test_a_leg_without_weight_is_not_asked",
    "retrieval.weights.document_lexical": "test_a_leg_without_weight_is_not_asked",
    "answer.llm": "tests/rag/answering",
    "answer.models": "tests/rag/answering/test_models.py",
    "answer.base_url": "tests/rag/answering",
    "answer.api_key_env": "tests/rag/answering",
    "answer.timeout_s": "tests/rag/answering",
    "answer.max_history_tokens": "tests/rag/answering/test_answerer.py",
    "answer.max_evidence_tokens": "test_query_keys_have_an_effect",
    "answer.max_sentences": "test_query_keys_have_an_effect",
    "answer.min_confidence": "test_query_keys_have_an_effect",
    "answer.style": "test_query_keys_have_an_effect, tests/rag/answering/test_prompt.py",
    "answer.price_per_million": "tests/rag/answering/test_answerer.py",
    "answer.unsupported": "tests/rag/answering/test_answerer.py",
    "answer.judge": "tests/rag/answering/test_judge.py",
    "answer.prompts": "tests/rag/answering/test_prompt.py",
    "contexts.prompt": "tests/rag/situating/test_contexts.py",
}


def test_every_key_is_known_to_have_an_effect() -> None:
    assert sorted(keys_of(Settings)) == sorted(EFFECTS)


def stored(folder: Path, index: Path, *overrides: str) -> Any:
    """Chunks, vectors and skips of a fresh corpus with these settings."""
    with Rag.open(folder, overrides=[f"store.path={index}", *overrides]) as corpus:
        report = corpus.ingest()
        store, generation = corpus._opened.generation()
        records = store.scroll(generation.chunks, vectors=("raw", "situated", "lexical"))
        texts = [(r.payload["text"], r.payload["situation"]) for r in records]
        vectors = [
            [float(abs(v.values).sum()) if hasattr(v, "values") else float(v[:100].sum()) for v in r.vectors.values()]
            for r in store.scroll(generation.chunks, vectors=("raw", "situated", "lexical"))
        ]
        return texts, vectors, [s.reason for s in report.skipped]


@pytest.fixture(scope="module")
def plain(make_shared_folder: MakeFolder) -> tuple[Path, Any]:
    """A folder, and what is stored of it with the settings as they are shipped."""
    folder = make_shared_folder()
    return folder, stored(folder, folder.parent / "plain")


@pytest.mark.parametrize(
    ("override", "changes"),
    [
        ("parsing.max_file_mb=0.0001", "skips"),
        ("chunking.max_tokens=16", "texts"),
        ("chunking.kind=fixed", "texts"),
        ("situating=none", "texts"),
        ("situating=[headings, late]", "vectors"),
        ("embedding.pooling=cls", "vectors"),
        ("embedding.dtype=bfloat16", "vectors"),
        ("lexical.k1=2.0", "vectors"),
        ("lexical.b=0.1", "vectors"),
    ],
)
def test_index_keys_have_an_effect(plain: tuple[Path, Any], tmp_path: Path, override: str, changes: str) -> None:
    folder, (texts, vectors, skips) = plain
    other_texts, other_vectors, other_skips = stored(folder, tmp_path / "other", override)
    changed = {"texts": texts != other_texts, "vectors": vectors != other_vectors, "skips": skips != other_skips}
    assert changed[changes]


@pytest.mark.parametrize("kind", [kind for kind in CHUNKINGS if kind != "structure"])
def test_keys_of_other_kinds_of_chunking_have_an_effect(kind: str, wordpiece: TokenCounter) -> None:
    parts = (("paragraph", " ".join(f"Sentence {n} ends." for n in range(30))),)

    def texts(**keys: Any) -> list[str]:
        chunking = {"kind": kind, "max_tokens": 32, **keys}
        settings = Settings.model_validate({**yaml.safe_load(MINIMAL), "chunking": chunking})
        return [c.text for c in build.build_chunker(settings, wordpiece, HashEncoder).split(document(*parts))]

    assert texts(max_tokens=16) != texts()
    if "overlap" in CHUNKINGS[kind].model_fields:
        assert sum(map(len, texts(overlap=1 if kind == "sentences" else 8))) > sum(map(len, texts()))


@pytest.mark.parametrize(
    ("key", "value", "documents"),
    [
        ("include", "['beta/*']", {"files:beta/guide.md"}),
        ("exclude", "['*/guide.md']", {"files:water.md"}),
        ("name", "kb", {"kb:alpha/guide.md", "kb:beta/guide.md", "kb:water.md"}),
        ("path", "./docs/alpha", {"files:guide.md"}),
    ],
)
def test_source_keys_have_an_effect(
    make_folder: MakeFolder, tmp_path: Path, key: str, value: str, documents: set[str]
) -> None:
    make_folder()
    source = {"kind": "files", "path": "./docs", key: value}
    text = ", ".join(f"{k}: {v}" for k, v in source.items())
    with Rag.open(written(tmp_path, f"name: t\nsources: [{{{text}}}]\n")) as corpus:
        assert {d.id for d in corpus.plan().documents} == documents


def test_query_keys_have_an_effect(make_folder: MakeFolder) -> None:
    folder = make_folder(
        {**FACTS, "more.md": "# More\n\n" + "\n\n".join(f"## Part {n}\n\n" + "Tea words. " * 80 for n in range(9))}
    )
    with Rag.open(folder) as corpus:
        corpus.ingest()

    def ask(*overrides: str) -> Any:
        with Rag.open(folder, overrides=overrides) as corpus:
            return len(corpus.search("green tea")), corpus.ask("How long is tea brewed and stored?")

    hits, answer = ask()
    assert ask("retrieval.top_k=2")[0] == 2 < hits
    assert len(ask("answer.max_sentences=1")[1].sentences) == 1 < len(answer.sentences)
    assert len(ask("answer.style=short")[1].sentences) == 1 < len(answer.sentences)
    assert ask("answer.min_confidence=1.0")[1].abstained
    assert not answer.abstained
    assert ask("answer.max_evidence_tokens=250")[1].packing.tokens <= 250
    assert sum(len(e.text) for e in answer.evidence) > 900


@pytest.mark.parametrize(
    "leg",
    ["situated", "sentences", "late_interaction", "lexical", "bigrams", "headings", "document", "document_lexical"],
)
def test_a_leg_without_weight_is_not_asked(shared_facts: Rag, leg: str) -> None:
    folder = shared_facts.settings.sources[0].path
    assert leg in shared_facts.search("green tea")[0].scores
    shared_facts.close()
    with Rag.open(folder, overrides=[f"retrieval.weights.{leg}=0"]) as corpus:
        scores = corpus.search("green tea")[0].scores
        assert leg not in scores
        assert scores


def test_a_leg_with_weight_is_asked(facts: Rag) -> None:
    folder = facts.settings.sources[0].path
    assert "raw" not in facts.search("green tea")[0].scores
    facts.close()
    with Rag.open(folder, overrides=["retrieval.weights.raw=0.2"]) as corpus:
        corpus.ingest(rebuild=True)
        assert corpus.search("green tea")[0].scores["raw"] > 0.4


def test_an_unknown_device_is_refused(make_folder: MakeFolder) -> None:
    with (
        Rag.open(make_folder(), overrides=["embedding.device=warp9"]) as corpus,
        pytest.raises(RagError, match="warp9"),
    ):
        corpus.ingest()


def test_a_secret_is_the_name_of_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QDRANT_KEY", "s3cret")
    assert secret("QDRANT_KEY", "store.api_key_env") == "s3cret"
    monkeypatch.delenv("QDRANT_KEY")
    with pytest.raises(SettingsError, match="QDRANT_KEY"):
        secret("QDRANT_KEY", "store.api_key_env")
