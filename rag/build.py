"""Composition root: settings -> components. The only module that knows where implementations live."""

import os
from importlib import import_module
from typing import Any

from rag.errors import SettingsError
from rag.ingest.prepare import Preparer, Stopwatch
from rag.protocols import Chunker, Connector, Encoder, LexicalEncoder, Parser, Situator, Store, TokenCounter
from rag.settings import EdgeStore, ServerStore, Settings

CONNECTORS = {"files": "connectors.files:FilesConnector"}
PARSER = "connectors.parsing:FormatParser"


def load(target: str) -> Any:
    """The attribute that `module:attribute` names."""
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


def build_connectors(settings: Settings) -> list[Connector]:
    """A connector a source."""
    built = []
    for source in settings.sources:
        arguments = source.model_dump(exclude={"kind"})
        built.append(load(CONNECTORS[source.kind])(**arguments, max_file_mb=settings.parsing.max_file_mb))
    return built


def build_parser() -> Parser:
    parser: Parser = load(PARSER)()
    return parser


def build_counter(settings: Settings) -> TokenCounter:
    """The encoder's tokenizer, without the encoder."""
    from rag.models.files import model_folder
    from rag.models.tokenizer import EncoderTokenizer

    return EncoderTokenizer(model_folder(settings.embedding.model))


def build_encoder(settings: Settings) -> Encoder:
    from rag.models.encoder import load_encoder

    return load_encoder(settings.embedding)


def build_chunker(settings: Settings, counter: TokenCounter) -> Chunker:
    from rag.chunking.structure import StructureChunker

    return StructureChunker(counter, max_tokens=settings.chunking.max_tokens)


def build_situator(settings: Settings) -> Situator:
    from rag.situating import situator_for

    return situator_for(settings.situating)


def build_lexical(settings: Settings) -> LexicalEncoder:
    from rag.models.lexical import Bm25Encoder

    return Bm25Encoder(k1=settings.lexical.k1, b=settings.lexical.b)


def build_preparer(settings: Settings) -> Preparer:
    """Everything that reads a document up to where it needs the encoder."""
    counter = build_counter(settings)
    return Preparer(
        parser=build_parser(),
        counter=counter,
        chunker=build_chunker(settings, counter),
        situator=build_situator(settings),
        lexical=build_lexical(settings),
        stopwatch=Stopwatch(),
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

        return Server(store.url, api_key=secret(store.api_key_env, "store.api_key_env"))
    from rag.store.edge import EdgeStore as Edge

    return Edge(edge_path(store), create=create, wait_s=wait_s)


def edge_path(store: EdgeStore) -> Any:
    if store.path is None:
        raise SettingsError("store.path is not set: settings made in Python need it, a corpus file has a default")
    return store.path


def secret(variable: str | None, key: str) -> str | None:
    """The value of an environment variable; None where the settings name none.

    Raises:
        SettingsError: the variable is not set. Its value never appears anywhere.
    """
    if variable is None:
        return None
    value = os.environ.get(variable)
    if not value:
        raise SettingsError(f"{key} names the environment variable {variable!r}, which is not set")
    return value
