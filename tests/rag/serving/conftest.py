"""The process is started once for the tests of a file."""

from collections.abc import Iterator

import pytest

from tests.rag.serving.process import OwnerProcess, write_corpus


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnerProcess]:
    """Serves the corpus of `write_corpus`."""
    process = OwnerProcess(write_corpus(tmp_path_factory.mktemp("owned")))
    try:
        yield process
    finally:
        process.end()
