"""What jobs report: plans, ingestions, reconciliations. `to_dict()` of each is exactly the JSON of the command line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rag.json_values import json_object


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A document that could not be taken. `kind` is one word for programs."""

    id: str
    uri: str
    error: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Something in a source that is not taken, and why."""

    uri: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDocument:
    """What a job would do with one document: new, changed or deleted."""

    id: str
    uri: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """An index setting that differs from the one the corpus was built with."""

    key: str
    stored: Any
    wanted: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an ingest would do. `documents` lists all that it would touch."""

    corpus: str
    new: int
    changed: int
    unchanged: int
    deleted: int
    failed: tuple[Failure, ...]
    skipped: tuple[Skipped, ...]
    documents: tuple[PlannedDocument, ...]
    settings_changed: tuple[SettingChange, ...]
    estimate: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        changes = [{"key": c.key, "from": c.stored, "to": c.wanted} for c in self.settings_changed]
        return {**json_object(self), "settings_changed": changes}


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """What an ingest did. `stages` are busy seconds of each stage; they overlap.

    `contexts_written` counts what a language model was paid for; contexts that were kept from earlier are not in it.
    """

    corpus: str
    new: int
    changed: int
    unchanged: int
    deleted: int
    failed: tuple[Failure, ...]
    skipped: tuple[Skipped, ...]
    chunks_written: int
    chunks_deleted: int
    tokens_encoded: int
    tokens_truncated: int
    tokens_unknown: int
    contexts_written: int
    seconds: float
    stages: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        return json_object(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """What reconciling documents and chunks found.

    Attributes:
        missing_chunks: listed by a document, not stored.
        orphan_chunks: stored, listed by no document.
        stale_documents: stored text, payload or vectors of a chunk are not what its document makes them.
        repaired: how many of these were mended.
    """

    documents: int
    chunks: int
    missing_chunks: int
    orphan_chunks: int
    stale_documents: int
    repaired: int

    @property
    def ok(self) -> bool:
        return not (self.missing_chunks or self.orphan_chunks or self.stale_documents)

    def to_dict(self) -> dict[str, Any]:
        return {"ok": self.ok, **json_object(self)}
