"""An owner in this process, and one in a process of its own that is started once for the tests of a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.corpus import Rag
from rag.jobs import Jobs
from rag.serving.client import OwnedCorpus, reach
from rag.serving.owner import Owner
from tests.rag.serving.process import OwnerProcess, write_corpus


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnerProcess]:
    """Serves the corpus of `write_corpus`."""
    process = OwnerProcess(write_corpus(tmp_path_factory.mktemp("owned")))
    try:
        yield process
    finally:
        process.end()


@pytest.fixture
def owner(facts: Rag) -> Iterator[Owner]:
    """Owns `facts`."""
    owner = Owner(facts, Jobs(facts.ingest))
    owner.start()
    yield owner
    owner.close()


@pytest.fixture
def index(facts: Rag) -> Path:
    return Path(facts.settings.store.path)  # type: ignore[union-attr,arg-type]


@pytest.fixture
def client(facts: Rag, owner: Owner) -> OwnedCorpus:
    found = reach(facts.settings, wait_s=5)
    assert isinstance(found, OwnedCorpus)
    return found
