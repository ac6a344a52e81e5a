"""An empty conversation, and questions that one may ask next."""

from collections.abc import Sequence

from rag.models.languages import likeliest
from rag.suggestions import Topic
from ui.language import LANGUAGES, say
from ui.view.html import escape


def hint(corpus: str, language: str) -> str:
    """What an empty conversation shows."""
    return (
        f'<div class="rag-start"><h1>{escape(say("chat.ask_about", language, corpus=corpus))}</h1>'
        f"<p>{say('chat.hint', language)}</p></div>"
    )


def phrase(topic: Topic) -> str:
    """A question about a topic, in the language of its document where the app speaks it."""
    language = likeliest(topic.sample, LANGUAGES)
    if topic.asks:
        return f"{topic.heading.rstrip('?').rstrip()}?"
    if topic.heading:
        return say("chat.about_heading", language, title=topic.title, heading=topic.heading)
    return say("chat.about_title", language, title=topic.title)


def suggestions(questions: Sequence[str], label: str) -> str:
    """Questions to choose from.

    Args:
        label: what they are, in words.
    """
    if not questions:
        return ""
    rows = "".join(
        f'<li><button type="button" class="rag-suggestion" dir="auto" data-act="ask" data-question="{said}">'
        f"{said}</button></li>"
        for said in map(escape, questions)
    )
    title = escape(label)
    return f'<section class="rag-suggestions" aria-label="{title}"><h2>{title}</h2><ul>{rows}</ul></section>'
