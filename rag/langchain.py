"""The one place with LangChain's retriever and runnable types."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig
from pydantic import ConfigDict, PrivateAttr

from rag.reader import CorpusReader

if TYPE_CHECKING:
    from rag.results import SearchResult

Asked: TypeAlias = str | Mapping[str, Any]
"""A question, or `question` with `history`, `where` and `rewrite` as in `Rag.ask`."""
_ROLES = {"human": "user", "ai": "assistant"}


class RagRunnable(Runnable[Asked, dict[str, Any]]):
    """Answers the questions that a LangChain chain hands over.

    `invoke` returns the JSON of `rag ask`, `stream` yields the events of `Rag.stream`. The history may be LangChain
    messages. Callbacks of the chain are called for the answer, for each search and for the model that writes it.
    """

    def __init__(
        self, corpus: CorpusReader, *, where: Mapping[str, Any] | None = None, principals: Sequence[str] | None = None
    ) -> None:
        """Answer for one reader.

        Args:
            where: used where a question has none of its own.
            principals: as in `Rag.ask`; no question can change them.
        """
        self._corpus, self._where, self._principals = _TracedCorpus(corpus), where, principals

    def invoke(self, input: Asked, config: RunnableConfig | None = None, **kwargs: Any) -> dict[str, Any]:  # noqa: ARG002
        return self._call_with_config(self._answer, input, config)

    def stream(self, input: Asked, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        return self._transform_stream_with_config(iter([input]), self._events, config)

    async def ainvoke(self, input: Asked, config: RunnableConfig | None = None, **kwargs: Any) -> dict[str, Any]:  # noqa: ARG002
        async def answer(asked: Asked) -> dict[str, Any]:
            return (await self._corpus.aask(**self._arguments(asked))).to_dict()

        return await self._acall_with_config(answer, input, config)

    async def astream(
        self,
        input: Asked,
        config: RunnableConfig | None = None,
        **kwargs: Any,  # noqa: ARG002
    ) -> AsyncIterator[dict[str, Any]]:
        async def asked() -> AsyncIterator[Asked]:
            yield input

        async def events(inputs: AsyncIterator[Asked]) -> AsyncIterator[dict[str, Any]]:
            async for one in inputs:
                async for event in self._corpus.astream(**self._arguments(one)):
                    yield event

        async for event in self._atransform_stream_with_config(asked(), events, config):
            yield event

    def _answer(self, asked: Asked) -> dict[str, Any]:
        return self._corpus.ask(**self._arguments(asked)).to_dict()

    def _events(self, inputs: Iterator[Asked]) -> Iterator[dict[str, Any]]:
        for asked in inputs:
            yield from self._corpus.stream(**self._arguments(asked))

    def _arguments(self, asked: Asked) -> dict[str, Any]:
        given = {"question": asked} if isinstance(asked, str) else dict(asked)
        unknown = given.keys() - {"question", "history", "where", "rewrite"}
        if unknown or "question" not in given:
            raise ValueError(f"asked with {sorted(given)}: `question`, and optionally history, where and rewrite")
        history = [_message(message) for message in given.pop("history", ())]
        return {"where": self._where, **given, "history": history, "principals": self._principals}


def _message(message: Any) -> Any:
    if isinstance(message, BaseMessage):
        return {"role": _ROLES.get(message.type, message.type), "content": str(message.text)}
    return message


class _TracedCorpus(CorpusReader):
    """The same corpus, whose searches are runs of the chain that asks."""

    def __init__(self, corpus: CorpusReader) -> None:
        super().__init__(corpus._opened)

    def search(self, query: str, **kwargs: Any) -> "SearchResult":
        run = _Search(corpus=super(), name="search")
        run.invoke(query, **kwargs)
        return run.found


class RagRetriever(BaseRetriever):
    """Hits of a corpus as LangChain documents.

    Attributes:
        top_k, where, principals: as in `Rag.search`; a call may give its own `top_k`, `where` and `spelling`, and its
            own `principals` where the retriever has none.

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
        spelling: bool = True,
    ) -> list[Document]:
        found = self._search(
            query,
            top_k=self.top_k if top_k is None else top_k,
            where=self.where if where is None else where,
            # a retriever made for some principals keeps to them, whatever a call says
            principals=principals if self.principals is None else self.principals,
            spelling=spelling,
        )
        return [
            Document(
                id=hit.chunk_id,
                page_content=hit.text,
                metadata={name: value for name, value in hit.to_dict().items() if name != "text"},
            )
            for hit in found
        ]

    def _search(self, query: str, **kwargs: Any) -> "SearchResult":
        found: SearchResult = self.corpus.search(query, **kwargs)
        return found


class _Search(RagRetriever):
    """One search; `found` is all that it found."""

    _found: Any = PrivateAttr(None)

    @property
    def found(self) -> "SearchResult":
        found: SearchResult = self._found
        return found

    def _search(self, query: str, **kwargs: Any) -> "SearchResult":
        self._found = super()._search(query, **kwargs)
        return self.found
