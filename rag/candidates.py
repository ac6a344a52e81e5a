"""What a search considered: its candidates, and what each leg made of them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class LegSummary:
    """What a leg did in one search.

    Attributes:
        weight: of its scores.
        brought: how many candidates it brought; None where it brings none, and only scores those of the others.
        alone: how many of these no other leg brought.
        hits: how many of the hits it brought.
        lowest: score of the last candidate that it brought; None where it brought none.
        share: of the sum of the hits' scores, 0..1.
    """

    weight: float
    brought: int | None
    alone: int | None
    hits: int | None
    lowest: float | None
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LegScore:
    """A candidate in one leg.

    Attributes:
        score: exact, also where another leg brought it.
        share: what it adds to the fused score.
        rank: from 1 among all candidates.
        brought: its place, from 1, among those that the leg brought; None where it did not bring this one.
    """

    score: float
    share: float
    rank: int
    brought: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A chunk that was scored: `rank` by its fused score, and whether it is a hit."""

    rank: int
    score: float
    chunk_id: str
    document_id: str
    hit: bool
    legs: Mapping[str, LegScore]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """How a search came to its hits.

    Attributes:
        stages: how many chunks there were at each stage: brought (each as often as a leg brought it), candidates (all
            of them scored in every leg), hits.
        legs: by name.
        candidates: all, best first.
    """

    stages: Mapping[str, int]
    legs: Mapping[str, LegSummary]
    candidates: tuple[Candidate, ...]

    def to_dict(self) -> dict[str, Any]:
        found = asdict(self)
        return {**found, "candidates": list(found["candidates"])}
