"""Composition root: settings -> components. The only module that knows where implementations live."""

from collections.abc import Callable, Collection, Sequence
from functools import cache, partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import SettingsError
from rag.legs import LEGS
from rag.models.languages import languages_of
from rag.plugins import load
from rag.protocols import (
    Chunker,
    Connector,
    Encoder,
    FileViewer,
    LexicalEncoder,
    Parser,
    Situator,
    Store,
    TokenCounter,
    Uploads,
)
from rag.secrets import secret
from rag.settings import (
    EdgeStore,
    FilesSource,
    FixedChunking,
    PluginSource,
    SentenceChunking,
    ServerStore,
    Settings,
    TopicChunking,
    UploadsSource,
)
from rag.settings.exclusion import how_to_exclude
from rag.settings.sources import PLUGINS, Source
from rag.store.artifacts import Artifacts

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from rag.ingest.generations import Generation
    from rag.ingest.prepare import Preparer
    from rag.retrieval.documents import DocumentReader
    from rag.retrieval.scoring import Scorer
    from rag.retrieval.search import Searcher
    from rag.retrieval.spelling import Spelling
    from rag.situating.contexts import Contexts

CONNECTORS = {
    "files": "connectors.files:FilesConnector",
    "web": "connectors.web:WebConnector",
    "git": "connectors.git:GitConnector",
    "sql": "connectors.sql:SqlConnector",
    "mail": "connectors.mail:MailConnector",
    "jsonl": "connectors.jsonl:JsonlConnector",
    "langchain": "connectors.langchain:LangchainConnector",
    "uploads": "connectors.uploads:UploadsConnector",
}
REMOTE_FILES = "connectors.remote_files:RemoteFilesConnector"
UPLOADS = "connectors.uploads:UploadsFolder"
PARSER = "connectors.parsing.workers:WorkerParser"
PARSING_OPTIONS = "connectors.parsing.options:Options"
FORMAT_OF_MIME = "connectors.parsing.formats:format_of_mime"

VIEW_TIMEOUT_S = 20
"""Somebody waits for the page."""

SERVER_TEXT_BYTES = 28_000_000
"""Of a document's text. A Qdrant server takes requests of 32 MB where its configuration says nothing else
(https://qdrant.tech/documentation/guides/configuration/, `max_request_size_mb`), and JSON adds to a text."""
CONTEXT_RETRIES = 6
"""How often a request for a context is sent again: a job asks for thousands, and servers limit their rate."""


def build_connectors(
    settings: Settings, *, caches: bool = True, only: Collection[str] | None = None
) -> list[Connector]:
    """A connector a source.

    Args:
        only: names of the sources that are wanted; None is all.
        caches: a connector may keep files in the corpus' data folder; False writes nothing there.
    """
    wanted = [source for source in settings.all_sources if only is None or source.name in only]
    return [_connector(source, settings, caches) for source in wanted]


def checked_names(settings: Settings, connectors: Sequence[Connector]) -> tuple[Connector, ...]:
    """Connectors that were made in Python, if none is called like another source.

    Raises:
        SettingsError: two sources of one name: ids start with it.
    """
    names = {source.name for source in settings.all_sources}
    for connector in connectors:
        if connector.name in names:
            raise SettingsError(f"two sources are called {connector.name!r}: give each its own name, ids start with it")
        names.add(connector.name)
    return tuple(connectors)


def _connector(source: Source, settings: Settings, caches: bool) -> Connector:
    cache_dir = settings.data_dir / "sources" / source.name if caches and settings.data_dir else None
    arguments = source.model_dump(exclude={"kind"})
    arguments.update(max_file_mb=settings.parsing.max_file_mb, cache_dir=cache_dir)
    if isinstance(source, PluginSource):
        (entry,) = entry_points(group=PLUGINS, name=source.kind)
        build = entry.load()
    else:
        remote = isinstance(source, FilesSource) and isinstance(source.path, str)
        build = load(REMOTE_FILES if remote else CONNECTORS[source.kind])
    if isinstance(source, FilesSource) and isinstance(source.path, Path):
        del arguments["options"], arguments["options_env"], arguments["cache_dir"]
    arguments.pop("watch", None)  # not how to list, but when: see Rag.follow
    if isinstance(source, UploadsSource):
        del arguments["allow_private"], arguments["cache_dir"]  # how pages are taken: see build_uploads
        arguments["folder"] = _uploads_folder(settings)
    try:
        connector: Connector = build(**arguments)
    except TypeError as error:  # a connector that other people wrote takes other keys than the corpus file has
        raise SettingsError(f"source {source.name!r} of kind {source.kind!r}: {error}") from error
    return connector


