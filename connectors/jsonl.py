"""Records of a JSON lines file as a source: the door for everything that has no connector of its own."""

import hashlib
import json
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from langchain_core.documents.base import Blob

from connectors.parsing.formats import format_of_name
from rag.errors import DocumentError, SourceError
from rag.skips import skip_reason
from rag.types import PUBLIC, Skip, SourceItem

_KEYS = {"id", "text", "path", "mime", "title", "uri", "metadata", "acl", "modified"}


_TEXTS = ("mime", "title", "uri", "modified")


class JsonlConnector:
    """A record a line: `id`, and `text` or the `path` of a file; implements `rag.protocols.Connector`.

    Further keys of a record are `mime` (of the text, by default text/plain), `title`, `uri`, `metadata` (above the
    source's), `acl` (instead of the source's) and `modified`.

    Args:
        path: the file, or `-` for stdin, which is read once. Paths in records start at the file's folder (for stdin, at
            the current one) and do not leave it.
    """

    def __init__(
        self,
        *,
        name: str,
        path: Path,
        acl: Sequence[str] = PUBLIC,
        metadata: Mapping[str, Any] | None = None,
        max_file_mb: float = 200,
        cache_dir: Path | None = None,  # noqa: ARG002 - nothing is worth keeping
    ) -> None:
        self.name = name
        self._path = path
        self._folder = Path.cwd() if str(path) == "-" else path.parent
        self._acl, self._metadata = tuple(acl), dict(metadata or {})
        self._max_bytes = max_file_mb * 1_000_000
        self._spool: IO[bytes] | None = None
        self._offsets: dict[str, int] = {}

    def list(self) -> Iterator[SourceItem | Skip]:
        """Every record; its texts are not kept.

        Raises:
            SourceError: the file cannot be read, or a line is no record. Its document would else count as deleted.
        """
        self._offsets.clear()
        if str(self._path) != "-":
            self.close()  # the file may have been replaced
        file = self._opened()
        file.seek(0)
        number = 0
        while True:
            offset = file.tell()
            line = file.readline()
            if not line:
                return
            number += 1
            if not line.strip():
                continue
            record = self._record(line, number)
            key = str(record["id"])
            if key in self._offsets:
                raise SourceError(f"{self._path}: line {number}: the id {key!r} stands twice")
            self._offsets[key] = offset
            yield self._item(record, key, line)

    def fetch(self, item: SourceItem) -> Blob:
        """The record's text, or the file that it names. Without a listing before, the file is gone through once.

        Raises:
            DocumentError: the file cannot be read, or leads out of the folder (`read`).
        """
        if item.key not in self._offsets and str(self._path) != "-":
            deque(self.list(), maxlen=0)
        if item.key not in self._offsets:
            raise DocumentError(f"{item.uri}: {self._path} does not have it any more", kind="read")
        file = self._opened()
        file.seek(self._offsets[item.key])
        line = file.readline()
        if not item.fingerprint.startswith(hashlib.sha256(line.strip()).hexdigest()):  # another record, other rights
            raise DocumentError(f"{item.uri}: {self._path} was written to since it was listed", kind="read")
        record = json.loads(line)
        if _has_text(record):
            return Blob.from_data(record["text"].encode("utf-8", "replace"), mime_type=item.mime, path=item.uri)
        try:
            path = self._inside(record["path"])
            if not path.is_file():  # a pipe would never end
                raise DocumentError(f"{path}: {skip_reason('no_file')}", kind="read")
            if path.stat().st_size > self._max_bytes:
                raise DocumentError(f"{path}: larger than parsing.max_file_mb allows", kind="read")
            return Blob.from_data(path.read_bytes(), mime_type=item.mime, path=item.uri)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise DocumentError(f"{item.uri}: cannot be read: {reason}", kind="read") from error

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        file, self._spool = self._spool, None
        if file is not None:
            file.close()

    def _opened(self) -> IO[bytes]:
        if self._spool is None:
            try:
                self._spool = self._stdin() if str(self._path) == "-" else self._path.open("rb")
            except OSError as error:
                raise SourceError(f"{self._path}: cannot be read: {error.strerror or error}") from error
        return self._spool

    def _stdin(self) -> IO[bytes]:
        spool = tempfile.TemporaryFile(prefix="rag-jsonl-")  # noqa: SIM115 - closed by `close`
        while part := sys.stdin.buffer.read(1 << 20):
            spool.write(part)
        return spool

    def _record(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise SourceError(f"{self._path}: line {number} is no JSON ({error})") from error
        where = f"{self._path}: line {number}"
        id = record.get("id") if isinstance(record, dict) else None
        if not isinstance(id, str | int) or isinstance(id, bool) or id == "":
            raise SourceError(f"{where}: a record is an object with an `id`")
        if unknown := sorted(record.keys() - _KEYS):
            raise SourceError(f"{where}: unknown key {unknown[0]!r} (known: {', '.join(sorted(_KEYS))})")
        if not _has_text(record) and not isinstance(record.get("path"), str):
            raise SourceError(f"{where}: a record has a `text`, or the `path` of a file")
        if wrong := next((key for key in _TEXTS if not isinstance(record.get(key), str | None)), None):
            raise SourceError(f"{where}: `{wrong}` is a text, not {record[wrong]!r:.80}")
        acl, metadata = record.get("acl", []), record.get("metadata", {})
        if not isinstance(acl, list) or not all(isinstance(principal, str) for principal in acl):
            raise SourceError(f"{where}: `acl` is a list of principals, not {acl!r:.80}")
        if not isinstance(metadata, dict):
            raise SourceError(f"{where}: `metadata` is an object, not {metadata!r:.80}")
        return dict(record)

    def _item(self, record: dict[str, Any], key: str, line: bytes) -> SourceItem:
        fingerprint = hashlib.sha256(line.strip()).hexdigest()
        uri, mime = record.get("uri") or f"{self._path}#{key}", record.get("mime") or "text/plain"
        if not _has_text(record):
            path = self._folder / record["path"]
            format = format_of_name(path.name)
            mime = record.get("mime") or (format.mime_of(path.name) if format else None)
            uri = record.get("uri") or str(path)
            try:
                status = path.stat()
                fingerprint += f"-{status.st_mtime_ns}-{status.st_size}"
            except (OSError, ValueError):
                fingerprint += "-missing"  # fetching it says so
        title = {"title": record["title"]} if record.get("title") else {}
        return SourceItem(
            source=self.name,
            key=key,
            uri=uri,
            fingerprint=fingerprint,
            mime=mime,
            modified=record.get("modified"),
            metadata={**self._metadata, **title, **record.get("metadata", {})},
            acl=tuple(record["acl"]) if "acl" in record else self._acl,
        )

    def _inside(self, name: str) -> Path:
        root = self._folder.resolve()
        path = (self._folder / name).resolve(strict=True)
        if not path.is_relative_to(root):
            raise DocumentError(f"{name}: leads out of {root}", kind="read")
        return path


def _has_text(record: Mapping[str, Any]) -> bool:
    return isinstance(record.get("text"), str)
