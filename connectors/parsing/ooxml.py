"""What the formats of Office Open XML share: parts, relations between them, properties, links."""

import posixpath
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from connectors.parsing.html.dom import Node
from connectors.parsing.office_package import open_package
from connectors.parsing.writer import Piece
from connectors.parsing.xml_tree import parse_xml
from rag.errors import DocumentError
from rag.types import SourceItem

_STRICT = b"http://purl.oclc.org/ooxml/"
_TRANSITIONAL = {
    b"officeDocument": b"http://schemas.openxmlformats.org/officeDocument/2006",
    b"wordprocessingml": b"http://schemas.openxmlformats.org/wordprocessingml/2006",
    b"drawingml": b"http://schemas.openxmlformats.org/drawingml/2006",
}
RELATIONSHIP_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_SCHEMES = ("http://", "https://", "mailto:", "ftp://")
_PROPERTIES = {"creator": "author", "subject": "subject", "created": "created", "modified": "modified"}


@dataclass(frozen=True, slots=True)
class Relation:
    """Where a part points to.

    Attributes:
        kind: last word of its type, as `hyperlink`, `footnotes`.
        target: path of a part, or a URL.
        external: `target` is a URL.
    """

    kind: str
    target: str
    external: bool


class Package:
    """The parts of an OOXML file."""

    def __init__(self, data: bytes, item: SourceItem) -> None:
        self._item = item
        self._zip = open_package(data, item)
        # some writers use backslashes, and names are the same in any case
        self._names = {_key(name): name for name in self._zip.namelist()}

    def main(self) -> str:
        """Path of the main part.

        Raises:
            DocumentError: there is none (`parse`).
        """
        for relation in self.relations("").values():
            if relation.kind == "officeDocument" and _key(relation.target) in self._names:
                return relation.target
        raise DocumentError(f"{self._item.uri}: malformed, the package names no document in it", kind="parse")

    def read(self, path: str) -> bytes | None:
        """A part's bytes, None where the package lacks it."""
        name = self._names.get(_key(path))
        if name is None:
            return None
        try:
            return self._zip.read(name)
        except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError) as error:
            raise DocumentError(
                f"{self._item.uri}: damaged, {path} in it cannot be unpacked ({error})", kind="parse"
            ) from error

    def part(self, path: str) -> Node | None:
        """A part as a tree, with the namespaces of the Transitional variant."""
        data = self.read(path)
        if data is None:
            return None
        if _STRICT in data:
            for word, namespace in _TRANSITIONAL.items():
                data = data.replace(_STRICT + word, namespace)
        return parse_xml(data, self._item)

    def relations(self, path: str) -> dict[str, Relation]:
        """The relations of a part by id, "" for those of the package."""
        folder, name = posixpath.split(path)
        root = self.part(posixpath.join(folder, "_rels", f"{name}.rels"))
        found: dict[str, Relation] = {}
        for node in [] if root is None else root.iter("{*}Relationship"):
            kind, target = (node.get("Type") or "").rpartition("/")[2], node.get("Target") or ""
            external = node.get("TargetMode") == "External"
            if not external:
                target = posixpath.normpath(posixpath.join("/", folder, unquote(target))).lstrip("/")
            found[node.get("Id") or ""] = Relation(kind, target, external)
        return found

    def related(self, path: str, kind: str) -> Node | None:
        """The first part of a kind that a part points to."""
        for relation in self.relations(path).values():
            if relation.kind == kind and not relation.external:
                return self.part(relation.target)
        return None

    def properties(self) -> dict[str, str]:
        """The core properties that say something: `title`, `language`, `author`, `subject`, `created`, `modified`."""
        root = self.related("", "core-properties")
        found = {local(node): " ".join((node.text or "").split()) for node in ([] if root is None else root)}
        names = {**_PROPERTIES, "title": "title", "language": "language"}
        return {name: found[key] for key, name in names.items() if found.get(key)}


def document_metadata(properties: Mapping[str, str]) -> dict[str, Any]:
    """Of the core properties what goes into a document's metadata."""
    return {name: properties[name] for name in _PROPERTIES.values() if name in properties}


def local(node: Node) -> str:
    """A node's name without its namespace; "" for what is no element."""
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def link(pieces: list[Piece], url: str) -> list[Piece]:
    """The pieces as a Markdown link, without one where a person could not follow it or sees the address anyway."""
    words = "".join(text for text, _ in pieces).strip()
    if not words or words == url or not url.lower().startswith(_SCHEMES):
        return pieces
    escaped = url.translate({ord(" "): "%20", ord("("): "%28", ord(")"): "%29", ord("<"): "%3C", ord(">"): "%3E"})
    return [("[", True), *pieces, (f"]({' '.join(escaped.split())})", True)]


def _key(path: str) -> str:
    return path.replace("\\", "/").lstrip("/").lower()
