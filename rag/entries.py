"""Rows of tables: a document of a corpus, a file that was handed over."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentEntry:
    """What a table of all documents shows of one.

    Attributes:
        state: failed was never read; stale could not be read at last and answers as it was before.
        error: why it is failed or stale, and its kind, one word for programs.
        size: of the source item in bytes, None where the source does not say.
        modified: ISO 8601 in UTC, None where the source does not say.
        acl: principals that may see it.
    """

    id: str
    title: str
    source: str
    uri: str
    mime: str
    state: Literal["ready", "stale", "failed"]
    error: str | None
    error_kind: str | None
    chunks: int
    size: int | None
    modified: str | None
    acl: tuple[str, ...]

    def is_open_to(self, principals: Sequence[str] | None) -> bool:
        """These principals may see it; None is the operator, who sees everything."""
        return principals is None or not {"*", *principals}.isdisjoint(self.acl)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that somebody handed over.

    Attributes:
        document_id: of the document that an ingest makes of it; of an archive the beginning of its members' ids.
        uri: the address of a page, else the path of the file.
        outcome: what came of handing it over. `renamed`: another file has its name; `unchanged`: it was there already.
    """

    document_id: str
    name: str
    uri: str
    size: int
    modified: str | None
    outcome: Literal["kept", "added", "replaced", "renamed", "unchanged"] = "kept"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
