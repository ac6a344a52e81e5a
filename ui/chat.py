"""The chat tab: a conversation with a corpus, the passages behind its answers, and the conversations before it."""

import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gradio as gr
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.asynchronous import in_thread
from rag.errors import RagError
from rag.feedback import Vote, keep_vote
from rag.suggestions import find_follow_ups
from ui.coming import Coming
from ui.conversation import Conversation, Turns, respond
from ui.events import EACH, QUIET
from ui.language import language_of, say
from ui.passages import Passages
from ui.scope import Where, build_scope
from ui.served import Served
from ui.settings import offered_by, preferences_of
from ui.stored import LONGEST_QUESTION, from_browser, to_browser
from ui.users import principals_of, user_of
from ui.view import answer, conversations, export, passages, suggestions
from ui.view.told import wrong

_HERE = Path(__file__).parent
_TURNS = (_HERE / "turns.js").read_text(encoding="utf-8")
_SCRIPT = (_HERE / "conversations.js").read_text(encoding="utf-8")
_QUESTION = (_HERE / "question.js").read_text(encoding="utf-8")
_TELL = "watch('value', () => document.dispatchEvent(new CustomEvent('rag-told', { detail: JSON.parse(props.value) })))"

Update = dict[Any, Any]
"""Component -> what it shows from now on."""


