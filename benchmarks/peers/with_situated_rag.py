"""This project, with its shipped defaults."""

from collections.abc import Iterator

from benchmarks.peers.texts import Block
from benchmarks.peers.work import TOP_K, Search, Task
from rag import Rag


def ingest(task: Task) -> int:
    """Every index is one for hybrid search."""
    with _open(task) as corpus:
        return corpus.ingest().chunks_written


def sync(task: Task) -> None:
    """The same call: what is unchanged is not opened."""
    ingest(task)


def fill(task: Task, blocks: Iterator[Block]) -> None:
    """Measured by `python -m benchmarks scale`."""
    raise NotImplementedError(f"{task.kind}: see benchmarks/scale.py")


def searcher(task: Task) -> Search:
    """Retrieval with all legs that are on by default."""
    corpus = _open(task)
    return lambda question: [hit.text for hit in corpus.search(question, top_k=TOP_K)]


def _open(task: Task) -> Rag:
    return Rag.open(task.folder, overrides=[f"store.path={task.index}", *task.overrides])
