"""What every connector keeps: inherit from `ConnectorContract` in the tests of one."""
# ruff: noqa: S101

from collections.abc import Callable

import pytest

from rag.errors import SourceError
from rag.protocols import Connector
from rag.types import SourceItem


class SourceUnderTest:
    """A source that a test can change: what a connector's tests provide.

    Keys are those of the connector's items; texts are Markdown.
    """

    connect: Callable[[], Connector]
    """A fresh connector of the source, with `acl=["staff"]` and `metadata={"team": "tea"}`."""

    def put(self, key: str, text: str) -> None:
        """Add a document, or give it another text."""
        raise NotImplementedError

    def remove(self, key: str) -> None:
        """Delete a document."""
        raise NotImplementedError

    def take_down(self) -> None:
        """Make the source unreachable."""
        raise NotImplementedError


class ConnectorContract:
    """The tests. A subclass has a fixture `source` that gives an empty `SourceUnderTest`."""

    def _listed(self, connector: Connector) -> dict[str, SourceItem]:
        items = [entry for entry in connector.list() if isinstance(entry, SourceItem)]
        assert len({item.key for item in items}) == len(items), "keys are unique"
        assert {item.source for item in items} <= {connector.name}
        return {item.key: item for item in items}

    def test_two_listings_are_equal_and_fetch_gives_the_text(self, source: SourceUnderTest) -> None:
        source.put("a.md", "# Tea")
        source.put("b.md", "# Käse")
        connector = source.connect()
        first = self._listed(connector)
        assert set(first) == {"a.md", "b.md"}
        assert "# Käse" in connector.fetch(first["b.md"]).as_bytes().decode()
        assert {k: i.fingerprint for k, i in self._listed(connector).items()} == {
            k: i.fingerprint for k, i in first.items()
        }
        connector.close()
        again = source.connect()
        assert self._listed(again) == first
        again.close()
        again.close()

    def test_rights_and_metadata_are_carried(self, source: SourceUnderTest) -> None:
        source.put("a.md", "# Tea")
        connector = source.connect()
        item = self._listed(connector)["a.md"]
        assert item.acl == ("staff",)
        assert item.metadata["team"] == "tea"
        connector.close()

    def test_changes_are_seen_twice_in_a_row(self, source: SourceUnderTest) -> None:
        source.put("a.md", "# Tea")
        source.put("b.md", "# Coffee")
        before = self._fresh(source)
        for text in ("# Green tea", "# Black tea"):
            source.put("a.md", text)
            after = self._fresh(source)
            assert after["a.md"].fingerprint != before["a.md"].fingerprint
            assert after["b.md"] == before["b.md"], "what did not change is as it was"
            before = after
        source.remove("b.md")
        source.put("c.md", "# Coffee")
        assert set(self._fresh(source)) == {"a.md", "c.md"}, "a rename is a new and a deleted document"
        source.remove("c.md")
        assert set(self._fresh(source)) == {"a.md"}

    def test_a_source_that_is_down_is_an_error_and_no_empty_list(self, source: SourceUnderTest) -> None:
        source.put("a.md", "# Tea")
        assert self._fresh(source)
        source.take_down()
        connector = source.connect()
        with pytest.raises(SourceError):
            [*connector.list()]
        connector.close()

    def _fresh(self, source: SourceUnderTest) -> dict[str, SourceItem]:
        connector = source.connect()
        try:
            return self._listed(connector)
        finally:
            connector.close()
