import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, event, text

from connectors.sql import SqlConnector
from connectors.sql.rows import principals_of, text_of
from rag.errors import DocumentError, SettingsError, SourceError
from rag.protocols import Connector
from rag.testing.connector_contract import ConnectorContract, SourceUnderTest
from rag.types import Skip, SourceItem
from tests.connectors.postgres_server import PostgresServer, postgres


class Rows(SourceUnderTest):
    """A table whose rows are the documents."""

    def __init__(self, url: str, updated: str | None) -> None:
        self.url, self.updated = url, updated
        self.run("drop table if exists pages")
        self.run("create table pages (id varchar(20) primary key, body text, version integer)")
        self.version = 0

    def run(self, statement: str, **values: object) -> None:
        engine = create_engine(self.url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.begin() as connection:
            connection.execute(text(statement), values)
        engine.dispose()

    def put(self, key: str, text: str) -> None:
        self.version += 1
        self.run("delete from pages where id = :key", key=key)
        self.run("insert into pages values (:key, :body, :version)", key=key, body=text, version=self.version)

    def remove(self, key: str) -> None:
        self.run("delete from pages where id = :key", key=key)

    def take_down(self) -> None:
        self.run("drop table pages")

    def connect(self) -> Connector:  # type: ignore[override]
        os.environ["RAG_TEST_DB"] = self.url
        return SqlConnector(
            name="sql",
            url_env="RAG_TEST_DB",
            query="SELECT * FROM pages",
            key="id",
            text=["body"],
            updated=self.updated,
            mime="text/markdown",
            acl=["staff"],
            metadata={"team": "tea"},
        )


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres() as running:
        yield running


@pytest.fixture(params=["version", None])
def updated(request: pytest.FixtureRequest) -> str | None:
    return request.param


class TestSqlite(ConnectorContract):
    @pytest.fixture
    def source(self, tmp_path: Path, updated: str | None) -> Rows:
        return Rows(f"sqlite:///{tmp_path / 'a b%.db'}", updated)


class TestPostgres(ConnectorContract):
    @pytest.fixture
    def source(self, server: PostgresServer, updated: str | None) -> Rows:
        return Rows(server.url, updated)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "x.db"


def filled(database: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def reading(database: Path, query: str, **settings: Any) -> SqlConnector:
    return SqlConnector(
        **{"name": "sql", "url": f"sqlite:///{database}", "query": query, "key": "id", "text": ["body"], **settings}
    )


def listed(database: Path, query: str, **settings: Any) -> list[SourceItem | Skip]:
    with closing(reading(database, query, **settings)) as source:
        return list(source.list())


def test_a_row_says_what_its_columns_hold(database: Path) -> None:
    filled(database)
    query = (
        "SELECT 7 AS id, 'Tea' AS name, 'one' AS body, 'two' AS notes, NULL AS empty, 2.5 AS price, "
        "'2024-05-01 10:30:00' AS changed, '[\"a\", \"b\"]' AS who -- 10:30 :id %s\n;"
    )
    with closing(
        reading(
            database,
            query,
            text=["Body", "empty", "notes"],
            title="name",
            metadata_columns=["price"],
            updated="changed",
            acl_column="who",
            uri_template="https://x/{id}?n={name}",
            mime="text/markdown",
            metadata={"team": "x"},
        )
    ) as source:
        (item,) = source.list()
        assert isinstance(item, SourceItem)
        assert (item.key, item.uri, item.acl, item.mime) == ("7", "https://x/7?n=Tea", ("a", "b"), "text/markdown")
        assert item.metadata == {"team": "x", "price": 2.5, "title": "Tea"}
        assert item.fingerprint.startswith("2024-05-01 10:30:00-")
        assert source.fetch(item).as_string() == "## Body\n\none\n\n## notes\n\ntwo"


@pytest.mark.parametrize(
    ("mime", "expected"),
    [
        ("text/plain", "x\n\n<y>"),
        ("text/markdown", "## a\n\nx\n\n## c&d\n\n<y>"),
        ("text/html", "<h2>a</h2>\nx\n\n<h2>c&amp;d</h2>\n<y>"),
    ],
)
def test_several_columns_are_one_text(mime: str, expected: str) -> None:
    assert text_of({"a": "x", "b": None, "c&d": "<y>"}, ["a", "b", "c&d"], mime).decode() == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ()),
        ("", ()),
        ("a, b,,a", ("a", "b")),
        ('["a,b"]', ("a,b",)),
        (["a", 1], ("a", "1")),
        ("[]", ()),
        ("*", ("*",)),
    ],
)
def test_principals(value: object, expected: Sequence[str]) -> None:
    assert principals_of(value) == expected


