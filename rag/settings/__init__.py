"""The corpus file: pydantic models, unknown keys rejected with the nearest known one.

`models`, `chat_models` and `sources` say what is legal, `loading` where values come from, `explain` what is wrong with
them.
"""

from rag.settings.base import Section
from rag.settings.chat_models import CONTEXT_PROMPT, AnswerSettings, ChatModel, ContextSettings
from rag.settings.loading import corpus_name, load_settings, load_with_origins, with_overrides
from rag.settings.models import (
    CHUNKINGS,
    INDEX_SECTIONS,
    UNCOMPARED,
    Chunking,
    EdgeStore,
    Embedding,
    FixedChunking,
    Lexical,
    Parsing,
    Retrieval,
    SentenceChunking,
    ServerStore,
    Settings,
    StructureChunking,
    TopicChunking,
    Weights,
)
from rag.settings.sources import FilesSource, PluginSource, UploadsSource

__all__ = [
    "CHUNKINGS",
    "CONTEXT_PROMPT",
    "INDEX_SECTIONS",
    "UNCOMPARED",
    "AnswerSettings",
    "ChatModel",
    "Chunking",
    "ContextSettings",
    "EdgeStore",
    "Embedding",
    "FilesSource",
    "FixedChunking",
    "Lexical",
    "Parsing",
    "PluginSource",
    "Retrieval",
    "Section",
    "SentenceChunking",
    "ServerStore",
    "Settings",
    "StructureChunking",
    "TopicChunking",
    "UploadsSource",
    "Weights",
    "corpus_name",
    "load_settings",
    "load_with_origins",
    "with_overrides",
]
