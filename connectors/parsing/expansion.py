"""The members of a container as documents of their own, nested containers included."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from connectors.parsing.containers import Container, Member
from connectors.parsing.formats import Format, format_of_mime, format_of_name
from rag.errors import DocumentError, MissingDependencyError
from rag.skips import skip_reason
from rag.types import Parsed, Skip, SourceItem, UnreadPart

MAX_DEPTH = 5
"""Containers in containers."""
MAX_MEMBERS = 10_000
"""Of an item, over all its containers."""


class ContainerLimitError(DocumentError):
    """The whole item fails: what it would unpack to is beyond every sensible size."""

    def __init__(self, item: SourceItem, reason: str) -> None:
        super().__init__(f"{item.uri}: {reason}; unpack it yourself if it is meant", kind="archive")


@dataclass(slots=True)
class Budget:
    """What is left for the members of one item."""

    bytes_left: int
    members_left: int = MAX_MEMBERS
    depth: int = 0


def expand(
    container: Container,
    item: SourceItem,
    budget: Budget,
    parse: Callable[[bytes, SourceItem, Format, Budget], Parsed],
) -> Parsed:
    """The container's own document and those of its members.

    A member that cannot be read is an `UnreadPart`, one without a parser a `Skip`; neither stops the others.

    Args:
        parse: reads one member.

    Raises:
        DocumentError: nothing in it was taken (`empty`), or it unpacks to too much (`archive`).
    """
    documents = [container.document] if container.document else []
    failed: list[UnreadPart] = []
    skipped: list[Skip] = []
    budget.depth += 1
    names: set[str] = set()
    for member in container.members:
        budget.members_left -= not container.of_its_size
        if budget.members_left < 0:
            raise ContainerLimitError(item, f"more than {MAX_MEMBERS:,} files in it")
        child = _item(item, member, names)
        format = format_of_mime(child.mime) if child.mime else None
        if member.skip or format is None:
            reason = member.skip or skip_reason("no_parser")
            skipped.append(Skip(uri=child.uri, reason=reason))
            continue
        if format.container and budget.depth >= MAX_DEPTH:
            error = f"{child.uri}: containers nested more than {MAX_DEPTH} deep; unpack it yourself if it is meant"
            failed.append(UnreadPart(id=child.id, uri=child.uri, error=error, kind="archive"))
            continue
        try:
            parsed = parse(_read(member, child, budget), child, format, budget)
        except ContainerLimitError:
            raise
        except DocumentError as error:
            failed.append(UnreadPart(id=child.id, uri=child.uri, error=str(error), kind=error.kind))
        except MissingDependencyError as error:
            failed.append(UnreadPart(id=child.id, uri=child.uri, error=str(error), kind="dependency"))
        else:
            documents += parsed.documents
            failed += parsed.failed
            skipped += parsed.skipped
    budget.depth -= 1
    if not documents and not failed:
        raise DocumentError(f"{item.uri}: {_nothing_taken(skipped)}", kind="empty")
    return Parsed(documents=tuple(documents), failed=tuple(failed), skipped=tuple(skipped))


def member_of(
    data: bytes,
    item: SourceItem,
    document_id: str,
    budget: Budget,
    opened: Callable[[bytes, SourceItem], Container | None],
) -> bytes:
    """The bytes of the member whose document has this id; those of other members are not read.

    Args:
        opened: reads a container; None for what is none.

    Raises:
        DocumentError: it is not there (`read`), or unpacks to too much (`archive`).
    """
    while item.id != document_id:
        container = opened(data, item)
        names: set[str] = set()
        for member in container.members if container else ():
            child = _item(item, member, names)
            if document_id == child.id or document_id.startswith(f"{child.id}!/"):
                data, item = _read(member, child, budget), child
                break
        else:
            raise DocumentError(f"{item.uri}: there is no {document_id!r} in it any more", kind="read")
    return data


def _item(item: SourceItem, member: Member, names: set[str]) -> SourceItem:
    """The member as an item; a name that was there before gets a number."""
    # what stands between the names of a container and of its member is in no name
    name = unicodedata.normalize("NFC", member.name).strip("/").replace("!/", "!_/") or "unnamed"
    stem, dot, suffix = name.rpartition(".") if "." in name.rpartition("/")[2].lstrip(".") else (name, "", "")
    unique, number = name, 1
    while unique in names:
        number += 1
        unique = f"{stem} ({number}){dot}{suffix}"
    names.add(unique)
    format = format_of_name(name) or (format_of_mime(member.mime) if member.mime else None)
    return SourceItem(
        source=item.source,
        key=f"{item.key}!/{unique}",
        uri=f"{item.uri}!/{unique}",
        fingerprint=item.fingerprint,
        mime=format.mime_of(name) if format else None,
        size=member.size,
        modified=member.modified or item.modified,
        metadata={**member.metadata, **item.metadata},
        acl=item.acl,
    )


def _read(member: Member, child: SourceItem, budget: Budget) -> bytes:
    if member.size is not None and member.size > budget.bytes_left:
        raise ContainerLimitError(child, f"its {member.size:,} bytes are more than the {budget.bytes_left:,} left")
    data = member.read()
    budget.bytes_left -= len(data)
    if budget.bytes_left < 0:
        raise ContainerLimitError(child, f"unpacks to {-budget.bytes_left:,} bytes more than is allowed")
    return data


def _nothing_taken(skipped: list[Skip]) -> str:
    if not skipped:
        return "there is nothing in it"
    reasons = sorted({skip.reason for skip in skipped})
    return f"none of the {len(skipped)} files in it is taken ({'; '.join(reasons):.200})"
