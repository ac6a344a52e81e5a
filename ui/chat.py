"""The chat tab: a conversation with a corpus, and the passages behind its answers."""

from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from ui.conversation import Turns, respond, understood_as
from ui.scope import Where, build_scope
from ui.served import Served
from ui.users import principals_of
from ui.view import answer, passages

AS_ASKED = "Ask it as it was written"
"""Undoes the rewriting of a question that was taken for a follow-up."""


# functions, since Gradio takes an update apart
def _ready() -> Any:
    return gr.update(submit_btn="Ask", stop_btn=False)


def _busy() -> Any:
    return gr.update(value="", submit_btn=False, stop_btn="Stop")


def build_chat(served: Sequence[Served], picked: Any, where: Any) -> None:
    """Put the chat into the Gradio blocks that are open.

    Args:
        served: one or more corpora.
        picked: the component that holds the place of the one to ask.
        where: the state with the filter.
    """
    turns = gr.State(())
    names = [each.name for each in served]
    with gr.Row(elem_id="rag-chat", equal_height=True):
        with gr.Column(scale=3, min_width=320, elem_id="rag-conversation"):
            chatbot = gr.Chatbot(
                label="Conversation",
                show_label=False,
                container=False,
                height="100%",
                layout="bubble",
                buttons=[],
                feedback_options=None,
                latex_delimiters=[],
                placeholder=answer.hint(names[0]),
                elem_id="rag-messages",
            )
            as_asked = gr.Button(AS_ASKED, visible=False, size="sm", variant="secondary", elem_id="rag-as-asked")
            build_scope(served, picked, where, tab="chat")
            question = gr.Textbox(
                label="Question",
                show_label=False,
                container=False,
                placeholder="Ask a question",
                max_lines=6,
                submit_btn="Ask",
                autofocus=True,
                elem_id="rag-ask",
            )
        with gr.Column(scale=2, min_width=300, elem_id="rag-panel"):
            panel = gr.HTML(passages.sources(()), apply_default_css=False)

    def run(
        corpus: int, scope: Where, before: Turns, asked: str, request: gr.Request, *, rewrite: bool = True
    ) -> Iterator[tuple[Any, ...]]:
        after = before
        box, button = _busy(), gr.update(visible=False)
        seen: dict[str, Any] = {"where": scope, "principals": principals_of(request)}
        for after in respond(served[corpus].corpus, before, asked, rewrite=rewrite, **seen):
            yield after, answer.messages(after, running=True), gr.skip(), box, button
            box = button = gr.skip()
        yield settled(after)

    def settled(now: Turns) -> tuple[Any, ...]:
        button = gr.update(visible=understood_as(now) is not None)
        return now, answer.messages(now), passages.sources(now), _ready(), button

    def ask(corpus: int, scope: Where, before: Turns, asked: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        if asked.strip():
            yield from run(corpus, scope, before, asked.strip(), request)
        else:
            yield (*(gr.skip(),) * 3, gr.update(value=""), gr.skip())

    def retry(
        corpus: int, scope: Where, now: Turns, chosen: gr.RetryData, request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        message: Any = chosen.index
        place = message // 2
        yield from run(corpus, scope, now[:place], now[place].question, request)

    def again_as_asked(corpus: int, scope: Where, now: Turns, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        yield from run(corpus, scope, now[:-1], now[-1].question, request, rewrite=False)

    def clear(corpus: int) -> tuple[Any, ...]:
        empty = gr.update(value=[], placeholder=answer.hint(names[corpus]))
        return (), empty, passages.sources(()), _ready(), gr.update(visible=False)

    outputs = [turns, chatbot, panel, question, as_asked]
    shared: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    answering: list[Any] = [
        question.submit(ask, [picked, where, turns, question], outputs, **shared),
        chatbot.retry(retry, [picked, where, turns], outputs, **shared),
        as_asked.click(again_as_asked, [picked, where, turns], outputs, **shared),
    ]
    question.stop(settled, [turns], outputs, cancels=answering, **shared)
    chatbot.clear(clear, [picked], outputs, cancels=answering, **shared)
    if len(served) > 1:
        # an answer of one corpus is no history for another
        picked.change(clear, [picked], outputs, cancels=answering, **shared)
