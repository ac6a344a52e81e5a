"""HTML within Markdown: which of its characters are syntax."""

import re
from collections.abc import Iterator

from connectors.parsing.spans import Span, separates

_AUTOLINK = re.compile(r"<(?:[A-Za-z][A-Za-z0-9+.-]{1,31}:[^<>\s]*+|[\w.+-]++@[\w.-]++)>")
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9]*+)([\s/][^<>]*+)?+>")
_FLAGS = frozenset(["/", "allowfullscreen", "async", "checked", "controls", "defer", "disabled", "hidden", "open"])
_HIDDEN = {
    "<!--": re.compile("-->"),
    "<script": re.compile(r"</script\s*+>", re.IGNORECASE),
    "<style": re.compile(r"</style\s*+>", re.IGNORECASE),
}
_HIDDEN_START = re.compile(r"<!--|<(?:script|style)(?=[\s>])", re.IGNORECASE)
# tags that HTML does not know, such as <your-name>, are placeholders: words
_INLINE = (
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q s samp small span strike "
    "strong sub sup time tt u var wbr "
)
_OTHERS = (
    "address area article aside audio base blockquote body br button canvas caption center col colgroup datalist "
    "dd details dialog dir div dl dt embed fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 "
    "h6 head header hgroup hr html iframe img input legend li link main map menu meta meter nav noscript object "
    "ol optgroup option output p param picture pre progress rp rt ruby script search section select slot source "
    "style summary table tbody td template textarea tfoot th thead title tr track ul video "
)
_INLINE_TAGS = frozenset(_INLINE.split())
_TAGS = _INLINE_TAGS.union(_OTHERS.split())


def html_tags(text: str, start: int, end: int) -> Iterator[Span]:
    """HTML tags, comments, scripts and styles of an HTML block."""
    html = HtmlMarkup(text, start, end)
    at = text.find("<", start, end)
    while at >= 0:
        span, at = html.read(at)
        if span:
            yield span
        at = text.find("<", at, end)


class HtmlMarkup:
    """Reads HTML at a `<`; remembers which closers are not there."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self._text, self._start, self._end = text, start, end
        self._missing: set[str] = set()

    def read(self, at: int) -> tuple[Span | None, int]:
        """The span of syntax that starts at `at`, if any, and where to read on."""
        text, end = self._text, self._end
        if hidden := _HIDDEN_START.match(text, at, end):
            kind = hidden[0].lower()
            closer = None if kind in self._missing else _HIDDEN[kind].search(text, hidden.end(), end)
            if closer:
                return (at, closer.end()), closer.end()
            self._missing.add(kind)
        if tag := _TAG.match(text, at, end):
            name, attributes = tag[1].lower(), tag[2] or ""
            if name in _TAGS and ("=" in attributes or _FLAGS.issuperset(attributes.split())):
                apart = name not in _INLINE_TAGS and separates(text, at, tag.end(), self._start, end)
                return (at, tag.end() - apart), tag.end()
        if link := _AUTOLINK.match(text, at, end):
            return (at, at + 1), link.end()
        return None, at + 1
