"""Rows of a database as a source."""

from rag.errors import MissingDependencyError

try:
    from connectors.sql.connector import SqlConnector
except ModuleNotFoundError as error:
    if error.name != "sqlalchemy":
        raise
    raise MissingDependencyError("sqlalchemy", "sql", "a source of kind sql") from error

__all__ = ["SqlConnector"]
