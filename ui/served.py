"""A corpus as the app serves it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.jobs import Jobs

if TYPE_CHECKING:
    from rag.corpus import Rag


@dataclass(frozen=True)
class Served:
    """A corpus and the job that keeps it equal to its sources.

    Attributes:
        corpus: stays open; who opened it closes it.
        max_upload_mb: largest file that people may add, in millions of bytes; None where they may only look.
        jobs: what ingests it in the background.
    """

    corpus: "Rag"
    max_upload_mb: float | None = None
    jobs: Jobs = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "jobs", Jobs(self.corpus.ingest))

    @property
    def name(self) -> str:
        return self.corpus.name
