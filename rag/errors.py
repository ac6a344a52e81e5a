"""Everything that this package raises on purpose.

    RagError
    ├── SettingsError            the corpus file, an override or an argument is not legal
    ├── MissingDependencyError   an optional package is not installed (also an ImportError)
    ├── SourceError              a source cannot be listed at all
    ├── DocumentError            one document cannot be read; the job goes on without it
    ├── ModelError               a model cannot be had or does not fit
    ├── StoreError               the store cannot be used
    │   ├── StoreInUseError      another process holds the embedded store
    │   └── CorpusMissingError   nothing was ingested yet
    ├── EvaluationError          data to measure with are not what they should be
    ├── UploadRefusedError       a file or page is not taken, or is no upload that could be removed
    ├── DeletionRefusedError     the job would delete more than --max-delete allows
    └── SettingsChangedError     the stored corpus was built with other index settings

A message says what happened, with the value, what is legal and what to do.
"""

import re

from rag.notices import Notice

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


class RagError(Exception):
    """Base of every error that a user can do something about."""

    @property
    def code(self) -> str:
        """What went wrong, in one word for programs: the name of the class, such as `corpus_missing`."""
        return _CAPITAL.sub("_", type(self).__name__.removesuffix("Error")).lower()


class SettingsError(RagError):
    """A key, a value or an argument that is not legal; the message names the nearest legal one."""


class MissingDependencyError(RagError, ImportError):
    """An optional package is missing; the message holds the line that installs it."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        self.package, self.extra = package, extra
        super().__init__(
            f"{purpose} needs the package {package!r}, which is not installed: pip install 'situated-rag[{extra}]'"
        )


class SourceError(RagError):
    """A source cannot be listed. Nothing is deleted on account of a source that could not be listed."""


class DocumentError(RagError):
    """One document cannot be read.

    Attributes:
        kind: what failed, in one word for programs: `read`, `parse`, `empty`, `encoding`, `encrypted`, ...
    """

    def __init__(self, message: str, *, kind: str) -> None:
        self.kind = kind
        super().__init__(message)

    @property
    def code(self) -> str:
        return f"document_{self.kind}"


class ModelError(RagError):
    """A model's files cannot be had, are not what they should be, or do not fit the settings; or it gave no reply.

    Attributes:
        why: of one that gave no reply.
    """

    why: Notice | None = None

    def __init__(self, message: str, *, why: Notice | None = None) -> None:
        super().__init__(message)
        if why is not None:
            self.why = why


class StoreError(RagError):
    """The store refused a point, a query or the work as a whole."""


class StoreInUseError(StoreError):
    """Another process holds the embedded store; the message names it."""


class DamagedIndexError(StoreError):
    """Files of the embedded index are not what was written; a rebuild writes them anew from the sources."""


class CorpusMissingError(StoreError):
    """The corpus holds nothing yet: it was never ingested."""


class EvaluationError(RagError):
    """Data to measure with are not what they should be; the message names the file and the line."""


class UploadRefusedError(RagError):
    """What was handed over is not taken, or what is to be removed was not handed over; the message says why."""


class DeletionRefusedError(RagError):
    """More documents would be deleted than `--max-delete` allows; nothing was written."""


class SettingsChangedError(RagError):
    """The index settings differ from those that the stored corpus was built with."""
