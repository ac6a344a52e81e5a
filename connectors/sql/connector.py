"""Rows of a database as a source."""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from langchain_core.documents.base import Blob
from sqlalchemy import URL, Connection, Engine, column, literal, literal_column, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import NullType

from connectors.sql.engine import open_engine, parsed_url, reason_of
from connectors.sql.rows import columns_of, json_of, key_of, moment_of, principals_of, text_of, uri_of
from rag.errors import DocumentError, SettingsError, SourceError
from rag.skips import too_large
from rag.types import PUBLIC, Skip, SourceItem, hash_json

_ROWS_AT_A_TIME = 500
_MAX_AHEAD = 32
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_END = re.compile(r"(?:;(?:\s|--[^\n]*|/\*.*?\*/)*)?\Z", re.DOTALL)
"""A semicolon at the end, and what is said after it."""
_READS = re.compile(r"[\s(]*(select|with|values)\b", re.IGNORECASE)


class SqlConnector:
    """The rows that a query gives, each a document; implements `rag.protocols.Connector`.

    Transactions are read-only where the database has such: PostgreSQL, SQLite, MySQL, MariaDB.

    Args:
        name: the source's name, prefix of its documents' ids.
        url: SQLAlchemy URL without a password.
        url_env: name of the environment variable that holds the URL instead.
        query: one SELECT, WITH or VALUES; it becomes a sub-select.
        key: column whose value tells rows apart.
        text: columns that are the document's text; several stand under their names, in plain text as paragraphs.
        title: column that becomes the metadata `title`.
        metadata_columns: columns that become metadata.
        updated: column that changes with the row. Without it a listing reads every text, and drops it.
        acl_column: column with principals: an array, a JSON list, or separated by commas. NULL and "" are nobody.
        uri_template: address of a row, with columns in braces.
        mime: format of the text.
        acl: principals that may see the documents, where there is no `acl_column`.
        metadata: attached to each of them.
        max_file_mb: rows with more text are not taken, in millions of bytes.
    """

    def __init__(
        self,
        *,
        name: str,
        query: str,
        key: str,
        text: Sequence[str],
        url: str | None = None,
        url_env: str | None = None,
        title: str | None = None,
        metadata_columns: Sequence[str] = (),
        updated: str | None = None,
        acl_column: str | None = None,
        uri_template: str | None = None,
        mime: Literal["text/plain", "text/markdown", "text/html"] = "text/plain",
        acl: Sequence[str] = PUBLIC,
        metadata: Mapping[str, Any] | None = None,
        max_file_mb: float = 200,
        cache_dir: Path | None = None,  # noqa: ARG002 - nothing is worth keeping
    ) -> None:
        self.name = name
        self._url, self._url_env = url, url_env
        if url and parsed_url(url).password is not None:
            raise SettingsError("a database URL with a password ends up in messages: put it in a variable, see url_env")
        self._query = _one_select(query)
        self._key, self._text, self._mime = key, tuple(text), mime
        self._title, self._metadata_columns = title, tuple(metadata_columns)
        self._updated, self._acl_column, self._uri_template = updated, acl_column, uri_template
        self._acl, self._metadata = tuple(acl), dict(metadata or {})
        self._max_bytes = max_file_mb * 1_000_000
        self._made_of = hash_json([self._query, self._text, mime])[:12]
        self._engine: Engine | None = None
        self._keys: dict[str, Any] = {}
        self._order: list[str] = []
        self._places: dict[str, int] = {}
        self._ahead: dict[str, bytes] = {}
        self._batch, self._expected = 1, -1

    def list(self) -> Iterator[SourceItem | Skip]:
        """Every row, streamed from the server; texts are not kept.

        Raises:
            SourceError: the database cannot be reached, the query fails, or keys are missing or not unique.
        """
        self._keys, self._order, self._places, self._ahead = {}, [], {}, {}
        light = [self._key, self._title, self._updated, self._acl_column, *self._metadata_columns]
        light += columns_of(self._uri_template or "")
        wanted = [name for name in light if name] + ([] if self._updated else list(self._text))
        url = self._address()
        try:
            with self._connected(url).connect() as connection:
                # all names are checked, also those that only `fetch` reads
                self._selecting(connection, [*wanted, *self._text])
                query = self._selecting(connection, wanted)
                with connection.execute(query, execution_options={"yield_per": _ROWS_AT_A_TIME}) as rows:
                    for row in rows:
                        yield self._entry(row._asdict())
        except SQLAlchemyError as error:
            raise SourceError(f"source {self.name!r}: the query fails: {reason_of(error, url)}") from None

    def fetch(self, item: SourceItem) -> Blob:
        """The row's text as it is now; rows are read ahead while they are asked for in the order of the listing.

        Raises:
            DocumentError: the row is gone, too large, or the database cannot be reached (`read`).
        """
        place = self._places.get(item.key, -1)
        if item.key not in self._ahead:
            self._batch = min(self._batch * 2, _MAX_AHEAD) if place == self._expected else 1
            self._ahead = self._read_ahead(item, place)
        self._expected = place + 1
        data = self._ahead.pop(item.key, None)
        if data is None:
            raise DocumentError(f"{item.uri}: the row is not there any more", kind="read")
        if len(data) > self._max_bytes:
            raise DocumentError(f"{item.uri}: {too_large(len(data), self._max_bytes)}", kind="read")
        return Blob.from_data(data, mime_type=item.mime, path=item.uri)

    def close(self) -> None:
        """Close the connections; a second call does nothing."""
        if self._engine:
            self._engine.dispose()
            self._engine = None
        self._ahead = {}

    def _read_ahead(self, item: SourceItem, place: int) -> dict[str, bytes]:
        """The row and those after it; the row alone where one of them cannot be read."""
        keys = self._order[place : place + self._batch] if place >= 0 else [item.key]
        try:
            return self._read(item, keys)
        except DocumentError:
            if len(keys) == 1:
                raise
            self._batch = 1
            return self._read(item, [item.key])

    def _read(self, item: SourceItem, keys: Sequence[str]) -> dict[str, bytes]:
        """Texts by key."""
        try:
            url = self._address()
            with self._connected(url).connect() as connection:
                query = self._selecting(connection, [self._key, *self._text])
                key = query.selected_columns[self._key].element
                # without a type: the database knows the column's better than the values show it
                wanted = [literal(self._keys.get(k, k), NullType()) for k in keys]
                with connection.execute(query.where(key.in_(wanted))) as found:
                    rows = [row._asdict() for row in found]
                return {key_of(row[self._key], self._key): text_of(row, self._text, self._mime) for row in rows}
        except SQLAlchemyError as error:
            raise DocumentError(f"{item.uri}: cannot be read: {reason_of(error, url)}", kind="read") from None
        except SourceError as error:
            raise DocumentError(f"{item.uri}: cannot be read: {error}", kind="read") from error

    def _selecting(self, connection: Connection, names: Sequence[str]) -> Any:
        """The query's rows with some columns, called as in the settings."""
        # a colon is SQL here, no parameter
        rows = text("({}\n) rag_rows".format(self._query.replace(":", r"\:")))
        no_rows: Any = select(literal_column("*")).select_from(rows).where(text("1 = 0"))
        with connection.execute(no_rows) as result:
            given = tuple(result.keys())
        unique = dict.fromkeys(names)
        return select(*(column(self._column(name, given)).label(name) for name in unique)).select_from(rows)

    def _column(self, name: str, given: Sequence[str]) -> str:
        """The column as the database calls it: case counts only where it makes a difference."""
        matches = [name] if name in given else [found for found in given if found.lower() == name.lower()]
        if len(matches) != 1:
            state = "has several columns" if matches else "has no column"
            raise SourceError(f"source {self.name!r}: the query {state} {name!r}; it has {', '.join(given)}")
        return matches[0]

    def _entry(self, row: Mapping[str, Any]) -> SourceItem | Skip:
        try:
            key = key_of(row[self._key], self._key)
            acl = principals_of(row[self._acl_column]) if self._acl_column else self._acl
        except SourceError as error:
            raise SourceError(f"source {self.name!r}: {error}") from error
        if key in self._keys:
            raise SourceError(f"source {self.name!r}: several rows have {key!r} in the key column {self._key!r}")
        self._keys[key] = row[self._key]
        self._places[key] = len(self._order)
        self._order.append(key)
        uri = uri_of(self._uri_template, row) if self._uri_template else f"sql:{self.name}/{key}"
        if self._updated:
            size, version = None, row[self._updated]
            if version is None:
                raise SourceError(f"source {self.name!r}: {self._updated!r} is NULL in row {key!r}: use COALESCE on it")
            version = str(version)
        else:
            data = text_of(row, self._text, self._mime)
            size, version = len(data), hashlib.sha256(data).hexdigest()
            if size > self._max_bytes:
                return Skip(uri=uri, reason=too_large(size, self._max_bytes))
        known = {name: json_of(row[name]) for name in self._metadata_columns}
        if self._title and row[self._title] is not None:
            known["title"] = str(row[self._title])
        return SourceItem(
            source=self.name,
            key=key,
            uri=uri,
            fingerprint=f"{version}-{self._made_of}",
            mime=self._mime,
            size=size,
            modified=moment_of(row[self._updated]) if self._updated else None,
            metadata={**self._metadata, **known},
            acl=acl,
        )

    def _address(self) -> URL:
        url = self._url or os.environ.get(self._url_env or "", "")
        if not url:
            raise SourceError(f"source {self.name!r}: the environment variable {self._url_env} is not set: set it")
        try:
            return parsed_url(url)
        except SettingsError as error:
            raise SourceError(f"source {self.name!r}: {error}") from None

    def _connected(self, url: URL) -> Engine:
        if self._engine is None:
            self._engine = open_engine(url)
        return self._engine


def _one_select(query: str) -> str:
    """The query without a semicolon at its end, if it only reads.

    Raises:
        SettingsError: it is no SELECT, WITH or VALUES.
    """
    bare = _END.sub("", query.strip())
    if not _READS.match(_COMMENT.sub(" ", bare)):
        raise SettingsError(f"the query starts with {bare[:40]!r}: give one SELECT, WITH or VALUES")
    return bare
