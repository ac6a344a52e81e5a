"""Filters select what they say."""

# ruff: noqa: S101 - assertions are what a contract is made of

import math
from dataclasses import replace

import pytest

from rag.errors import StoreError
from rag.points import AnyOf, Between, Filter, HasId, IndexKind, Leg
from rag.protocols import Store
from rag.testing.exact_store import ExactStore
from rag.testing.store_contract.data import SCHEMA, point_id, terms, unit_vectors
from rag.testing.store_contract.fixtures import StoreFixtures
from rag.testing.store_contract.search import assert_same_ranking
from rag.types import stable_id

FILTERS: dict[str, Filter] = {
    "everything": (),
    "string": (AnyOf("metadata.team", ("billing",)),),
    "any of strings": (AnyOf("acl", ("*", "staff")),),
    "other scripts": (AnyOf("acl", ("g:größe",)), AnyOf("metadata.team", ("日本", "billing"))),
    "digits as text": (AnyOf("metadata.team", ("5",)),),
    "digits as number": (AnyOf("metadata.team", (5,)),),
    "key with a space": (AnyOf("metadata.my key", ("v1", "v3")),),
    "key with a dot": (AnyOf("metadata.a.b", ("dotted",)),),
    "true": (AnyOf("metadata.flag", (True,)),),
    "false": (AnyOf("metadata.flag", (False,)),),
    "one is not true": (AnyOf("metadata.flag", (1,)),),
    "true is not one": (AnyOf("metadata.level", (True,)),),
    "integer": (AnyOf("metadata.level", (1, 7)),),
    "indexed integer": (AnyOf("ordinal", (0, 3, 4)),),
    "mixed types": (AnyOf("metadata.mixed", ("1", 1)),),
    "mixed types with a boolean": (AnyOf("metadata.mixed", (True, "1")), AnyOf("acl", ("*",))),
    "list": (AnyOf("metadata.tags", ("y",)),),
    "unknown field": (AnyOf("metadata.nothing", ("y",)),),
    "no values": (AnyOf("acl", ()),),
    "no values among others": (AnyOf("metadata.team", ("billing",)), AnyOf("acl", ())),
    "ids": (HasId((point_id(3), point_id(5), stable_id("unknown"))),),
    "no ids": (HasId(()),),
    "number range": (Between("metadata.price", gte=1.0, lt=3.25),),
    "open range": (Between("ordinal", gte=30),),
    "range over strings": (Between("metadata.team", gte=0),),
    "dates": (Between("modified", gte="2026-03-03T00:00:00Z", lt="2026-05-03T00:00:00Z"),),
    "date without a zone": (Between("modified", lt="2026-04-03"),),
    "date in another zone": (Between("modified", gte="2026-04-03T01:00:00+02:00", lt="2026-05-01"),),
    "dates over numbers": (Between("ordinal", gte="2026-01-01"),),
    "several": (AnyOf("acl", ("*", "staff")), Between("ordinal", lt=20), AnyOf("metadata.flag", (True,))),
}
BAD_FILTERS: dict[str, Filter] = {
    "quote in the field": (AnyOf('metadata.a"b', ("x",)),),
    "backslash in the field": (AnyOf("metadata.a\\b", ("x",)),),
    "empty field": (AnyOf("", ("x",)),),
    "empty metadata key": (AnyOf("metadata.", ("x",)),),
    "string for a tuple": (AnyOf("acl", "staff"),),  # type: ignore[arg-type]
    "float": (AnyOf("metadata.price", (0.5,)),),  # type: ignore[arg-type]
    "65 bits": (AnyOf("ordinal", (2**64,)),),
    "half a surrogate pair": (AnyOf("acl", ("\ud800",)),),
    "range without bounds": (Between("ordinal"),),
    "range of two kinds": (Between("ordinal", gte=1, lt="2026-01-01"),),
    "range of booleans": (Between("ordinal", gte=True),),
    "NaN bound": (Between("ordinal", gte=math.nan),),
    "no date": (Between("modified", gte="last week"),),
    "id that is no uuid": (HasId(("chunk-7",)),),
    "no condition": ({"acl": "*"},),  # type: ignore[dict-item]
}


class FilterContract(StoreFixtures):
    """A filter selects the oracle's points in scroll, count and search; one that means nothing is refused."""

    def test_filters_agree_with_the_oracle_everywhere(self, indexed: Store, exact: ExactStore) -> None:
        name = SCHEMA.name
        expected = {what: [r.id for r in exact.scroll(name, where=where)] for what, where in FILTERS.items()}
        found = {what: [r.id for r in indexed.scroll(name, where=where, fields=())] for what, where in FILTERS.items()}
        assert found == expected
        counts = {what: indexed.count(name, where=where) for what, where in FILTERS.items()}
        assert counts == {what: len(ids) for what, ids in expected.items()}
        dense = [Leg(vector="raw", query=unit_vectors(1, 77)[0], limit=60, where=where) for where in FILTERS.values()]
        nearest = dict(zip(FILTERS, indexed.search(name, dense), strict=True))
        assert {what: sorted(s.id for s in hits) for what, hits in nearest.items()} == expected
        lexical = [replace(leg, vector="lexical", query=terms({1: 1.0, 2: 1.0})) for leg in dense]
        for hits, best in zip(indexed.search(name, lexical), exact.search(name, lexical), strict=True):
            assert_same_ranking(hits, best)

    def test_every_filter_of_the_contract_that_should_match_something_does(self, exact: ExactStore) -> None:
        empty = {"digits as number", "one is not true", "true is not one", "unknown field", "no values", "no ids"}
        empty |= {"no values among others", "range over strings", "dates over numbers"}
        assert {name for name, where in FILTERS.items() if not exact.count(SCHEMA.name, where=where)} == empty

    def test_a_filter_that_means_nothing_is_refused(self, filled: Store) -> None:
        for where in BAD_FILTERS.values():
            with pytest.raises(StoreError):
                filled.count(SCHEMA.name, where=where)
            with pytest.raises(StoreError):
                filled.scroll(SCHEMA.name, where=where)
            leg = Leg(vector="raw", query=unit_vectors(1, 1)[0], limit=5, where=where)
            with pytest.raises(StoreError):
                filled.search(SCHEMA.name, [leg])

    def test_a_late_index_changes_no_result_and_may_be_asked_for_again(self, indexed: Store) -> None:
        where = (AnyOf("metadata.tags", ("y",)),)
        before = indexed.count(SCHEMA.name, where=where)
        late: tuple[tuple[str, IndexKind], ...] = (("metadata.tags", "keyword"), ("metadata.日 本", "keyword"))
        for field, kind in (*late, *late, ("acl", "keyword")):
            indexed.index(SCHEMA.name, field, kind)
        assert indexed.count(SCHEMA.name, where=where) == before > 0
