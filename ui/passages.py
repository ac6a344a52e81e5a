"""The passages behind answers with what their documents have to show: structure, cited pages, the original.

The only files that the app serves are these: of a document of the corpus, which the signed link names, which the store
still holds, and which those who ask may see at that moment.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from rag.errors import DocumentError, RagError
from ui.conversation import Turns
from ui.language import language_of, say
from ui.links import Links
from ui.served import Served
from ui.view.html import Span, web_address
from ui.view.pages import Page, strips, unavailable
from ui.view.passages import Behind, sources
from ui.view.structure import kind_of

if TYPE_CHECKING:
    from rag.corpus import Rag

PrincipalsOf: TypeAlias = Callable[[Any], Sequence[str] | None]
"""A request -> the principals of who asks; None is the operator."""

PATH = "passages"
MAX_PAGES = 3
"""Of one passage that are shown as pictures."""

_SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "private, no-store"}
_SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; sandbox"
_OF_PDF = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""A PDF is not sandboxed: Chromium, whose viewer has an origin of its own, takes no notice of it, and Safari would show
an empty window."""
# scripts in an image or a text never run; what else could run some is only ever downloaded
_INLINE = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp")
_READ_AGAIN = ("files", "uploads", "mail")
"""Kinds of sources whose documents can be had without listing the source."""


