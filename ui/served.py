"""A corpus as the app serves it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.jobs import Jobs
from rag.suggestions import Starters

if TYPE_CHECKING:
    from rag.corpus import Rag


@dataclass(frozen=True)
class Served:
    """A corpus with what is done for everyone who uses it.

    Attributes:
        corpus: stays open; who opened it closes it.
        jobs: what ingests it in the background.
        starters: questions to begin with.
    """

    corpus: "Rag"
    jobs: Jobs = field(init=False)
    starters: Starters = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "jobs", Jobs(self.corpus.ingest))
        object.__setattr__(self, "starters", Starters(self.corpus))

    @property
    def name(self) -> str:
        return self.corpus.name
