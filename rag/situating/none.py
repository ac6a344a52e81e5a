"""No situation: chunks are matched by their own text alone."""

from collections.abc import Sequence

from rag.points import Vector
from rag.protocols import Encoder
from rag.types import Chunk, Document


class NoSituator:
    """Leaves every chunk as it is."""

    def lines(self, document: Document, chunks: Sequence[Chunk]) -> list[str]:  # noqa: ARG002
        """An empty line a chunk."""
        return [""] * len(chunks)

    def vectors(
        self,
        document: Document,  # noqa: ARG002
        chunks: Sequence[Chunk],  # noqa: ARG002
        raw: Vector,
        encoder: Encoder,  # noqa: ARG002
    ) -> Vector:
        """`raw` unchanged, (n, d)."""
        return raw
