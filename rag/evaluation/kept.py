"""The last evaluation of a corpus' own answers, kept in its store until the next one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias, get_args

from rag.store.artifacts import Artifacts

Measured: TypeAlias = Literal["answers", "calibration"]
"""`rag eval answers CONFIG`, and `rag calibrate CONFIG`."""
_KIND = "evaluation"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReport:
    """A report as it was printed.

    Attributes:
        time: when it was made, ISO 8601 in UTC.
        report: its JSON.
    """

    time: str
    report: Mapping[str, Any]


def keep_report(artifacts: Artifacts, measured: Measured, report: Mapping[str, Any]) -> None:
    """Keep a report in place of the last one of its kind."""
    # as text: the names of files and kinds of questions in it need not be keys that a store takes
    kept = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "report": json.dumps(report)}
    artifacts.write(_KIND, measured, kept)
    artifacts.flush()


def last_reports(artifacts: Artifacts) -> dict[str, KeptReport]:
    """The last report of each kind; those that were never made are left out."""
    found = artifacts.read(_KIND, get_args(Measured))
    return {kind: KeptReport(time=kept["time"], report=json.loads(kept["report"])) for kind, kept in found.items()}
