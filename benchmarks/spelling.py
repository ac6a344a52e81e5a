"""What typing errors cost: questions of public sets as they are and with errors, corrected and not."""

import random
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.ablation.tasks import METRIC, sampled
from benchmarks.retrieval import CONFIG
from rag.evaluation.beir import load_beir
from rag.evaluation.metrics import DEPTH, per_query
from rag.evaluation.retrieval import PassageCorpus, indexed, placed_in
from rag.retrieval.spelling import LETTERS
from rag.settings import load_settings

SETS = ("squad2", "cookbook", "limit-small", "xquad/de")
_WORD = re.compile(r"[^\W\d_]{5,}")


def run(data: Path) -> int:
    """Print a row for each set and number of errors; 1 where a set is missing."""
    if missing := [name for name in SETS if not (data / name).is_dir()]:
        print(f"{', '.join(missing)}: not in {data}; see docs/benchmarks.md", file=sys.stderr)
        return 1
    print(f"{METRIC:14}{'errors in':22}{'as written':>12}{'corrected':>12}")
    for name in SETS:
        dataset = sampled(load_beir(data / name))
        with (
            tempfile.TemporaryDirectory() as folder,
            indexed(placed_in(Path(folder), load_settings(CONFIG)), dataset) as corpus,
        ):
            for kind, spoil in (("no word", _as_it_is), ("the longest word", _longest), ("half of the words", _half)):
                chance = random.Random(0)
                asked = {id: spoil(query, chance) for id, query in dataset.queries.items()}
                values = (_measured(corpus, asked, dataset.judgements, spelling) for spelling in (False, True))
                print(f"{name:14}{kind:22}" + "".join(f"{value:12.3f}" for value in values), flush=True)
    return 0


def _measured(
    corpus: PassageCorpus, asked: Mapping[str, str], judgements: Mapping[str, Mapping[str, int]], spelling: bool
) -> float:
    searcher = corpus.searcher if spelling else replace(corpus.searcher, spelling=None)
    ranking = {
        id: [corpus.source.passage_id(hit.document_id, hit.ordinal) for hit in searcher.search(query, top_k=DEPTH)]
        for id, query in asked.items()
    }
    return float(np.mean([values[METRIC] for values in per_query(judgements, ranking).values()]))


def _as_it_is(query: str, chance: random.Random) -> str:  # noqa: ARG001 - as the others
    return query


def _longest(query: str, chance: random.Random) -> str:
    words = [*_WORD.finditer(query)]
    if not words:
        return query
    word = max(words, key=lambda match: len(match[0]))
    return query[: word.start()] + _mistyped(word[0], chance) + query[word.end() :]


def _half(query: str, chance: random.Random) -> str:
    return _WORD.sub(lambda word: _mistyped(word[0], chance) if chance.random() < 0.5 else word[0], query)


def _mistyped(word: str, chance: random.Random) -> str:
    """With a letter left out, put in or exchanged for another, or two neighbours exchanged; never the first."""
    at = chance.randrange(1, len(word) - 1)
    kinds: list[Callable[[], str]] = [
        lambda: word[:at] + word[at + 1 :],
        lambda: word[:at] + chance.choice(LETTERS) + word[at:],
        lambda: word[:at] + chance.choice(LETTERS) + word[at + 1 :],
        lambda: word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    ]
    return chance.choice(kinds)()
