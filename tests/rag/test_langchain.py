"""A corpus inside chains and event loops of others."""

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda

from rag import Rag
from tests.chat_server import Reply, ScriptedServer
from tests.corpora import MakeFolder

QUESTION = "How long does a French press steep?"
ANSWER = "A French press needs four minutes of steeping [1]."


class Runs(BaseCallbackHandler):
    """What LangChain reports, with the run that each belongs to."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, UUID, UUID | None]] = []
        self.tokens: list[str] = []
        self.found: list[Any] = []

    def on_chain_start(self, *args: Any, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any) -> None:
        self.seen.append(("chain", run_id, parent_run_id))

    def on_chat_model_start(self, *args: Any, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any) -> None:
        self.seen.append(("model", run_id, parent_run_id))

    def on_retriever_start(self, *args: Any, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any) -> None:
        self.seen.append(("search", run_id, parent_run_id))

    def on_retriever_end(self, documents: Any, **kwargs: Any) -> None:
        self.found += documents

    def on_llm_new_token(self, token: str, **kwargs: Any) -> None:
        self.tokens.append(token)


@pytest.fixture
def talking(make_folder: MakeFolder, server: ScriptedServer) -> Iterator[Rag]:
    server.replies(ANSWER[:9], ANSWER[9:])
    overrides = ["answer.llm=openai:m", f"answer.base_url={server.base_url}", "answer.min_confidence=0"]
    with Rag.open(make_folder(), overrides=overrides) as corpus:
        corpus.ingest()
        yield corpus


def test_a_chain_is_answered_and_its_callbacks_see_the_model(talking: Rag) -> None:
    runs = Runs()
    chain = talking.as_runnable() | RunnableLambda(lambda answer: answer["answer"])
    assert "four minutes" in chain.invoke(QUESTION, {"callbacks": [runs]})
    parents = {id: parent for _, id, parent in runs.seen}
    kinds = {id: kind for kind, id, _ in runs.seen}
    (model,) = [id for id, kind in kinds.items() if kind == "model"]
    answering = parents[model]
    assert answering is not None
    assert kinds[answering] == "chain"
    assert parents[answering] is not None, "the answer is a part of the chain"
    assert "".join(runs.tokens) == ANSWER
    (search,) = [id for id, kind in kinds.items() if kind == "search"]
    assert parents[search] == answering
    assert runs.found[0].metadata["document_id"] == "files:beta/guide.md"


def test_it_streams_the_events_of_the_corpus(talking: Rag) -> None:
    events = [*talking.as_runnable().stream({"question": QUESTION})]
    assert [event["type"] for event in events] == [event["type"] for event in talking.stream(QUESTION)]
    assert events[-1]["answer"]["sentences"][0]["supported"]


def test_the_history_may_be_messages(talking: Rag, server: ScriptedServer) -> None:
    history = [HumanMessage("What is a French press?"), AIMessage("A coffee maker [2].")]
    server.script.insert(0, Reply(("How long does a French press steep?",)))
    answer = talking.as_runnable().invoke({"question": "How long does it steep?", "history": history})
    assert answer["standalone_question"] == QUESTION
    assert server.requests[-1]["messages"][1:3] == [
        {"role": "user", "content": "What is a French press?"},
        {"role": "assistant", "content": "A coffee maker."},
    ]


def test_a_question_may_stay_as_it_is(talking: Rag, server: ScriptedServer) -> None:
    history = [{"role": "user", "content": "What is a French press?"}]
    asked = {"question": "How long does it steep?", "history": history, "rewrite": False}
    assert talking.as_runnable().invoke(asked)["standalone_question"] == "How long does it steep?"
    assert len(server.requests) == 1
    assert (
        talking.ask("How long does it steep?", history=history, rewrite=False).standalone_question == asked["question"]
    )


@pytest.mark.parametrize("asked", [{}, {"question": "x", "principals": ["root"]}, {"query": "x"}])
def test_a_chain_cannot_ask_for_other_rights(shared_facts: Rag, asked: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="optionally history, where and rewrite"):
        shared_facts.as_runnable(principals=["guest"]).invoke(asked)


def test_a_runnable_keeps_to_its_reader(make_folder: MakeFolder) -> None:
    folder = make_folder()
    config = folder.parent / "c.yaml"
    config.write_text(f"name: c\nsources: [{{kind: files, path: {folder}, acl: [staff]}}]\n")
    with Rag.open(config) as corpus:
        corpus.ingest()
        assert corpus.as_runnable(principals=["guest"]).invoke(QUESTION)["evidence"] == []
        assert corpus.as_runnable(principals=["staff"]).invoke(QUESTION)["evidence"]
        assert corpus.as_runnable(where={"document_id": "none"}).invoke(QUESTION)["evidence"] == []


def test_several_are_awaited_at_once(shared_facts: Rag) -> None:
    async def ask() -> tuple[Any, ...]:
        return await asyncio.gather(
            shared_facts.aask(QUESTION),
            shared_facts.asearch("green tea", top_k=1),
            shared_facts.as_runnable().ainvoke(QUESTION),
            shared_facts.as_retriever(top_k=2).ainvoke("green tea"),
        )

    answer, hits, of_chain, documents = asyncio.run(ask())
    assert (len(hits), len(documents)) == (1, 2)
    assert answer.answer == of_chain["answer"] == shared_facts.ask(QUESTION).answer != ""


def test_events_are_awaited_one_by_one(shared_facts: Rag) -> None:
    async def read(stream: Any) -> list[dict[str, Any]]:
        return [event async for event in stream]

    expected = [event["type"] for event in shared_facts.stream(QUESTION)]
    for stream in (shared_facts.astream(QUESTION), shared_facts.as_runnable().astream(QUESTION)):
        assert [event["type"] for event in asyncio.run(read(stream))] == expected


def test_an_error_reaches_the_one_who_awaits(shared_facts: Rag) -> None:
    with pytest.raises(ValueError, match="top_k is 0"):
        asyncio.run(shared_facts.asearch("tea", top_k=0))


def model_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "rag-model"]


@pytest.mark.parametrize("how", ["cancelled", "left"])
def test_the_model_stops_when_nobody_reads_any_more(talking: Rag, server: ScriptedServer, how: str) -> None:
    server.script[:] = [Reply(tuple(f"word{n} " for n in range(400)), pause_s=0.02)]

    async def read_one() -> None:
        async for event in talking.astream(QUESTION):
            if event["type"] == "token":
                return

    async def read() -> None:
        if how == "left":
            await read_one()
        else:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(talking.aask(QUESTION), 0.8)

    asyncio.run(read())
    started = time.monotonic()
    while model_threads() and time.monotonic() - started < 3:
        time.sleep(0.02)
    assert not model_threads(), "400 words would take 8 s"
