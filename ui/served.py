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
        jobs: what ingests it in the background.
    """

    corpus: "Rag"
    jobs: Jobs = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "jobs", Jobs(self.corpus.ingest))

    @property
    def name(self) -> str:
        return self.corpus.name
