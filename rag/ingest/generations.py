"""Generations of a corpus' collections: a rebuild writes a new one beside the old one, which goes on answering."""

import re
from dataclasses import dataclass, replace
from typing import Any

from rag.errors import CorpusMissingError, SettingsChangedError
from rag.notices import Notice, notice
from rag.protocols import Store
from rag.reports import SettingChange
from rag.settings import Settings
from rag.store.schema import (
    SCHEMA_VERSION,
    chunk_vectors,
    chunks_alias,
    chunks_schema,
    documents_alias,
    documents_schema,
    generation_name,
    texts_alias,
    texts_schema,
    unfinished_alias,
)

UNREADABLE = ("embedding", "lexical")
"""Sections without which the stored vectors cannot be searched."""
TRIES = 3
"""How often is looked where a rebuild switches to the next generation in between."""
LEGS_KEY = "retrieval.legs"
"""Among the index settings: which legs are built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """Three collections that belong together.

    Attributes:
        settings: the index settings that it was built with, flat.
        unfinished: no ingestion of all sources has come to its end yet.
    """

    number: int
    chunks: str
    documents: str
    texts: str
    settings: dict[str, Any]
    unfinished: bool = False

    @property
    def collections(self) -> tuple[str, str, str]:
        """The names of all three."""
        return self.chunks, self.documents, self.texts

    @property
    def legs(self) -> frozenset[str]:
        """The legs that are built."""
        return frozenset(self.settings.get(LEGS_KEY, ()))

    @property
    def vectors(self) -> set[str]:
        """The vectors of chunks that are built for them."""
        return chunk_vectors(self.legs)


def current_generation(store: Store, corpus: str) -> Generation | None:
    """The generation that answers, None where nothing was ingested."""
    for _ in range(TRIES):
        complete = _complete(store, corpus)
        aliases = store.aliases()
        chunks = aliases.get(chunks_alias(corpus))
        found = next((g for g in complete if g.chunks == chunks), None)
        if found is not None or chunks is None:
            return replace(found, unfinished=unfinished_alias(corpus) in aliases) if found else None
    return None


def changed_settings(generation: Generation, wanted: dict[str, Any]) -> tuple[SettingChange, ...]:
    """Index settings that differ from the stored ones, by key. Legs that are built and not asked are no difference."""
    wanted = {**wanted, "schema_version": SCHEMA_VERSION}
    keys = sorted({*generation.settings, *wanted})
    if set(wanted.get(LEGS_KEY, ())) <= set(generation.settings.get(LEGS_KEY, ())):
        keys = [key for key in keys if key != LEGS_KEY]
    return tuple(
        SettingChange(key=key, stored=generation.settings.get(key), wanted=wanted.get(key))
        for key in keys
        if generation.settings.get(key) != wanted.get(key)
    )


def refuse_changed_settings(settings: Settings, current: Generation) -> None:
    """Raise where the corpus was built with other index settings.

    Raises:
        SettingsChangedError: naming the keys and the way on.
    """
    _refuse_other_schema(settings, current)
    changed = changed_settings(current, settings.index_settings())
    if changed:
        keys = ", ".join(f"{c.key} (stored {c.stored!r}, now {c.wanted!r})" for c in changed)
        raise SettingsChangedError(
            f"corpus {settings.name!r} was built with other settings: {keys}. "
            "Build it anew with `rag ingest --rebuild` (the old one stays until it is done), or set them back"
        )


def _refuse_other_schema(settings: Settings, current: Generation) -> None:
    stored = current.settings.get("schema_version")
    if stored != SCHEMA_VERSION:
        raise SettingsChangedError(
            f"corpus {settings.name!r} was built by a version of rag that stored documents in another way (schema "
            f"{stored}, this one reads {SCHEMA_VERSION}). Build it anew with `rag ingest --rebuild`; until that is "
            "done, only the version that built it can ask it"
        )


def answers_as_built(settings: Settings, current: Generation) -> Notice | None:
    """A warning where the corpus was built with other index settings and can still be searched; None without any.

    Other chunking still answers; another encoder cannot.

    Raises:
        SettingsChangedError: naming the keys: the stored vectors do not compare with a query's.
    """
    _refuse_other_schema(settings, current)
    changed = [change.key for change in changed_settings(current, settings.index_settings())]
    unreadable = ", ".join(key for key in changed if key.startswith(UNREADABLE))
    if unreadable:
        raise SettingsChangedError(
            f"corpus {settings.name!r} was built with another {unreadable}: its vectors do not compare with a query's. "
            "Run `rag ingest --rebuild`, or set the keys back"
        )
    if not changed:
        return None
    return notice("answers_as_built", keys=", ".join(changed))


def begin_generation(store: Store, corpus: str, settings: dict[str, Any], dimension: int) -> Generation:
    """The unfinished generation with these settings if a job left one, else a new one. It does not answer yet."""
    current = current_generation(store, corpus)
    unfinished = [g for g in _complete(store, corpus) if current is None or g.number > current.number]
    for generation in unfinished:
        if not changed_settings(generation, settings):
            return generation
    for name in store.collections():  # half made, or made with settings that nobody wants any more
        if (number := _number(name, corpus)) is not None and (current is None or number > current.number):
            store.drop(name)
    number = 1 if current is None else current.number + 1
    settings = {**settings, "schema_version": SCHEMA_VERSION}
    metadata = {"corpus": corpus, "settings": settings}
    chunks, documents, texts = _names(corpus, number)
    store.create(texts_schema(texts, metadata))  # before the others, which make a generation complete
    store.create(chunks_schema(chunks, dimension, metadata, settings[LEGS_KEY]))
    store.create(documents_schema(documents, dimension, metadata, settings[LEGS_KEY]))
    return Generation(number=number, chunks=chunks, documents=documents, texts=texts, settings=settings)


def finish_generation(store: Store, corpus: str) -> None:
    """Note that the generation that answers holds what an ingestion of all sources found."""
    if unfinished_alias(corpus) in store.aliases():
        store.switch({unfinished_alias(corpus): None})


def drop_generation(store: Store, generation: Generation) -> None:
    """Forget a generation that does not answer."""
    for name in generation.collections:
        store.drop(name)


def drop_older(store: Store, corpus: str, current: Generation) -> None:
    """Forget what a crash left of the generations that answered before this one."""
    for name in store.collections():
        if (number := _number(name, corpus)) is not None and number < current.number:
            store.drop(name)


def activate_generation(store: Store, corpus: str, generation: Generation, *, unfinished: bool) -> None:
    """Let this generation answer from now on, and drop the others.

    Args:
        unfinished: it does not hold everything yet, which answers say until `finish_generation`.
    """
    kept = generation.collections
    marked = {unfinished_alias(corpus): generation.documents if unfinished else None}
    store.switch({**dict(zip(_aliases(corpus), kept, strict=True)), **marked})
    for name in store.collections():
        if _number(name, corpus) is not None and name not in kept:
            store.drop(name)


def _aliases(corpus: str) -> tuple[str, str, str]:
    return chunks_alias(corpus), documents_alias(corpus), texts_alias(corpus)


def _names(corpus: str, number: int) -> list[str]:
    return [generation_name(alias, number) for alias in _aliases(corpus)]


def _number(name: str, corpus: str) -> int | None:
    """The generation that a collection of this corpus belongs to; None for other collections."""
    match = re.fullmatch(r"(.+)__g(\d+)", name)
    return int(match[2]) if match and match[1] in _aliases(corpus) else None


def _complete(store: Store, corpus: str) -> list[Generation]:
    """Generations with chunks and documents, oldest first; a crash may leave less. Those of old have no texts."""
    names = set(store.collections())
    found = []
    for number in sorted({number for name in names if (number := _number(name, corpus)) is not None}):
        chunks, documents, texts = _names(corpus, number)
        if {chunks, documents} <= names:
            try:
                settings = store.metadata(chunks)["settings"]
            except CorpusMissingError:  # a rebuild dropped it just now
                continue
            made = Generation(number=number, chunks=chunks, documents=documents, texts=texts, settings=settings)
            found.append(made)
    return found
