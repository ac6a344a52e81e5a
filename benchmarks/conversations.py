"""Follow-up questions: does the history find what they mean, and does it leave alone what stands alone?

Conversations are made of questions that people wrote: two questions about one article that share a name, with a pronoun
in place of that name in the second one. No model rewrites them here.
"""

import random
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from rag.answering.conversation import search_both, standalone
from rag.evaluation.beir import Dataset, load_beir
from rag.evaluation.retrieval import indexed, placed_in
from rag.results import SearchResult
from rag.settings import load_settings

CONFIG = Path(__file__).parents[1] / "configs/quickstart.yaml"
DATA, CONVERSATIONS, SEED = "squad2", 400, 7
# within a question, and not before a noun that it belongs to
_NAME = re.compile(
    r"(?<=[a-z] )(?:the )?[A-Z][\w-]+(?: [A-Z][\w-]*)*"
    r"(?:'s(?= [a-z])|(?=\s*[?,.]|\s*$| (?:and|or|in|to|on|at|by|as|for|from|with|during|after|before|that|which|who|"
    r"is|are|was|were|has|have|had|did|do|does|can|could|will|would|begin|become|use|win|play|work|live|fight)\b))"
)


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A question, the one before it, and how it was written before its name became a pronoun.

    Attributes:
        other: a question about another article.
        wanted: ids of the passages that answer it.
    """

    before: str
    question: str
    written: str
    other: str
    wanted: frozenset[str]


def run(data: Path) -> int:
    """Print recall of the passage for each way to ask; 1 where the data are missing."""
    if not (data / DATA).is_dir():
        print(f"{DATA}: not in {data}; see docs/benchmarks.md", file=sys.stderr)
        return 1
    dataset = load_beir(data / DATA)
    followed = [*follow_ups(dataset)]
    asked = random.Random(SEED).sample(followed, min(CONVERSATIONS, len(followed)))
    print(f"{len(asked)} of {len(followed)} conversations of two questions from {DATA}, seed {SEED}\n")
    with tempfile.TemporaryDirectory() as folder, indexed(placed_in(Path(folder), load_settings(CONFIG)), dataset) as c:

        def search(text: str) -> SearchResult:
            return c.searcher.search(text, top_k=10)

        def found(question: str, before: str | None, wanted: frozenset[str]) -> int:
            """Rank of the first passage that answers it, 11 where there is none."""
            history = [] if before is None else [{"role": "user", "content": before}]
            meant = standalone(question, history, None, 1.0)
            ids = [c.source.passage_id(hit.document_id, hit.ordinal) for hit in search_both(question, meant, search)]
            return next((rank for rank, id in enumerate(ids, 1) if id in wanted), 11)

        ways = {
            "the follow-up alone": [found(f.question, None, f.wanted) for f in asked],
            "the follow-up with its history": [found(f.question, f.before, f.wanted) for f in asked],
            "as it was written, with a name": [found(f.written, None, f.wanted) for f in asked],
            "as written, after another topic": [found(f.written, f.other, f.wanted) for f in asked],
        }
    print(f"{'':32} recall@1  recall@5  recall@10")
    for way, ranks in ways.items():
        print(f"{way:32} " + "  ".join(f"{sum(rank <= k for rank in ranks) / len(ranks):8.3f}" for k in (1, 5, 10)))
    taken = sum(standalone(f.written, _history(f.other), None, 1.0) != f.written for f in asked)
    missed = sum(standalone(f.question, _history(f.before), None, 1.0) == f.question for f in asked)
    print(f"\nfollow-ups taken for questions that stand alone: {missed}; the other way round: {taken}")
    return 0


def follow_ups(dataset: Dataset) -> Iterator[FollowUp]:
    """Conversations of two questions about one document, in the order of the data."""
    about: dict[str, list[tuple[str, frozenset[str]]]] = defaultdict(list)
    documents = {passage.id: passage.document_id for passage in dataset.passages}
    for id, text in dataset.queries.items():
        wanted = frozenset(passage for passage, grade in dataset.judgements[id].items() if grade > 0)
        for document in {documents[passage] for passage in wanted}:
            about[document].append((text, wanted))
    others = [questions[0][0] for questions in about.values()]
    for place, questions in enumerate(about.values()):
        for (before, _), (written, wanted) in pairwise(questions):
            question = _with_pronoun(written, before)
            if question is not None:
                yield FollowUp(before, question, written, others[place - 1], wanted)


def _with_pronoun(written: str, before: str) -> str | None:
    """The question with a pronoun for a name that both questions hold; None where there is no such name."""
    for match in _NAME.finditer(written):
        name = match[0].removeprefix("the ").removesuffix("'s")
        if name not in before or written.count(name) != 1:
            continue
        pronoun = "its" if match[0].endswith("'s") else "they" if name.endswith("s") else "it"
        return written[: match.start()] + pronoun + written[match.end() :]
    return None


def _history(question: str) -> Sequence[dict[str, str]]:
    return [{"role": "user", "content": question}]
