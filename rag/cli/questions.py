"""Commands that ask a corpus."""

import argparse
import json
from typing import TYPE_CHECKING, Any

from rag.cli.options import (
    DONE,
    as_option,
    command,
    json_option,
    megabytes,
    opened,
    positive,
    print_json,
    warn,
    where_option,
)

if TYPE_CHECKING:
    from rag.corpus import Rag
    from rag.serving.client import OwnedCorpus


def add(commands: Any) -> None:
    """Add these commands."""
    search = command(commands, "search", _search, "print the chunks that fit a query best")
    search.add_argument("query", metavar="QUERY")
    search.add_argument("-k", type=positive, default=None, metavar="N", help="how many (default: retrieval.top_k)")
    search.add_argument(
        "--trace", action="store_true", help="also say what each leg brought, and how it ranks the hits and the next"
    )
    where_option(search)
    as_option(search)
    json_option(search)

    why = command(commands, "why", _why, "say at which stage a search lost a document, and by how much")
    why.add_argument("query", metavar="QUERY")
    why.add_argument("document", metavar="DOCUMENT", help="its id, <source>:<key>")
    why.add_argument("-k", type=positive, default=None, metavar="N", help="hits that count (default: retrieval.top_k)")
    where_option(why)
    as_option(why)
    json_option(why)

    ask = command(commands, "ask", _ask, "answer a question, with citations")
    ask.add_argument("question", metavar="QUESTION")
    ask.add_argument("--stream", action="store_true", help="print the answer as it comes")
    where_option(ask)
    as_option(ask)
    json_option(ask)

    chat = command(commands, "chat", _chat, "open the web chat", many=True)
    chat.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    chat.add_argument("--port", type=int, default=7860, help="port to listen on (default: 7860)")
    chat.add_argument(
        "--auth", metavar="FILE", help="users who may log in, as `rag users add` writes them (default: nobody has to)"
    )
    chat.add_argument(
        "--no-auth", action="store_true", help="listen for other machines without a login: they see every document"
    )
    chat.add_argument(
        "--url",
        metavar="URL",
        help="address that people open, where a proxy stands before it, such as https://rag.example.org/handbook",
    )
    chat.add_argument(
        "--uploads",
        type=megabytes,
        default=None,
        metavar="MB",
        help="let everyone who opens the chat add files and web pages of up to so many megabytes, delete what was "
        "added, and ingest; 0 forbids it (default: up to parsing.max_file_mb where only this machine can open it, "
        "else 0)",
    )


def _search(arguments: argparse.Namespace) -> int:
    from rag import render
    from rag.retrieval.filters import parse_where

    scope = {"where": parse_where(arguments.where), "principals": arguments.principals}
    with opened(arguments) as corpus:
        result = corpus.search(arguments.query, top_k=arguments.k, trace=arguments.trace, **scope)
        warn(corpus)
    text = f"{render.search(result)}\n\n{render.trace(result)}" if arguments.trace else render.search(result)
    print_json(result) if arguments.json else print(render.printable(text))
    return DONE


def _why(arguments: argparse.Namespace) -> int:
    from rag import render
    from rag.retrieval.filters import parse_where

    where = parse_where(arguments.where)
    with opened(arguments) as corpus:
        found = corpus.why(
            arguments.query, arguments.document, top_k=arguments.k, where=where, principals=arguments.principals
        )
        warn(corpus)
    print_json(found) if arguments.json else print(render.printable(render.why(found)))
    return DONE


def _ask(arguments: argparse.Namespace) -> int:
    from rag import render
    from rag.retrieval.filters import parse_where

    scope = {"where": parse_where(arguments.where), "principals": arguments.principals}
    with opened(arguments) as corpus:
        if arguments.stream:
            return _stream(corpus, arguments, scope)
        answer = corpus.ask(arguments.question, **scope)
        warn(corpus)
    print_json(answer) if arguments.json else print(render.printable(render.answer(answer)))
    return DONE


def _stream(corpus: "Rag | OwnedCorpus", arguments: argparse.Namespace, scope: dict[str, Any]) -> int:
    """With --json one event a line; else the words as they come, then the sources."""
    from rag import render
    from rag.answering.markers import cited
    from rag.answering.numbered import marks

    printed = last = ""  # since the beginning, and since the last sentence
    for event in corpus.stream(arguments.question, **scope):
        if arguments.json:
            print(json.dumps(event, ensure_ascii=False), flush=True)
        elif event["type"] == "token":
            print(render.printable(event["text"]), end="", flush=True)
            printed, last = printed + event["text"], last + event["text"]
        elif event["type"] == "sentence":
            # the words of a model have the numbers in them
            print("" if cited(last) else marks(event["sentence"]), end="", flush=True)
            last = ""
        elif event["type"] == "retrieval" and printed:  # the model failed half way: the answer starts over
            print("\n---")
            last = ""
        elif event["type"] == "done":
            print(render.printable("\n" * bool(printed) + render.after_stream(event["answer"])))
    warn(corpus)
    return DONE


def _chat(arguments: argparse.Namespace) -> int:
    from rag.corpus import Rag
    from ui.server import serve

    corpora = [Rag.open(config, overrides=arguments.set, wait_s=arguments.wait) for config in arguments.config]
    try:
        serve(
            corpora,
            host=arguments.host,
            port=arguments.port,
            auth=arguments.auth,
            url=arguments.url,
            open_to_all=arguments.no_auth,
            max_upload_mb=arguments.uploads,
        )
    finally:
        for corpus in corpora:
            corpus.close()
    return DONE
