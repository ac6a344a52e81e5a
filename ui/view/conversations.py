"""The drawer of conversations. The browser, which keeps them, fills the list; conversations.js clones the row."""

import json

from ui.language import LANGUAGES, say
from ui.view.buttons import button
from ui.view.html import escape


def drawer(language: str, *, corpus: str, owner: str) -> str:
    """The drawer, without conversations.

    Args:
        corpus: whose conversations are listed.
        owner: the user who is logged in; "" where nobody has to.
    """

    def said(key: str) -> str:
        return escape(say(key, language))

    notes = (
        f'data-deleted="{said("chat.deleted")}" data-dropped="{said("chat.dropped")}" '
        f'data-unsaved="{said("chat.unsaved")}" data-unreadable="{said("chat.unreadable")}"'
    )
    return (
        f'<nav class="rag-drawer" aria-label="{said("chat.conversations")}" lang="{language}" '
        f'data-corpus="{escape(corpus)}" data-owner="{escape(owner)}" {notes}>'
        f'<div class="rag-drawer-head">{button("new", say("chat.new", language), words=True)}'
        f"{button('close', say('chat.close', language), act='drawer')}</div>"
        f'<input type="search" class="rag-find" aria-label="{said("chat.find")}" placeholder="{said("chat.find")}">'
        '<div class="rag-list"></div>'
        f'<p class="rag-empty rag-hint" hidden>{said("chat.kept_here")}</p>'
        f'<p class="rag-unfound rag-hint" hidden>{said("chat.unfound")}</p>'
        f"<template>{_row(language)}</template></nav>"
        f'<div class="rag-note" role="status" hidden><span></span>{_undo(language)}</div>'
    )


def bar(language: str) -> str:
    """The line above a conversation: its title, and the way to the others."""
    return (
        f'<div class="rag-bar">{button("menu", say("chat.conversations", language), act="drawer")}'
        f'<span class="rag-title" dir="auto"></span>{button("new", say("chat.new", language))}'
        f"{button('latest', say('chat.latest', language))}"
        '<div class="rag-said rag-sr" role="status"></div></div>'
    )


def question_box(longest: int) -> str:
    """Where a question is typed; question.js gives it the words of the page's language.

    Args:
        longest: characters of a question.
    """
    said = {
        each: {key: say(f"chat.{key}", each) for key in ("question", "placeholder", "ask", "stop")}
        for each in LANGUAGES
    }
    return (
        f'<form class="rag-box-form" data-words="{escape(json.dumps(said))}">'
        f'<textarea name="question" rows="1" maxlength="{longest}" dir="auto" enterkeyhint="send"></textarea>'
        '<button type="submit"></button><button type="button" class="rag-stop"></button></form>'
    )


def editing(number: int, language: str) -> str:
    """That the question in the box takes the place of an earlier one."""
    said = say("chat.editing", language, number=number)
    return (
        f'<div class="rag-editing"><span>{said}</span>'
        f'<button type="button" class="rag-link" data-act="keep">{say("chat.cancel", language)}</button></div>'
    )


def _row(language: str) -> str:
    rename = say("chat.rename", language)
    tools = button("rename", rename) + button("export", say("chat.export", language))
    return (
        '<li class="rag-row"><button type="button" class="rag-row-title" dir="auto" data-act="open"></button>'
        f'<input class="rag-rename" maxlength="200" aria-label="{escape(rename)}" hidden>'
        f'<span class="rag-row-tools">{tools}{button("delete", say("chat.delete", language))}</span></li>'
    )


def _undo(language: str) -> str:
    return f'<button type="button" class="rag-link" data-act="undo" hidden>{say("chat.undo", language)}</button>'