def build_uploads(settings: Settings) -> Uploads:
    """The files that people hand over.

    Raises:
        SettingsError: there is nowhere to keep them, or another source has their name.
    """
    source = settings.uploads
    if source is None and settings.data_dir is not None:
        raise SettingsError("a source is called 'uploads': give it another name, or the uploads one: kind uploads")
    folder: Uploads = load(UPLOADS)(
        _uploads_folder(settings),
        source=source.name if source else "",
        max_file_mb=settings.parsing.max_file_mb,
        allow_private=source is not None and source.allow_private,
        others=lambda document: how_to_exclude(settings, document).text,
    )
    return folder


def _uploads_folder(settings: Settings) -> Path:
    if settings.uploads_folder is None:
        raise SettingsError("data_dir is not set: settings made in Python need it, a corpus file has a default")
    return settings.uploads_folder


def build_parser(settings: Settings) -> Parser:
    parsing = settings.parsing
    options = load(PARSING_OPTIONS)(pdf=parsing.pdf, ocr_languages=parsing.ocr_languages)
    parser: Parser = load(PARSER)(
        options, workers=parsing.workers, timeout_s=parsing.timeout_s, memory_mb=parsing.memory_mb
    )
    return parser


def build_viewer(settings: Settings) -> FileViewer:
    """What opens files to show them: one at a time, as confined as parsing is."""
    parsing = settings.parsing
    viewer: FileViewer = load(PARSER)(
        load(PARSING_OPTIONS)(),
        workers=1,
        timeout_s=min(parsing.timeout_s, VIEW_TIMEOUT_S),
        memory_mb=parsing.memory_mb,
    )
    return viewer


def build_counter(settings: Settings) -> TokenCounter:
    """The encoder's tokenizer, without the encoder."""
    from rag.models.files import model_folder
    from rag.models.tokenizer import EncoderTokenizer

    return EncoderTokenizer(model_folder(settings.embedding.model))


def build_encoder(settings: Settings) -> Encoder:
    from rag.models.encoder import load_encoder

    return load_encoder(settings.embedding)


def build_chunker(settings: Settings, counter: TokenCounter, encoder: Callable[[], Encoder] | None) -> Chunker:
    """What cuts documents.

    Args:
        encoder: loads the encoder, for a kind that reads with it; None where an estimate of its chunks will do.
    """
    chunking = settings.chunking
    if isinstance(chunking, TopicChunking):
        from rag.chunking.topic import TopicChunker

        readable = languages_of(settings.embedding).cover
        return TopicChunker(counter, max_tokens=chunking.max_tokens, encoder=encoder, readable=readable)
    if isinstance(chunking, SentenceChunking):
        from rag.chunking.windows import SentenceChunker

        return SentenceChunker(counter, max_tokens=chunking.max_tokens, overlap=chunking.overlap)
    if isinstance(chunking, FixedChunking):
        from rag.chunking.windows import FixedChunker

        return FixedChunker(counter, max_tokens=chunking.max_tokens, overlap=chunking.overlap)
    from rag.chunking.structure import StructureChunker

    return StructureChunker(counter, max_tokens=chunking.max_tokens)


def build_situator(settings: Settings, counter: TokenCounter) -> Situator:
    from rag.situating import situator_for

    return situator_for(settings.situating, counter)


def build_lexical(settings: Settings) -> LexicalEncoder:
    from rag.models.lexical import Bm25Encoder

    return Bm25Encoder(k1=settings.lexical.k1, b=settings.lexical.b)


def build_contexts(settings: Settings, store: Callable[[], Store | None]) -> "Contexts | None":
    """What has contexts written by a language model; None where `situating` does not name it."""
    if "llm" not in settings.situating:
        return None
    from rag.situating.contexts import MAX_CONTEXT, Ask, Contexts
    from rag.situating.prompt import context_rules

    asked = settings.contexts

    def asking() -> Ask:
        from rag.answering.llm import complete
        from rag.answering.providers import chat_model

        model = chat_model(asked, section="contexts", retries=CONTEXT_RETRIES, window=asked.window)
        return partial(complete, model, timeout_s=asked.timeout_s, max_chars=4 * MAX_CONTEXT)

    return Contexts(
        model=str(asked.llm),
        asking=asking,
        kept=Artifacts(store, settings.name),
        rules=context_rules(asked.prompt),
        prompt=asked.prompt_version,
        max_document_tokens=asked.max_document_tokens,
        parallel=asked.parallel,
    )


