"""The one place with LangChain's retriever types."""

from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

if TYPE_CHECKING:
    from rag.corpus import Rag


class RagRetriever(BaseRetriever):
    """Hits of a corpus as LangChain documents.

    Attributes:
        top_k, where, principals: as in `Rag.search`; a call may give its own `top_k` and `where`, and its own
            `principals` where the retriever has none.

    The page content is the chunk's text; the metadata are the hit's fields and the document's own metadata under
    `metadata`. The situation is not pasted into the text.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    corpus: Any
    top_k: int | None = None
    where: dict[str, Any] | None = None
    principals: list[str] | None = None

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - the base class passes it
        top_k: int | None = None,
        where: dict[str, Any] | None = None,
        principals: list[str] | None = None,
    ) -> list[Document]:
        corpus: Rag = self.corpus
        found = corpus.search(
            query,
            top_k=self.top_k if top_k is None else top_k,
            where=self.where if where is None else where,
            # a retriever made for some principals keeps to them, whatever a call says
            principals=principals if self.principals is None else self.principals,
        )
        return [
            Document(
                id=hit.chunk_id,
                page_content=hit.text,
                metadata={name: value for name, value in hit.to_dict().items() if name != "text"},
            )
            for hit in found
        ]
