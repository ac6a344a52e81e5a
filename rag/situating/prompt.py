"""What a language model is given to write a chunk's context: rules, the document, the chunk."""

from pathlib import Path
from string import Template

from rag.prompts import Message, delimited, own, packaged, request


def context_rules(path: Path | None) -> Template:
    """What the model is told: the file of `contexts.prompt`, or ours.

    Raises:
        SettingsError: it cannot be read, or has not the placeholder `$nonce` alone.
    """
    return own(path, ("nonce",), "contexts.prompt") if path else packaged("rag.situating", "context")


def context_messages(title: str, part: str, passage: str, *, rules: Template, nonce: str) -> list[Message]:
    """The messages of one request; all that documents can influence stands between delimiters.

    The document comes first: requests with one nonce about one part begin alike, which servers that cache prompts
    charge less for.

    Args:
        title: the document's.
        part: the text of the document, or of what is around the passage.
        passage: the chunk's text.
        rules: see `context_rules`.
        nonce: part of the delimiters.
    """
    document = f"Title: {' '.join(title.split())}\n\n{part}" if title.strip() else part
    given = f"{delimited('document', document, nonce)}\n\n{delimited('passage', passage, nonce)}"
    return request(rules.substitute(nonce=nonce), f"{given}\n\nWrite the context of this passage.")
