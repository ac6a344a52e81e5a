"""What crosses the socket is the same at the other side."""

import json
import random
import string
from dataclasses import is_dataclass
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from rag import reports, results
from rag.candidates import Candidate, LegScore, LegSummary, Trace
from rag.errors import (
    CorpusMissingError,
    DeletionRefusedError,
    DocumentError,
    MissingDependencyError,
    RagError,
    SettingsError,
    StoreInUseError,
)
from rag.ingest.job import Progress
from rag.jobs import JobStoppedError
from rag.notices import Notice, notice
from rag.retrieval.trace import Explanation, LegTrace
from rag.serving.encoding import as_json, decoded, decoded_error, encoded, encoded_error
from rag.settings import Settings, load_settings

KINDS = [
    *(
        kind
        for module in (results, reports)
        for name in dir(module)
        if is_dataclass(kind := getattr(module, name)) and kind.__module__ == module.__name__
    ),
    *(Trace, Candidate, LegScore, LegSummary, Explanation, LegTrace, Progress),
]
CHARACTERS = string.printable + "äß東\u202e\x00\ud800😀"


def some_text(rng: random.Random) -> str:
    return "".join(rng.choices(CHARACTERS, k=rng.randrange(9)))


def some_json(rng: random.Random, depth: int = 2) -> Any:
    leaves = [None, True, rng.randrange(-(2**62), 2**62), rng.uniform(-1e9, 1e-9), 2.0, some_text(rng)]
    nested = (
        [[some_json(rng, depth - 1) for _ in range(2)], {some_text(rng): some_json(rng, depth - 1)}] if depth else []
    )
    return rng.choice([*leaves, *nested])


def some(hint: Any, rng: random.Random) -> Any:
    """Any value of a type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Notice:  # a code has values of its own
        return notice("model_failed", model=some_text(rng), failure=notice("http_error", status=rng.randrange(600)))
    if is_dataclass(hint):
        return hint(**{name: some(inner, rng) for name, inner in get_type_hints(hint).items()})  # type: ignore[operator]
    if NoneType in arguments:
        return None if rng.random() < 0.3 else some(next(each for each in arguments if each is not NoneType), rng)
    if origin is tuple:
        return tuple(some(arguments[0], rng) for _ in range(rng.randrange(4)))
    if hint is Any:
        return some_json(rng)
    if arguments and isinstance(arguments[0], str):  # a Literal
        return rng.choice(arguments)
    if origin is not None:
        return {some_text(rng): some(arguments[1], rng) for _ in range(rng.randrange(4))}
    leaves = {str: some_text, bool: lambda _: rng.random() < 0.5, int: lambda _: rng.randrange(2**40)}
    return leaves.get(hint, lambda _: rng.choice([0.0, 1.0, rng.random(), rng.uniform(-1e6, 1e6)]))(rng)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_result_is_rebuilt_exactly(kind: type) -> None:
    for seed in range(60):
        value = some(kind, random.Random(seed))
        again = decoded(kind, json.loads(json.dumps(encoded(value))))
        assert again == value
        assert repr(again) == repr(value), "equal values may be of other types: 1 and 1.0, or a list and a tuple"
        if hasattr(value, "to_dict"):
            assert again.to_dict() == value.to_dict()


def test_other_fields_are_no_result() -> None:
    with pytest.raises(KeyError):
        decoded(reports.Skipped, {"uri": "a", "reason": "b", "colour": "red"})
    with pytest.raises(TypeError):
        decoded(reports.Skipped, {"uri": "a"})


@pytest.mark.parametrize(
    "error",
    [
        RagError("plain"),
        SettingsError("top_k: 0"),
        StoreInUseError("in use"),
        CorpusMissingError("nothing yet"),
        DeletionRefusedError("30 of 40"),
        JobStoppedError("stopped"),
        DocumentError("it is encrypted", kind="encrypted"),
        MissingDependencyError("langchain-openai", "llm", "answer.llm: openai:x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_is_raised_again_as_it_was(error: RagError) -> None:
    again = decoded_error(json.loads(json.dumps(encoded_error(error))))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
    assert isinstance(again, ImportError) == isinstance(error, ImportError)


def test_an_error_that_is_not_known_here_is_the_nearest_that_is() -> None:
    said = {"kinds": ["NewStoreError", "StoreError", "RagError"], "message": "no", "attributes": {}}
    assert type(decoded_error(said)).__name__ == "StoreError"


def test_arguments_may_be_any_collections() -> None:
    asked = {"sources": frozenset({"b", "a"}), "where": {"year": (2024, 2025), "team": "x"}, "k": None}
    assert as_json(asked) == {"sources": ["a", "b"], "where": {"year": [2024, 2025], "team": "x"}, "k": None}


SOURCES = """
name: all
sources:
  - {kind: files, path: docs, acl: [staff], metadata: {day: 2024-05-01, tags: [a, b]}, watch: true}
  - {kind: files, name: bucket, path: "s3://bucket/docs", options: {anon: true}, options_env: {key: KEY}}
  - {kind: web, urls: ["https://example.org/"], headers_env: {Authorization: TOKEN}, requests_per_second: 0.5}
  - {kind: git, url: "https://example.org/x.git", token_env: TOKEN}
  - {kind: sql, url_env: URL, query: "select 1", key: id, text: [body]}
  - {kind: mail, path: box.mbox, since: 2024-01-31}
  - {kind: jsonl, path: "-"}
  - {kind: langchain, loader: "module:Loader", arguments: {n: 1.0}, arguments_env: {key: KEY}}
chunking: {kind: fixed, overlap: 20}
situating: [headings, llm]
contexts: {llm: "openai:x", price_per_million: {input: 0.1, output: 1}}
retrieval: {top_k: 3, weights: {raw: 0.5}, rerank: [{kind: mmr}]}
answer: {llm: "openai:x", api_key_env: KEY}
"""


def test_settings_are_the_same_at_the_other_side(tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    path.write_text(SOURCES)
    root = Path(__file__).parents[3]
    for config in (path, *sorted((root / "configs").glob("*.yaml"))):
        settings = load_settings(config)
        sent = json.loads(json.dumps(settings.model_dump(mode="json", exclude={"store"})))
        assert Settings.model_validate({**sent, "store": settings.store.model_dump()}) == settings
