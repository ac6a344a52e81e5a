"""What `Rag.map` returns."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from rag.points import Vector

Unit: TypeAlias = Literal["documents", "chunks"]
Layout: TypeAlias = Literal["pca", "umap"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapPoint:
    """A document or a chunk on the map.

    Attributes:
        id: of the document, or of the chunk.
        page, headings: of a chunk.
        topic: number of its topic, from 0.
        x, y: from -1 to 1; y grows upwards.
    """

    id: str
    document_id: str
    title: str
    uri: str
    source: str
    mime: str
    page: int | None = None
    headings: tuple[str, ...] = ()
    topic: int = 0
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Points that are about the same.

    Attributes:
        words: that tell it from the others, the most distinctive first; none where titles and headings have no words.
        size: how many points.
    """

    words: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NearDuplicates:
    """Points with almost the same text.

    Attributes:
        ids: two or more.
        overlap: share of runs of five words that two of them have in common, at least.
    """

    ids: tuple[str, ...]
    overlap: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlier:
    """A point that is like no other: `similarity` is the mean cosine to its nearest neighbours."""

    id: str
    similarity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MapHit:
    """A hit of a query.

    Attributes:
        point: id of its point; None where it is not among those on the map.
    """

    rank: int
    score: float
    document_id: str
    title: str
    headings: tuple[str, ...]
    page: int | None
    point: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedQuery:
    """A query on the map.

    Attributes:
        x, y: None where nothing places it: the encoder does not read it, and no hit is on the map.
        how: "projected" by the map's own axes; amid its nearest "neighbours", weighted by similarity, where the map has
            no axes; amid its "hits" where the encoder does not read it.
    """

    query: str
    x: float | None
    y: float | None
    how: Literal["projected", "neighbours", "hits"]
    hits: tuple[MapHit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusMap:
    """A corpus in two dimensions.

    Attributes:
        points: in order of what they are stored as, whatever order they were read in.
        total: documents or chunks that could be on it; more than `points` where it is a sample.
        unplaced: of those that were looked at, how many have no vector: without text, or in a language that the
            encoder does not read.
        kept: share of the differences between the vectors that the two axes show; None where there are no axes.
        vectors: (n, d) of the points, unit norm.
        query: that was asked to be placed.
    """

    unit: Unit
    layout: Layout
    points: tuple[MapPoint, ...]
    topics: tuple[Topic, ...]
    duplicates: tuple[NearDuplicates, ...]
    outliers: tuple[Outlier, ...]
    total: int
    unplaced: int
    kept: float | None
    vectors: Vector = field(repr=False, compare=False)
    query: PlacedQuery | None = None

    def similar(self, id: str, n: int = 5) -> list[tuple[MapPoint, float]]:
        """The `n` points nearest to a point, with their cosines, best first; none where it is not on the map."""
        place = next((place for place, point in enumerate(self.points) if point.id == id), None)
        return [] if place is None else self.nearest(self.vectors[place], n, but=place)

    def nearest(self, vector: Vector, n: int, *, but: int | None = None) -> list[tuple[MapPoint, float]]:
        """The `n` points nearest to a unit vector (d,), with their cosines, best first.

        Args:
            but: place of a point that is left out.
        """
        cosines = np.asarray(self.vectors @ vector, np.float64)
        best = [int(place) for place in np.argsort(-cosines, kind="stable") if place != but][:n]
        return [(self.points[place], round(float(cosines[place]), 6)) for place in best]

    def of(self, ids: Sequence[str]) -> list[MapPoint]:
        """The points with these ids, as far as there are such, in this order."""
        known = {point.id: point for point in self.points}
        return [known[id] for id in ids if id in known]

    def to_dict(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in ("unit", "layout", "total", "unplaced", "kept")},
            **{
                name: [asdict(each) for each in getattr(self, name)]
                for name in ("points", "topics", "duplicates", "outliers")
            },
            "query": asdict(self.query) if self.query else None,
        }
