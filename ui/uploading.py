"""How much people may add through the app, and where their files are until they are taken."""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.corpus import Rag


def upload_limit(corpus: "Rag", max_upload_mb: float | None, *, private: bool) -> float | None:
    """The largest file that people may add to a corpus, in millions of bytes; None where they may only look.

    Args:
        max_upload_mb: what was asked for; None takes what is sensible.
        private: only this machine can open the app.
    """
    if max_upload_mb is None:
        max_upload_mb = math.inf if private else 0
    return min(max_upload_mb, corpus.settings.parsing.max_file_mb) or None


@contextmanager
def received() -> Iterator[None]:
    """A folder of this process alone for files that are uploaded and not yet taken; it goes with the process."""
    with TemporaryDirectory(prefix="rag-chat-") as folder:
        before = os.environ.get("GRADIO_TEMP_DIR")
        os.environ["GRADIO_TEMP_DIR"] = folder
        try:
            yield
        finally:
            os.environ.pop("GRADIO_TEMP_DIR")
            if before is not None:
                os.environ["GRADIO_TEMP_DIR"] = before