class Wanted(BaseModel):
    """What a button of the page asks for; anything may arrive here.

    Attributes:
        id: of a question, which may come more than once.
        question: to be asked.
        typed: the question that somebody typed, which replaces the one that they edit.
        turn: number of a turn, from 1; 0 is none.
        corpus: the place of the one to ask.
        conversation: as the browser keeps it.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str = Field("", max_length=100)
    question: str = Field("", max_length=LONGEST_QUESTION)
    typed: str = Field("", max_length=LONGEST_QUESTION)
    turn: int = Field(0, ge=0)
    corpus: int = Field(0, ge=0)
    rewrite: bool = True
    vote: Vote | None = None
    reason: str = ""
    conversation: Any = None


def build_chat(served: Sequence[Served], picked: Any, picker: Any, where: Any, shown: Passages) -> None:
    """Put the chat into the Gradio blocks that are open.

    Args:
        served: one or more corpora.
        picked: the state with the place of the one to ask.
        picker: the component that says `pick` when somebody picks another one.
        where: the state with the filter.
        shown: the passages behind answers.
    """
    coming = Coming()
    conversation, editing, settled = gr.State(Conversation()), gr.State(0), gr.State(0)
    taken = gr.State("")
    with gr.Row(elem_id="rag-chat"):
        drawer = gr.HTML("", apply_default_css=False, elem_id="rag-drawer", js_on_load=_SCRIPT)
        with gr.Column(min_width=0, elem_id="rag-conversation"):
            bar = gr.HTML("", apply_default_css=False, elem_id="rag-bar")
            with gr.Column(min_width=0, elem_id="rag-scroll"):
                log = gr.HTML(
                    '<div class="rag-log"></div>', apply_default_css=False, elem_id="rag-messages", js_on_load=_TURNS
                )
                live = gr.HTML("", apply_default_css=False, elem_id="rag-live")
                next_questions = gr.HTML("", apply_default_css=False, elem_id="rag-next")
            banner = gr.HTML("", apply_default_css=False, elem_id="rag-banner")
            build_scope(served, picked, where, tab="chat")
            question = gr.HTML(
                conversations.question_box(LONGEST_QUESTION),
                apply_default_css=False,
                padding=False,
                elem_id="rag-ask",
                js_on_load=_QUESTION,
            )
        with gr.Column(min_width=0, elem_id="rag-panel"):
            gr.HTML('<div class="rag-behind-answers"></div>', apply_default_css=False)
    page = gr.HTML(None, html_template="", js_on_load=_TELL, visible="hidden")

    def news(now: Conversation, corpus: int, request: gr.Request, *, after: int) -> dict[str, Any]:
        """What is to be shown and kept of a conversation in which no answer is coming: the turns after so many."""
        articles = answer.articles(now.turns, language_of(request), after)
        sources = shown.behind(corpus, now.turns, request, after)
        return {"shows": {"after": after, "turns": articles, "sources": sources}} | keeps(now, corpus, request, after)

    def keeps(now: Conversation, corpus: int, request: gr.Request, after: int) -> dict[str, Any]:
        if not now.turns:
            return {}
        return {"keeps": to_browser(now, corpus=served[corpus].name, owner=_owner(request), after=after)}

    def whole(now: Conversation, corpus: int, request: gr.Request) -> dict[str, Any]:
        language = language_of(request)
        start = "" if now.turns else suggestions.hint(served[corpus].name, language)
        told = news(now, corpus, request, after=0)
        return told | {"shows": told["shows"] | {"around": {"start": start, "panel": passages.panel(language)}}}

    def open_(now: Conversation, corpus: int, request: gr.Request, **told: Any) -> Update:
        told = {"opens": now.id, "shows": whole(now, corpus, request)["shows"], **told}
        return {
            conversation: now,
            live: "",
            settled: time.monotonic_ns(),
            page: _tell(**told),
            editing: 0,
            banner: "",
            next_questions: "",
        }

    async def start(event: gr.EventData, corpus: int, before: Conversation, request: gr.Request) -> Update:
        """The page is there: its words in the reader's language, and the conversation that it had open."""
        if before.turns or coming.has(_session(request)):  # somebody was faster and asks already
            return {bar: conversations.bar(language_of(request))} | listed(corpus, request)
        language, kept = language_of(request), from_browser(_wanted(event).conversation, owner=_owner(request))
        names = [each.name for each in served]
        now = Conversation()
        if kept and kept.corpus in names:
            corpus, now = names.index(kept.corpus), kept.conversation
        words = {bar: conversations.bar(language), picked: corpus}
        return words | listed(corpus, request) | open_(now, corpus, request, picks=corpus)

    def listed(corpus: int, request: gr.Request) -> Update:
        return {drawer: conversations.drawer(language_of(request), corpus=served[corpus].name, owner=_owner(request))}

    async def open_kept(event: gr.EventData, corpus: int, now: Conversation, request: gr.Request) -> Update:
        await coming.leave(_session(request))
        kept = from_browser(_wanted(event).conversation, owner=_owner(request))
        if kept is None or kept.corpus != served[corpus].name:
            return open_(now, corpus, request, note="unreadable")
        return open_(kept.conversation, corpus, request)

    async def begin(corpus: int, request: gr.Request) -> Update:
        await coming.leave(_session(request))
        return open_(Conversation(), corpus, request)

    async def switch(event: gr.EventData, request: gr.Request) -> Update:
        """An answer of one corpus is no history for another."""
        corpus = _wanted(event).corpus
        if corpus >= len(served):
            return {page: gr.skip()}
        return {picked: corpus} | listed(corpus, request) | await begin(corpus, request)

    async def ask(
        event: gr.EventData,
        corpus: int,
        scope: Where,
        before: Conversation,
        place: int,
        before_it: str,
        request: gr.Request,
    ) -> AsyncIterator[Update]:
        """Asynchronous, so that a stop ends it at once, and not behind what the model is at."""
        session = _session(request)
        language, wanted = language_of(request), _wanted(event)
        asked, turns = _asked(wanted, before.turns, place)
        if not asked or (wanted.id and wanted.id == before_it):
            yield {page: gr.skip()}
            return
        begun = False
        now = before.with_turns(turns)
        chosen = preferences_of(request, offered_by(served[corpus].corpus))
        way: dict[str, Any] = {"rewrite": wanted.rewrite and chosen.rewrite, "where": scope}
        way["principals"] = principals_of(request)
        steps = in_thread(respond(served[corpus].asked(chosen.overrides()), turns, asked, **way))
        try:
            async for after in coming.until_stopped(session, steps):
                now = now.with_turns(after)
                update: Update = {conversation: now, live: answer.running(after[-1], len(after), language)}
                if not begun:
                    begun = True
                    stay = {"after": len(turns), "turns": [], "sources": []}
                    said = _tell(asks=True, shows=stay, **keeps(now, corpus, request, len(turns)))
                    update |= {next_questions: "", editing: 0, banner: "", page: said, taken: wanted.id}
                yield update
            if coming.is_left(session):
                yield {page: gr.skip()}  # Gradio sends the last update once more at the end
                return
            read = export.plain(now.turns[-1], language) or say("chat.stopped", language)
            # `asks` once more: of two updates that come together the page sees the second one
            said = _tell(asks=True, said=read, **news(now, corpus, request, after=len(turns)))
            yield {conversation: now, live: "", settled: time.monotonic_ns(), page: said}
        finally:
            coming.end(session)

    async def stop(request: gr.Request) -> None:
        coming.stop(_session(request))

    def edit(event: gr.EventData, now: Conversation, request: gr.Request) -> Update:
        """The question comes into the box, and its turn is replaced when it is asked."""
        place = _wanted(event).turn
        if not 0 < place <= len(now.turns):
            return {editing: 0, banner: "", page: _tell(fills="")}
        edited = conversations.editing(place, language_of(request))
        return {editing: place, banner: edited, page: _tell(fills=now.turns[place - 1].question)}

    def vote(event: gr.EventData, corpus: int, now: Conversation, request: gr.Request) -> Update:
        wanted, language = _wanted(event), language_of(request)
        turn = now.turns[wanted.turn - 1] if 0 < wanted.turn <= len(now.turns) else None
        if turn is None or turn.answer is None:
            return {page: gr.skip()}
        settings = served[corpus].corpus.settings
        try:
            kept = keep_vote(settings, turn.answer, answer_id=turn.id, vote=wanted.vote, reason=wanted.reason)
        except RagError as error:
            raise gr.Error(wrong(error, language), print_exception=False) from None
        now = now.with_vote(wanted.turn, kept.vote, kept.reason)
        place = wanted.turn - 1
        changed = {"after": place, "turns": answer.articles(now.turns[: place + 1], language, place)}
        return {conversation: now, page: _tell(shows=changed, **keeps(now, corpus, request, place))}

    def again(corpus: int, now: Conversation, request: gr.Request) -> Update:
        """All of the conversation, for a page that missed a part of it; the answer that is coming tells of itself."""
        last = now.turns[-1] if now.turns else None
        comes = last is not None and last.answer is None and last.error is None and coming.has(_session(request))
        finished = Conversation(now.id, now.turns[:-1]) if comes else now
        return {page: _tell(**whole(finished, corpus, request) | keeps(now, corpus, request, 0))}

    def take(event: gr.EventData, request: gr.Request) -> Update:
        """A conversation as a file, which the browser makes: nothing of it stays here."""
        kept = from_browser(_wanted(event).conversation, owner=_owner(request))
        if kept is None:
            return {page: _tell(note="unreadable")}
        text = export.markdown(
            kept.name,
            kept.conversation.turns,
            corpus=kept.corpus,
            date=datetime.now(UTC).date().isoformat(),
            language=language_of(request),
        )
        return {page: _tell(file={"name": export.file_name(kept.name), "text": text})}

    def suggest(corpus: int, now: Conversation, request: gr.Request) -> str:
        """What may be asked next: about the sections beside the cited ones, else what the documents do answer."""
        each, language, principals = served[corpus], language_of(request), principals_of(request)
        asked = [turn.question for turn in now.turns]
        last = now.turns[-1] if now.turns else None
        if last is not None and (last.error is not None or last.answer is None):
            return ""
        if last is not None and last.answer is not None and not last.answer["abstained"]:
            found: tuple[str, ...] = ()
            with suppress(RagError):  # the next question says what is wrong
                found = find_follow_ups(
                    each.corpus, last.answer, suggestions.phrase, asked=asked, principals=principals
                )
            return suggestions.suggestions(found, say("chat.follow_ups", language))
        starters = [text for text in each.starters.get(suggestions.phrase, principals=principals) if text not in asked]
        return suggestions.suggestions(starters, say("chat.instead" if asked else "chat.starters", language))

    screen = [conversation, live, settled, page, editing, banner, next_questions]
    # not cancelled by what comes next, but made again behind it
    settled.change(suggest, [picked, conversation], next_questions, trigger_mode="always_last", **QUIET)
    # while one answer comes, no other one begins
    drawer.submit(ask, [picked, where, conversation, editing, taken], [*screen, taken], trigger_mode="once", **QUIET)
    question.stop(stop, None, None, **QUIET)
    drawer.start(start, [picked, conversation], [*screen, drawer, bar, picked], **QUIET)
    drawer.open(open_kept, [picked, conversation], screen, **EACH)
    drawer.fresh(begin, [picked], screen, **EACH)
    drawer.export(take, None, page, **EACH)
    drawer.edit(edit, [conversation], [editing, banner, page], **EACH)
    drawer.like(vote, [picked, conversation], [conversation, page], **EACH)
    for each in (log, drawer):
        # what is missed while the page waits for what it missed before is asked for behind it
        each.lost(again, [picked, conversation], page, trigger_mode="always_last", **QUIET)
    picker.pick(switch, None, [*screen, drawer, picked], **EACH)


def _wanted(event: gr.EventData) -> Wanted:
    """What the page asked for; nothing where that makes no sense."""
    try:
        return Wanted.model_validate(event._data or {})
    except ValidationError:
        return Wanted()


def _asked(wanted: Wanted, turns: Turns, editing: int) -> tuple[str, Turns]:
    """The question, and the turns that stay before it."""
    if 0 < wanted.turn <= len(turns):
        return turns[wanted.turn - 1].question, turns[: wanted.turn - 1]
    if wanted.question.strip():
        return wanted.question.strip(), turns
    return wanted.typed.strip(), turns[: editing - 1] if 0 < editing <= len(turns) else turns


def _session(request: gr.Request) -> str:
    """Of one open page."""
    return request.session_hash or ""


def _owner(request: gr.Request) -> str:
    """Whose conversations these are, where several people share a browser."""
    user = user_of(request)
    return user.name if user else ""


def _tell(**what: Any) -> str:
    """Something for the page to do; two that are the same are two. Text, as Gradio's page writes other values back."""
    return json.dumps({"at": time.monotonic_ns(), **what}).replace("<", "\\u003c")