class Passages:
    """The panel of the app, and the routes behind its links.

    Args:
        served: the corpora, in the order of the picker.
        principals_of: says who asks.
    """

    def __init__(self, served: Sequence[Served], principals_of: PrincipalsOf = lambda _: None) -> None:
        self._corpora, self._principals_of, self._links = [each.corpus for each in served], principals_of, Links()

    def behind(self, corpus: int, turns: Turns, request: Any, after: int = 0) -> list[str]:
        """The passages behind each answer of a conversation, as HTML.

        Args:
            corpus: place of the one that answered.
            request: of who looks at it, Gradio's or Starlette's.
            after: how many turns are left out.
        """
        principals = self._principals_of(request)
        texts: dict[str, str | None] = {}

        def look(evidence: Mapping[str, Any], quotes: Sequence[Span]) -> Behind:
            document_id = evidence["document_id"]
            if document_id not in texts:
                texts[document_id] = _text(self._corpora[corpus], document_id, principals)
            return self._behind(corpus, evidence, quotes, texts[document_id], principals)

        return sources(turns, language_of(request), look, after)

    def routes(self) -> list[Route]:
        """What the app's server has to answer besides Gradio's own."""
        asked = {"page": self._page, "picture": self._picture, "original": self._original}
        return [Route(f"/{PATH}/{name}/{{token}}", answer, methods=["GET"]) for name, answer in asked.items()]

    def _behind(
        self,
        place: int,
        evidence: Mapping[str, Any],
        quotes: Sequence[Span],
        text: str | None,
        principals: Sequence[str] | None,
    ) -> Behind:
        if text is None:  # gone, or not theirs to see any more
            return Behind()
        document_id, uri = evidence["document_id"], evidence["uri"]
        paged = evidence["page"] is not None and kind_of(evidence.get("mime") or "") == "pages"
        spans = [*quotes] or [(evidence["start"], evidence["end"])]
        lines = self._corpora[place].originals().lines(document_id, spans, principals=principals) if paged else []
        opened, cited = (
            ["original", place, document_id],
            ["page", place, document_id, spans if paged else [], bool(quotes)],
        )
        kinds = {source.name: source.kind for source in self._corpora[place].settings.sources}
        kept = not web_address(uri) and kinds.get(document_id.partition(":")[0]) in _READ_AGAIN
        return Behind(
            text=text,
            page=lines[0].page if lines else None,
            pages=f"{PATH}/page/{self._links.token(cited, principals)}" if lines else "",
            at_once="://" not in uri,
            original=f"{PATH}/original/{self._links.token(opened, principals)}" if kept else "",
        )

    def _page(self, request: Request) -> Response:
        """The cited pages of a passage as HTML, or the reason why there is no picture."""
        language = language_of(request)
        found = self._asked("page", request)
        if found is None:
            return _refused(language)
        corpus, principals, (place, document_id, spans, quoted) = found
        try:
            title = corpus.documents().require(document_id, principals=principals, fields=("title",))["title"]
            text = corpus.documents().text(document_id) or ""
            lines = corpus.originals().lines(document_id, [(low, high) for low, high in spans], principals=principals)
            pages = []
            for number in list(dict.fromkeys(line.page for line in lines))[:MAX_PAGES]:
                drawn = corpus.originals().page(document_id, number, principals=principals)
                version = hashlib.sha256(drawn.data).hexdigest()[:16]
                token = self._links.token(["picture", place, document_id, number, version], principals)
                cited = [line for line in lines if quoted and line.page == number]
                boxes = [(line, text[line.start : line.end]) for line in cited]
                picture = f"{PATH}/picture/{token}"
                pages.append(Page(number=number, width=drawn.width, height=drawn.height, picture=picture, lines=boxes))
            shown = strips(pages, title or document_id, language) or unavailable("", language)
        except DocumentError as error:
            shown = unavailable(error.kind, language)
        except RagError:
            return _refused(language)
        return HTMLResponse(shown, headers={**_SAFE, "Content-Security-Policy": _SANDBOX})

    def _picture(self, request: Request) -> Response:
        found = self._asked("picture", request)
        if found is None:
            return _refused(language_of(request))
        corpus, principals, (_, document_id, number, _) = found
        try:
            drawn = corpus.originals().page(document_id, number, principals=principals)
        except RagError:
            return _refused(language_of(request))
        # the address names the version
        headers = {**_SAFE, "Content-Security-Policy": _SANDBOX, "Cache-Control": "private, max-age=600"}
        return Response(drawn.data, media_type=drawn.mime, headers=headers)

    def _original(self, request: Request) -> Response:
        found = self._asked("original", request)
        if found is None:
            return _refused(language_of(request))
        corpus, principals, (_, document_id) = found
        try:
            original = corpus.originals().read(document_id, principals=principals)
        except RagError:
            return _refused(language_of(request))
        mime, shown = _served_as(original.mime, original.data)
        name = f"filename*=UTF-8''{quote(original.name, safe='')}"
        how = f"{'inline' if shown else 'attachment'}; {name}"
        policy = _OF_PDF if mime == "application/pdf" else _SANDBOX
        headers = {**_SAFE, "Content-Disposition": how, "Content-Security-Policy": policy}
        return Response(original.data, headers={**headers, "Content-Type": mime})

    def _asked(self, what: str, request: Request) -> "tuple[Rag, Sequence[str] | None, list[Any]] | None":
        """The corpus, who asks, and what for; None where the link is not one that was made for them."""
        principals = self._principals_of(request)
        asked = self._links.asked(request.path_params["token"], principals)
        if asked is None or asked[0] != what:
            return None
        return self._corpora[asked[1]], principals, asked[1:]


def _text(corpus: "Rag", document_id: str, principals: Sequence[str] | None) -> str | None:
    """The stored text; None where there is no such document that they may see."""
    documents = corpus.documents()
    try:
        documents.require(document_id, principals=principals)
    except RagError:
        return None
    return documents.text(document_id)


def _served_as(mime: str, data: bytes) -> tuple[str, bool]:
    """The media type to serve a file as, and whether a browser may show it; HTML is never a page of ours."""
    if mime == "application/pdf" or mime in _INLINE:
        return mime, True
    if kind_of(mime) in ("markdown", "text", "code", "grid") and mime.startswith("text/"):
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            return "application/octet-stream", False
        return "text/plain; charset=utf-8", True
    return "application/octet-stream", False


def _refused(language: str) -> Response:
    """The same for what is not there and for what is not theirs."""
    headers = {**_SAFE, "Content-Security-Policy": _SANDBOX}
    return PlainTextResponse(say("passages.not_here", language), status_code=404, headers=headers)
