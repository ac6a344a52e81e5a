"""What goes between this process and the workers: frames of JSON and bytes. No pickle: documents are hostile input."""

import json
import struct
from dataclasses import asdict
from typing import IO, Any

from rag.types import Document, Element, LineBox, PagePicture, Parsed, Skip, SourceItem, UnreadPart

_LENGTH = struct.Struct("<Q")


def write_frame(stream: IO[bytes], data: bytes) -> None:
    """The length as eight bytes, then the data."""
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def read_frame(stream: IO[bytes]) -> bytes | None:
    """The next frame, None at the end of the stream or where it breaks off."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = stream.read(length)
    return data if len(data) == length else None


def request_to_json(item: SourceItem, *, page: int | None = None, member: str | None = None) -> bytes:
    """What is wanted of an item: its documents, a `page` as a picture, or the bytes of a `member`."""
    return json.dumps({"item": asdict(item), "page": page, "member": member}).encode()


def request_from_json(data: bytes) -> tuple[SourceItem, int | None, str | None]:
    value = json.loads(data)
    item = SourceItem(**{**value["item"], "acl": tuple(value["item"]["acl"])})
    return item, value["page"], value["member"]


def picture_to_bytes(picture: PagePicture) -> bytes:
    head = {"mime": picture.mime, "width": picture.width, "height": picture.height}
    return json.dumps(head).encode() + b"\n" + picture.data


def picture_from_bytes(data: bytes) -> PagePicture:
    head, _, image = data.partition(b"\n")
    return PagePicture(data=image, **json.loads(head))


def parsed_to_json(parsed: Parsed) -> bytes:
    value = {
        "documents": [_document(document) for document in parsed.documents],
        "failed": [asdict(part) for part in parsed.failed],
        "skipped": [asdict(skip) for skip in parsed.skipped],
    }
    return json.dumps(value).encode()


def parsed_from_json(data: bytes) -> Parsed:
    value = json.loads(data)
    return Parsed(
        documents=tuple(_document_from(document) for document in value["documents"]),
        failed=tuple(UnreadPart(**part) for part in value["failed"]),
        skipped=tuple(Skip(**skip) for skip in value["skipped"]),
    )


def _document(document: Document) -> dict[str, Any]:
    value = {name: getattr(document, name) for name in Document.__dataclass_fields__}
    value["elements"] = [
        [e.kind, e.start, e.end, e.level, e.page, e.header_end, [line.numbers() for line in e.lines]]
        for e in document.elements
    ]
    value["metadata"] = dict(document.metadata)
    return value


def _document_from(value: dict[str, Any]) -> Document:
    elements = []
    for kind, start, end, level, page, header_end, rows in value["elements"]:
        lines = tuple(LineBox.of(row) for row in rows)
        elements.append(
            Element(kind=kind, start=start, end=end, level=level, page=page, header_end=header_end, lines=lines)
        )
    return Document(
        **{
            **value,
            "elements": tuple(elements),
            "markup": tuple((start, end) for start, end in value["markup"]),
            "acl": tuple(value["acl"]),
        }
    )