@pytest.mark.parametrize("value", ["[a", "[1", 5])
def test_what_is_no_list_of_principals_is_an_error_and_not_public(value: object) -> None:
    with pytest.raises(SourceError, match="no list of principals"):
        principals_of(value)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT 1 AS id, 'x' AS body UNION ALL SELECT 1, 'y'", "several rows have '1' in the key column 'id'"),
        ("SELECT 1 AS id, 'x' AS body UNION ALL SELECT '1', 'y'", "several rows have '1'"),
        ("SELECT NULL AS id, 'x' AS body", "the key column 'id' is NULL"),
        ("SELECT '' AS id, 'x' AS body", "the key column 'id' is empty"),
        ("SELECT x'00' AS id, 'x' AS body", "the key column 'id' is binary"),
        ("SELECT 1 AS nr, 'x' AS body", "the query has no column 'id'; it has nr, body"),
        ("SELECT 1 AS id, 'x' AS text", "the query has no column 'body'; it has id, text"),
        ("SELECT * FROM pages", "the query fails: no such table: pages"),
        ("SELECT", "the query fails"),
    ],
)
def test_a_listing_that_would_be_wrong_is_an_error(database: Path, query: str, reason: str) -> None:
    filled(database)
    with pytest.raises(SourceError, match=reason):
        listed(database, query)


def test_a_row_without_a_version_is_an_error(database: Path) -> None:
    filled(database)
    with pytest.raises(SourceError, match="'v' is NULL in row '1': use COALESCE"):
        listed(database, "SELECT 1 AS id, 'x' AS body, NULL AS v", updated="v")


@pytest.mark.parametrize(
    "query", ["DELETE FROM t", "", ";", "/* SELECT */ DROP TABLE t", "-- select\nUPDATE t SET id = 1", "selected"]
)
def test_only_queries_that_read_are_taken(database: Path, query: str) -> None:
    with pytest.raises(SettingsError, match="give one SELECT"):
        reading(database, query)


@pytest.mark.parametrize(
    "query",
    [" -- all\n/* rows */ (select 1 as id, 'x' as body);", "WITH t(id, body) AS (VALUES (1, 'x')) SELECT * FROM t"],
)
def test_a_query_may_start_with_comments_and_brackets(database: Path, query: str) -> None:
    filled(database)
    query = query.replace("(select", "select").replace("body);", "body;")
    assert len(listed(database, query)) == 1


@pytest.mark.parametrize(
    "query", ["SELECT 1 AS id, 'x' AS body; DELETE FROM t", "SELECT 1 AS id) x; DELETE FROM t; --"]
)
def test_a_second_statement_does_not_run(database: Path, query: str) -> None:
    filled(database, "create table t (id)", "insert into t values (1)")
    with pytest.raises(SourceError, match="the query fails"):
        listed(database, query)
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("select count(*) from t").fetchone() == (1,)


def test_a_missing_file_is_an_error_and_is_not_made(database: Path) -> None:
    with pytest.raises(SourceError, match="no such SQLite database"):
        listed(database, "SELECT 1 AS id, 'x' AS body")
    assert not database.exists()


def test_rows_with_too_much_text_are_skipped(database: Path) -> None:
    filled(database)
    query = "SELECT 1 AS id, printf('%.2000c', 'x') AS body"
    (skip,) = listed(database, query, max_file_mb=0.001)
    assert skip == Skip(uri="sql:sql/1", reason="0.002 MB, more than the 0.001 MB of parsing.max_file_mb")
    with closing(reading(database, query, updated="id", max_file_mb=0.001)) as source:
        (item,) = source.list()
        assert isinstance(item, SourceItem)
        with pytest.raises(DocumentError, match=r"0\.002 MB"):
            source.fetch(item)


def test_rows_are_read_ahead_in_order_and_alone_out_of_order(database: Path) -> None:
    filled(database, "create table t (id integer primary key, body text)")
    filled(database, *(f"insert into t values ({n}, 'text {n}')" for n in range(100)))
    with closing(reading(database, "SELECT * FROM t", updated="id")) as source:
        items = [item for item in source.list() if isinstance(item, SourceItem)]
        assert source._engine is not None
        queries: list[str] = []
        event.listen(source._engine, "before_cursor_execute", lambda *arguments: queries.append(arguments[2]))
        assert [source.fetch(item).as_string() for item in items] == [f"text {n}" for n in range(100)]
        assert len([query for query in queries if " IN (" in query]) < 10
        queries.clear()
        for n in (50, 7, 90):
            assert source.fetch(items[n]).as_string() == f"text {n}"
        assert len([query for query in queries if " IN (" in query]) == 3


def test_a_row_that_went_away_is_a_failed_document(database: Path) -> None:
    filled(database, "create table t (id integer primary key, body text)", "insert into t values (1, 'x')")
    with closing(reading(database, "SELECT * FROM t")) as source:
        (item,) = source.list()
        assert isinstance(item, SourceItem)
        filled(database, "delete from t")
        with pytest.raises(DocumentError, match="not there any more"):
            source.fetch(item)
        filled(database, "drop table t")
        with pytest.raises(DocumentError, match="no such table"):
            source.fetch(item)


