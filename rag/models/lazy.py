"""The encoder, when it is needed."""

from collections.abc import Callable
from threading import Lock

from rag.protocols import Encoder


class LazyEncoder:
    """Loads the encoder at the first call, once, whichever thread asks first.

    Args:
        load: makes the encoder.
    """

    def __init__(self, load: Callable[[], Encoder]) -> None:
        self._load, self._lock = load, Lock()
        self._encoder: Encoder | None = None
        self._before = (0, 0, 0)

    def __call__(self) -> Encoder:
        with self._lock:
            if self._encoder is None:
                encoder = self._load()
                self._before = _counts(encoder)
                self._encoder = encoder
            return self._encoder

    @property
    def counts(self) -> tuple[int, int, int]:
        """Tokens encoded, truncated and unknown since it was loaded; none before that."""
        if self._encoder is None:
            return 0, 0, 0
        encoded, truncated, unknown = _counts(self._encoder)
        return encoded - self._before[0], truncated - self._before[1], unknown - self._before[2]


def _counts(encoder: Encoder) -> tuple[int, int, int]:
    return encoder.tokens_encoded, encoder.tokens_truncated, encoder.tokens_unknown
