"""XML from strangers: no network, no files, nothing that grows without bound."""

import re
from html.entities import name2codepoint

from lxml import etree

from connectors.parsing.html.dom import Node
from rag.errors import DocumentError
from rag.types import SourceItem

_NAMED = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z][A-Za-z0-9]{1,7});")
_DECLARED = re.compile(rb"<!ENTITY\s+([\w.-]+)")


def parse_xml(data: bytes, item: SourceItem) -> Node:
    """The root element.

    Entities that the file itself declares are filled in as far as libxml2 takes them for harmless, and `&nbsp;` and the
    like, which vocabularies declare in files that are not read, as HTML has them.

    Raises:
        DocumentError: it is malformed, an entity bomb, or nested or long beyond libxml2's limits (`parse`).
    """
    data = data.lstrip()
    try:
        try:
            return _root(data)
        except etree.XMLSyntaxError:
            known = _with_numbers(data)
            if known == data:
                raise
            return _root(known)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DocumentError(f"{item.uri}: not well-formed XML ({error}): repair it", kind="parse") from error


def _root(data: bytes) -> Node:
    parser = etree.XMLParser(
        resolve_entities="internal",
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    return etree.fromstring(data, parser)


def _with_numbers(data: bytes) -> bytes:
    declared = {*_DECLARED.findall(data)}

    def numbered(match: re.Match[bytes]) -> bytes:
        number = None if match[1] in declared else name2codepoint.get(match[1].decode())
        return b"&#%d;" % number if number else match[0]

    return _NAMED.sub(numbered, data)
