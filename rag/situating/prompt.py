"""What a language model is given to write a chunk's context: rules, the document, the chunk."""

from rag.prompts import Message, delimited, packaged, request


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
    given = f"{delimited('document', document, nonce)}\n\n{delimited('passage', passage, nonce)}"
    rules = packaged("rag.situating", "context").substitute(nonce=nonce)
    return request(rules, f"{given}\n\nWrite the context of this passage.")
