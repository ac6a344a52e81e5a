"""Databases, opened for reading."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from rag.errors import SettingsError, SourceError

_READ_ONLY = {
    "sqlite": "PRAGMA query_only = ON",
    "postgresql": "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
}


def parsed_url(url: str) -> URL:
    """The URL; plain `postgresql://` means psycopg.

    Raises:
        SettingsError: it is none. The message does not quote it: it may hold a password.
    """
    try:
        found = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError(
            "the database URL is no SQLAlchemy URL such as postgresql://user@host/name or sqlite:////folder/file.db"
        ) from None
    return found.set(drivername="postgresql+psycopg") if found.drivername == "postgresql" else found


def open_engine(url: URL) -> Engine:
    """An engine whose transactions are read-only where the database knows such.

    Raises:
        SourceError: there is no driver for it, or no such SQLite file: connecting would make one.
    """
    try:
        engine = create_engine(_existing_file(url), pool_pre_ping=True)
    except NoSuchModuleError:
        raise SourceError(
            f"no driver for {url.drivername!r} databases is known: install its SQLAlchemy dialect"
        ) from None
    except ModuleNotFoundError as error:
        need = f"{url.drivername} databases need the package {error.name!r}, which is not installed"
        raise SourceError(f"{need}: pip install {error.name}") from error
    statement = _READ_ONLY.get(engine.dialect.name)
    if statement:

        @event.listens_for(engine, "connect")
        def read_only(connection: Any, _: Any) -> None:
            cursor = connection.cursor()
            cursor.execute(statement)
            cursor.close()
            connection.commit()

    if engine.dialect.driver == "pysqlite":

        @event.listens_for(engine, "connect")
        def readable(connection: Any, _: Any) -> None:
            # SQLite stores any bytes as text, and its driver would stop at the first that are no UTF-8
            connection.text_factory = lambda data: data.decode("utf-8", "replace")

    return engine


def reason_of(error: SQLAlchemyError, url: URL) -> str:
    """What the database says, in one line and without the password."""
    found = str(error.orig if isinstance(error, DBAPIError) else error)
    if url.password:
        found = found.replace(str(url.password), "***").replace(quote(str(url.password)), "***")
    return re.sub(r"\s+", " ", found).strip()[:500]


def _existing_file(url: URL) -> URL:
    name = url.database or ""
    if url.get_backend_name() != "sqlite" or name in ("", ":memory:") or name.startswith("file:"):
        return url
    path = Path(name).absolute()
    if not path.is_file():
        raise SourceError(f"{path}: no such SQLite database")
    return url.set(database=f"file:{quote(str(path))}", query={**url.query, "mode": "ro", "uri": "true"})
