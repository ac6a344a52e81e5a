"""A corpus as the app serves it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from rag.health import Checks, check
from rag.jobs import Jobs
from rag.suggestions import Starters

if TYPE_CHECKING:
    from rag.corpus import Rag

WAYS_TO_ASK = 64
"""So many are kept ready: each knows the searcher of the corpus as it is."""


@dataclass(frozen=True)
class Served:
    """A corpus with what is done for everyone who uses it.

    Attributes:
        corpus: stays open; who opened it closes it.
        max_upload_mb: largest file that people may add, in millions of bytes; None where they may only look.
        jobs: what ingests it in the background.
        checks: what verifies it in the background.
        starters: questions to begin with.
    """

    corpus: "Rag"
    max_upload_mb: float | None = None
    jobs: Jobs = field(init=False)
    checks: Checks = field(init=False)
    starters: Starters = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "jobs", Jobs(self.corpus.ingest))
        object.__setattr__(self, "_asked", lru_cache(WAYS_TO_ASK)(lambda keys: self.corpus.with_settings(dict(keys))))
        object.__setattr__(self, "checks", Checks(partial(check, self.corpus)))
        object.__setattr__(self, "starters", Starters(self.corpus))

    @property
    def name(self) -> str:
        return self.corpus.name

    def asked(self, overrides: Mapping[str, Any]) -> "Rag":
        """The corpus, asked in the way that somebody chose; see `Rag.with_settings`."""
        if not overrides:
            return self.corpus
        found: Rag = self._asked(tuple(sorted(overrides.items())))  # type: ignore[attr-defined]
        return found
