"""A corpus as the app serves it."""

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from rag.health import Checks, check
from rag.jobs import Jobs

if TYPE_CHECKING:
    from rag.corpus import Rag


@dataclass(frozen=True)
class Served:
    """A corpus, the job that keeps it equal to its sources, and what checks it.

    Attributes:
        corpus: stays open; who opened it closes it.
        jobs: what ingests it in the background.
        checks: what verifies it in the background.
    """

    corpus: "Rag"
    jobs: Jobs = field(init=False)
    checks: Checks = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "jobs", Jobs(self.corpus.ingest))
        object.__setattr__(self, "checks", Checks(partial(check, self.corpus)))

    @property
    def name(self) -> str:
        return self.corpus.name