def build_preparer(
    settings: Settings,
    store: Callable[[], Store | None],
    *,
    encoder: Callable[[], Encoder] | None,
    parser: Parser | None = None,
    chunker: Chunker | None = None,
) -> "Preparer":
    """Everything that reads a document up to where its chunks are encoded.

    Args:
        store: where contexts are kept; asked for when one is needed.
        encoder: as of `build_chunker`.
        parser, chunker: in place of those of the settings.
    """
    from rag.ingest.prepare import Preparer, Stopwatch

    counter = build_counter(settings)
    return Preparer(
        parser=parser or build_parser(settings),
        counter=counter,
        chunker=chunker or build_chunker(settings, counter, encoder),
        situator=build_situator(settings, counter),
        contexts=build_contexts(settings, store),
        lexical=build_lexical(settings),
        languages=languages_of(settings.embedding),
        stopwatch=Stopwatch(),
        readers=settings.parsing.workers,
        longest_text=SERVER_TEXT_BYTES if isinstance(settings.store, ServerStore) else None,
        passes=2 if isinstance(settings.chunking, TopicChunking) else 1,
    )


def build_store(settings: Settings, *, create: bool, wait_s: float) -> Store:
    """The store that the settings name.

    Args:
        create: make the index folder where there is none.
        wait_s: seconds to wait for another process that holds the embedded store.
    """
    store = settings.store
    if isinstance(store, ServerStore):
        from rag.store.server import ServerStore as Server

        key = secret(store.api_key_env, "store.api_key_env") if store.api_key_env else None
        return Server(store.url, api_key=key)
    from rag.store.edge import EdgeStore as Edge

    return Edge(edge_path(store), create=create, wait_s=wait_s)


def build_searcher(
    settings: Settings,
    store: Store,
    generation: "Generation",
    *,
    encoder: Callable[[], Encoder],
) -> "Searcher":
    """What answers queries from one generation of the corpus."""
    from rag.answering.calibrations import calibration_of
    from rag.retrieval.queries import QueryEncoder
    from rag.retrieval.scoring import Scorer
    from rag.retrieval.search import Searcher
    from rag.retrieval.stages import stages_for
    from rag.retrieval.terms import term_statistics

    lexical = build_lexical(settings)
    scorer = Scorer(
        store=store,
        chunks=generation.chunks,
        documents=generation.documents,
        statistics=term_statistics(store, generation.chunks, generation.documents, generation.legs),
        max_term_weight=lexical.max_term_weight,
    )
    languages = languages_of(settings.embedding)
    queries = QueryEncoder(encoder=encoder, lexical=lexical, languages=languages, idf=scorer.idf)
    asked = asked_legs(settings, generation)
    return Searcher(
        queries=queries,
        scorer=scorer,
        built=tuple(leg for leg in LEGS if leg in generation.legs),
        weights=asked,
        candidates=settings.retrieval.candidates,
        stages=stages_for(settings.retrieval.rerank, scorer=scorer, queries=queries, weights=asked),
        calibration=calibration_of(Artifacts(lambda: store, settings.name), settings, asked),
        spelling=_spelling(settings, scorer),
    )


def _spelling(settings: Settings, scorer: "Scorer") -> "Spelling | None":
    """What corrects queries, if that is wanted and words are searched for."""
    from rag.retrieval.spelling import Spelling

    if not settings.retrieval.spelling or "lexical" not in scorer.statistics:
        return None
    counter = cache(lambda: build_counter(settings))
    return Spelling(
        store=scorer.store,
        chunks=scorer.chunks,
        statistics=scorer.statistics["lexical"],
        is_word=lambda word: counter().count([word]) == [1],
    )


def asked_legs(settings: Settings, generation: "Generation") -> dict[str, float]:
    """Weights of the legs that were built and count."""
    return {leg: weight for leg, weight in settings.retrieval.weights.asked().items() if leg in generation.legs}


def build_documents(store: Store, generation: "Generation") -> "DocumentReader":
    """What reads the documents of one generation of the corpus."""
    from rag.retrieval.documents import DocumentReader

    return DocumentReader(
        store=store,
        chunks=generation.chunks,
        documents=generation.documents,
        texts=generation.texts,
        sentences="sentences" in generation.vectors,
    )


def build_chat_model(settings: Settings) -> "tuple[str, BaseChatModel] | None":
    """Name and model; None where the settings name none."""
    answer = settings.answer
    if answer.llm is None:
        return None
    from rag.answering.providers import chat_model

    offered = answer.model in answer.models
    section = f"answer.models.{answer.models.index(answer.model)}" if offered else "answer"
    return answer.llm, chat_model(answer.model, section=section, window=answer.window)


def own_folders(settings: Settings) -> list[Path]:
    """Folders that the corpus itself writes to."""
    index = settings.store.path if isinstance(settings.store, EdgeStore) else None
    return [path for path in (index, settings.data_dir) if path is not None]


def edge_path(store: EdgeStore) -> Any:
    if store.path is None:
        raise SettingsError("store.path is not set: settings made in Python need it, a corpus file has a default")
    return store.path
