"""The part of a page that somebody comes for."""

import re
from dataclasses import dataclass

from connectors.parsing.html.dom import Node, is_hidden, walk

_MIN_SHARE = 0.25
"""Of the page's prose, that must be left: else nothing is left out."""
_MAIN_SHARE, _ARTICLE_SHARE = 0.8, 0.9
"""Of the prose outside of navigation, that `<main>` or an `<article>` must hold to be taken for all of the content."""
_MAX_NAMED_SHARE = 0.3
"""Of the page's prose: more is no navigation, whatever it is called."""
_LINK_DENSITY = 0.75
_MIN_LINKS = 5
_MAX_LINK_CHARS = 50
"""Of a menu's link on average; longer ones are titles of what somebody lists."""

_MAX_NAME_CHARS = 500

_ROLES = frozenset(("navigation", "banner", "contentinfo", "search", "menu", "menubar", "complementary"))
_LANDMARKS = frozenset(("nav", "header", "footer", "aside", "search"))
_WHOLE = frozenset(("html", "body", "main", "article"))
_OWNERS = ("main", "article", "section", "blockquote", "figure", "td")
"""Their headers, footers and asides are theirs, not the page's."""
_MARKERS = re.compile(
    r"(?:^|\s)(?:mw-editsection|mw-jump-link|headerlink|anchor-link|anchorjs-link|skip-link|skip-nav|skip-to-content"
    r"|screen-reader-skip|visually-hidden-focusable|printfooter|catlinks|navbox|vector-toc)(?:\s|$)"
)
_MENUS = re.compile(
    r"(?:^|[\s_-])(?:nav(?:bar|box|igation)?|menu|breadcrumbs?|toc|share|social|pagination|pager|sitemap|dropdown)"
    r"(?:$|[\s_-])",
    re.I,
)
_CONSENT = re.compile(
    r"(?:cookie|consent|gdpr)\w{0,20}[\s_-]*(?:banner|bar|notice|popup|modal|overlay|dialog|wall|prompt|message|law|sdk)"
    r"|onetrust|cookiebot|didomi-host|usercentrics|qc-cmp|cc-window",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Content:
    """What of a page to write.

    Attributes:
        title: the page's first heading where it stands outside of `root`, else None.
        left_out: elements in `root` that are there for navigation.
    """

    root: Node
    title: Node | None
    left_out: frozenset[Node]


@dataclass(slots=True)
class _Size:
    """Visible characters but blanks, those of links apart."""

    prose: int = 0
    linked: int = 0
    links: int = 0


def main_content(body: Node) -> Content:
    """The body, or the element in it that holds the content, and what in it is navigation.

    Conservative: where too little of the page's prose would be left, all of the page is its content.
    """
    everything = Content(body, None, frozenset())
    sizes = _sizes(body)
    navigation = [node for node in sizes if _is_navigation(node, sizes, sizes[body])]
    out = _outermost(navigation)
    gone = {node for top in out for node in top.iter() if node in sizes}
    prose = sizes[body].prose - sum(sizes[node].prose for node in out)
    mains = [node for node in sizes if (node.tag in ("main", "article") or node.get("role") == "main")]
    # <main> says more than <article>, of which a page may have many
    mains = sorted((node for node in mains if node not in gone), key=lambda node: node.tag == "article")
    shares = ((node, _ARTICLE_SHARE if node.tag == "article" else _MAIN_SHARE) for node in mains)
    root = next((node for node, share in shares if sizes[node].prose > max(50, share * prose)), body)
    inside = {*root.iter()}
    out = [node for node in out if node in inside]
    left = sizes[root].prose - sum(sizes[node].prose for node in out)
    if left < max(1, _MIN_SHARE * sizes[body].prose):
        return everything
    titles = [node for node in sizes if node.tag == "h1" and sizes[node].prose + sizes[node].linked]
    kept = any(node in inside and node not in gone for node in titles)
    return Content(root, None if kept or len(titles) != 1 else titles[0], frozenset(out))


def _sizes(body: Node) -> dict[Node, _Size]:
    """Of every visible element, those in it included; in document order."""
    sizes = {body: _Size()}
    path = [body]
    links = 0

    def enter(node: Node) -> bool:
        nonlocal links
        if is_hidden(node):
            return False
        sizes[node] = _Size()
        path.append(node)
        links += node.tag == "a"
        return True

    def leave(node: Node) -> None:
        nonlocal links
        own = sizes[path.pop()]
        if node.tag == "a":
            links -= 1
            own.links += 1
        outer = sizes[path[-1]]
        outer.prose += own.prose
        outer.linked += own.linked
        outer.links += own.links

    def text(text: str) -> None:
        length = sum(map(len, text.split()))
        if links:
            sizes[path[-1]].linked += length
        else:
            sizes[path[-1]].prose += length

    walk(body, enter=enter, leave=leave, text=text)
    return sizes


def _outermost(nodes: list[Node]) -> list[Node]:
    """Those that are in none of the others; given and returned in document order."""
    found: list[Node] = []
    inside: set[Node] = set()
    for node in nodes:
        if node not in inside:
            found.append(node)
            inside.update(node.iter())
    return found


def _is_navigation(node: Node, sizes: dict[Node, _Size], page: _Size) -> bool:
    tag = node.tag
    if tag in _WHOLE or node.get("role") == "main":
        return False
    size = sizes[node]
    if tag == "nav" or tag == "search":
        return True
    names = f"{node.get('class') or ''} {node.get('id') or ''}"[:_MAX_NAME_CHARS]
    small = size.prose <= _MAX_NAMED_SHARE * page.prose
    if len(names) > 1 and small:
        if _MARKERS.search(names):
            return True
        if _CONSENT.search(names) and _owner(node) is None:
            return True
        if _MENUS.search(names) and _is_link_list(size):
            return True
    if tag in ("header", "footer", "aside") or node.get("role") in _ROLES:
        return small and _owner(node) is None
    return tag in ("ul", "ol", "div") and _is_link_list(size) and _beside_content(node)


def _owner(node: Node) -> Node | None:
    return next(node.iterancestors(*_OWNERS), None)


def _is_link_list(size: _Size) -> bool:
    """Many short links and little else."""
    dense = size.linked >= _LINK_DENSITY * (size.linked + size.prose)
    return size.links >= _MIN_LINKS and dense and size.linked <= _MAX_LINK_CHARS * size.links


def _beside_content(node: Node) -> bool:
    """In the header or footer of something, or nowhere in a page's content."""
    parent = next(node.iterancestors("header", "footer", *_OWNERS), None)
    return parent is not None and parent.tag in ("header", "footer")
