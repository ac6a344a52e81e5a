"""What people thought of answers, summed up."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rag.feedback import Feedback, feedback_file, read_votes
from rag.settings import Settings

LATEST = 20
"""Votes against an answer that are kept whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackSummary:
    """All votes that hold.

    Attributes:
        models: name of the model -> votes for and against its answers.
        against: the latest answers that were voted down, newest first.
        unreadable: lines that are no vote.
    """

    up: int = 0
    down: int = 0
    models: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    against: tuple[Feedback, ...] = ()
    unreadable: int = 0


def feedback_of(settings: Settings) -> FeedbackSummary:
    """The votes that are kept with a corpus; none where it has no folder, or nobody voted.

    Raises:
        RagError: the file cannot be read.
    """
    if settings.data_dir is None:
        return FeedbackSummary()
    votes, unreadable = read_votes(feedback_file(settings))
    return sum_up(votes, unreadable)


def sum_up(votes: Sequence[Feedback], unreadable: int = 0) -> FeedbackSummary:
    """Count votes.

    Args:
        votes: oldest first, one for each answer.
        unreadable: lines that were none.
    """
    counts = Counter((vote.model, vote.vote) for vote in votes)
    models = {model: (counts[model, "up"], counts[model, "down"]) for model in sorted({vote.model for vote in votes})}
    against = [vote for vote in reversed(votes) if vote.vote == "down"]
    return FeedbackSummary(
        up=len(votes) - len(against),
        down=len(against),
        models=models,
        against=tuple(against[:LATEST]),
        unreadable=unreadable,
    )
