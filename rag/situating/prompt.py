"""What a language model is given to write a chunk's context: rules, the document, the chunk."""

import secrets
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from string import Template
from typing import TypeAlias

Message: TypeAlias = Mapping[str, str]
"""`{"role": "system" | "user", "content": ...}`, which every LangChain chat model takes."""


def new_nonce() -> str:
    """A code for the delimiters that no document can know."""
    return secrets.token_hex(8)


def context_messages(title: str, part: str, passage: str, *, nonce: str) -> list[Message]:
    """The messages of one request; all that documents can influence stands between delimiters.

    The document comes first: requests with one nonce about one part begin alike, which servers that cache prompts
    charge less for.

    Args:
        title: the document's.
        part: the text of the document, or of what is around the passage.
        passage: the chunk's text.
        nonce: part of the delimiters.
    """
    document = f"Title: {' '.join(title.split())}\n\n{part}" if title.strip() else part
    content = (
        f"<document-{nonce}>\n{document}\n</document-{nonce}>\n\n<passage-{nonce}>\n{passage}\n</passage-{nonce}>\n\n"
        "Write the context of this passage."
    )
    return [{"role": "system", "content": _rules().substitute(nonce=nonce)}, {"role": "user", "content": content}]


@cache
def _rules() -> Template:
    return Template(files("rag.situating").joinpath("prompts/context.txt").read_text(encoding="utf-8"))
