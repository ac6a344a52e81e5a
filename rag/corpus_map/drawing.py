"""Draws maps, keeps them until the corpus changes, and places queries on them."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from threading import Lock
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rag.corpus_map.kept import KeptLayouts
from rag.corpus_map.layout import FEWEST_FOR_UMAP, principal_axes, umap_places
from rag.corpus_map.neighbours import near_duplicates, nearest_neighbours, outliers
from rag.corpus_map.overlap import Sketch
from rag.corpus_map.reading import Items, Readable, read_items, read_sketches
from rag.corpus_map.result import (
    CorpusMap,
    Layout,
    MapHit,
    MapPoint,
    NearDuplicates,
    Outlier,
    PlacedQuery,
    Topic,
    Unit,
)
from rag.corpus_map.topics import how_many, name_topics, spherical_kmeans
from rag.points import Vector
from rag.results import SearchResult

LayOut: TypeAlias = Callable[[Vector, NDArray[np.float64]], NDArray[np.float64]]
"""Vectors (n, d), and where they start (n, 2) -> places (n, 2) between -1 and 1."""

KEPT = 8
"""Maps that are kept: of both units and layouts, for a few groups of users."""
AMONG = 5
"""Neighbours amid which a query is placed."""


class Maps:
    """The maps of a corpus; used by several threads, of which one draws at a time.

    Args:
        layouts: those that outlive the process.
    """

    def __init__(self, layouts: KeptLayouts) -> None:
        self._layouts = layouts
        self._kept: OrderedDict[tuple[str, Unit, Layout], CorpusMap] = OrderedDict()
        self._drawing = {"pca": Lock(), "umap": Lock()}

    def draw(self, source: Readable, unit: Unit, layout: Layout) -> CorpusMap:
        """The map, drawn anew only where the corpus changed."""
        key = (source.version(), unit, layout)
        with self._drawing[layout]:
            if key not in self._kept:
                if layout == "umap":
                    drawn = by_umap(self.draw(source, unit, "pca"), partial(self._layouts.umap, unit, source.where))
                else:
                    items = read_items(source, unit)
                    drawn = draw(items, unit, lambda places: read_sketches(source, unit, items, places))
                self._kept[key] = drawn
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]


def draw(items: Items, unit: Unit, sketches: Callable[[Sequence[int]], Mapping[int, Sketch]]) -> CorpusMap:
    """The map by PCA.

    Args:
        sketches: of the texts of the items at these places.
    """
    if not items.points:
        return CorpusMap(
            unit=unit,
            layout="pca",
            points=(),
            topics=(),
            duplicates=(),
            outliers=(),
            total=items.total,
            unplaced=items.unplaced,
            kept=None,
            vectors=items.vectors,
        )
    axes = principal_axes(items.vectors)
    groups = [int(group) for group in spherical_kmeans(items.vectors, how_many(len(items.points)))]
    neighbours, cosines = nearest_neighbours(items.vectors)
    ids = [point.id for point in items.points]
    points = _placed(items.points, axes.project(items.vectors))
    named = name_topics(groups, items.names)
    return CorpusMap(
        unit=unit,
        layout="pca",
        points=tuple(replace(point, topic=group) for point, group in zip(points, groups, strict=True)),
        topics=tuple(Topic(words=found, size=groups.count(number)) for number, found in enumerate(named)),
        duplicates=tuple(
            NearDuplicates(ids=tuple(ids[place] for place in places), overlap=shared)
            for places, shared in near_duplicates(neighbours, cosines, items.hashes, sketches)
        ),
        outliers=tuple(Outlier(id=ids[place], similarity=similarity) for place, similarity in outliers(cosines)),
        total=items.total,
        unplaced=items.unplaced,
        kept=axes.kept,
        vectors=items.vectors,
    )


def by_umap(drawn: CorpusMap, lay_out: LayOut = umap_places) -> CorpusMap:
    """The map with its points laid out by UMAP, as it is where they are few; see `umap_places` for what is raised."""
    if len(drawn.points) < FEWEST_FOR_UMAP:
        return drawn
    start = np.array([(point.x, point.y) for point in drawn.points], np.float64).reshape(-1, 2)
    places = lay_out(drawn.vectors, start)
    return replace(drawn, layout="umap", kept=None, points=_placed(drawn.points, places))


def place(drawn: CorpusMap, result: SearchResult, vector: Vector | None) -> CorpusMap:
    """The map with a query and its hits on it.

    Args:
        result: of searching for it.
        vector: of the query, unit norm; None where the encoder does not read it.
    """
    known = {point.id for point in drawn.points}
    hits = []
    for hit in result.hits:
        id = hit.document_id if drawn.unit == "documents" else hit.chunk_id
        hits.append(
            MapHit(
                rank=hit.rank,
                score=hit.score,
                document_id=hit.document_id,
                title=hit.title,
                headings=hit.headings,
                page=hit.page,
                point=id if id in known else None,
            )
        )
    x, y, how = _place_of(drawn, vector, [hit.point for hit in hits if hit.point])
    return replace(drawn, query=PlacedQuery(query=result.query, x=x, y=y, how=how, hits=tuple(hits)))


def _place_of(
    drawn: CorpusMap, vector: Vector | None, hits: Sequence[str]
) -> tuple[float | None, float | None, Literal["projected", "neighbours", "hits"]]:
    if vector is None or not drawn.points:
        found = [(point, 1.0) for point in drawn.of(hits[:AMONG])]
        return (*_amid(found), "hits")
    if drawn.layout == "pca":
        x, y = principal_axes(drawn.vectors).project(vector[None])[0]
        return float(np.clip(x, -1, 1)), float(np.clip(y, -1, 1)), "projected"
    return (*_amid(drawn.nearest(vector, AMONG)), "neighbours")


def _amid(found: Sequence[tuple[MapPoint, float]]) -> tuple[float | None, float | None]:
    """The mean of the places, weighted."""
    if not found:
        return None, None
    weights = np.array([max(weight, 1e-6) for _, weight in found])
    places = np.array([(point.x, point.y) for point, _ in found])
    x, y = weights @ places / weights.sum()
    return float(x), float(y)


def _placed(points: Sequence[MapPoint], places: NDArray[np.float64]) -> tuple[MapPoint, ...]:
    rounded = np.round(places, 5) + 0.0  # no negative zero
    return tuple(replace(point, x=x, y=y) for point, (x, y) in zip(points, rounded.tolist(), strict=True))
