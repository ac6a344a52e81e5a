"""Files of any fsspec file system as a source: S3, SFTP, Google Cloud Storage, GitHub, archives and others."""

import posixpath
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from langchain_core.documents.base import Blob

from connectors.globs import Globs
from connectors.parsing.formats import format_of_name
from rag.errors import DocumentError, MissingDependencyError, SettingsError, SourceError
from rag.secrets import masked, secrets_of
from rag.skips import skip_reason, too_large
from rag.types import PUBLIC, Skip, SourceItem

_EXTRAS = {"s3": "s3", "s3a": "s3"}
_IDENTITIES = (
    "ETag",
    "etag",
    "md5Hash",
    "md5",
    "sha",
    "checksum",
    "content_md5",
    "Content-MD5",
    "Digest",
    "version_id",
)
_TIMES = ("LastModified", "last_modified", "Last-Modified", "updated", "mtime", "modified", "created")


class RemoteFilesConnector:
    """Lists and reads the files below a URL; implements `rag.protocols.Connector`.

    The same rules as for local folders: hidden files are none, patterns are those of .gitignore. A file's fingerprint
    is what the file system gives to tell versions apart (ETag, checksum), else its time and size.

    Args:
        path: fsspec URL of a folder or file, such as `s3://bucket/docs`.
        options: what the file system is made with, for example `{"anon": true}`.
        options_env: option -> environment variable with its value.
    """

    def __init__(
        self,
        *,
        name: str,
        path: str,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        options: Mapping[str, Any] | None = None,
        options_env: Mapping[str, str] | None = None,
        acl: Sequence[str] = PUBLIC,
        metadata: Mapping[str, Any] | None = None,
        max_file_mb: float = 200,
        cache_dir: Path | None = None,  # noqa: ARG002 - nothing is worth keeping
    ) -> None:
        self.name = name
        self._url = path
        self._include, self._exclude = Globs(include), Globs(exclude)
        self._acl, self._metadata = tuple(acl), dict(metadata or {})
        self._max_bytes = max_file_mb * 1_000_000
        self._names: dict[str, str] = {}  # a name may be another than its key: that is in Unicode's composed form
        secrets = secrets_of(options_env, f"source {name!r}")
        self._secrets = tuple(secrets.values())
        self._system, self._root = self._opened({**(options or {}), **secrets})

    def list(self) -> Iterator[SourceItem | Skip]:
        """Every file by key; no file is opened.

        Raises:
            SourceError: the file system or the folder cannot be reached, or a folder in it not be listed.
        """
        root = self._root.rstrip("/")
        self._names.clear()
        for info in sorted(self._found(), key=lambda info: str(info["name"])):
            name = str(info["name"])
            key = unicodedata.normalize("NFC", name.removeprefix(root).strip("/")) or posixpath.basename(name)
            if any(part.startswith(".") for part in key.split("/")) or (self._include and not self._include.match(key)):
                continue
            if key in self._names:
                yield Skip(uri=name, reason=skip_reason("same_name", other=self._names[key]))
                continue
            self._names[key] = name
            yield self._entry(name, key, info)

    def fetch(self, item: SourceItem) -> Blob:
        """The file's bytes.

        Raises:
            DocumentError: it cannot be read (`read`).
        """
        try:
            with self._system.open(self._names.get(item.key, f"{self._root.rstrip('/')}/{item.key}"), "rb") as file:
                data = file.read(int(self._max_bytes) + 1)
        except Exception as error:  # file systems raise errors of their own
            raise DocumentError(f"{item.uri}: cannot be read: {self._reason(error)}", kind="read") from error
        if len(data) > self._max_bytes:
            raise DocumentError(f"{item.uri}: grew beyond parsing.max_file_mb since it was listed", kind="read")
        return Blob.from_data(data, mime_type=item.mime, path=item.uri)

    def close(self) -> None:
        """Forget what was listed; connections belong to the file system's own pool."""
        self._system.invalidate_cache()

    def _opened(self, options: Mapping[str, Any]) -> tuple[Any, str]:
        scheme = self._url.partition("://")[0]
        try:
            import fsspec
        except ImportError as error:
            raise MissingDependencyError("fsspec", "s3", f"source {self.name!r} with the path {self._url}") from error
        try:
            system, root = fsspec.core.url_to_fs(
                self._url, use_listings_cache=False, skip_instance_cache=True, **options
            )
        except ImportError as error:
            if scheme in _EXTRAS:
                raise MissingDependencyError(f"{scheme}fs", _EXTRAS[scheme], f"{scheme}:// addresses") from error
            raise SettingsError(f"source {self.name!r}: {scheme}:// needs another package: {error}") from error
        except ValueError as error:
            raise SettingsError(f"source {self.name!r}: {self._url}: {self._reason(error)}") from error
        except Exception as error:
            raise SourceError(f"{self._url}: {self._reason(error)}") from error
        return system, str(root)

    def _found(self) -> Iterator[Mapping[str, Any]]:
        """All files below the root. An empty folder and one that is not there are told apart where that is possible."""
        try:
            self._system.invalidate_cache()
            if self._system.isfile(self._root):
                yield {**self._system.info(self._root), "name": self._root}
                return
            folders = [self._root]
            while folders:
                for info in self._system.ls(folders.pop(), detail=True):
                    same = str(info["name"]).rstrip("/") == self._root.rstrip("/")
                    if info.get("type") == "directory" and not same:
                        key = self._key(info)
                        if not posixpath.basename(key).startswith(".") and not self._exclude.match(f"{key}/"):
                            folders.append(info["name"])
                    elif info.get("type") == "file" and not str(info["name"]).endswith("/"):
                        yield info
        except Exception as error:  # file systems raise errors of their own
            raise SourceError(f"{self._url}: cannot be listed: {self._reason(error)}") from error

    def _key(self, info: Mapping[str, Any]) -> str:
        return unicodedata.normalize("NFC", str(info["name"]).removeprefix(self._root.rstrip("/")).strip("/"))

    def _entry(self, name: str, key: str, info: Mapping[str, Any]) -> SourceItem | Skip:
        uri = self._url if self._is_root(name) else f"{self._url.rstrip('/')}/{key}"
        size = int(info.get("size") or 0)
        format = format_of_name(key)
        pattern = self._exclude.match(key)
        reason = None
        if pattern:
            reason = skip_reason("excluded", pattern=pattern)
        elif format is None:
            reason = skip_reason("no_parser")
        elif not (format.default or self._include or self._is_root(name)):
            reason = skip_reason("not_default", kind=format.name)
        elif size > self._max_bytes:
            reason = too_large(size, self._max_bytes)
        if reason or format is None:
            return Skip(uri=uri, reason=reason or "")
        modified = next((info[name] for name in _TIMES if info.get(name)), None)
        identity = next((str(info[name]) for name in _IDENTITIES if info.get(name)), None)
        return SourceItem(
            source=self.name,
            key=key,
            uri=uri,
            fingerprint=identity or f"{modified or self._unknown(name)}-{size}",
            mime=format.mime_of(key),
            size=size,
            modified=_utc(modified),
            metadata=self._metadata,
            acl=self._acl,
        )

    def _unknown(self, name: str) -> str:
        """Tells versions apart where there is neither time nor checksum; for the web nothing does but to read it."""
        return uuid4().hex if self._url.startswith(("http://", "https://")) else str(self._system.ukey(name))

    def _is_root(self, name: str) -> bool:
        """The source is this one file."""
        return name.rstrip("/") == self._root.rstrip("/")

    def _reason(self, error: Exception) -> str:
        return masked(f"{type(error).__name__}: {error}", self._secrets)[:300]


def _utc(value: Any) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value) if value else None
