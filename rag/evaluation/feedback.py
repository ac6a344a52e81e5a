"""What people said about answers, summed up."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from rag.settings import EdgeStore, Settings

FILE = "feedback.jsonl"
LATEST = 20
"""Votes against an answer that are kept whole."""


class Vote(BaseModel):
    """What one person said about one answer; fields that are not named here are left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    question: str
    vote: Literal["up", "down"]
    reason: str | None = None
    time: str | float | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """All votes.

    Attributes:
        models: name of the model -> votes for and against its answers.
        against: the latest answers that were voted down, newest first.
        unreadable: lines that are no vote.
    """

    up: int = 0
    down: int = 0
    models: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    against: tuple[Vote, ...] = ()
    unreadable: int = 0


def feedback_of(settings: Settings) -> Feedback:
    """The votes that are kept with a corpus; none where it has no folder, or nobody voted."""
    folder = settings.data_dir or (settings.store.path if isinstance(settings.store, EdgeStore) else None)
    if folder is None:
        return Feedback()
    try:
        with Path(folder, FILE).open(encoding="utf-8", errors="replace") as lines:
            return sum_up(lines)
    except FileNotFoundError:
        return Feedback()


def sum_up(lines: Iterable[str]) -> Feedback:
    """Count votes; what is no vote is counted, too, and stops nothing."""
    votes: Counter[str] = Counter()
    models: dict[str, Counter[str]] = {}
    against: deque[Vote] = deque(maxlen=LATEST)
    unreadable = 0
    for line in lines:
        if not line.strip():
            continue
        try:
            vote = Vote.model_validate_json(line)
        except ValidationError:
            unreadable += 1
            continue
        votes[vote.vote] += 1
        models.setdefault(vote.model or "", Counter())[vote.vote] += 1
        if vote.vote == "down":
            against.append(vote)
    return Feedback(
        up=votes["up"],
        down=votes["down"],
        models={name: (counts["up"], counts["down"]) for name, counts in sorted(models.items())},
        against=tuple(reversed(against)),
        unreadable=unreadable,
    )