@pytest.mark.parametrize("updated", ["id", None])
def test_text_that_is_no_utf8_is_read(database: Path, updated: str | None) -> None:
    filled(database, "create table t (id, body)", "insert into t values (1, 'Käse'), (2, cast(x'C3284142' as text))")
    with closing(reading(database, "SELECT * FROM t", updated=updated)) as source:
        items = [item for item in source.list() if isinstance(item, SourceItem)]
        assert [source.fetch(item).as_string() for item in items] == ["Käse", "\ufffd(AB"]


def test_a_row_that_cannot_be_read_fails_alone(database: Path) -> None:
    filled(database, "create table t (id, raw)", *(f"insert into t values ({n}, '[{n}]')" for n in range(100)))
    filled(database, "update t set raw = '[' where id in (15, 16, 60)")
    with closing(reading(database, "SELECT id, json(raw) AS body FROM t", updated="id")) as source:
        items = [item for item in source.list() if isinstance(item, SourceItem)]
        failed: list[tuple[str, str]] = []
        for item in items:
            try:
                assert source.fetch(item).as_string() == f"[{item.key}]"
            except DocumentError as error:
                failed.append((item.key, str(error)))
        assert failed == [(key, f"sql:sql/{key}: cannot be read: malformed JSON") for key in ("15", "16", "60")]


def test_what_the_text_is_made_of_is_part_of_the_fingerprint(database: Path) -> None:
    filled(database)
    prints = {
        item.fingerprint
        for settings in ({}, {"text": ["body", "id"]}, {"mime": "text/html"})
        for item in listed(database, "SELECT 1 AS id, 'x' AS body", updated="id", **settings)
        if isinstance(item, SourceItem)
    }
    assert len(prints) == 3


@pytest.mark.parametrize("url", ["postgresql://u:s3cret@h/d", "no url s3cret", "mysql://:s3cret@/d"])
def test_a_password_in_the_url_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        SqlConnector(name="sql", url=url, query="SELECT 1", key="id", text=["body"])
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (None, "RAG_TEST_DB is not set"),
        ("no url s3cret", "no SQLAlchemy URL"),
        ("nosuchdb://u:s3cret@h/d", "no driver for 'nosuchdb'"),
        ("oracle+oracledb://u:s3cret@h/d", "not installed"),
        ("postgresql://u:s3cret@127.0.0.1:1/d", "the query fails: connection failed"),
    ],
)
def test_a_database_that_cannot_be_opened(url: str | None, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if url:
        monkeypatch.setenv("RAG_TEST_DB", url)
    source = SqlConnector(name="sql", url_env="RAG_TEST_DB", query="SELECT 1 AS id", key="id", text=["id"])
    with closing(source), pytest.raises(SourceError, match=reason) as caught:
        list(source.list())
    assert "s3cret" not in str(caught.value)


class TestOnPostgres:
    def reading(self, server: PostgresServer, monkeypatch: pytest.MonkeyPatch, query: str, **own: Any) -> SqlConnector:
        monkeypatch.setenv("RAG_TEST_DB", server.url)
        return SqlConnector(
            **{"name": "sql", "url_env": "RAG_TEST_DB", "query": query, "key": "id", "text": ["body"], **own}
        )

    def test_its_own_types_are_understood(self, server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
        query = """SELECT 'b5b4f0d4-6b0c-4b6e-8d5a-3a3c5e5d1f11'::uuid AS id, 'Käse %s :x' AS body,
            ARRAY['a','b'] AS who, '{"k": [1]}'::jsonb AS extra, 1.50::numeric AS price,
            '2024-05-01 10:30+02'::timestamptz AS changed"""
        own = {"metadata_columns": ["extra", "price"], "acl_column": "who", "updated": "changed"}
        with closing(self.reading(server, monkeypatch, query, **own)) as source:
            (item,) = source.list()
            assert isinstance(item, SourceItem)
            assert item.key == "b5b4f0d4-6b0c-4b6e-8d5a-3a3c5e5d1f11"
            assert item.metadata == {"extra": {"k": [1]}, "price": "1.50"}
            assert (item.acl, item.modified) == (("a", "b"), "2024-05-01T08:30:00Z")
            assert source.fetch(item).as_string() == "Käse %s :x"

    def test_nothing_can_be_written(self, server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
        query = "SELECT nextval('s')::text AS id, 'x' AS body"
        rows = Rows(server.url, None)
        rows.run("create sequence if not exists s")
        with (
            closing(self.reading(server, monkeypatch, query)) as source,
            pytest.raises(SourceError, match="read-only transaction"),
        ):
            list(source.list())

    def test_many_rows_are_streamed(self, server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
        query = "SELECT n AS id, repeat('x', 100000) AS body FROM (SELECT generate_series(1, 100000000) n) t"
        with closing(self.reading(server, monkeypatch, query, updated="id")) as source:
            rows = iter(source.list())
            assert [item.key for item, _ in zip(rows, range(1200), strict=False)] == [str(n) for n in range(1, 1201)]  # type: ignore[union-attr]
            rows.close()  # type: ignore[attr-defined]
