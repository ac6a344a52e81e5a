import math
from typing import Any

import pytest

from rag.errors import SettingsError
from rag.points import AnyOf, Between
from rag.retrieval.filters import build_filter, parse_where


@pytest.mark.parametrize(
    ("where", "principals", "expected"),
    [
        (None, None, ()),
        ({}, None, ()),
        ({"team": "billing"}, None, (AnyOf("metadata.team", ("billing",)),)),
        ({"source": ["a", "b"]}, None, (AnyOf("source", ("a", "b")),)),
        ({"metadata.source": "x"}, None, (AnyOf("metadata.source", ("x",)),)),
        ({"year": 2024, "open": True}, None, (AnyOf("metadata.year", (2024,)), AnyOf("metadata.open", (True,)))),
        ({"modified": {"gte": "2024-01-01"}}, None, (Between("modified", gte="2024-01-01"),)),
        ({"year": {"gte": 1, "lt": 5}}, None, (Between("metadata.year", gte=1, lt=5),)),
        ({"team": []}, None, (AnyOf("metadata.team", ()),)),
        ({"share": 1.5}, None, (Between("metadata.share", gte=1.5, lt=math.nextafter(1.5, 2)),)),
        (None, [], (AnyOf("acl", ("*",)),)),
        (None, ["staff"], (AnyOf("acl", ("*", "staff")),)),
    ],
)
def test_where_and_principals_become_conditions(where: Any, principals: Any, expected: Any) -> None:
    assert build_filter(where, principals) == expected


@pytest.mark.parametrize("value", [None, {"from": 1}, {}, [1.5], [["a"]]])
def test_a_value_that_cannot_be_filtered_on_is_an_error(value: Any) -> None:
    with pytest.raises(SettingsError, match="team"):
        build_filter({"team": value})


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (["team=a"], {"team": ["a"]}),
        (["team=a", "team=b"], {"team": ["a", "b"]}),
        (["year=2024"], {"year": ["2024", 2024]}),
        (["open=true"], {"open": ["true", True]}),
        (["formula=a=b"], {"formula": ["a=b"]}),
        (["x="], {"x": [""]}),
        (["n=²"], {"n": ["²"]}),
        (["n=-"], {"n": ["-"]}),
        (["n=-5"], {"n": ["-5", -5]}),
        (["n=--5"], {"n": ["--5"]}),
        (["n=" + 5000 * "9"], {"n": [5000 * "9"]}),
        (["formula=a<b"], {"formula": ["a<b"]}),
        (["year>=2024", "year<2026"], {"year": {"gte": 2024, "lt": 2026}}),
        (["price<9.5"], {"price": {"lt": 9.5}}),
        (["modified>=2024-05-01"], {"modified": {"gte": "2024-05-01"}}),
    ],
)
def test_words_of_the_command_line(words: list[str], where: Any) -> None:
    assert parse_where(words) == where


@pytest.mark.parametrize("word", ["team", "=x", "", ">=3", "<3", "year>2024"])
def test_a_word_that_is_no_condition_is_an_error(word: str) -> None:
    with pytest.raises(SettingsError, match="name=value, name>=value or name<value"):
        parse_where([word])


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (["year=2024", "year<2026"], "by value and by range"),
        (["year<2026", "year=2024"], "by value and by range"),
        (["year<2026", "year<2027"], "another year<"),
    ],
)
def test_conditions_that_contradict_each_other_are_an_error(words: list[str], wrong: str) -> None:
    with pytest.raises(SettingsError, match=wrong):
        parse_where(words)


def test_principals_are_a_list_and_not_a_text() -> None:
    with pytest.raises(SettingsError, match="list of names"):
        build_filter(None, "staff")
